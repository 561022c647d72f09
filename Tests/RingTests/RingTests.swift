import Hashing
import Machine
import Ring
import Testing

@Suite struct RingTests {
    @Test("With one or two members, the lists of three replicas are as long as the members")
    func fewMembers() {
        for count in 0...3 {
            let ring = Ring(Membership(makeMembers(count, seed: 1)), configuration: .standard)
            #expect(ring.partitions.allSatisfy { ring.replicas(of: $0).ownerCount == count })
            #expect(ring.partitions.allSatisfy { ring.fallbacks(of: $0).isEmpty })
        }
    }

    @Test("In a ring of five, any two failures leave an owner and every fallback to ask")
    func twoFailures() {
        let ring = Ring(Membership(makeMembers(5, seed: 2)), configuration: .standard)
        let everybodyIsAsked = ring.partitions.allSatisfy {
            (Array(ring.replicas(of: $0)) + ring.fallbacks(of: $0)).sorted() == [0, 1, 2, 3, 4]
        }
        #expect(everybodyIsAsked)
    }

    @Test("The ring is a function of the membership: the order of arrival does not count")
    func orderOfArrival() {
        var generator = SeededGenerator(seed: 11)
        var members = makeMembers(23, zones: 3, seed: 4)
        let expected = Ring(Membership(members), configuration: .standard)
        for _ in 0..<5 {
            members.shuffle(using: &generator)
            var parts = [Membership(), Membership(), Membership()]
            for (number, member) in members.enumerated() {
                parts[number % 3].merge(member)
            }
            parts[1].merge(parts[2])
            parts[0].merge(parts[1])
            let ring = Ring(parts[0], configuration: .standard)
            #expect(ring.epoch == expected.epoch && ring.fingerprints == expected.fingerprints)
        }
    }

    @Test("The placement is the golden one in every process, build and release")
    func goldenPlacement() throws {
        var generator = SeededGenerator(seed: 1)
        let members = (0..<9).map { number in
            makeMember(
                NodeID(from: &generator), zone: "zone \(number % 4)", weight: [50, 100, 200][number % 3],
                holdings: number % 2 == 0 ? .all(of: 256) : nil)
        }
        let ring = Ring(Membership(members), configuration: try makeConfiguration(256, 3))
        var buffer = ByteBuffer()
        for partition in ring.partitions {
            buffer.writeInteger(ring.replicas(of: partition).fingerprint)
            for fallback in ring.fallbacks(of: partition) {
                buffer.writeInteger(fallback)
            }
        }
        #expect(Checksum.of(buffer, seed: 0) == 9_515_223_108_024_668_647)
    }

    @Test("A partition is the top bits of a token, and the partitions' tokens cover the space without overlap")
    func tokens() throws {
        for partitions in [1, 2, 1024, 65_536] {
            let ring = Ring(Membership(), configuration: try makeConfiguration(partitions, 1))
            var next: UInt64 = 0
            for partition in ring.partitions {
                let tokens = ring.tokens(of: partition)
                guard tokens.lowerBound == next,
                    ring.partition(of: Token(value: tokens.lowerBound)) == partition,
                    ring.partition(of: Token(value: tokens.upperBound)) == partition
                else {
                    Issue.record("partition \(partition) of \(partitions): \(tokens)")
                    return
                }
                next = tokens.upperBound &+ 1
            }
            #expect(next == 0)
        }
    }

    @Test("Partitions and members beyond the ring give nothing, and no trap")
    func beyond() {
        let ring = Ring(Membership(makeMembers(3, seed: 1)), configuration: .standard)
        for index in [1024, UInt32.max] {
            #expect(ring.replicas(of: PartitionID(index: index)).isEmpty)
            #expect(ring.fallbacks(of: PartitionID(index: index)).isEmpty)
            _ = ring.tokens(of: PartitionID(index: index))
        }
        #expect(ring.ownedCount(of: 3) == 0 && ring.partitions(ownedBy: 3).isEmpty)
        #expect(ring.index(of: .zero) == nil)
        #expect(ring.members.indices.allSatisfy { ring.index(of: ring.members[$0].id) == MemberIndex($0) })
    }

    @Test("Holders that are no owners follow the owners, whatever their number")
    func holders() throws {
        let configuration = try makeConfiguration(8, 3)
        for holderCount in [0, 1, 4, 9, 80] {
            let members = makeMembers(4, seed: 1)
            let leaving = makeMembers(holderCount, seed: 2).map {
                makeMember($0.id, state: .leaving, holdings: .all(of: 8))
            }
            var partial = members[0]
            partial.amend { $0.holdings = .all(of: 8) }
            let ring = Ring(Membership(members + leaving + [partial]), configuration: configuration)
            for partition in ring.partitions {
                let set = ring.replicas(of: partition)
                let held = set.indices.filter { set.holds(at: $0) }.map { ring.members[Int(set[$0])].id }
                let owners = Array(set.prefix(3))
                let expected = min(holderCount + 1, 61 + (owners.contains { set.isHolder($0) } ? 1 : 0))
                #expect(held.count == expected && set.holderCount == expected)
                let others = Array(set.dropFirst(set.ownerCount))
                #expect(set.ownerCount == 3 && others == others.sorted())
                #expect(others.allSatisfy { set.isHolder($0) && !set.isOwner($0) })
                #expect(owners.allSatisfy { ring.members[Int($0)].effectiveState == .up && set.isOwner($0) })
                #expect(ring.fallbacks(of: partition).allSatisfy { !set.contains($0) })
            }
        }
    }

