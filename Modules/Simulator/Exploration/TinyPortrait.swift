import Causality
import Coordinator
import Machine
import Node
import Storage

/// All of a node on which depends what it will do in a ``TinyWorld``: two nodes with one portrait go on alike.
///
/// It is made by reflection of everything that a node, its request shard and its object store have, private parts and all,
/// so that whatever a machine gains is told apart without a word here. What is left out is named below, each for its reason.
struct TinyPortrait {
    /// The portrait.
    private(set) var bytes: [UInt8] = []
    /// Whether a commit would store something, or answer somebody.
    private(set) var hasUncommitted = false
    private let connections: [Int]

    /// Parts of a node that are told in another way, or not at all.
    private static let leftOutOfNode: Set<String> = [
        // The same for all nodes at all times.
        "configuration", "id", "wall", "membershipFile",
        // The store has it.
        "identity",
        // Handoff and gossip have no part in this world: nothing of theirs arrives anywhere, and nothing of theirs comes to
        // a shard or a copy but at the start.
        "control", "controlEffects", "calls", "pushPulls",
        // Where on the disk a record is. What it says is in the portrait.
        "engine",
        // Empty between two events.
        "inbox", "turns", "shardEffects",
        // ``waiting(_:)`` has what it stands for.
        "uncommitted",
    ]

    /// The same of a request shard.
    private static let leftOutOfShard: Set<String> = [
        "configuration",
        // There is one ring, and the gossip says nothing of who can be reached.
        "view",
        // Names that nobody outside of the node is told; ``waiting(_:)`` has what they stand for.
        "replicas",
    ]

    /// The same of an object store.
    private static let leftOutOfStore: Set<String> = [
        "configuration", "engine", "reader",
        // What the batch will leave is in `pending`.
        "batch", "batchByteCount",
        // Memory to work in.
        "scratch",
        // For handoff.
        "hintsInBatch", "hintKeysInBatch", "marks", "marksInBatch", "unwrittenMarks", "rangesOfLostHints",
    ]

    /// The portrait of a node that has lost so many connections from each other host.
    init(of node: Node, connections: [Int]) throws(StorageFailure) {
        self.connections = connections
        var engine: (any StorageEngine)?
        var (uncommitted, replicas): (Any, Any) = ((), ())
        for part in Mirror(reflecting: node).children {
            switch part.label {
            case "engine": engine = part.value as? any StorageEngine
            case "uncommitted": uncommitted = part.value
            case "store": addStore(part.value)
            case "shards":
                for shard in Mirror(reflecting: part.value).children {
                    for part in Mirror(reflecting: shard.value).children {
                        if part.label == "replicas" { replicas = part.value }
                        add(part, unlessIn: Self.leftOutOfShard)
                    }
                }
            default: add(part, unlessIn: Self.leftOutOfNode)
            }
        }
        if let record = try engine?.get(.objects, token: TinyHost.token, key: TinyWorld.key) {
            add(record.value)
        }
        addWaiting(uncommitted, replicas)
    }

    private mutating func addStore(_ store: Any) {
        for part in Mirror(reflecting: store).children {
            if part.label == "pending" {
                hasUncommitted = !Mirror(reflecting: part.value).children.isEmpty
            }
            add(part, unlessIn: Self.leftOutOfStore)
        }
    }

    private mutating func add(_ part: Mirror.Child, unlessIn leftOut: Set<String>) {
        guard !(part.label.map(leftOut.contains) ?? false) else { return }
        add(part.value)
    }

