import Coordinator
import Storage

/// Tries every order in which few things can happen to three nodes and two clients, and judges each.
///
/// A depth-first search from world to world. Each event at each state of a node is carried out by a real node once, and looked
/// up from then on.
public struct Exploration: Sendable {
    /// What may happen, beside requests and their frames.
    public struct Options: Hashable, Sendable {
        /// Frames that arrive in any order, before what is left arrives in turn; at most 200.
        public var deliveries = 8
        /// Power cuts: what was not synced is lost. At most 3, and so for the others.
        public var crashes = 1
        /// Power cuts after which the disk has none of the objects.
        public var amnesias = 0
        /// Times that a node is cut off from the others.
        public var partitions = 0
        /// Times that coordinators lose their patience.
        public var patience = 0
        /// The most states to look at; each takes up to 45 bytes.
        public var stateLimit = 100_000_000
        /// How many threads explore. The states are the same for any number of them; which flaw is found first is not.
        public var jobs = 1
        /// Whether two states of a node with different pasts count as two, even where they go on alike: for small worlds,
        /// to check that this makes no difference.
        package var tellsPastsApart = false
        /// Whether a node that has lost its objects knows which epochs it has had; `false` is wrong (riak_kv#679), to see that
        /// what is wrong is found.
        package var remembersEpochs = true

        /// The usual world.
        public init() {}

        var budget: TinyBudget {
            func misfortunes(_ count: Int) -> UInt8 { UInt8(min(max(count, 0), TinyBudget.misfortuneLimit)) }
            return TinyBudget(
                deliveries: UInt8(min(max(deliveries, 0), TinyBudget.deliveryLimit)), crashes: misfortunes(crashes),
                amnesias: misfortunes(amnesias), partitions: misfortunes(partitions), patience: misfortunes(patience))
        }
    }

    /// What an exploration found.
    public struct Result: Hashable, Sendable {
        /// Different states that were met.
        public var states = 0
        /// Steps from one state to another.
        public var steps = 0
        /// Different worlds at rest whose end was judged.
        public var ends = 0
        /// Different states of single nodes.
        public var nodeStates = 0
        /// Events that real nodes were told.
        public var nodeEvents = 0
        /// What the clients may have done and been told: how many different histories.
        public var histories = 0
        /// Whether there was more than the limit.
        public var isCut = false
        /// The first flaw, and the way there, one step a line.
        public var flaw: String?

        /// Adds what a job has done; what the jobs share stays.
        mutating func add(_ part: Result) {
            states += part.states
            steps += part.steps
            ends += part.ends
            nodeEvents += part.nodeEvents
            isCut = isCut || part.isCut
        }
    }

    private let options: Options
    /// What the two clients do.
    private let steps: [[TinyClient.Step]]

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

    /// Walks every path; calls back every ten seconds with what was done so far.
    public func run(progress: @escaping @Sendable (Result) -> Void = { _ in }) async throws -> Result {
        let book = try TinyBook(tellsPastsApart: options.tellsPastsApart, remembersEpochs: options.remembersEpochs)
        let visited = VisitedWorlds()
        let ends = VisitedWorlds()
        var mover = TinyMover(book, ends)
        let first = try mover.first(steps: steps, budget: options.budget)
        let queue = ExplorationQueue(first, stateLimit: options.stateLimit)
        _ = visited.meet(first)
        _ = queue.count()
        try await withThrowingTaskGroup { group in
            for _ in 0..<max(options.jobs, 1) {
                group.addTask {
                    var job = ExplorationJob(queue, visited, TinyMover(book, ends), progress)
                    try await job.run()
                }
            }
            try await group.waitForAll()
        }
        var (result, path) = queue.found
        result.states += 1
        (result.nodeStates, result.histories) = book.counts
        if let path {
            result.flaw = try story(of: path, from: first, &mover)
        }
        return result
    }

    /// The shortest way to a flaw that can be had by leaving out steps of a longer one, walked once more with nodes of which
    /// each has its own past.
    private func story(
        of path: [TinyChoice], from first: TinyWorld, _ mover: inout TinyMover
    ) throws(StorageFailure) -> String? {
        var path = path
        var place = path.count
        while place > 0 {
            place -= 1
            var shorter = path
            shorter.remove(at: place)
            if let (_, length) = try mover.walk(shorter, from: first) {
                path = Array(shorter.prefix(length))
                place = min(place, path.count)
            }
        }
        var fresh = TinyMover(
            try TinyBook(tellsPastsApart: true, remembersEpochs: options.remembersEpochs), VisitedWorlds())
        let beginning = try fresh.first(steps: steps, budget: options.budget)
        let flaw =
            try fresh.walk(path, from: beginning)?.flaw
            ?? "two states of a node that were taken for one go on differently; the way to where that shows is"
        return ([flaw] + path.enumerated().map { "  \($0 + 1). \($1)" }).joined(separator: "\n")
    }
}
