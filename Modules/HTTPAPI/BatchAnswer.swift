import Causality
import Coordinator
import HTTPTypes
import Machine

/// The answer to one operation of a batch: what the same request by itself would have had as status, context and body.
struct BatchAnswer: Encodable, Sendable {
    var status: Int
    var context: String?
    var values: [SiblingValue]?
    var problem: Problem?

    private init(_ status: HTTPResponse.Status) {
        self.status = status.code
    }

    init(_ problem: Problem) {
        self.init(problem.status)
        self.problem = problem
    }

    init(_ request: Coordinator.Request, _ response: Response, at wall: UInt64, budget: ByteBudget) {
        switch response {
        case .found(let object):
            self.init(object, key: request.key, at: wall, budget: budget)
        case .absent:
            self.init(.noValue)
        case .written(let dot, let object):
            if case .put(let put) = request, put.returnsObject, let object {
                self.init(object, key: put.key, at: wall, budget: budget)
                return
            }
            self.init(.noContent)
            if case .put(let put) = request {
                context = ContextToken(put.seeing.following(dot), key: put.key).text
            }
        case .failed(let failure):
            self.init(Problem(failure, isWrite: request.isWrite))
        }
    }

    private init(_ object: Object, key: ByteBuffer, at wall: UInt64, budget: ByteBudget) {
        let live = object.liveSiblings(at: wall)
        guard budget.take(live.reduce(0) { $0 + $1.content.byteCount }) else {
            self.init(.tooLarge("what the batch reads in all", limit: budget.limit))
            return
        }
        if live.isEmpty {
            self.init(.noValue)
        } else {
            self.init(live.count == 1 ? .ok : .multipleChoices)
            values = live.compactMap(SiblingValue.init)
        }
        if !object.isEmpty {
            context = ContextToken(object.context, key: key).text
        }
    }
}
