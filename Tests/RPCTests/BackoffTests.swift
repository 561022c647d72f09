import Machine
import Testing

@testable import RPC

@Suite struct BackoffTests {
    @Test func `waits double up to the limit, and half of each is random`() {
        for seed in UInt64(0)..<500 {
            var generator = SeededGenerator(seed: seed)
            var backoff = Backoff(base: .milliseconds(50), limit: .seconds(5))
            for attempt in 0..<80 {
                let whole = attempt < 7 ? Duration.milliseconds(50 << attempt) : .seconds(5)
                let delay = backoff.nextDelay(from: &generator)
                #expect(delay <= whole && delay >= whole / 2, "seed \(seed), attempt \(attempt)")
            }
            backoff.reset()
            #expect(backoff.nextDelay(from: &generator) <= .milliseconds(50), "seed \(seed)")
        }
    }

    @Test func `the longest times do not overflow`() {
        var generator = SeededGenerator(seed: 1)
        var backoff = Backoff(base: .seconds(Int64.max), limit: .seconds(Int64.max))
        for _ in 0..<70 {
            #expect(backoff.nextDelay(from: &generator) > .zero)
        }
    }
}
