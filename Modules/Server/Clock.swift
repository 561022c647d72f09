import Machine
import NIOCore

#if canImport(Glibc)
import Glibc
#endif

/// The clocks of the machine: the only place where the store looks at one.
enum Clock {
    /// Monotonic time, the same clock as the event loops'.
    static func now() -> Instant {
        Instant(nanoseconds: Int64(truncatingIfNeeded: NIODeadline.now().uptimeNanoseconds))
    }

    /// Wall time in milliseconds since 1970: data for timestamps and expiry, never for causality.
    static func wallMilliseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(max(time.tv_sec, 0)) * 1000 + UInt64(time.tv_nsec / 1_000_000)
    }
}

extension Instant {
    /// The same instant for an event loop.
    var deadline: NIODeadline { .uptimeNanoseconds(UInt64(max(nanoseconds, 0))) }
}
