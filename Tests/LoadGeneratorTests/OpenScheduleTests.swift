import LoadGenerator
import Machine
import Testing

@Suite("The schedule of an open loop")
struct OpenScheduleTests {
    /// The instants of a schedule, each by an exact division.
    static func instants(from start: Int64, rate: Int, before end: Int64) -> [Int64] {
        var instants: [Int64] = []
        for number in 0... {
            let instant = start + Int64(number) * 1_000_000_000 / Int64(rate)
            guard instant < end else { break }
            instants.append(instant)
        }
        return instants
    }

    @Test("Requests begin evenly, and several loops share the schedule without a gap or a double", arguments: 1...4)
    func sharing(stride: Int) {
        for rate in [1, 3, 7, 999, 1000, 1_000_003] {
            let start = Instant(nanoseconds: 12_345)
            let end = start.advanced(byNanoseconds: rate > 1000 ? 1_000_000 : 2_500_000_000)
            var all: [Int64] = []
            for offset in 0..<stride {
                var schedule = OpenSchedule(from: start, rate: rate, offset: offset, stride: stride)
                let total = schedule.count(before: end)
                var own: [Int64] = []
                while schedule.next < end {
                    #expect(schedule.remaining(before: end) == total - own.count)
                    own.append(schedule.next.nanoseconds)
                    schedule.advance()
                }
                #expect(own.count == total)
                #expect(schedule.remaining(before: end) == 0)
                #expect(schedule.count(before: end) == total)
                all += own
            }
            #expect(all.sorted() == Self.instants(from: 12_345, rate: rate, before: end.nanoseconds))
        }
    }

    @Test("Nothing is due before the start")
    func before() {
        let schedule = OpenSchedule(from: Instant(nanoseconds: 1000), rate: 10)
        #expect(schedule.next == Instant(nanoseconds: 1000))
        #expect(schedule.count(before: Instant(nanoseconds: 1000)) == 0)
        #expect(schedule.count(before: .zero) == 0)
        #expect(schedule.count(before: Instant(nanoseconds: 1001)) == 1)
    }

    @Test("A day at an awkward rate does not drift by a nanosecond")
    func drift() {
        let day: Int64 = 86_400_000_000_000
        let rate = 7919
        let schedule = OpenSchedule(from: .zero, rate: rate)
        #expect(schedule.count(before: Instant(nanoseconds: day)) == 86_400 * rate)
        #expect(schedule.count(before: Instant(nanoseconds: day + 1)) == 86_400 * rate + 1)
    }

    @Test("The end of time is no trap")
    func endOfTime() {
        let schedule = OpenSchedule(from: .zero, rate: LoadPlan.rateLimit)
        #expect(schedule.count(before: .distantFuture) > 0)
    }
}
