import Causality
import Hashing
import Machine
import Node
import Ring
import Storage

/// A hint goes only after its owner has what it was kept for: every hint that is gone since the last look is asked for.
struct HintChecker {
    private struct Hint {
        let host: Int
        let life: UInt32
        let record: HintRecord
        /// What the copy beside the hint knew.
        let context: CausalContext
    }

    private var hints: [Hint] = []
    /// The most hints of one host and owner to follow.
    private static let limit = 128

    /// Looks at all hints, and at the owners of those that are gone.
    mutating func check(_ world: World, ring: Ring?) -> Violation? {
        let before = hints
        hints = []
        var complete: Set<Int> = []
        for host in world.hosts {
            guard let node = host.node, host.failure == nil, !host.isDamaged else { continue }
            do throws(StorageFailure) {
                try look(at: host, node)
                complete.insert(host.index)
            } catch {
                // A disk that does not answer has not dropped anything either.
                continue
            }
        }
        guard let ring else { return nil }
        for hint in before
        where complete.contains(hint.host) && world.hosts[hint.host].life == hint.life
            && !hints.contains(where: { $0.host == hint.host && $0.record.isForSame(as: hint.record) })
        {
            world.marks.count(.hintGone)
            if let violation = confirm(hint, world, ring) {
                return violation
            }
        }
        return nil
    }

    private mutating func look(at host: SimulatedHost, _ node: Node) throws(StorageFailure) {
        guard node.reader.hintCount > 0 else { return }
        for owner in try node.reader.hintedOwners() {
            for record in try node.reader.hints(for: owner, from: 0, limit: Self.limit).hints {
                guard let copy = try node.reader.read(token: record.token, key: record.key) else { continue }
                hints.append(Hint(host: host.index, life: host.life, record: record, context: copy.context))
            }
        }
    }

    private func confirm(_ hint: Hint, _ world: World, _ ring: Ring) -> Violation? {
        let owner = hint.record.owner
        // Whoever is no owner any more, or not yet a holder, has it from others.
        let replicas = ring.replicas(of: ring.partition(of: Token(value: hint.record.token)))
        let isHolder = (0..<replicas.count).contains { position in
            position < replicas.ownerCount && replicas.holds(at: position)
                && ring.members[Int(replicas[position])].id == owner
        }
        guard isHolder, let host = world.hosts.first(where: { $0.id == owner && !$0.isClone }), let node = host.node,
            host.failure == nil, !host.isDamaged
        else { return nil }
        do throws(StorageFailure) {
            let copy = try node.reader.read(token: hint.record.token, key: hint.record.key)
            guard let copy, copy.context.descends(from: hint.context) else {
                return Violation(
                    .hintsAreConfirmed,
                    "host \(hint.host) had a hint for host \(host.index) that knew \(hint.context), and has none; the owner "
                        + "knows \(copy.map { "\($0.context)" } ?? "nothing")", key: String(buffer: hint.record.key))
            }
            return nil
        } catch {
            return nil
        }
    }
}

extension HintRecord {
    fileprivate func isForSame(as other: HintRecord) -> Bool {
        token == other.token && owner == other.owner && key == other.key
    }
}
