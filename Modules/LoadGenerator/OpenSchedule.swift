import Machine

/// When requests of an open loop should begin: evenly, whatever the answers do.
///
/// Latency that counts from these instants has in it what a client would have waited while the generator was held up, which
/// one that counts from the sending leaves out (coordinated omission; Tene, "How not to measure latency", 2013). Request `n`
/// of the whole begins `n / rate` seconds after the start, each computed anew, so that nothing drifts. Several loops
/// share one schedule by taking every `stride`-th request.
package struct OpenSchedule: Sendable {
    private let start: Instant
    private let rate: UInt64
    private let stride: UInt64
    private let offset: UInt64
    /// The number of the next request in the whole schedule.
    private var number: UInt64

    /// When the next request should begin.
    package private(set) var next: Instant

    /// The requests `offset`, `offset + stride`, … of those that begin `rate` times a second from `start` on.
    package init(from start: Instant, rate: Int, offset: Int = 0, stride: Int = 1) {
        precondition(
            rate > 0 && stride > 0 && (0..<stride).contains(offset), "a schedule of \(rate)/s, \(offset)+\(stride)")
        self.start = start
        self.rate = UInt64(rate)
        self.stride = UInt64(stride)
        self.offset = UInt64(offset)
        number = self.offset
        next = start
        next = intendedStart(of: number)
    }

    /// Goes on to the next request.
    package mutating func advance() {
        number += stride
        next = intendedStart(of: number)
    }

    /// How many requests, gone by or to come, should begin before `end`.
    package func count(before end: Instant) -> Int {
        let elapsed = start.nanoseconds(to: end)
        guard elapsed > 0 else { return 0 }
        // Request n begins before `end` where n · 10⁹ < elapsed · rate.
        let product = UInt64(elapsed).multipliedFullWidth(by: rate)
        guard product.high < Self.second else { return .max }
        let (quotient, remainder) = Self.second.dividingFullWidth(product)
        let whole = quotient + (remainder > 0 ? 1 : 0)
        return whole > offset ? Int(clamping: (whole - offset - 1) / stride + 1) : 0
    }

    /// How many requests should begin before `end` and have not been reached.
    package func remaining(before end: Instant) -> Int {
        max(0, count(before: end) - Int(clamping: (number - offset) / stride))
    }

    private static let second: UInt64 = 1_000_000_000

    private func intendedStart(of number: UInt64) -> Instant {
        let product = number.multipliedFullWidth(by: Self.second)
        guard product.high < rate else { return .distantFuture }
        return start.advanced(byNanoseconds: Int64(clamping: rate.dividingFullWidth(product).quotient))
    }
}
