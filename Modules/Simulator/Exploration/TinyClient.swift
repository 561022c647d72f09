import Causality
import Coordinator
import Machine

/// One of the clients of a ``TinyWorld``: it does its steps one after another.
struct TinyClient: Hashable, Sendable {
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
    /// The number of its first step among those of all clients.
    private let firstNumber: Int
    private var next = 0
    private var context = CausalContext()
    /// The writes that its context covers.
    private var seen: Set<Int> = []
    private(set) var isWaiting = false
    /// The writes that were acknowledged before the read in work began.
    private var acknowledgedBefore: Set<Int> = []

    init(steps: [Step], firstNumber: Int) {
        self.steps = steps
        self.firstNumber = firstNumber
    }

    /// Where its request is in work.
    var host: Int? { isWaiting ? steps[next].host : nil }

    /// Where it may begin its next step.
    var nextHost: Int? { !isWaiting && next < steps.count ? steps[next].host : nil }

    /// Begins the next step: the request.
    mutating func begin(_ history: inout TinyHistory) -> Request {
        isWaiting = true
        let step = steps[next]
        switch step {
        case .read(_, let quorum):
            acknowledgedBefore = history.acknowledged
            return .get(GetRequest(key: TinyWorld.key, options: RequestOptions(read: quorum)))
        case .write, .delete:
            let number = firstNumber + next
            let isDelete = step == .delete(at: step.host)
            history.begin(number, having: seen, isDelete: isDelete)
            let content: Sibling.Content =
                isDelete ? .tombstone : .value(ByteBuffer(string: "\(number)"), contentType: "")
            return .put(PutRequest(key: TinyWorld.key, content: content, seeing: .seen(context)))
        }
    }

    /// Takes the answer to the step in work.
    mutating func take(_ response: Response, _ history: inout TinyHistory) {
        guard isWaiting else { return }
        isWaiting = false
        let number = firstNumber + next
        switch response {
        case .found(let object):
            read(object, &history)
        case .absent:
            read(Object(), &history)
        case .written(let dot, _):
            history.acknowledge(number, dot)
            context = WriteContext.seen(context).following(dot)
            seen.insert(number)
        case .failed(let failure):
            if failure.outcome == .notApplied {
                history.renounce(number)
            }
        }
        acknowledgedBefore = []
        next += 1
    }

    private mutating func read(_ object: Object, _ history: inout TinyHistory) {
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
}
