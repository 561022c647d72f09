import Coordinator
import Machine
import Storage

/// Tries every order in which few things can happen to three nodes and two clients, and judges each.
///
/// A depth-first search over ``TinyChoice``s. The machines cannot be copied, so each path is walked anew from the beginning.
/// Two paths on which the same things have happened to every node, each in its order, lead to one state, and only the first
/// goes on: events of different nodes commute (a partial order reduction that is exact).
public struct Exploration: Sendable {
    /// What may happen, beside requests and their frames.
    public struct Options: Sendable {
        /// Frames that arrive in any order, before what is left arrives in turn.
        public var deliveries = 8
        /// Power cuts: what was not synced is lost.
        public var crashes = 1
        /// Power cuts after which the disk has none of the objects.
        public var amnesias = 0
        /// Times that a node is cut off from the others.
        public var partitions = 0
        /// Times that coordinators lose their patience.
        public var patience = 0
        /// The most states to look at.
        public var stateLimit = 1_000_000

        /// The usual world.
        public init() {}
    }

    /// What an exploration found.
    public struct Result: Sendable {
        /// Different states that were met.
        public var states = 0
        /// Paths that were walked to their end and judged.
        public var paths = 0
        /// Whether there was more than the limit.
        public var isCut = false
        /// The first flaw, and the way there, one step a line.
        public var flaw: String?
    }

    private let options: Options
    /// What the two clients do.
    private let steps: [[TinyClient.Step]]
    private var visited: Set<UInt64> = []
    private var result = Result()

    /// The scenarios by their names: what the two clients do, each at nodes of its own.
    public static let scenarios = ["writes", "read-write", "delete"]

    /// An exploration of one of the ``scenarios``; `nil` for another name.
    public init?(_ scenario: String, _ options: Options = Options()) {
        self.options = options
        switch scenario {
        case "writes": steps = [[.write(at: 0), .write(at: 1)], [.write(at: 2)]]
        case "read-write": steps = [[.write(at: 0)], [.read(at: 1, .quorum), .write(at: 2)]]
        case "delete": steps = [[.write(at: 0), .delete(at: 0)], [.read(at: 2, .quorum)]]
        default: return nil
        }
    }

    /// Walks every path; calls back now and then with what was done so far.
    public mutating func run(progress: (Result) -> Void = { _ in }) throws(StorageFailure) -> Result {
        visited = []
        result = Result()
        var path: [TinyChoice] = []
        try explore(try world(after: path), &path, progress)
        result.states = visited.count
        return result
    }

    private func world(after path: [TinyChoice]) throws(StorageFailure) -> TinyWorld {
        let budget = TinyBudget(
            deliveries: options.deliveries, crashes: options.crashes, amnesias: options.amnesias,
            partitions: options.partitions, patience: options.patience)
        var world = try TinyWorld(clients: steps.map { TinyClient(steps: $0) }, budget: budget)
        for choice in path {
            try world.apply(choice)
        }
        return world
    }

    private mutating func explore(
        _ world: consuming TinyWorld, _ path: inout [TinyChoice], _ progress: (Result) -> Void
    ) throws(StorageFailure) {
        guard visited.insert(world.state).inserted else { return }
        guard visited.count <= options.stateLimit else {
            result.isCut = true
            return
        }
        if visited.count.isMultiple(of: 1 << 13) {
            result.states = visited.count
            progress(result)
        }
        let choices = world.choices
        guard let last = choices.last, world.history.flaw == nil else {
            judge(world, path)
            return
        }
        for choice in choices.dropLast() {
            path.append(choice)
            try explore(try self.world(after: path), &path, progress)
            path.removeLast()
            guard result.flaw == nil, !result.isCut else { return }
        }
        // The last way out may have the world as it is.
        path.append(last)
        try world.apply(last)
        try explore(world, &path, progress)
        path.removeLast()
    }

    /// The end of a path: whatever is left arrives, and nothing more goes wrong.
    private mutating func judge(_ world: consuming TinyWorld, _ path: [TinyChoice]) {
        if world.history.flaw == nil {
            let object = world.finish()
            world.history.judge(end: object)
        }
        result.paths += 1
        if let flaw = world.history.flaw {
            result.flaw = ([flaw] + path.enumerated().map { "  \($0 + 1). \($1)" }).joined(separator: "\n")
        }
    }
}
