import Glibc
import Machine

/// How long messages take, in milliseconds: a body and a tail, as fitted to production systems by Bailis et al.,
/// "Probabilistically Bounded Staleness for Practical Partial Quorums" (2012), table 3.
package struct DelayFit: Sendable {
    /// One part of a mixture: Pareto with a least value and an exponent.
    let body: (share: Double, least: Double, exponent: Double)
    /// The rate of the exponential rest.
    let tailRate: Double

    func sample(_ generator: inout SeededGenerator) -> Double {
        let isBody = generator.unit() < body.share
        // In (0, 1].
        let uniform = 1 - generator.unit()
        return isBody ? body.least * pow(uniform, -1 / body.exponent) : -log(uniform) / tailRate
    }

    static let solidState = DelayFit(body: (0.9122, 0.235, 10), tailRate: 1.66)
    static let diskWrite = DelayFit(body: (0.38, 1.05, 1.51), tailRate: 0.183)
    static let yammerWrite = DelayFit(body: (0.939, 3, 3.35), tailRate: 0.0028)
    static let yammer = DelayFit(body: (0.982, 1.5, 3.8), tailRate: 0.0217)
}

/// The delays of one kind of cluster: writes (W) and their acknowledgements (A), reads (R) and their responses (S).
package struct DelayModel: Sendable {
    let name: String
    let write: DelayFit
    /// Of acknowledgements, reads and responses.
    let rest: DelayFit
    /// One way to each replica but the one beside the client, in milliseconds.
    var distance = 0.0

    static let solidState = DelayModel(name: "LNKD-SSD", write: .solidState, rest: .solidState)
    static let disk = DelayModel(name: "LNKD-DISK", write: .diskWrite, rest: .solidState)
    static let yammer = DelayModel(name: "YMMR", write: .yammerWrite, rest: .yammer)
    static let wideArea = DelayModel(name: "WAN", write: .diskWrite, rest: .solidState, distance: 75)

    /// The way there and back for each of three replicas.
    func roundTrips(there: DelayFit, _ generator: inout SeededGenerator) -> [(there: Double, back: Double)] {
        let near = distance > 0 ? Int(generator.below(3)) : 0
        return (0..<3).map { replica in
            let way = replica == near ? 0 : distance
            return (way + there.sample(&generator), way + rest.sample(&generator))
        }
    }
}
