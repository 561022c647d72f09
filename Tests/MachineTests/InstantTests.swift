import Machine
import Testing

@Suite struct InstantTests {
    static let extremes: [Int64] = [.min, .min + 1, -1_000_000_000, -1, 0, 1, 999_999_999, .max - 1, .max]

    @Test func `advancing by nanoseconds saturates at both ends and is exact between them`() {
        for start in Self.extremes {
            for delta in Self.extremes {
                let exact = Int128(start) + Int128(delta)
                let expected = Int64(clamping: exact)
                #expect(Instant(nanoseconds: start).advanced(byNanoseconds: delta).nanoseconds == expected)
            }
        }
    }

    @Test func `the time between two instants saturates at both ends and is exact between them`() {
        for start in Self.extremes {
            for end in Self.extremes {
                let expected = Int64(clamping: Int128(end) - Int128(start))
                let (from, to) = (Instant(nanoseconds: start), Instant(nanoseconds: end))
                #expect(from.nanoseconds(to: to) == expected)
                #expect(from.duration(to: to) == .nanoseconds(expected))
            }
        }
    }

    @Test func `a duration is cut to whole nanoseconds towards zero`() {
        #expect(Duration.nanoseconds(1).nanoseconds == 1)
        #expect(Duration.milliseconds(-1500).nanoseconds == -1_500_000_000)
        #expect(Duration(secondsComponent: 0, attosecondsComponent: 999_999_999).nanoseconds == 0)
        #expect(Duration(secondsComponent: 0, attosecondsComponent: -1_999_999_999).nanoseconds == -1)
        for nanoseconds in Self.extremes {
            #expect(Duration.nanoseconds(nanoseconds).nanoseconds == nanoseconds)
        }
    }

    @Test func `a duration beyond 292 years saturates`() {
        #expect(Duration.seconds(Int64.max).nanoseconds == .max)
        #expect(Duration.seconds(Int64.min).nanoseconds == .min)
        // The seconds still fit in nanoseconds, and only their fraction goes beyond.
        #expect(
            Duration(secondsComponent: 9_223_372_036, attosecondsComponent: 900_000_000_000_000_000).nanoseconds == .max
        )
        #expect(
            Duration(secondsComponent: -9_223_372_036, attosecondsComponent: -900_000_000_000_000_000).nanoseconds
                == .min)
        #expect(Instant.zero.advanced(by: .seconds(Int64.max)) == .distantFuture)
        #expect(Instant.distantFuture.advanced(by: .nanoseconds(1)) == .distantFuture)
    }

    @Test func `instants are ordered and calculated with like numbers`() {
        let instant = Instant(nanoseconds: 5)
        #expect(Instant.zero < instant)
        #expect(!(instant < instant))
        #expect(instant < .distantFuture)
        #expect(instant.advanced(by: .nanoseconds(7)) == Instant(nanoseconds: 12))
        #expect(instant.advanced(by: .nanoseconds(-7)) == Instant(nanoseconds: -2))
        #expect(Instant.zero.duration(to: instant) == .nanoseconds(5))
    }

    @Test(arguments: [
        (0, "0.000s"), (12_345_678_901, "12.345s"), (1_000_000, "0.001s"), (-500_000_000, "-0.500s"),
        (-1_050_000_000, "-1.050s"), (-999_999, "0.000s"), (Int64.max, "9223372036.854s"),
        (Int64.min, "-9223372036.854s"),
    ])
    func `an instant reads as seconds with milliseconds`(nanoseconds: Int64, text: String) {
        #expect(Instant(nanoseconds: nanoseconds).description == text)
    }
}
