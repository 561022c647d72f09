import Machine
import Testing

@Suite struct EffectsTests {
    /// Expectations copy what they look at, and `Effects` has no copies.
    private func expectEmpty(
        _ effects: borrowing Effects<some Any>, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let (isEmpty, count) = (effects.isEmpty, effects.count)
        #expect(isEmpty && count == 0, sourceLocation: sourceLocation)
    }

    @Test func `effects are carried out once, in the order in which they were emitted`() {
        var effects = Effects<Int>()
        expectEmpty(effects)
        for number in 0..<100 {
            effects.emit(number)
        }
        let (isEmpty, count) = (effects.isEmpty, effects.count)
        #expect(!isEmpty && count == 100)
        var carriedOut: [Int] = []
        effects.drain { carriedOut.append($0) }
        #expect(carriedOut == Array(0..<100))
        expectEmpty(effects)
        effects.drain { _ in Issue.record("an effect was carried out twice") }
    }

    @Test func `a drained list is used again`() {
        var effects = Effects<String>(capacity: 1)
        for round in 0..<3 {
            effects.emit("\(round)")
            effects.emit("\(round) again")
            var carriedOut: [String] = []
            effects.drain { carriedOut.append($0) }
            #expect(carriedOut == ["\(round)", "\(round) again"])
        }
    }

    @Test func `taking all leaves nothing behind`() {
        var effects = Effects<Int>()
        effects.emit(1)
        effects.emit(2)
        var taken = effects.takeAll()
        #expect(taken == [1, 2])
        expectEmpty(effects)
        taken = effects.takeAll()
        #expect(taken == [])
        effects.emit(3)
        taken = effects.takeAll()
        #expect(taken == [3])
    }
}
