import Synchronization

/// Something that happens once, and those who wait for it.
final class Latch: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// It has happened.
    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiter in waiting {
            waiter.resume()
        }
    }

    /// Returns when it has happened, and not before, also where the task is cancelled.
    func wait() async {
        await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
            let isOpen = state.withLock { state in
                if !state.isOpen {
                    state.waiting.append(waiter)
                }
                return state.isOpen
            }
            if isOpen {
                waiter.resume()
            }
        }
    }
}
