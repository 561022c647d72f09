import Causality
import Hashing
import Machine
import Node
import Ring
import Storage

/// What bears on hints between two looks, in order.
enum HintNote {
    /// A node keeps a hint for an owner, who has not acknowledged the write of this dot.
    case kept(host: Int, life: UInt32, owner: NodeID, key: ByteBuffer, dot: Dot)
    /// A node goes by this ring.
    case ring(Ring)
}

/// A hint goes only after its owner has what it was kept for: the write that it missed, and not all that the copy beside the
/// hint knows, which grows while the hint is on its way.
///
/// Who does not own the key by anybody's ring need not have it any more, and has it from others if it comes back: what a
/// hint was kept for has gone home to those who did, and its copy with it.
struct HintChecker {
    private struct Debt {
        let host: Int
        var life: UInt32
        let owner: NodeID
        let key: ByteBuffer
        let token: Token
        let dot: Dot
        /// The hint was there: it is on disk.
        var isStored = false
    }

    private var debts: [Debt] = []
    /// The most hints of one host and owner.
    private static let limit = 4096

    /// Looks at all hints, and at the owners of those that are gone.
    mutating func check(_ world: World, ring: Ring?) -> Violation? {
        for note in world.hintNotes {
            take(note)
        }
        guard let ring, !debts.isEmpty else { return nil }
        var open: [Debt] = []
        var hinted: [Place: Set<ByteBuffer>] = [:]
        for var debt in debts {
            let host = world.hosts[debt.host]
            if host.life != debt.life {
                // What was not on disk yet went with its node.
                guard debt.isStored else { continue }
                debt.life = host.life
            }
            guard let node = host.node, host.failure == nil, !host.isDamaged else {
                open.append(debt)
                continue
            }
            let place = Place(host: debt.host, owner: debt.owner)
            do throws(StorageFailure) {
                if hinted[place] == nil {
                    hinted[place] = try Self.hintedKeys(at: place, node)
                }
                if hinted[place]?.contains(debt.key) ?? false {
                    // It may be an earlier hint of the key, while this one waits for its commit.
                    debt.isStored = debt.isStored || !node.hasUncommitted
                } else if !node.hasUncommitted {
                    switch Self.confirm(debt, world, ring) {
                    case .paid:
                        world.marks.count(.hintGone)
                        continue
                    case .broken(let violation): return violation
                    case .unknown: break
                    }
                }
            } catch {
                // A disk that does not answer has not dropped anything either.
            }
            open.append(debt)
        }
        debts = open
        return nil
    }

    private struct Place: Hashable {
        let host: Int
        let owner: NodeID
    }

    private enum Finding {
        case paid
        case broken(Violation)
        /// The owner does not run, or is on its way to hold the key.
        case unknown
    }

    private mutating func take(_ note: HintNote) {
        switch note {
        case .kept(let host, let life, let owner, let key, let dot):
            debts.append(
                Debt(host: host, life: life, owner: owner, key: key, token: Token(key: key), dot: dot))
        case .ring(let ring):
            debts.removeAll { debt in
                let replicas = ring.replicas(of: ring.partition(of: debt.token))
                return !replicas.prefix(replicas.ownerCount).contains { ring.members[Int($0)].id == debt.owner }
            }
        }
    }

    private static func hintedKeys(at place: Place, _ node: Node) throws(StorageFailure) -> Set<ByteBuffer> {
        Set(try node.reader.hints(for: place.owner, from: 0, limit: limit).hints.map(\.key))
    }

    private static func confirm(_ debt: Debt, _ world: World, _ ring: Ring) -> Finding {
        let replicas = ring.replicas(of: ring.partition(of: debt.token))
        let isHolder = (0..<replicas.count).contains { position in
            position < replicas.ownerCount && replicas.holds(at: position)
                && ring.members[Int(replicas[position])].id == debt.owner
        }
        guard isHolder, let host = world.hosts.first(where: { $0.id == debt.owner && !$0.isClone }),
            let node = host.node, !host.isDamaged
        else { return .unknown }
        do throws(StorageFailure) {
            let context = try node.reader.read(token: debt.token.value, key: debt.key)?.context ?? CausalContext()
            guard !context.contains(debt.dot) else { return .paid }
            return .broken(
                Violation(
                    .hintsAreConfirmed,
                    "host \(debt.host) kept a hint for host \(host.index), which had missed \(debt.dot), and has none; the "
                        + "owner knows \(context)", key: String(buffer: debt.key)))
        } catch {
            return .unknown
        }
    }
}
