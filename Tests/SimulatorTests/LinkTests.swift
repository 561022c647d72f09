import Machine
import Node
import Ring
import Testing
import Wire

@testable import Simulator

/// Connections between hosts lose, double and reorder nothing; they break.
@Suite struct LinkTests {
    /// Two hosts that know each other.
    private static func world() throws -> World {
        let world = World(options: WorldOptions(ring: try #require(RingConfiguration(partitions: 16))), seed: 7)
        try world.add(joining: nil)
        try world.add(joining: 0)
        // Nothing of the birth is looked at.
        while world.schedule.popFirst(until: .max) != nil {}
        return world
    }

    private static func frame(_ number: Int) -> Frame {
        Frame(header: FrameHeader(kind: .replica, requestID: UInt64(number)), payload: ByteBuffer())
    }

    private static func ask(_ world: World, _ numbers: Range<Int>) {
        for number in numbers {
            world.ask(frame(number), of: world.hosts[1].id, lane: 0, from: world.hosts[0])
        }
    }

    /// The questions that arrive, in order; connections that are lost stay so.
    private static func arrivals(_ world: World) -> [UInt64] {
        var result: [UInt64] = []
        while let next = world.schedule.popFirst(until: .max) {
            world.now = max(world.now, next.time)
            switch next.event {
            case .frame(.node(.asked(let frame, _, _)), _, _, let link, let incarnation)
            where world.links[Int(link)].incarnation == incarnation:
                result.append(frame.requestID)
            case .notice(let link, let incarnation):
                world.notice(link: Int(link), incarnation: incarnation)
            default:
                break
            }
        }
        return result
    }

    @Test func `frames of a lane arrive in order, however long each takes`() throws {
        let world = try Self.world()
        world.conditions.delay = .max
        world.conditions.duplication = .max
        world.conditions.loss = .max
        world.conditions.reordering = .max
        Self.ask(world, 0..<100)
        #expect(Self.arrivals(world) == (0..<100).map { UInt64($0) })
    }

    @Test func `with a connection all that is on its way is lost, and nothing passes until it is noticed`() throws {
        let world = try Self.world()
        Self.ask(world, 0..<5)
        world.breakLink(World.pair(0, 1), noticedAfter: World.keepaliveTime)
        Self.ask(world, 5..<10)
        #expect(Self.arrivals(world).isEmpty)
        #expect(world.links[World.pair(0, 1)].state == .closed)
        #expect(world.now >= World.keepaliveTime)
    }

    @Test func `frames that meet a partition wait for its end`() throws {
        let world = try Self.world()
        Self.ask(world, 0..<3)
        world.block([World.pair(0, 1)])
        Self.ask(world, 3..<6)
        world.unblock([World.pair(0, 1)])
        Self.ask(world, 6..<9)
        #expect(Self.arrivals(world) == (0..<9).map { UInt64($0) })
    }

    @Test func `a partition that outlives the keepalive breaks the connection`() throws {
        let world = try Self.world()
        Self.ask(world, 0..<1)
        world.block([World.pair(1, 0)])
        _ = Self.arrivals(world)
        #expect(world.links[World.pair(0, 1)].state == .closed)
        #expect(world.now >= World.keepaliveTime)
    }
}