    /// Who waits for the next commit: writes that the node coordinates itself, and peers, each with its number for the call.
    ///
    /// Answers to two peers go two ways, so only the order of those to one counts. Whoever asked over a connection that was
    /// lost waits no more.
    private mutating func addWaiting(_ uncommitted: Any, _ replicas: Any) {
        guard let slots = Mirror(reflecting: replicas).descendant("slots") else {
            preconditionFailure("a shard without work for others")
        }
        let works = Mirror(reflecting: slots).children.map { Mirror(reflecting: $0.value) }
        var waiting: [[UInt64]] = Array(repeating: [], count: TinyWorld.nodeCount + 1)
        for item in Mirror(reflecting: uncommitted).children {
            guard let call = Mirror(reflecting: item.value).descendant("operation", 1) as? CallID,
                call.rawValue != CallID.nobody.rawValue
            else { continue }
            guard call.rawValue >> 30 & 3 == 3 else {
                waiting[TinyWorld.nodeCount].append(call.rawValue)
                continue
            }
            let work = works[Int(call.rawValue & 0xff_ffff)]
            if work.descendant("generation") as? UInt32 == UInt32(call.rawValue >> 32),
                let caller = work.descendant("element", "some", "caller") as? Caller,
                let (peer, number) = name(caller)
            {
                waiting[peer].append(number)
            }
        }
        for numbers in waiting {
            hasUncommitted = hasUncommitted || !numbers.isEmpty
            add(UInt64(numbers.count))
            for number in numbers { add(number) }
        }
    }

    /// Whom an answer goes to, client or peer, and its number; `nil` for nobody: its connection was lost.
    private func name(_ caller: Caller) -> (Int, UInt64)? {
        switch caller {
        case .client(let client): return (TinyWorld.nodeCount, client)
        case .peer(let connection, let requestID):
            let (count, peer) = Int(connection).quotientAndRemainder(dividingBy: TinyWorld.nodeCount)
            return connections[peer] == count ? (peer, requestID) : nil
        }
    }
}

// MARK: - Bytes

extension TinyPortrait {
    private init(connections: [Int]) {
        self.connections = connections
    }

    private mutating func add(_ word: UInt64) {
        withUnsafeBytes(of: word) { bytes.append(contentsOf: $0) }
    }

    private mutating func add(_ buffer: ByteBuffer) {
        add(UInt64(buffer.readableBytes))
        bytes.append(contentsOf: buffer.readableBytesView)
    }

    /// Adds a value, so that two of one type give the same bytes only if they are the same.
    private mutating func add(_ value: Any) {
        // The common ones first: a mirror costs some microseconds.
        let type = type(of: value)
        if type == UInt64.self, let value = value as? UInt64 {
            add(value)
        } else if type == Int.self, let value = value as? Int {
            add(UInt64(bitPattern: Int64(value)))
        } else if type == UInt32.self, let value = value as? UInt32 {
            add(UInt64(value))
        } else if type == Int64.self, let value = value as? Int64 {
            add(UInt64(bitPattern: value))
        } else if type == Bool.self, let value = value as? Bool {
            bytes.append(value ? 1 : 0)
        } else if type == PositionSet.self, let value = value as? PositionSet {
            add(value.bits)
        } else if type == ByteBuffer.self, let value = value as? ByteBuffer {
            add(value)
        } else if type == Object.self, let value = value as? Object {
            var buffer = ByteBuffer()
            value.encode(into: &buffer)
            add(buffer)
        } else if type == Caller.self, let value = value as? Caller {
            let (place, number) = name(value) ?? (TinyWorld.nodeCount + 1, 0)
            add(UInt64(place))
            add(number)
        } else if type == IdentityFile.self, let value = value as? IdentityFile {
            add(value.identity as Any)
        } else if type == Void.self {
            preconditionFailure("a part of a node cannot be copied, so reflection does not show it")
        } else if type != ClusterView.self {
            addParts(of: value)
        }
    }

    private mutating func addParts(of value: Any) {
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .set, .dictionary:
            // In an order that does not change from process to process.
            let elements = mirror.children.map { child in
                var element = TinyPortrait(connections: connections)
                element.add(child.value)
                return element.bytes
            }
            add(UInt64(elements.count))
            for element in elements.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                add(UInt64(element.count))
                bytes += element
            }
        case .enum:
            let name = mirror.children.first?.label ?? "\(value)"
            add(UInt64(name.utf8.count))
            bytes += Array(name.utf8)
            for child in mirror.children { add(child.value) }
        case nil:
            let text = "\(value)"
            add(UInt64(text.utf8.count))
            bytes += Array(text.utf8)
        case .collection, .optional:
            add(UInt64(mirror.children.count))
            for child in mirror.children { add(child.value) }
        default:
            for child in mirror.children { add(child.value) }
        }
    }
}
