import Machine
import NIOCore

/// The one timer of a machine on an event loop.
///
/// A machine's next deadline moves with nearly every event, mostly to a later time. So the timer is set anew only when
/// it would come too late; one that comes early finds nothing due and is set again, which is far cheaper than a cancelled
/// timer for each request.
struct MachineTimer {
    private var scheduled: Scheduled<Void>?
    private var due = Instant.distantFuture

    /// Makes sure that `fire` is called at `deadline` or before.
    mutating func arm(at deadline: Instant?, on eventLoop: any EventLoop, _ fire: @escaping @Sendable () -> Void) {
        guard let deadline, deadline < due else { return }
        scheduled?.cancel()
        due = deadline
        scheduled = eventLoop.scheduleTask(deadline: deadline.deadline, fire)
    }

    /// The timer has fired.
    mutating func fired() {
        scheduled = nil
        due = .distantFuture
    }

    /// Stops it.
    mutating func cancel() {
        scheduled?.cancel()
        fired()
    }
}
