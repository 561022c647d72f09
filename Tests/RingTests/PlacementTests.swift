import Foundation
import Machine
import Testing

@testable import Ring

@Suite struct PlacementTests {
    @Test("The integer logarithm is within 2^-21 of the true one, and never rises")
    func logarithm() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<20_000 {
            let fraction = generator.next() >> generator.below(64)
            let exact = 64 - Foundation.log2(Double(fraction | 1))
            let found = Double(FixedPointLogarithm.shared.negated(fraction)) / 0x1p32
            let above = fraction.addingReportingOverflow(1 + generator.below(1 << 50))
            let next = above.overflow ? 0 : FixedPointLogarithm.shared.negated(above.partialValue)
            guard abs(exact - found) < 0x1p-21, next <= FixedPointLogarithm.shared.negated(fraction) else {
                Issue.record("the logarithm of \(fraction) is \(found) in place of \(exact), or below \(next)")
                return
            }
        }
        #expect(FixedPointLogarithm.shared.negated(0) == 64 << 32)
    }

    @Test("A member's draws for all partitions fall into all strata, once into each")
    func strata() {
        for bits in 0...12 as ClosedRange<UInt64> {
            for member in makeMembers(5, seed: bits) {
                let places = (0..<(1 << UInt32(bits)) as Range<UInt32>).map {
                    Rendezvous(member).place(of: $0, bits: UInt32(bits))
                }
                #expect(Set(places).count == 1 << Int(bits) && places.allSatisfy { $0 < 1 << UInt32(bits) })
            }
        }
    }

    @Test("Where the owners that partitions must have are full, exchanges bring everybody back within the bound")
    func relief() throws {
        // Three zones of which one has a single member, and weights that ask for less than the zones' bounds give.
        var generator = SeededGenerator(seed: 1)
        for weight in [1, 10, 1000] as [UInt32] {
            let members = (0..<6).map { number in
                makeMember(
                    NodeID(from: &generator), zone: number < 2 ? "small" : "large \(number % 2)",
                    weight: number == 0 ? weight : 100)
            }
            let configuration = try makeConfiguration(512, 4)
            let ring = Self.check(Membership(members), configuration, "weight \(weight)")
            let candidates = Candidates(ring.members, configuration: configuration)
            let shares = Shares(candidates, partitions: 512, replicas: 4)
            for (position, index) in candidates.placed.enumerated() {
                #expect(ring.ownedCount(of: index) <= shares.capacities[position], "weight \(weight)")
            }
        }
    }

    /// What must hold for any members and any configuration.
    static func check(_ membership: Membership, _ configuration: RingConfiguration, _ comment: Comment) -> Ring {
        let ring = Ring(membership, configuration: configuration)
        let placed = ring.members.indices.filter { ring.members[$0].effectiveState.isPlaced }.map { MemberIndex($0) }
        var sizes: [String: Int] = [:]
        for index in placed {
            sizes[ring.members[Int(index)].zone, default: 0] += 1
        }
        let replicas = min(configuration.replicas, placed.count)
        var owned = [Int](repeating: 0, count: ring.members.count)
        // One expectation for each world: an expectation costs more than a lookup.
        var problems: [String] = []
        func require(_ holds: Bool, _ problem: String, _ partition: PartitionID) {
            if !holds {
                problems.append("partition \(partition): \(problem)")
            }
        }
        for partition in ring.partitions {
            let set = ring.replicas(of: partition)
            let owners = Array(set.prefix(set.ownerCount))
            require(owners.count == replicas && Set(owners).count == replicas, "owners are not distinct", partition)
            require(owners.allSatisfy { placed.contains($0) }, "an owner that is not placed", partition)
            var zones: [String: Int] = [:]
            for owner in owners {
                owned[Int(owner)] += 1
                zones[ring.members[Int(owner)].zone, default: 0] += 1
            }
            require(zones.count == min(replicas, sizes.count), "zones are not distinct", partition)
            // As even as the zones' sizes allow: nobody has two more than a zone with a member to spare.
            for (zone, size) in sizes where zones[zone, default: 0] < size {
                let even = zones.values.allSatisfy { $0 <= zones[zone, default: 0] + 1 }
                require(even, "zones are not even", partition)
            }
            let others = placed.filter { !set.contains($0) }
            require(ring.fallbacks(of: partition).sorted() == others, "the fallbacks are not the others", partition)
        }
        #expect(problems.isEmpty, comment)
        #expect(ring.members.indices.allSatisfy { ring.ownedCount(of: MemberIndex($0)) == owned[$0] }, comment)
        return ring
    }

    @Test("In tiny worlds, every partition has distinct owners in distinct zones, and every lookup ends")
    func tinyWorlds() throws {
        for count in 0...7 {
            for zones in 1...4 {
                for replicas in 1...5 {
                    for partitions in [1, 2, 8, 32] {
                        let members = makeMembers(count, zones: zones, seed: UInt64(count * 10 + zones))
                        _ = Self.check(
                            Membership(members), try makeConfiguration(partitions, replicas),
                            "\(count) members, \(zones) zones, \(replicas) replicas, \(partitions) partitions")
                    }
                }
            }
        }
    }

    @Test("Any weights, zones and states give full lists", arguments: 0..<100 as Range<UInt64>)
    func wildWorlds(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let zones = 1 + generator.below(6)
        let wild = generator.chance(1, in: 2)
        let members = (0...generator.below(24)).map { _ in
            let zone = generator.below(zones) * generator.below(2)
            return makeMember(
                NodeID(from: &generator), zone: "\(zone)",
                weight: wild && generator.chance(1, in: 3) ? UInt32(1 + generator.below(10_000)) : 100,
                state: generator.chance(1, in: 8) ? .leaving : generator.chance(1, in: 8) ? .joining : .up)
        }
        let configuration = try makeConfiguration(1 << Int(generator.below(9)), 1 + Int(generator.below(6)))
        let ring = Self.check(Membership(members), configuration, "seed \(seed)")
        let candidates = Candidates(ring.members, configuration: configuration)
        let shares = Shares(
            candidates, partitions: configuration.partitions,
            replicas: min(configuration.replicas, candidates.count))
        for (position, index) in candidates.placed.enumerated() {
            #expect(ring.ownedCount(of: index) <= shares.capacities[position], "seed \(seed)")
        }
        let total = shares.shares.reduce(0, +) >> 16
        #expect(abs(Int(total) - configuration.partitions * min(configuration.replicas, candidates.count)) <= 1)
    }

    @Test(
        "The load is within 1.08 of the mean, and a change moves little more than it must",
        arguments: [(8, 1, 1.0), (16, 1, 1.05), (33, 3, 1.2), (64, 1, 1.4)])
    func balanceAndMovement(count: Int, zones: Int, movement: Double) throws {
        for seed in 0..<3 as Range<UInt64> {
            let members = makeMembers(count + 1, zones: zones, seed: seed)
            let before = Ring(Membership(members.dropLast()), configuration: .standard)
            let after = Ring(Membership(members), configuration: .standard)
            let mean = 3 * 1024 / Double(count)
            let owned = before.members.indices.map { before.ownedCount(of: MemberIndex($0)) }
            #expect(Double(owned.max() ?? 0) <= 1.08 * mean, "seed \(seed): \(owned)")
            #expect(Double(before.firstCounts.max() ?? 0) <= 1.3 * mean / 3, "seed \(seed)")
            let share = Double(after.index(of: members[count].id).map(after.ownedCount(of:)) ?? 0)
            let join = try #require(RingPlan(from: before, to: after))
            let leave = try #require(RingPlan(from: after, to: before))
            #expect(Double(join.transfers) <= movement * share, "seed \(seed)")
            #expect(Double(leave.transfers) <= movement * share, "seed \(seed)")
        }
    }

    @Test("Members own in proportion to their weights")
    func weights() throws {
        var generator = SeededGenerator(seed: 5)
        let members = (0..<12).map { makeMember(NodeID(from: &generator), weight: $0 < 6 ? 100 : 200) }
        let ring = Ring(Membership(members), configuration: try makeConfiguration(4096, 3))
        for (index, member) in ring.members.enumerated() {
            let share = 4096.0 * 3 * Double(member.weight) / 1800
            #expect(abs(Double(ring.ownedCount(of: MemberIndex(index))) / share - 1) < 0.1)
        }
    }
}
