import Machine

/// Who there is for one request, by position: the owners in the order of the preference list, the holders that are not
/// owners, then the fallbacks in the order in which they stand in.
public struct ReplicaMap: Hashable, Sendable {
    /// Those who should have the partition, by placement: positions 0 ..< n.
    public var owners: PositionSet
    /// Those who have it completely, by their own word; owners or not.
    public var holders: PositionSet
    /// Those who have nothing to do with the partition but can stand in.
    public var fallbacks: PositionSet
    /// Those who could be reached when the request began.
    public var reachable: PositionSet

    /// A map of `owners` owners, further holders, and fallbacks.
    public init(owners: PositionSet, holders: PositionSet, fallbacks: PositionSet, reachable: PositionSet) {
        self.owners = owners
        self.holders = holders
        self.fallbacks = fallbacks
        self.reachable = reachable
    }

    /// Who coordinates a write: the first reachable owner that holds the partition, so that plain writes of a key meet;
    /// else a holder, an owner that does not hold it yet, and, if fallbacks may, the first of them. `nil` when nobody is left
    /// beside `tried`.
    public func coordinator(besides tried: PositionSet, isSloppy: Bool) -> Int? {
        let candidates = reachable - tried
        return (candidates & owners & holders).first ?? (candidates & holders).first ?? (candidates & owners).first
            ?? (isSloppy ? (candidates & fallbacks).first : nil)
    }

    /// Owners and holders: everyone who takes part in a write.
    @inlinable
    public var replicas: PositionSet { owners | holders }
}

/// The counts that answers and acknowledgements must reach.
///
/// Where every owner holds the partition and nobody else does, these are R and W. While a change of membership is under
/// way they are those of a joint quorum: with `extra` = |holders| − |owners| more holders than owners,
/// - a read needs R + extra answers of holders;
/// - a write needs W + extra acknowledgements of holders *and* W of owners.
///
/// So with R + W > N a read meets every acknowledged write even if the reader's and the writer's view of the holders are one
/// step apart: among H holders a read leaves out at most N − R < W. And once the former holders have been relieved, the
/// owners alone have W copies of whatever was acknowledged since they became owners; what was acknowledged before that they
/// have merged before they called themselves holders. A store that counts holders alone loses that (riak_kv#1754).
///
/// While there are fewer holders than owners, in a cluster that grows from one or two members, a read takes what there is:
/// min(R, H) of the H holders, and a write min(W, H) of them beside its W owners. That is enough but in one case: a read of
/// all (R = N) is to meet a write of one, and the one may be an owner that has become a holder a moment ago. So such a
/// read asks all owners as well, whether they hold the partition or not.
public struct QuorumRequirement: Hashable, Sendable {
    /// Answers or acknowledgements of holders.
    public var holders: Int
    /// Answers or acknowledgements of owners; for a read nearly always 0.
    public var owners: Int
    /// Of those, how many must be owners themselves and not a fallback for one (PR, PW).
    public var primaries: Int
    /// Of the acknowledgements, how many must be of data on disk (DW).
    public var durable: Int

    /// What a read of R and PR needs.
    public static func read(_ read: QuorumSize, primaries: QuorumSize?, map: ReplicaMap) -> QuorumRequirement {
        let owners = map.owners.count
        let wanted = read.resolved(owners: owners)
        let isPartial = map.holders.count < owners
        return QuorumRequirement(
            holders: among(map, wanted: wanted), owners: isPartial && wanted >= owners ? wanted : 0,
            primaries: primaries?.resolved(owners: owners) ?? 0, durable: 0)
    }

    /// What a write of W, PW and DW needs.
    public static func write(
        _ write: QuorumSize, primaries: QuorumSize?, durable: QuorumSize?, map: ReplicaMap
    ) -> QuorumRequirement {
        let owners = map.owners.count
        let wanted = write.resolved(owners: owners) - (PlantedBug.writeIsAnsweredTooEarly.isPlanted ? 1 : 0)
        return QuorumRequirement(
            holders: among(map, wanted: wanted), owners: PlantedBug.ownersAreNotCounted.isPlanted ? 0 : wanted,
            primaries: primaries?.resolved(owners: owners) ?? 0, durable: durable?.resolved(owners: owners) ?? 0)
    }

    /// The count among holders. Fewer holders than owners is a cluster that grows from one or two members: what the
    /// others will merge is on the few, so all of them may be needed and no more.
    private static func among(_ map: ReplicaMap, wanted: Int) -> Int {
        let extra = map.holders.count - map.owners.count
        if extra > 0, PlantedBug.formerHoldersAreNotCounted.isPlanted { return wanted }
        return extra >= 0 ? wanted + extra : min(wanted, max(map.holders.count, 1))
    }
}
