/// The members as placement sees them: what they bid, what they weigh, and which zone they are in.
struct Candidates: Sendable {
    /// The members that placement may choose, by their index in the ring, ascending.
    let placed: [MemberIndex]
    /// For each placed member: its bids.
    let rendezvous: [Rendezvous]
    /// For each placed member: its weight.
    let weights: [UInt64]
    /// For each placed member: its zone's number.
    let zones: [Int]
    let zoneCount: Int
    private let bits: UInt64

    init(_ members: [Member], configuration: RingConfiguration) {
        bits = UInt64(configuration.partitionBits)
        placed = members.indices.filter { members[$0].effectiveState.isPlaced }.map { MemberIndex($0) }
        let chosen = placed.map { members[Int($0)] }
        rendezvous = chosen.map { Rendezvous($0) }
        weights = chosen.map { UInt64($0.effectiveWeight) }
        var numbers: [String: Int] = [:]
        zones = chosen.map { member in
            let number = numbers[member.zone] ?? numbers.count
            numbers[member.zone] = number
            return number
        }
        zoneCount = numbers.count
    }

    var count: Int { placed.count }

    /// What each placed member bids for a partition, into `costs` from `start`.
    func bid(for partition: Int, into costs: inout [UInt64], from start: Int) {
        let logarithm = FixedPointLogarithm.shared
        for (position, bidder) in rendezvous.enumerated() {
            costs[start + position] = bidder.cost(of: UInt32(partition), bits: bits, logarithm: logarithm)
        }
    }
}
