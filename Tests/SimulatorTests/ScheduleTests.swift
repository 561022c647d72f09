import Machine
import Testing

@testable import Simulator

@Suite struct ScheduleTests {
    @Test func `events come in the order of their times, and of equal times in the order in which they were scheduled`()
    {
        var generator = SeededGenerator(seed: 1)
        var schedule = Schedule<Int>()
        var expected: [(time: Int64, number: Int)] = []
        for number in 0..<2000 {
            let time = Int64(generator.below(300))
            schedule.insert(number, at: time)
            expected.append((time, number))
        }
        expected.sort { ($0.time, $0.number) < ($1.time, $1.number) }
        for (time, number) in expected {
            let next = schedule.popFirst(until: .max)
            #expect(next?.time == time && next?.event == number)
        }
        #expect(schedule.popFirst(until: .max) == nil)
    }

    @Test func `nothing comes before its time, and places are used again`() {
        var schedule = Schedule<String>()
        schedule.insert("late", at: 10)
        #expect(schedule.popFirst(until: 9) == nil)
        for round in 0..<100 {
            schedule.insert("now", at: Int64(round % 5))
            #expect(schedule.popFirst(until: 9)?.event == "now")
        }
        #expect(schedule.count == 1 && schedule.nextTime == 10)
        #expect(schedule.popFirst(until: 10)?.event == "late")
    }
}
