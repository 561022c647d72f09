import Hashing
import Machine

/// What a member bids for each partition: the lowest cost wins.
///
/// Weighted rendezvous hashing (Thaler and Ravishankar 1998; Schindelhauer and Schomaker 2005): −log(u) / weight with a
/// hash u in (0, 1] makes a member win in proportion to its weight, and what it bids depends on nobody else, so that a
/// change of the members moves only what it must.
///
/// Here u is *stratified*: instead of Q independent draws, a member permutes the partitions by a keyed bijection, and
/// its draw for the partition in place k is a random number within the k-th of Q equal strata. Each member then has the
/// same number of good and of bad draws, which halves the variance of its load or better, at no cost in movement.
struct Rendezvous: Sendable {
    private let first: UInt64
    private let second: UInt64
    /// 2^63 / weight.
    private let scale: UInt64

    init(_ member: Member) {
        var bytes = ByteBuffer()
        bytes.writeNodeID(member.id)
        (first, second) = Murmur3.hash128(bytes)
        scale = (1 << 63) / UInt64(member.effectiveWeight)
    }

    /// What the member bids for a partition of 2^bits.
    @inline(__always)
    func cost(of partition: UInt32, bits: UInt64, logarithm: FixedPointLogarithm) -> UInt64 {
        let noise = Murmur3.finish(second ^ (UInt64(partition) &+ 1) &* 0x9e37_79b9_7f4a_7c15)
        let stratum = UInt64(place(of: partition, bits: UInt32(truncatingIfNeeded: bits)))
        // Shifts by 64 give 0: with one partition there is one stratum.
        let draw = stratum << (64 - bits) | noise >> bits
        return (logarithm.negated(draw) &<< 25).multipliedFullWidth(by: scale).high
    }

    /// A bijection of the numbers below 2^bits, keyed by the member: rounds of an odd multiplication, an addition and a
    /// shift, each of which can be undone.
    @inline(__always)
    func place(of partition: UInt32, bits: UInt32) -> UInt32 {
        let mask: UInt32 = (1 &<< bits) &- 1
        let shift = (bits &+ 1) &>> 1
        var value = partition
        var keys = (first, first ^ second)
        for _ in 0..<2 {
            value = (value &* (UInt32(truncatingIfNeeded: keys.0) | 1) &+ UInt32(truncatingIfNeeded: keys.1)) & mask
            value ^= value &>> shift
            keys = (keys.0 &>> 32, keys.1 &>> 32)
        }
        var more = (second, Murmur3.finish(first))
        for _ in 0..<2 {
            value = (value &* (UInt32(truncatingIfNeeded: more.0) | 1) &+ UInt32(truncatingIfNeeded: more.1)) & mask
            value ^= value &>> shift
            more = (more.0 &>> 32, more.1 &>> 32)
        }
        return value
    }
}
