/// What the demo is told.
struct Options {
    var node = ""
    var words = ""
    var records = Int.max
    var keep = false
    var port = 17_400

    static let usage =
        "usage: cluster-demo --node EXECUTABLE --words FILE [--records N] [--keep] [--port P]"

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let flag = rest.popFirst() {
            if flag == "--keep" {
                keep = true
                continue
            }
            guard ["--node", "--words", "--records", "--port"].contains(flag) else {
                throw UsageFailure("there is no option \(flag)")
            }
            guard let value = rest.popFirst() else { throw UsageFailure("\(flag) needs a value") }
            switch flag {
            case "--node": node = value
            case "--words": words = value
            case "--records": records = try Self.number(value, of: flag, in: 100...100_000_000)
            default: port = try Self.number(value, of: flag, in: 1024...65_000)
            }
        }
        guard !node.isEmpty, !words.isEmpty else { throw UsageFailure("--node and --words are needed") }
    }

    private static func number(_ text: String, of flag: String, in range: ClosedRange<Int>) throws -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw UsageFailure("\(flag) takes \(range.lowerBound) to \(range.upperBound), not \"\(text)\"")
        }
        return number
    }
}

/// The demo was called wrongly.
struct UsageFailure: Error, CustomStringConvertible {
    let description: String

    init(_ what: String) {
        description = "\(what)\n\(Options.usage)"
    }
}
