import Causality
import Coordinator
import HTTPTypes
import Machine
import Node
import Synchronization

extension HTTPAPI {
    /// Does what a request wants, and says what came of it.
    func perform(_ work: Work, body: ByteBuffer) async -> Reply {
        switch work {
        case .get(let request, let presentation):
            return reply(to: .get(request), await serve(.get(request)), as: presentation)
        case .put(var request, let presentation, let hasBody):
            if hasBody, case .value(_, let type) = request.content {
                request.content = .value(body, contentType: type)
            }
            return reply(to: .put(request), await serve(.put(request)), as: presentation)
        case .batch:
            return await batch(body)
        case .status(let route):
            return await status(of: route)
        }
    }

    /// The answer to a request for a key.
    func reply(to request: Coordinator.Request, _ response: Response, as presentation: Presentation) -> Reply {
        switch response {
        case .found(let object):
            return Reply(object, key: request.key, at: configuration.wallClock(), as: presentation)
        case .absent:
            return Reply(presentation.ifMatch == nil ? .noValue : .preconditionFailed)
        case .written(let dot, let object):
            guard case .put(let put) = request else { return Reply(.noContent) }
            if put.returnsObject, let object {
                return Reply(object, key: put.key, at: configuration.wallClock(), as: presentation)
            }
            var reply = Reply(.noContent)
            let token = ContextToken(put.seeing.following(dot), key: put.key).text
            reply.headers[.context] = token
            if put.content != .tombstone {
                reply.headers[.eTag] = "\"\(token)\""
            }
            return reply
        case .failed(let failure):
            return Reply(Problem(failure, isWrite: request.isWrite))
        }
    }

    /// Asks the node, and waits for its answer, or until the server is cut off.
    func serve(_ request: Coordinator.Request) async -> Response {
        let cutOff = Response.failed(.timeout(required: 1, available: 0, outcome: .unknown))
        return await answer(ifCancelled: cutOff) { service.serve(request, completion: $0) }
    }

    /// Waits for the one call of a completion.
    func answer<Answer: Sendable>(
        ifCancelled fallback: Answer, _ ask: (@escaping @Sendable (Answer) -> Void) -> Void
    ) async -> Answer {
        let promise = Promise<Answer>()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                promise.await(continuation)
                ask { promise.fulfil($0) }
                if Task.isCancelled {
                    promise.fulfil(fallback)
                }
            }
        } onCancel: {
            promise.fulfil(fallback)
        }
    }
}

/// One answer for one who waits: the first counts.
private final class Promise<Answer: Sendable>: Sendable {
    private let waiter = Mutex<CheckedContinuation<Answer, Never>?>(nil)

    func await(_ continuation: CheckedContinuation<Answer, Never>) {
        waiter.withLock { $0 = continuation }
    }

    /// Gives the answer, if nobody has and somebody waits.
    func fulfil(_ answer: Answer) {
        let continuation = waiter.withLock { waiter in
            defer { waiter = nil }
            return waiter
        }
        continuation?.resume(returning: answer)
    }
}

extension Coordinator.Request {
    /// Whether it writes.
    var isWrite: Bool {
        if case .put = self { true } else { false }
    }
}
