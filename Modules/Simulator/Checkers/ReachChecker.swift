import Causality
import Hashing
import Machine
import Node
import Ring
import Storage

/// Whether every owner of a cluster at rest has what was acknowledged, though nobody has read it there yet.
///
/// A coordinator waits for every owner and keeps a hint for those that do not acknowledge; what a fallback keeps goes home. Only
/// a coordinator that ends in between leaves an owner without: reads mend that. Where partitions move it is no rule: a former
/// owner that has not been relieved is left no hint, and may become an owner again.
struct ReachChecker {
    private let key: KeyHistory
    private let world: World
    private let ring: Ring

    init(of key: KeyHistory, in world: World, _ ring: Ring) {
        self.key = key
        self.world = world
        self.ring = ring
    }

    func check() -> Violation? {
        let told = key.writes.indices.filter { isToldOn(key.writes[$0]) }
        guard !told.isEmpty else { return nil }
        let token = key.token
        for owner in ring.ownerIDs(of: ring.partition(of: token)) {
            guard let host = world.hosts.first(where: { $0.id == owner }), let node = host.node, host.failure == nil
            else { continue }
            do throws(StorageFailure) {
                let context = try node.reader.read(token: token.value, key: key.key)?.context ?? CausalContext()
                for number in told where !(key.writes[number].dot.map { context.contains($0) } ?? true) {
                    return Violation(
                        .ownersAreTold,
                        "write \(number) was acknowledged, its coordinator has lived since, and host \(host.index), an owner, "
                            + "knows \(context)", key: key.name)
                }
            } catch {
                continue
            }
        }
        return nil
    }

    /// Whether the coordinator of an acknowledged write has run since without a failure of its disk.
    private func isToldOn(_ write: Write) -> Bool {
        guard write.outcome == .done, let dot = write.dot,
            let host = world.hosts.first(where: { $0.id == dot.actor.node })
        else { return false }
        return host.node != nil && host.failure == nil && host.started <= write.began
    }
}
