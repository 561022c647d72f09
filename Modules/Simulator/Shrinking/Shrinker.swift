/// Makes a run that breaks a rule smaller: leaves out classes of faults, clients, then single faults and single turns, for as
/// long as the same rule breaks.
///
/// Ever smaller pieces of each, until no single one can go (after Zeller and Hildebrandt, "Simplifying and Isolating
/// Failure-Inducing Input", 2002), or the attempts are used up.
public struct Shrinker {
    /// The smallest run so far that breaks the rule.
    public private(set) var smallest: RunOutcome
    /// Runs that were tried.
    public private(set) var attempts = 0

    private let invariant: Invariant
    private let attemptLimit: Int
    private let run: (RunOptions) -> RunOutcome
    private let report: (RunOutcome, Omissions) -> Void

    /// Begins with a run that has broken a rule; `nil` where it has not. `report` is told of each smaller run,
    /// and what it leaves out that the one before it had.
    public init?(
        _ outcome: RunOutcome, attemptLimit: Int = 2000,
        run: @escaping (RunOptions) -> RunOutcome = { Simulation($0).run() },
        report: @escaping (RunOutcome, Omissions) -> Void = { _, _ in }
    ) {
        guard let violation = outcome.violation else { return nil }
        smallest = outcome
        invariant = violation.invariant
        self.attemptLimit = attemptLimit
        self.run = run
        self.report = report
    }

    /// Faults and turns that the smallest run still has.
    public var size: Int { Self.size(of: smallest) }

    private static func size(of outcome: RunOutcome) -> Int {
        outcome.parts.reduce(0) { sum, part in
            sum + (0..<part.count).count { !outcome.options.omissions.contains($0, of: part.source) }
        }
    }

    /// Shrinks as far as it goes.
    public mutating func shrink() {
        for part in smallest.parts {
            leaveOut(0..<Int.max, of: part.source)
        }
        var before = Int.max
        while size < before, attempts < attemptLimit {
            before = size
            for part in smallest.parts {
                shrink(part.source)
            }
        }
    }

    /// Leaves out pieces of one class or client: its end first, then halves, quarters, and so on.
    private mutating func shrink(_ source: Omissions.Source) {
        var length = count(of: source)
        while length > 0, attempts < attemptLimit {
            var start = count(of: source) - 1
            while start >= 0 {
                let first = max(start - length + 1, 0)
                // What comes behind the end of a run happens in none.
                leaveOut(first..<(start == count(of: source) - 1 ? .max : start + 1), of: source)
                start = min(first, count(of: source)) - 1
            }
            length = length == 1 ? 0 : (length + 1) / 2
        }
    }

    private func count(of source: Omissions.Source) -> Int {
        smallest.parts.first { $0.source == source }?.count ?? 0
    }

    private mutating func leaveOut(_ range: Range<Int>, of source: Omissions.Source) {
        let present = (range.lowerBound..<min(range.upperBound, max(count(of: source), range.lowerBound)))
        guard attempts < attemptLimit,
            !present.allSatisfy({ smallest.options.omissions.contains($0, of: source) })
        else { return }
        var options = smallest.options
        options.omissions.insert(range, of: source)
        attempts += 1
        let outcome = run(options)
        guard outcome.violation?.invariant == invariant, Self.size(of: outcome) < size else { return }
        let leftOut = smallest.options.omissions.additions(by: range, of: source)
        smallest = outcome
        report(outcome, leftOut)
    }
}
