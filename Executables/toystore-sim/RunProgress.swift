import Glibc
import Synchronization

/// Hands out runs of a known number to the jobs, and tells on standard error how far they are, every ten seconds or so.
final class RunProgress: Sendable {
    private struct State {
        var next = 0
        var done = 0
        var lastLine: ContinuousClock.Instant
    }

    private let count: Int
    private let began: ContinuousClock.Instant
    private let state: Mutex<State>

    init(count: Int) {
        self.count = count
        began = ContinuousClock.now
        state = Mutex(State(lastLine: began))
    }

    /// The number of cores, which is how many jobs make the most of them.
    static var coreCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// The next run, or `nil` where all have been handed out.
    func next() -> Int? {
        state.withLock { state in
            guard state.next < count else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    /// Counts a run that is done.
    func finishedOne() {
        state.withLock { state in
            state.done += 1
            let now = ContinuousClock.now
            guard now - state.lastLine >= .seconds(10) else { return }
            state.lastLine = now
            let elapsed = (now - began) / .seconds(1)
            let left = elapsed / Double(state.done) * Double(count - state.done)
            let line = "\(state.done) of \(count) runs after \(Int(elapsed)) s, about \(Int(left)) s left\n"
            _ = write(STDERR_FILENO, line, line.utf8.count)
        }
    }
}
