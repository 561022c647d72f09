import Causality
import Coordinator
import Machine

/// One of the clients of a ``TinyWorld``: it does its steps one after another.
struct TinyClient {
    /// What a client does.
    enum Step: Hashable {
        /// Reads at a node.
        case read(at: Int, QuorumSize)
        /// Writes at a node, having seen what its last request told it; nothing at first.
        case write(at: Int)
        /// Deletes in the same way.
        case delete(at: Int)

        var host: Int {
            switch self {
            case .read(let host, _), .write(let host), .delete(let host): host
            }
        }
    }

    private let steps: [Step]
    private var next = 0
    private var context = CausalContext()
    /// The writes that its context covers.
    private var seen: Set<Int> = []
    private var write: Int?
    private(set) var isWaiting = false
    /// What the last read found.
    private(set) var lastRead: Object?
    /// The writes that were acknowledged before the read in work began.
    private var acknowledgedBefore: Set<Int> = []

    init(steps: [Step]) {
        self.steps = steps
    }

    /// Where its request is in work.
    var host: Int? { isWaiting ? steps[next].host : nil }

    var canBegin: Bool { !isWaiting && next < steps.count }

    /// Begins the next step: the request, and the node that it goes to.
    mutating func begin(_ number: Int, _ history: inout TinyHistory) -> (Request, host: Int) {
        isWaiting = true
        let step = steps[next]
        switch step {
        case .read(let host, let quorum):
            lastRead = nil
            acknowledgedBefore = history.acknowledged
            return (.get(GetRequest(key: TinyWorld.key, options: RequestOptions(read: quorum))), host)
        case .write(let host), .delete(let host):
            let number = history.begin(having: seen, isDelete: step == .delete(at: host))
            write = number
            let content: Sibling.Content =
                step == .delete(at: host)
                ? .tombstone : .value(ByteBuffer(string: "\(number)"), contentType: "")
            return (.put(PutRequest(key: TinyWorld.key, content: content, seeing: .seen(context))), host)
        }
    }

    /// Takes the answer to the step in work.
    mutating func take(_ response: Response, _ history: inout TinyHistory) {
        guard isWaiting else { return }
        isWaiting = false
        next += 1
        switch response {
        case .found(let object):
            read(object, &history)
        case .absent:
            read(Object(), &history)
        case .written(let dot, _):
            guard let number = write else { return }
            history.acknowledge(number, dot)
            context = WriteContext.seen(context).following(dot)
            seen.insert(number)
        case .failed(let failure):
            if let number = write, failure.outcome == .notApplied {
                history.renounce(number)
            }
        }
        write = nil
    }

    private mutating func read(_ object: Object, _ history: inout TinyHistory) {
        lastRead = object
        history.judge(read: object, after: acknowledgedBefore)
        context = object.context
        for sibling in object.siblings {
            if let number = history.number(of: sibling) {
                seen.formUnion(history.past(of: number))
            }
        }
    }

    /// The node that had its request is gone.
    mutating func lose(_ history: inout TinyHistory) {
        take(.failed(.timeout(required: 1, available: 0, outcome: .unknown)), &history)
    }

    /// Begins nothing more.
    mutating func stop() {
        next = steps.count
        isWaiting = false
    }
}
