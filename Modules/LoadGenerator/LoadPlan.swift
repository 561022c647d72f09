import Coordinator
import RPC

/// What load is made, and where it goes.
package struct LoadPlan: Sendable {
    /// When the next request goes out.
    package enum Pace: Hashable, Sendable {
        /// Each connection has so many requests in flight, and each answer is followed by the next request: the load
        /// gives way to a slow cluster.
        case closed(inFlight: Int)
        /// So many requests begin each second, whatever the answers do; latency counts from the instant at which a request
        /// should have begun. At most `limit` are in flight for each connection; what finds no room waits, and its latency
        /// runs.
        case open(rate: Int, limit: Int)

        /// The most requests in flight on one connection.
        package var inFlightLimit: Int {
            switch self {
            case .closed(let inFlight): inFlight
            case .open(_, let limit): limit
            }
        }
    }

    /// The nodes; connections are dealt out to them in turn.
    package var targets: [RPCEndpoint]
    /// Connections altogether.
    package var connections = 12
    /// Event loops that the generator runs on.
    package var threads = 1
    /// When the next request goes out.
    package var pace = Pace.closed(inFlight: 16)
    /// What the requests are.
    package var mix = OperationMix.even
    /// The number of keys, each 16 bytes long and as likely as any other; at most ``keyLimit``.
    package var keys = 100_000
    /// The bytes of a value; they do not compress.
    package var valueByteCount = 100
    /// R and W where they are not the nodes' own, and the rest.
    package var options = RequestOptions()
    /// The time before anything is counted.
    package var warmup: Duration = .seconds(2)
    /// The time that counts.
    package var duration: Duration = .seconds(10)
    /// How long answers are waited for after that.
    package var drain: Duration = .seconds(8)
    /// The source of keys and mix: the same seed asks for the same keys in the same order on each loop.
    package var seed: UInt64 = 1

    /// A plan of defaults.
    package init(targets: [RPCEndpoint]) {
        self.targets = targets
    }

    /// What is wrong with the plan, or `nil`.
    package var failure: LoadFailure? {
        let limits = [
            ("connections", connections, 1...10_000), ("threads", threads, 1...64), ("keys", keys, 1...Self.keyLimit),
            ("bytes of a value", valueByteCount, 0...(8 << 20)),
            ("requests in flight", pace.inFlightLimit, 1...Self.inFlightLimit),
        ]
        for (name, number, limit) in limits where !limit.contains(number) {
            return .plan("the number of \(name) must be \(limit.lowerBound) to \(limit.upperBound), and is \(number)")
        }
        if case .open(let rate, _) = pace, !(1...Self.rateLimit).contains(rate) {
            return .plan("the rate must be 1 to \(Self.rateLimit) a second, and is \(rate)")
        }
        if targets.isEmpty { return .plan("there is no target") }
        if threads > connections {
            return .plan("\(threads) threads need as many connections, and there are \(connections)")
        }
        if duration <= .zero { return .plan("the duration must be more than nothing") }
        if warmup < .zero { return .plan("the warm-up must not be negative") }
        return nil
    }

    /// The most keys.
    package static let keyLimit = 100_000_000
    /// The most requests in flight on one connection.
    package static let inFlightLimit = 1 << 16
    /// The most requests that can begin each second.
    package static let rateLimit = 100_000_000
}

/// How many requests are puts, and how many gets.
package struct OperationMix: Hashable, Sendable {
    /// Puts of every `puts + gets` requests.
    package let puts: Int
    /// Gets of every `puts + gets` requests.
    package let gets: Int

    /// Half and half.
    package static let even = OperationMix(shares: 50, 50)
    /// Puts only.
    package static let putOnly = OperationMix(shares: 1, 0)
    /// Gets only.
    package static let getOnly = OperationMix(shares: 0, 1)

    private init(shares puts: Int, _ gets: Int) {
        self.puts = puts
        self.gets = gets
    }
}

extension OperationMix: LosslessStringConvertible {
    /// `put`, `get`, or puts and gets as `10/90`, each at most 1,000 and not both 0; `nil` for anything else.
    package init?(_ description: String) {
        switch description {
        case "put": self = .putOnly
        case "get": self = .getOnly
        default:
            let parts = description.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let puts = Int(parts[0]), let gets = Int(parts[1]), (0...1000).contains(puts),
                (0...1000).contains(gets), puts + gets > 0
            else { return nil }
            self.init(shares: puts, gets)
        }
    }

    /// The text that gives this mix.
    package var description: String {
        switch (puts, gets) {
        case (_, 0): "put"
        case (0, _): "get"
        default: "\(puts)/\(gets)"
        }
    }
}
