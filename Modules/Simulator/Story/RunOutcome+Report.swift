extension RunOutcome {
    /// What became of the run, for a person to read.
    public var report: String {
        var lines: [String] = []
        let faults = faults.kinds.map(\.rawValue).joined(separator: ",")
        if let violation {
            lines.append("VIOLATION of \(violation.invariant): \(violation.invariant.sentence)")
            lines.append((violation.key.map { "\($0): " } ?? "") + violation.what)
            lines += violation.story.map { "  " + $0 }
            lines.append("replay: \(options.command)")
        } else {
            lines.append("pass")
        }
        lines.append(
            "seed \(options.seed): \(Int(seconds)) simulated seconds, \(events) events, \(operations) requests, trace "
                + String(traceHash, radix: 16))
        lines.append("faults: \(faults.isEmpty ? "none" : faults)")
        return lines.joined(separator: "\n")
    }
}
