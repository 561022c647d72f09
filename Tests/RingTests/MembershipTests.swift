import Machine
import Testing

@testable import Ring

@Suite struct MembershipTests {
    /// Every record of a small world: versions, two words of one version (a cloned identity), directives.
    static func records(of id: NodeID, weights: Bool = true) -> [Member] {
        var words: [Member] = []
        for (version, state, name) in [
            (1, MemberState.joining, "a"), (2, .up, "a"), (2, .up, "a"), (2, .up, "clone"), (3, .leaving, "a"),
        ] {
            words.append(
                Member(
                    id: id, name: name, host: "h", port: 1, state: state, holdings: .none(of: 4),
                    version: UInt64(version)))
        }
        words[1].runs = [0, 7]
        var directives = [
            Directive.initial, Directive(epoch: 1, kind: .leave, weight: nil),
            Directive(epoch: 1, kind: .remove, weight: nil), Directive(epoch: 2, kind: .none, weight: nil),
        ]
        if weights {
            directives.append(Directive(epoch: 2, kind: .none, weight: 50))
        }
        return words.flatMap { word in
            directives.map { directive in
                var record = word
                record.directive = directive
                return record
            }
        }
    }

    @Test("Merging two records is idempotent, commutative, associative and inflationary in the whole small world")
    func recordLaws() {
        let world = Self.records(of: makeID(1))
        func merged(_ left: Member, _ right: Member) -> Member {
            var result = left
            let changed = result.merge(right)
            #expect(changed == (result != left))
            return result
        }
        for first in world {
            #expect(merged(first, first) == first)
            for second in world {
                let both = merged(first, second)
                #expect(both == merged(second, first))
                #expect(merged(both, first) == both && merged(both, second) == both)
                #expect(both.measure >= max(first.measure, second.measure))
                for third in world where merged(both, third) != merged(first, merged(second, third)) {
                    Issue.record("\(first), \(second), \(third)")
                }
            }
        }
    }

    @Test("A removal is final: no word that was said elsewhere undoes it, and none is said after it")
    func removalIsFinal() {
        let id = makeID(1)
        var removed = Membership([Member(id: id, name: "a", host: "h", port: 1, holdings: .none(of: 4))])
        var reweighed = removed
        removed.direct(id, .remove)
        for weight in [50, 60, 70] as [UInt32] {
            reweighed.direct(id, .none, weight: weight)
        }
        #expect(removed[id]?.effectiveState == .removed && reweighed[id]?.effectiveWeight == 70)
        var (one, other) = (removed, reweighed)
        one.merge(reweighed)
        other.merge(removed)
        #expect(one == other && one.epoch == other.epoch)
        #expect(one[id]?.effectiveState == .removed)
        #expect(one.epoch.measure > max(removed.epoch.measure, reweighed.epoch.measure))
        let (isReweighed, isKept) = (one.direct(id, .none, weight: 100), one.direct(id, .leave))
        #expect(!isReweighed && !isKept)
        #expect(Directive(epoch: 3, kind: .remove, weight: 50).weight == nil)
    }

    @Test("Two words of one version whose names differ in their bytes alone become one word at all members")
    func namesAreBytes() {
        func word(_ name: String) -> Member {
            Member(id: makeID(1), name: name, host: "h", port: 1, holdings: .none(of: 4))
        }
        let (composed, decomposed) = (word("caf\u{e9}"), word("cafe\u{301}"))
        #expect(composed == decomposed && !composed.hasSameWord(as: decomposed))
        var (one, other) = (composed, decomposed)
        one.merge(decomposed)
        other.merge(composed)
        #expect(one.hasSameWord(as: other))
    }

    @Test("Merging tables obeys the same laws, and the epoch tells tables apart and grows")
    func tableLaws() {
        let options = [makeID(1), makeID(2)].map { id in
            [nil] + Self.records(of: id, weights: false).enumerated().filter { $0.offset % 5 == 0 }.map { $0.element }
        }
        let world = options[0].flatMap { first in
            options[1].map { second in Membership([first, second].compactMap { $0 }) }
        }
        func merged(_ left: Membership, _ right: Membership) -> Membership {
            var result = left
            let changed = result.merge(right)
            #expect(changed.isEmpty == (result == left) && changed == changed.sorted())
            #expect(left.includes(right) == changed.isEmpty)
            return result
        }
        for first in world {
            #expect(merged(first, first) == first)
            for second in world {
                #expect((first.epoch == second.epoch) == (first == second))
                let both = merged(first, second)
                #expect(both == merged(second, first) && both.epoch == merged(second, first).epoch)
                #expect(both.includes(first) && both.includes(second))
                #expect(both.epoch == Membership(both.records.reversed()).epoch)
                let onlyWordsOfOneVersionDiffer = both.epoch.measure == first.epoch.measure && both != first
                #expect(both.epoch.measure >= first.epoch.measure)
                if onlyWordsOfOneVersionDiffer {
                    #expect(zip(first.records, both.records).allSatisfy { $0.version == $1.version })
                }
                for third in world.prefix(12)
                where merged(both, third) != merged(first, merged(second, third)) {
                    Issue.record("\(first), \(second), \(third)")
                }
            }
        }
    }

    @Test("A member announced a hundred times is there once")
    func announcedAgain() throws {
        var membership = Membership()
        let member = makeMember(makeID(7))
        #expect(membership.merge(member) == true)
        let epoch = membership.epoch
        for _ in 0..<99 {
            #expect(membership.merge(member) == false)
        }
        #expect(membership.records == [member] && membership.epoch == epoch)
        #expect(Ring(membership, configuration: .standard).members.count == 1)
    }

    @Test("The state that counts is the operators' over the member's own")
    func effectiveStates() {
        let expected: [MemberState: [MemberState]] = [
            .joining: [.joining, .leaving, .removed], .up: [.up, .leaving, .removed],
            .leaving: [.leaving, .leaving, .removed], .left: [.left, .left, .removed],
        ]
        for own in [MemberState.joining, .up, .leaving, .left] {
            for (kind, state) in zip(Directive.Kind.allCases, expected[own, default: []]) {
                var member = makeMember(makeID(1), state: own)
                member.directive = Directive(epoch: 1, kind: kind, weight: nil)
                #expect(member.effectiveState == state)
            }
        }
    }

    @Test("A returning member's old word undoes no directive, and its new word does not either")
    func directivesHold() {
        var here = Membership([makeMember(makeID(1))])
        var there = here
        #expect(here.direct(makeID(1), .leave, weight: 300) == true)
        let amended = there.amend(makeID(1)) {
            $0.state = .up; $0.weight = 7; $0.directive = .initial
        }
        #expect(amended)
        here.merge(there)
        #expect(here[makeID(1)]?.effectiveState == .leaving)
        #expect(here[makeID(1)]?.weight == 7 && here[makeID(1)]?.effectiveWeight == 300)
        #expect(here[makeID(1)]?.version == 2)
        let unknown = here.amend(makeID(2)) { $0.state = .left }
        #expect(!unknown)
        #expect(here.direct(makeID(2), .leave) == false)
    }

    @Test("A full table takes news of those it knows, and no new identity")
    func full() {
        var membership = Membership((0..<1024).map { makeMember(makeID($0)) })
        #expect(membership.isFull)
        let epoch = membership.epoch
        #expect(membership.merge(makeMember(makeID(5000))) == false)
        #expect(membership.epoch == epoch)
        #expect(membership.direct(makeID(9), .leave) == true)
        #expect(!membership.includes(Membership([makeMember(makeID(5000))])))
    }
}
