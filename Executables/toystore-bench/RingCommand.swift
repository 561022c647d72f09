import ArgumentParser
import Foundation
import Hashing
import Machine
import Ring

/// What the ring costs.
struct RingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ring", abstract: "Time lookups in a ring, and the making of one.")

    @Option(name: .customLong("members"), help: "Members of the ring; may be repeated. (default: 3, 64, 1000)")
    var memberCounts: [Int] = []
    @Option(help: "Partitions, a power of two.") var partitions = 1024
    @Option(help: "Millions of lookups for each figure.") var millions = 20
    @Flag(help: "Print the result as JSON.") var json = false

    func validate() throws {
        guard RingConfiguration(partitions: partitions) != nil else {
            throw ValidationError(
                "--partitions must be a power of two up to \(RingConfiguration.partitionLimits.upperBound)")
        }
        guard memberCounts.allSatisfy({ (1...Membership.limit).contains($0) }) else {
            throw ValidationError("--members must be 1 to \(Membership.limit)")
        }
        guard (1...10_000).contains(millions) else { throw ValidationError("--millions must be 1 to 10,000") }
    }

    // Off the main actor, whose hops a measurement must not see.
    @concurrent func run() async throws {
        guard let configuration = RingConfiguration(partitions: partitions) else { return }
        let counts = memberCounts.isEmpty ? [3, 64, 1000] : memberCounts
        let report = RingReport(
            partitions: partitions, machine: .current,
            rows: counts.map { RingReport.Row(members: $0, configuration, lookups: millions * 1_000_000) })
        print(json ? try report.json : report.text, terminator: "")
    }
}

/// What lookups cost in rings of several sizes.
struct RingReport: Codable {
    /// One ring.
    struct Row: Codable {
        let members: Int
        /// From a token to its three owners.
        let tokenNanoseconds: Double
        /// From a key of 16 bytes to its three owners, its hash with it.
        let keyNanoseconds: Double
        /// From a membership to a ring.
        let buildMilliseconds: Double
    }

    let partitions: Int
    let machine: MachineDescription
    let rows: [Row]

    /// The report as JSON, with a newline at its end.
    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
        }
    }

    /// The report as a table.
    var text: String {
        let heads = ["members", "token → owners", "key → owners", "build"]
        let cells = rows.map { row in
            [
                Figure.grouped(row.members), Figure.fixed(row.tokenNanoseconds, digits: 1) + " ns",
                Figure.fixed(row.keyNanoseconds, digits: 1) + " ns",
                Figure.fixed(row.buildMilliseconds, digits: 1) + " ms",
            ]
        }
        return Figure.table([heads] + cells)
            + "\npartitions: \(partitions)\nmachine: \(machine.cores) cores, \(machine.model)\n"
    }
}

extension RingReport.Row {
    /// Measures a ring of `members` in three zones. The best of five rounds counts: what disturbs a machine only adds.
    init(members count: Int, _ configuration: RingConfiguration, lookups: Int) {
        var generator = SeededGenerator(seed: 1)
        let members = (0..<count).map { number in
            Member(
                id: NodeID(from: &generator), name: "node \(number)", host: "127.0.0.1", port: 7400,
                zone: "zone \(number % 3)", state: .up, holdings: .none(of: 1))
        }
        let membership = Membership(members)
        var ring = Ring(membership, configuration: configuration)
        let build = Self.best(of: 3) { ring = Ring(membership, configuration: configuration) }
        let tokens = (0..<4096).map { _ in Token(value: generator.next()) }
        let keys = tokens.map { token in
            var key = ByteBuffer()
            key.writeMultipleIntegers(token.value, ~token.value)
            return key
        }
        let passes = max(1, lookups / 5 / tokens.count)
        var sum: UInt64 = 0
        let byToken = Self.best(of: 5) {
            for _ in 0..<passes {
                for token in tokens {
                    sum &+= Self.owners(of: token, in: ring)
                }
            }
        }
        let byKey = Self.best(of: 5) {
            for _ in 0..<passes {
                for key in keys {
                    sum &+= Self.owners(of: Token(key: key), in: ring)
                }
            }
        }
        // Something has to depend on the lookups, or they are not made.
        precondition(count < 2 || sum > 0, "a ring of \(count) members has one owner")
        let each = 1e9 / Double(passes * tokens.count)
        self.init(
            members: count, tokenNanoseconds: byToken * each, keyNanoseconds: byKey * each,
            buildMilliseconds: build * 1e3)
    }

    private static func owners(of token: Token, in ring: Ring) -> UInt64 {
        let replicas = ring.replicas(of: ring.partition(of: token))
        var sum: UInt64 = 0
        for place in 0..<min(3, replicas.ownerCount) {
            sum &+= UInt64(replicas[place])
        }
        return sum
    }

    /// The shortest time in seconds.
    private static func best(of rounds: Int, _ body: () -> Void) -> Double {
        let clock = ContinuousClock()
        return (0..<rounds).map { _ in clock.measure(body) / .seconds(1) }.min() ?? 0
    }
}
