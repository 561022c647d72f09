import Coordinator
import Hashing
import Machine
import Node
import Ring
import Storage
import Wire

/// A node of production at work in a ``TinyWorld``, with the log engine on a virtual disk.
///
/// It goes from one state to the next; where it has been is not kept. Everything that it does is a function of the disk that
/// it started from, what it was cut off from then, the time then, and its events since.
final class TinyHost {
    /// What a node starts from.
    struct Start: Hashable, Sendable {
        var host: Int
        /// The number of its disk.
        var disk: Int
        /// The hosts that it does not reach, one bit each.
        var cut: UInt8 = 0
        var milliseconds = 0
    }

    /// What a node wants of others.
    enum Output {
        case frame(TinyFrame, to: Int)
        case reply(Response, client: Int)
    }

    static let token = Token(key: TinyWorld.key).value
    private static let directory = "data"
    private static let nodes = (0..<TinyWorld.nodeCount).map { NodeID(high: 1, low: UInt64($0)) }

    let index: Int
    private let fileSystem: VirtualFileSystem
    private let node: Node
    /// How many connections from each other host were lost: what was asked over an earlier one is answered over none.
    private var connections = Array(repeating: 0, count: TinyWorld.nodeCount)
    private(set) var cut: UInt8
    private var now: Instant
    private var effects = Effects<NodeEffect>()
    private(set) var outputs: [Output] = []

    /// A disk on which nothing has been stored yet.
    static func emptyDisk(of index: Int) throws(StorageFailure) -> VirtualFileSystem {
        let members = (0..<TinyWorld.nodeCount).map { index in
            Member(
                id: nodes[index], name: "\(index)", host: "10.0.0.\(index + 1)", port: 7400, state: .up,
                holdings: .all(of: 1), run: UInt64(index))
        }
        let fileSystem = VirtualFileSystem()
        _ = try NodeHome.create(
            members[index], joining: Membership(members), cluster: "tiny", ring: TinyWorld.ring, in: directory,
            on: fileSystem)
        return fileSystem.image()
    }

    /// An `empty` disk of the node that is at home on another one.
    ///
    /// It knows who it is, and which epochs it has had: an older identity is a restored backup, which needs peers that tell
    /// it so.
    static func forget(_ disk: VirtualFileSystem, empty: VirtualFileSystem) throws(StorageFailure) -> VirtualFileSystem
    {
        let result = empty.image()
        if let identity = try IdentityFile.open(in: directory, on: disk.image()) {
            try IdentityFile.open(in: directory, on: result)?.update { $0 = identity.identity }
        }
        return result.image()
    }

    /// All that is on a disk: two disks with the same are one.
    static func contents(of disk: VirtualFileSystem) throws(StorageFailure) -> ByteBuffer {
        var all = ByteBuffer()
        for directory in [directory, directory + "/store"] {
            for name in (try? disk.list(directory)) ?? [] {
                all.writeString(name)
                if let bytes = disk.contents(of: directory + "/" + name) {
                    all.writeInteger(UInt8(0))
                    all.writeInteger(UInt32(bytes.readableBytes))
                    all.writeImmutableBuffer(bytes)
                }
            }
        }
        return all
    }

    init(_ start: Start, on disk: VirtualFileSystem) throws(StorageFailure) {
        index = start.host
        cut = start.cut
        now = Instant.zero.advanced(by: .milliseconds(start.milliseconds))
        fileSystem = disk.image()
        guard let home = try NodeHome.open(in: Self.directory, on: fileSystem, run: UInt64(index)) else {
            throw .notFound("the identity of node \(index)")
        }
        var log = LogEngine.Configuration()
        log.segmentByteCount = 1 << 16
        log.preallocationByteCount = 4 << 10
        log.reservedByteCount = 0
        var control = ControlConfiguration(cluster: "tiny", ring: TinyWorld.ring)
        control.settleTimeout = .zero
        let engine = try LogEngine(fileSystem, directory: Self.directory + "/store", configuration: log)
        node = try Node(
            home: home, engine: engine, configuration: NodeConfiguration(control: control), seed: UInt64(index))
        node.receive(.start(seeds: []), at: now, into: &effects)
        node.expire(at: now, into: &effects)
        // What a node says of members is left out.
        _ = effects.takeAll()
    }

    /// All that its future depends on.
    func portrait() throws(StorageFailure) -> TinyPortrait {
        try TinyPortrait(of: node, connections: connections)
    }

    /// How often the disk was called.
    var callCount: Int { fileSystem.callCount }

    /// The disk as a power cut would leave it.
    var disk: VirtualFileSystem { fileSystem.image() }

    /// A frame arrives.
    func take(_ frame: TinyFrame, from peer: Int) {
        if frame.isAnswer {
            hand(.answered(frame.frame, by: Self.nodes[peer], lane: 0))
        } else {
            let connection = UInt32(connections[peer] * TinyWorld.nodeCount + peer)
            hand(.asked(frame.frame, by: Self.nodes[peer], connection: connection))
        }
    }

    /// A client asks.
    func take(_ request: TinyRequest) {
        hand(.request(request.request, client: UInt64(request.client)))
    }

    /// The batch reaches the disk.
    func commit() {
        outputs = []
        node.commit(at: now, into: &effects)
        carryOut()
    }

    /// The connections with a peer are lost; new ones are made at once, or not.
    func lose(_ peer: Int, isCut: Bool) {
        connections[peer] += 1
        if isCut { cut |= 1 << UInt8(peer) }
        hand(.lost(Self.nodes[peer]))
    }

    /// A peer is reached again.
    func reach(_ peer: Int) {
        cut &= ~(1 << UInt8(peer))
        hand(.reached(Self.nodes[peer]))
    }

    /// Time passes.
    func wait(milliseconds: Int) {
        outputs = []
        now = now.advanced(by: .milliseconds(milliseconds))
        node.expire(at: now, into: &effects)
        carryOut()
    }

    private func hand(_ event: NodeEvent) {
        outputs = []
        node.receive(event, at: now, into: &effects)
        carryOut()
    }

    private func carryOut() {
        for effect in effects.takeAll() {
            switch effect {
            case .ask(let frame, let id, let lane):
                guard let other = Self.nodes.firstIndex(of: id) else { continue }
                if lane > 0 || cut & 1 << UInt8(other) != 0 {
                    node.receive(.notSent(frame, to: id, lane: lane), at: now, into: &effects)
                    carryOut()
                } else {
                    outputs.append(.frame(TinyFrame(frame: frame, isAnswer: false), to: other))
                }
            case .answer(let frame, let connection):
                let (count, other) = Int(connection).quotientAndRemainder(dividingBy: TinyWorld.nodeCount)
                if connections[other] == count, cut & 1 << UInt8(other) == 0 {
                    outputs.append(.frame(TinyFrame(frame: frame, isAnswer: true), to: other))
                }
            case .reply(let response, let client):
                outputs.append(.reply(response, client: Int(client)))
            case .send, .pushPull, .observe:
                break
            }
        }
    }
}

/// A frame on its way between two hosts.
struct TinyFrame: Hashable, Sendable {
    let frame: Frame
    let isAnswer: Bool
}

/// A request of one of the clients.
struct TinyRequest: Equatable, Sendable {
    let request: Request
    let client: Int
}
