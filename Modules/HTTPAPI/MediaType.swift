import HTTPTypes

/// Media types.
enum MediaType {
    static let bytes = "application/octet-stream"

    /// The type of a value as a header says it. Other doors store what they like, so what cannot stand in a header is
    /// called bytes.
    static func ofStored(_ type: String) -> String {
        type.isEmpty || !HTTPField.isValidValue(type) ? bytes : type
    }

    /// Whether an `Accept` field asks for JSON before parts; parts where it does not care.
    ///
    /// The greater weight wins, and of equal ones the more exact name, so that `application/json, */*` means JSON.
    static func prefersJSON(accept: String?) -> Bool {
        guard let accept else { return false }
        return preference(for: "application", "json", in: accept) > preference(for: "multipart", "mixed", in: accept)
    }

    private static func preference(for type: String, _ subtype: String, in accept: String) -> (Double, Int) {
        var best = (weight: 0.0, exactness: 0)
        for range in accept.split(separator: ",") {
            let parts = range.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
            let exactness: Int
            switch parts.first {
            case "\(type)/\(subtype)": exactness = 3
            case "\(type)/*": exactness = 2
            case "*/*": exactness = 1
            default: continue
            }
            guard exactness > best.exactness else { continue }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            best = (weight, exactness)
        }
        return best.weight > 0 ? best : (0, 0)
    }
}
