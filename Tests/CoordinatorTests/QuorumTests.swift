import Coordinator
import Machine
import Testing

/// The argument beside ``QuorumRequirement``, for every small world there is.
@Suite struct QuorumTests {
    /// Owners and holders as one view has them; nobody else matters to a strict quorum.
    private struct View: Hashable {
        var owners: PositionSet
        var holders: PositionSet

        var map: ReplicaMap {
            ReplicaMap(owners: owners, holders: holders, fallbacks: [], reachable: owners | holders)
        }

        func accepts(write: Int, by nodes: PositionSet) -> Bool {
            let requirement = QuorumRequirement.write(.count(write), primaries: nil, durable: nil, map: map)
            return (nodes & holders).count >= requirement.holders && (nodes & owners).count >= requirement.owners
        }

        func accepts(read: Int, by nodes: PositionSet) -> Bool {
            let requirement = QuorumRequirement.read(.count(read), primaries: nil, map: map)
            return (nodes & holders).count >= requirement.holders && (nodes & owners).count >= requirement.owners
        }
    }

    private static let nodes = PositionSet(first: 6)

    /// Whether some read under one view misses a write that was acknowledged under another. More answers never make a
    /// quorum less of one, so the worst reader asks everyone whom the write left out.
    private func missedWrite(_ writer: View, _ write: Int, _ reader: View, _ read: Int) -> PositionSet? {
        World.subsets(of: writer.map.replicas).first { nodes in
            writer.accepts(write: write, by: nodes) && reader.accepts(read: read, by: Self.nodes - nodes)
        }
    }

    private func expectMeeting(_ first: View, _ second: View) {
        let owners = max(first.owners.count, second.owners.count)
        for read in 1...owners {
            for write in max(1, owners - read + 1)...owners {
                for (writer, reader) in [(first, first), (first, second), (second, first)] {
                    let missed = missedWrite(writer, write, reader, read)
                    #expect(missed == nil, "W=\(write) under \(writer), R=\(read) under \(reader)")
                }
            }
        }
    }

    @Test(arguments: 1...4)
    func `a read meets every write when an owner has become a holder`(count: Int) {
        let owners = PositionSet(first: count)
        for holders in World.subsets(of: PositionSet(first: count + 2)) where !holders.isEmpty {
            for owner in owners - holders {
                expectMeeting(
                    View(owners: owners, holders: holders),
                    View(owners: owners, holders: holders | PositionSet(owner)))
            }
        }
    }

    @Test(arguments: 1...4)
    func `a read meets every write when a former holder has been relieved`(count: Int) {
        let owners = PositionSet(first: count)
        for extras in World.subsets(of: PositionSet(first: count + 2) - owners) {
            for extra in extras {
                expectMeeting(
                    View(owners: owners, holders: owners | extras),
                    View(owners: owners, holders: (owners | extras) - PositionSet(extra)))
            }
        }
    }

    @Test func `a read meets every write when the owners have changed, and how many they are`() {
        let candidates = World.subsets(of: PositionSet(first: 5)).filter { (1...3).contains($0.count) }
        for holders in candidates {
            for (index, first) in candidates.enumerated() {
                for second in candidates[index...] {
                    expectMeeting(View(owners: first, holders: holders), View(owners: second, holders: holders))
                }
            }
        }
    }

    /// An owner that has just become a holder may have all that was acknowledged, and is not relieved of it; so whatever
    /// was acknowledged under any view with these owners is on W of them.
    @Test func `what is acknowledged under any view is on as many owners as were asked for`() {
        for holders in World.subsets(of: PositionSet(first: 5)) where !holders.isEmpty {
            let view = View(owners: PositionSet(first: 3), holders: holders)
            for write in 1...3 {
                for nodes in World.subsets(of: view.map.replicas) where view.accepts(write: write, by: nodes) {
                    #expect((nodes & view.owners).count >= write)
                }
            }
        }
    }

    /// The test can fail: counts among holders alone are the mistake of riak_kv#1754.
    @Test func `a store that counted holders alone would lose a write`() {
        let before = View(owners: [0, 1, 2], holders: [0, 1, 3])
        let written: PositionSet = [0, 3]
        #expect(!before.accepts(write: 2, by: written), "two holders, but one owner")
        let after = View(owners: [0, 1, 2], holders: [0, 1, 2])
        #expect(after.accepts(read: 2, by: Self.nodes - written), "once 3 is relieved")
    }

    @Test(arguments: [
        (World(owners: 1), 1, 1), (World(owners: 2), 2, 2), (World(owners: 3), 2, 2),
        (World(owners: 2, holders: [0]), 1, 2), (World(owners: 3, holders: [0, 1]), 2, 2),
        (World(owners: 3, extras: 1, holders: [0, 1, 3]), 2, 2),
        (World(owners: 3, extras: 1, holders: [0, 1, 2, 3]), 3, 3),
    ])
    func `a quorum grows with the holders that are not relieved yet`(world: World, holders: Int, ownersAndOthers: Int) {
        let read = QuorumRequirement.read(.quorum, primaries: nil, map: world.map)
        #expect(read.holders == holders)
        let write = QuorumRequirement.write(.quorum, primaries: nil, durable: nil, map: world.map)
        #expect(max(write.holders, write.owners) == ownersAndOthers)
        #expect(write.owners == QuorumSize.quorum.resolved(owners: world.owners))
    }
}

@Suite struct CoordinatorChoiceTests {
    @Test func `a write is coordinated by the first reachable owner that holds the partition`() {
        let world = World(owners: 3, extras: 1, fallbacks: 1, holders: [1, 2, 3])
        #expect(world.map.coordinator(besides: [], isSloppy: true) == 1)
        #expect(world.map.coordinator(besides: [1], isSloppy: true) == 2)
        #expect(world.map.coordinator(besides: [1, 2], isSloppy: true) == 3, "a holder before an owner that is new")
        #expect(world.map.coordinator(besides: [1, 2, 3], isSloppy: true) == 0)
        #expect(world.map.coordinator(besides: [0, 1, 2, 3], isSloppy: true) == 4)
        #expect(world.map.coordinator(besides: [0, 1, 2, 3], isSloppy: false) == nil)
        #expect(world.map.coordinator(besides: [0, 1, 2, 3, 4], isSloppy: true) == nil)
    }

    @Test func `who cannot be reached coordinates nothing, and a strict write has no fallback`() {
        World.all(owners: 1...3, extras: 1, fallbacks: 1) { world in
            let map = world.map
            guard let chosen = map.coordinator(besides: [], isSloppy: world.isSloppy) else {
                let candidates = world.isSloppy ? map.replicas | map.fallbacks : map.replicas
                #expect((candidates & map.reachable).isEmpty, "\(world)")
                return
            }
            #expect(map.reachable.contains(chosen), "\(world)")
            #expect(map.replicas.contains(chosen) || world.isSloppy, "\(world)")
            if !(map.owners & map.holders & map.reachable).isEmpty {
                #expect(map.owners.contains(chosen) && map.holders.contains(chosen), "\(world)")
            }
        }
    }
}
