package import Client
import Synchronization

/// Everyone in this process who waits for the node. Whoever waits is told, once, whatever becomes of the node or of the task:
/// by the answer, by the end of the task, or by the end of the node, whichever comes first.
package final class OpenRequests: Sendable {
    private struct State {
        var isOpen = true
        var lastID: UInt64 = 0
        /// What ends each wait with a failure. Who takes an entry out tells the one who waits, and nobody else does.
        var waiting: [UInt64: @Sendable (ClientFailure) -> Void] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Asks the node, and waits for its answer.
    ///
    /// - Parameter begin: Hands the question over, and calls back with the answer: once, and never from within, for it is
    ///   called with the lock held. So no question comes to a node that has ended.
    package func ask<Answer: Sendable>(
        _ begin: (@escaping @Sendable (Answer) -> Void) -> Void
    ) async throws(ClientFailure) -> Answer {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: CheckedContinuation<Result<Answer, ClientFailure>, Never>) in
                let refusal = state.withLock { state -> ClientFailure? in
                    guard state.isOpen else { return .closed }
                    // A cancellation that comes later waits for the lock, and finds who waits.
                    guard !Task.isCancelled else { return .cancelled(isSent: false) }
                    state.waiting[id] = { waiter.resume(returning: .failure($0)) }
                    begin { answer in
                        if self.take(id) != nil {
                            waiter.resume(returning: .success(answer))
                        }
                    }
                    return nil
                }
                if let refusal {
                    waiter.resume(returning: .failure(refusal))
                }
            }
        } onCancel: {
            take(id)?(.cancelled(isSent: true))
        }
        return try result.get()
    }

    /// Takes no more questions: whoever comes from now on is told that the node is closed.
    package func close() {
        state.withLock { $0.isOpen = false }
    }

    /// Ends every wait that is left.
    package func abandon(_ failure: ClientFailure) {
        let waiting = state.withLock { state in
            defer { state.waiting = [:] }
            return state.waiting
        }
        for end in waiting.values {
            end(failure)
        }
    }

    private func take(_ id: UInt64) -> (@Sendable (ClientFailure) -> Void)? {
        state.withLock { $0.waiting.removeValue(forKey: id) }
    }
}
