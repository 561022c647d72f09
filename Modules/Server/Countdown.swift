import Synchronization

/// Calls back once, when it has been counted down to zero from any threads.
final class Countdown: Sendable {
    private let left: Atomic<Int>
    private let completion: @Sendable () -> Void

    /// Counts from `count`; at zero already it calls back at once.
    init(_ count: Int, _ completion: @escaping @Sendable () -> Void) {
        left = Atomic(count)
        self.completion = completion
        if count <= 0 {
            completion()
        }
    }

    func countDown() {
        if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
            completion()
        }
    }
}
