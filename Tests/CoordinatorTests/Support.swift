import Causality
import Coordinator
import Machine

/// Who there is for one request, small enough to write down: `owners` owners, then `extras` former owners, then fallbacks.
struct World: CustomStringConvertible {
    var owners: Int
    var extras: Int
    var fallbackCount: Int
    var holders: PositionSet
    var reachable: PositionSet
    var isSloppy: Bool

    init(
        owners: Int = 3, extras: Int = 0, fallbacks: Int = 0, holders: PositionSet? = nil,
        unreachable: PositionSet = [], isSloppy: Bool = true
    ) {
        self.owners = owners
        self.extras = extras
        fallbackCount = fallbacks
        self.holders = holders ?? PositionSet(first: owners)
        reachable = PositionSet(first: owners + extras + fallbacks) - unreachable
        self.isSloppy = isSloppy
    }

    var count: Int { owners + extras + fallbackCount }
    var fallbacks: PositionSet { PositionSet(first: count) - PositionSet(first: owners + extras) }

    var map: ReplicaMap {
        ReplicaMap(owners: PositionSet(first: owners), holders: holders, fallbacks: fallbacks, reachable: reachable)
    }

    var description: String {
        "\(owners) owners, holders \(holders), fallbacks \(fallbacks), reachable \(reachable), "
            + (isSloppy ? "sloppy" : "strict")
    }

    /// Every world of at most so many: an extra that holds nothing is nobody, so extras are holders all.
    static func all(owners: ClosedRange<Int>, extras: Int, fallbacks: Int, _ body: (World) -> Void) {
        for owners in owners {
            for extras in 0...extras {
                for fallbacks in 0...fallbacks {
                    for ownHolders in subsets(of: PositionSet(first: owners)) {
                        let holders = ownHolders | (PositionSet(first: owners + extras) - PositionSet(first: owners))
                        for unreachable in subsets(of: PositionSet(first: owners + extras + fallbacks)) {
                            for isSloppy in [true, false] {
                                body(
                                    World(
                                        owners: owners, extras: extras, fallbacks: fallbacks, holders: holders,
                                        unreachable: unreachable, isSloppy: isSloppy))
                            }
                        }
                    }
                }
            }
        }
    }

    /// A world of up to four owners, two extras and two fallbacks, in which most can be reached.
    static func random(using generator: inout SeededGenerator) -> World {
        let owners = 1 + Int(generator.below(4))
        let extras = generator.chance(1, in: 3) ? Int(generator.below(3)) : 0
        let fallbacks = Int(generator.below(3))
        func choose(_ set: PositionSet, _ chance: UInt64) -> PositionSet {
            PositionSet(set.filter { _ in generator.chance(chance, in: 8) })
        }
        return World(
            owners: owners, extras: extras, fallbacks: fallbacks,
            holders: PositionSet(first: owners + extras) - choose(PositionSet(first: owners), 1),
            unreachable: choose(PositionSet(first: owners + extras + fallbacks), 1),
            isSloppy: generator.chance(3, in: 4))
    }

    /// The position of the coordinator itself, where it is a replica.
    func own(using generator: inout SeededGenerator) -> Int? {
        generator.chance(1, in: 4) ? nil : Int(generator.below(UInt64(owners + extras)))
    }

    static func subsets(of set: PositionSet) -> [PositionSet] {
        let places = Array(set)
        return (0..<(1 << UInt64(places.count))).map { bits in
            var subset = PositionSet()
            for (index, place) in places.enumerated() where bits & (1 << UInt64(index)) != 0 {
                subset.insert(place)
            }
            return subset
        }
    }
}

/// Copies of one key: an old value, a newer one that replaced it, and one written beside that.
enum Copies {
    static let old = write("old", by: 1, on: Object(), seeing: .everythingHere)
    static let new = write("new", by: 1, on: old, seeing: .everythingHere)
    static let beside = write("beside", by: 2, on: old, seeing: .everythingHere)

    static let both: Object = {
        var object = new
        object.merge(beside)
        return object
    }()

    static let all: [Object?] = [nil, old, new, beside]

    private static func write(_ text: String, by node: UInt64, on object: Object, seeing: WriteContext) -> Object {
        var copy = object
        copy.write(
            .value(ByteBuffer(string: text), contentType: ""), timestamp: .zero, seeing: seeing,
            as: ActorID(node: NodeID(high: 0, low: node), epoch: 1))
        return copy
    }
}

extension QuorumRequirement {
    static func read(_ count: Int, primaries: Int? = nil, _ world: World) -> QuorumRequirement {
        read(.count(count), primaries: primaries.map { .count($0) }, map: world.map)
    }

    static func write(
        _ count: Int, primaries: Int? = nil, durable: Int? = nil, _ world: World
    ) -> QuorumRequirement {
        write(
            .count(count), primaries: primaries.map { .count($0) }, durable: durable.map { .count($0) },
            map: world.map)
    }
}
