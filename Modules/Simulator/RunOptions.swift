/// One run of the simulator: its seed, and what is not drawn from the seed.
public struct RunOptions: Sendable {
    /// Decides everything.
    public var seed: UInt64
    /// The nodes at the beginning, 1 to 12.
    public var nodes = 5
    /// How long things go wrong, in simulated seconds; the time to come to rest is added.
    public var seconds = 60
    /// The classes of faults that may be drawn.
    public var faults = FaultKind.allCases
    /// Whether each of these classes is on, and not about half of them.
    public var isEachFault = false
    /// What is left out of all that.
    public var omissions = Omissions()
    /// Takes a line for everything that happens.
    public var tracer: (@Sendable (String) -> Void)?

    /// The defaults with a seed.
    public init(seed: UInt64) {
        self.seed = seed
    }

    /// The command that does the same again.
    public var command: String { "toystore-sim run \(arguments)" }

    /// What that command says of the run.
    public var arguments: String {
        var command = "--seed \(seed) --nodes \(nodes) --seconds \(seconds)"
        if isEachFault {
            command += faults.isEmpty ? " --faults none" : " --faults \(faults.map(\.rawValue).joined(separator: ","))"
        }
        if !omissions.isEmpty {
            command += " --omit \(omissions)"
        }
        return command
    }
}

/// What became of a run.
public struct RunOutcome: Sendable {
    /// What the run was.
    public let options: RunOptions
    /// The rates of the faults that it had.
    public let faults: FaultOptions
    /// The first rule that it broke, if it broke one.
    public let violation: Violation?
    /// Simulated seconds, the time to come to rest included.
    public let seconds: Double
    /// Everything that happened to a node.
    public let events: Int
    /// A hash of all of that in order: one seed, one hash, in every build and process.
    public let traceHash: UInt64
    /// Requests that clients made.
    public let operations: Int
    /// How many faults of each class that was on came, and how many turns each client had, those that were left out too.
    public let parts: [(source: Omissions.Source, count: Int)]
    /// What was met, and how often.
    public let marks: Marks
}
