import Hashing
import Machine
import Ring

/// Prints what placement costs and gives: the table in the documentation of `Ring`.
///
///     swift run -c release placement-table
@main
enum PlacementTable {
    static let counts = [1, 2, 3, 5, 8, 16, 32, 64, 100, 128, 256]
    static let seeds: [UInt64] = [1, 2, 3, 4, 5]

    static func main() {
        for partitions in [1024, 4096] {
            table(partitions, counts)
        }
        // One more, to compare with plain rendezvous hashing under the same bound.
        for partitions in [1024, 4096, 16_384] {
            table(partitions, [99])
        }
        print("")
        lookups()
    }

    static func table(_ partitions: Int, _ counts: [Int]) {
        guard let configuration = RingConfiguration(partitions: partitions) else { return }
        print("\nQ = \(partitions), N = \(configuration.replicas)\n")
        print("| members | zones | owners max/mean | first owners max/mean | join | leave | zones broken | ms |")
        print("|---|---|---|---|---|---|---|---|")
        for count in counts {
            for zones in [1, 3] where zones <= count {
                print(row(count, zones, configuration))
            }
        }
    }

    /// The worst balance and the mean movement and time over the seeds.
    static func row(_ count: Int, _ zones: Int, _ configuration: RingConfiguration) -> String {
        var owners = 0.0
        var firsts = 0.0
        var joins = 0.0
        var leaves = 0.0
        var broken = 0
        var milliseconds = 0.0
        for seed in seeds {
            let members = makeMembers(count + 1, zones: zones, seed: seed)
            var ring = Ring(Membership(), configuration: configuration)
            milliseconds +=
                1e3
                * seconds {
                    ring = Ring(Membership(members.dropLast()), configuration: configuration)
                }
            let larger = Ring(Membership(members), configuration: configuration)
            let smaller = Ring(Membership(members.dropLast(2)), configuration: configuration)
            let replicas = min(configuration.replicas, count)
            let owned = ring.members.indices.map { ring.ownedCount(of: MemberIndex($0)) }
            var first = [Int](repeating: 0, count: count)
            for partition in ring.partitions {
                let set = ring.replicas(of: partition)
                first[Int(set[0])] += 1
                let zonesSeen = Set(set.prefix(set.ownerCount).map { ring.members[Int($0)].zone })
                broken += zonesSeen.count < min(zones, replicas) ? 1 : 0
            }
            let mean = Double(configuration.partitions) / Double(count)
            owners = max(owners, Double(owned.max() ?? 0) / (mean * Double(replicas)))
            firsts = max(firsts, Double(first.max() ?? 0) / mean)
            joins += movement(from: ring, to: larger, of: members[count])
            leaves += movement(from: ring, to: smaller, of: members[count - 1])
        }
        let runs = Double(seeds.count)
        let leave = count > 1 ? text(leaves / runs) : "–"
        return "| \(count) | \(zones) | \(text(owners)) | \(text(firsts)) | \(text(joins / runs)) | \(leave) "
            + "| \(broken) | \(text(milliseconds / runs, digits: 1)) |"
    }

    /// The copies that move, for each one that has to: those of the member that comes or goes. Where fewer members than
    /// replicas remain, nothing has to move when one leaves.
    static func movement(from old: Ring, to new: Ring, of member: Member) -> Double {
        guard let plan = RingPlan(from: old, to: new) else { return .nan }
        let replicas = old.configuration.replicas
        guard new.members.count >= min(replicas, old.members.count) else { return plan.transfers == 0 ? 1 : .nan }
        let owned = [old, new].map { ring in ring.index(of: member.id).map(ring.ownedCount(of:)) ?? 0 }
        return Double(plan.transfers) / Double(owned[0] + owned[1])
    }

    static func makeMembers(_ count: Int, zones: Int, seed: UInt64) -> [Member] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { number in
            Member(
                id: NodeID(from: &generator), name: "node \(number)", host: "127.0.0.1", port: 7400,
                zone: "zone \(number % zones)", state: .up, holdings: .none(of: 1))
        }
    }

    static func lookups() {
        let ring = Ring(Membership(makeMembers(100, zones: 3, seed: 1)), configuration: .standard)
        var generator = SeededGenerator(seed: 2)
        let tokens = (0..<4096).map { _ in Token(value: generator.next()) }
        let rounds = 2_000
        var sum: UInt64 = 0
        let lookup = seconds {
            for _ in 0..<rounds {
                for token in tokens {
                    let replicas = ring.replicas(of: ring.partition(of: token))
                    sum &+= UInt64(replicas[0]) &+ UInt64(replicas[1]) &+ UInt64(replicas[2])
                }
            }
        }
        print("token → three owners: \(text(lookup * 1e9 / Double(rounds * tokens.count), digits: 1)) ns")
        let key = [UInt8](repeating: 7, count: 24)
        let hashes = 4_000_000
        let hash = key.withUnsafeBytes { bytes in
            seconds {
                for seed in 0..<UInt64(hashes) {
                    sum &+= Murmur3.hash128(bytes, seed: seed).0
                }
            }
        }
        print("Murmur3 of 24 bytes: \(text(hash * 1e9 / Double(hashes), digits: 1)) ns")
        let buffer = ByteBuffer(bytes: key)
        let buffered = seconds {
            for _ in 0..<hashes {
                sum &+= Token(key: buffer).value
            }
        }
        print("token of a key of 24 bytes: \(text(buffered * 1e9 / Double(hashes), digits: 1)) ns")
        let fallbacks = seconds {
            for partition in ring.partitions {
                sum &+= UInt64(ring.fallbacks(of: partition)[0])
            }
        }
        print("fallbacks of a partition, 100 members: \(text(fallbacks * 1e6 / 1024, digits: 1)) µs")
        print("(checksum \(sum))")
    }

    static func seconds(_ body: () -> Void) -> Double {
        let clock = ContinuousClock()
        let parts = clock.measure(body).components
        return Double(parts.seconds) + Double(parts.attoseconds) / 1e18
    }

    /// A number with a fixed count of digits behind the point, without Foundation.
    static func text(_ value: Double, digits: Int = 2) -> String {
        let scale = (0..<digits).reduce(1) { product, _ in product * 10 }
        let rounded = Int((value * Double(scale)).rounded())
        let fraction = String(rounded % scale)
        return "\(rounded / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