    @Test("Members that left or were removed are in no list, nor are holdings for another number of partitions")
    func gone() {
        var membership = Membership(makeMembers(6, seed: 9))
        let ids = membership.records.map(\.id)
        membership.amend(ids[0]) {
            $0.state = .left; $0.holdings = .all(of: 1024)
        }
        membership.amend(ids[1]) { $0.holdings = .all(of: 1024) }
        membership.direct(ids[1], .remove)
        membership.amend(ids[2]) { $0.holdings = .all(of: 512) }
        membership.amend(ids[3]) { $0.holdings = .all(of: 1024) }
        membership.direct(ids[3], .leave)
        let ring = Ring(membership, configuration: .standard)
        #expect(ring.members.map(\.id) == Array(ids[2...]))
        for partition in ring.partitions {
            let set = ring.replicas(of: partition)
            #expect(set.map { ring.members[Int($0)].id }.last == ids[3])
            #expect(set.holdsMask == 1 << 3 && set.ownerCount == 3)
        }
    }

    @Test("Fingerprints differ exactly where two rings disagree about owners, their order, or holders")
    func fingerprints() {
        let members = makeMembers(7, seed: 3)
        var membership = Membership(members.dropLast())
        let before = Ring(membership, configuration: .standard)
        // The last in the order of identities, so that indices mean the same before and after.
        let id = membership.records[5].id
        membership.amend(id) { member in
            member.holdings = .none(of: 1024)
            member.holdings.insert(PartitionID(index: 17))
        }
        let holding = Ring(membership, configuration: .standard)
        #expect(holding.epoch != before.epoch)
        for partition in before.partitions {
            let same = before.replicas(of: partition).fingerprint == holding.replicas(of: partition).fingerprint
            #expect(same == (partition.index != 17))
        }
        membership.merge(members[6])
        let joined = Ring(membership, configuration: .standard)
        for partition in holding.partitions where partition.index != 17 {
            let same = holding.replicas(of: partition).fingerprint == joined.replicas(of: partition).fingerprint
            #expect(same == (holding.ownerIDs(of: partition) == joined.ownerIDs(of: partition)))
        }
    }

    @Test("A ring after any other is the same as one from nothing")
    func afterAnother() throws {
        let configuration = try makeConfiguration(64, 3)
        var generator = SeededGenerator(seed: 8)
        var members = makeMembers(6, zones: 2, seed: 8)
        var previous = Ring(Membership(members), configuration: try makeConfiguration(32, 3))
        for _ in 0..<300 {
            let index = Int(generator.below(UInt64(members.count)))
            let change = generator.below(8)
            let partition = PartitionID(index: UInt32(generator.below(64)))
            let weight = UInt32(50 + generator.below(100))
            members[index].amend { member in
                switch change {
                case 0: member.weight = weight
                case 1: member.zone = "zone \(weight % 3)"
                case 2: member.state = member.state == .up ? .left : .up
                case 3: member.state = member.state == .up ? .leaving : .up
                default:
                    if member.holdings.capacity != 64 { member.holdings = .none(of: 64) }
                    member.holdings.insert(partition)
                }
            }
            let membership = Membership(members)
            let fresh = Ring(membership, configuration: configuration)
            let next = Ring(membership, configuration: configuration, after: previous)
            #expect(next.epoch == fresh.epoch && next.fingerprints == fresh.fingerprints)
            for partition in fresh.partitions {
                #expect(next.ownerIDs(of: partition) == fresh.ownerIDs(of: partition))
            }
            #expect(
                fresh.members.indices.allSatisfy {
                    next.ownedCount(of: MemberIndex($0)) == fresh.ownedCount(of: MemberIndex($0))
                })
            previous = next
        }
    }

    @Test("A plan names exactly what moves")
    func plan() throws {
        let members = makeMembers(9, zones: 3, seed: 6)
        let before = Ring(Membership(members.dropLast()), configuration: .standard)
        let after = Ring(Membership(members.dropFirst()), configuration: .standard)
        let plan = try #require(RingPlan(from: before, to: after))
        var seen = 0
        for partition in before.partitions {
            let old = Set(before.ownerIDs(of: partition))
            let new = Set(after.ownerIDs(of: partition))
            let change = plan.changes.first { $0.partition == partition }
            #expect(
                Set(change?.gains ?? []) == new.subtracting(old) && Set(change?.losses ?? []) == old.subtracting(new))
            seen += new.subtracting(old).count
        }
        #expect(plan.transfers == seen && plan.balances.count == 9)
        #expect(plan.balances.reduce(0) { $0 + $1.lost } == seen)
        #expect(plan.balances.first { $0.id == members[8].id }?.before == 0)
        #expect(plan.balances.first { $0.id == members[0].id }?.after == 0)
        #expect(try #require(RingPlan(from: before, to: before)).changes.isEmpty)
        let other = Ring(Membership(members), configuration: try makeConfiguration(512, 3))
        #expect(RingPlan(from: before, to: other) == nil)
    }
}
