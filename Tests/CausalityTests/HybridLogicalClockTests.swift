import Machine
import Testing

@testable import Causality

@Suite struct HybridLogicalClockTests {
    @Test func `timestamps follow the wall, and count where it stands still or goes back`() {
        var clock = HybridLogicalClock()
        #expect(clock.now(wall: 1_000) == HybridTimestamp(milliseconds: 1_000))
        #expect(clock.now(wall: 1_000) == HybridTimestamp(milliseconds: 1_000, counter: 1))
        #expect(clock.now(wall: 1) == HybridTimestamp(milliseconds: 1_000, counter: 2))
        #expect(clock.lead(wall: 1) == 999)
        #expect(clock.now(wall: 1_001) == HybridTimestamp(milliseconds: 1_001))
        #expect(clock.lead(wall: 1_001) == 0)
    }

    @Test func `a timestamp within the bound is followed, one beyond is refused with its lead`() {
        var clock = HybridLogicalClock(maximumLead: 500)
        #expect(clock.observe(HybridTimestamp(milliseconds: 1_500, counter: 9), wall: 1_000) == .followed)
        #expect(clock.now(wall: 1_000) == HybridTimestamp(milliseconds: 1_500, counter: 10))
        #expect(clock.observe(HybridTimestamp(milliseconds: 1_501), wall: 1_000) == .refused(lead: 501))
        #expect(clock.observe(HybridTimestamp(rawValue: .max), wall: 1_000) != .followed)
        #expect(clock.now(wall: 1_000) == HybridTimestamp(milliseconds: 1_500, counter: 11))
        #expect(clock.observe(.zero, wall: 1_000) == .followed)
        #expect(clock.last == HybridTimestamp(milliseconds: 1_500, counter: 11))
    }

    @Test func `a full millisecond borrows from the next, and the end of time is no trap`() {
        var clock = HybridLogicalClock(after: HybridTimestamp(milliseconds: 7, counter: .max))
        #expect(clock.now(wall: 7) == HybridTimestamp(milliseconds: 8))
        #expect(clock.now(wall: .max) == HybridTimestamp(milliseconds: HybridTimestamp.millisecondLimit))
        #expect(clock.observe(HybridTimestamp(rawValue: .max), wall: .max) == .followed)
        #expect(clock.now(wall: 0) == HybridTimestamp(rawValue: .max))
    }

    @Test func `whatever walls and peers do, timestamps grow and stay after what was followed`() {
        for seed in 0..<UInt64(500) {
            var generator = SeededGenerator(seed: seed)
            var clock = HybridLogicalClock(maximumLead: 50)
            var last = HybridTimestamp.zero
            var highestWall: UInt64 = 0
            for _ in 0..<50 {
                let wall = generator.below(200)
                highestWall = max(highestWall, wall)
                if generator.chance(1, in: 2) {
                    let timestamp = HybridTimestamp(milliseconds: generator.below(400), counter: 3)
                    let observation = clock.observe(timestamp, wall: wall)
                    #expect((observation == .followed) == (timestamp.milliseconds <= wall + 50), "seed \(seed)")
                    if observation == .followed {
                        last = max(last, timestamp)
                    }
                } else {
                    let now = clock.now(wall: wall)
                    #expect(now > last && now.milliseconds <= highestWall + 50, "seed \(seed)")
                    last = now
                }
            }
        }
    }
}
