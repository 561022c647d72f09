import Coordinator

/// The parameters of a request, from its query or from the keys of a batch's operation.
///
/// Strict: what is not known, said twice, or out of range is refused by name, since an option that is silently ignored
/// (`?W=3`) is a promise that is silently broken.
struct QueryParameters {
    /// Which parameters there are.
    enum Name: String, CaseIterable {
        case r, w, pr, pw, dw, timeout, sloppy, ttl
        case returned = "return"

        /// Those that any request for a key takes. A read takes those of a write and ignores them, and the reverse, so
        /// that a client can keep one set of options.
        static let common: [Name] = [.r, .w, .pr, .pw, .dw, .timeout, .sloppy]
    }

    var options = RequestOptions()
    /// Seconds from the write to the end of the value.
    var timeToLive: Int?
    /// Whether a write answers with the whole object.
    var returnsObject = false
    private var seen: Set<Name> = []

    init() {}

    /// The parameters of a query; only those in `known` may be there.
    init(query: Substring?, known: [Name], limits: HTTPAPIConfiguration) throws(Problem) {
        guard let query, !query.isEmpty else { return }
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decodeText(parts[0]) else {
                throw .invalid(String(parts[0]), "it is not percent-encoded UTF-8")
            }
            guard let parameter = Name(rawValue: name), known.contains(parameter) else {
                throw .unknown(name, known: known.map(\.rawValue))
            }
            guard parts.count == 2, let value = PercentEncoding.decodeText(parts[1]) else {
                throw .invalid(name, "it needs a value, percent-encoded where it is not plain")
            }
            try set(parameter, to: value, limits: limits)
        }
    }

    /// Takes one parameter.
    mutating func set(_ name: Name, to value: String, limits: HTTPAPIConfiguration) throws(Problem) {
        guard seen.insert(name).inserted else { throw .invalid(name.rawValue, "it is there twice") }
        switch name {
        case .r: options.read = try quorum(name, value)
        case .w: options.write = try quorum(name, value)
        case .pr: options.primaryRead = try quorum(name, value)
        case .pw: options.primaryWrite = try quorum(name, value)
        case .dw: options.durableWrite = try quorum(name, value)
        case .timeout:
            options.timeout = Int64(try number(name, value, limit: limits.timeoutLimit, of: "milliseconds")) * 1_000_000
        case .sloppy:
            guard let flag = Bool(value) else { throw .invalid(name.rawValue, "it is true or false, not \(value)") }
            options.sloppy = flag
        case .ttl:
            timeToLive = try number(name, value, limit: limits.ttlLimit, of: "seconds")
        case .returned:
            guard value == "body" else { throw .invalid(name.rawValue, "it is body, not \(value)") }
            returnsObject = true
        }
    }

    /// When a value that is written at `wall` ends, in wall milliseconds since 1970; 0 for never.
    func expiry(from wall: UInt64) -> UInt64 {
        timeToLive.map { wall + UInt64($0) * 1000 } ?? 0
    }

    private func quorum(_ name: Name, _ value: String) throws(Problem) -> QuorumSize {
        guard let size = QuorumSize(value) else {
            throw .invalid(
                name.rawValue, "it is a number from 1 to \(QuorumSize.limit), quorum, all or one, not \(value)")
        }
        return size
    }

    private func number(_ name: Name, _ value: String, limit: Int, of unit: String) throws(Problem) -> Int {
        guard let number = Int(value), (1...limit).contains(number) else {
            throw .invalid(name.rawValue, "it is a number of \(unit) from 1 to \(limit), not \(value)")
        }
        return number
    }
}
