import ArgumentParser
import Client
import Machine
import Node

/// Shows the members and what moves.
struct Status: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Show the members of the cluster, what they hold, and what moves.")

    @OptionGroup(title: "Cluster") var cluster: ConnectionOptions

    func run(on console: Console) async throws(CommandFailure) {
        let json = try await cluster.withClient(on: console, to: "ask for the cluster's status") {
            (client) async throws(ClientFailure) in
            try await client.status()
        }
        guard !cluster.json else { return console.write(json: json) }
        console.write(StatusReport(try decode(ClusterStatus.self, from: json)).text)
    }
}

/// Shows how the partitions are spread.
struct Ring: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Show how the partitions are spread over the members.",
        discussion: "With --json every partition's owners in their order.")

    @OptionGroup(title: "Cluster") var cluster: ConnectionOptions

    func run(on console: Console) async throws(CommandFailure) {
        let (ring, status) = try await cluster.withClient(on: console, to: "ask for the ring") {
            (client) async throws(ClientFailure) in
            (try await client.ring(), cluster.json ? nil : try await client.status())
        }
        guard let status else { return console.write(json: ring) }
        let report = RingReport(
            try decode(RingStatus.self, from: ring), members: try decode(ClusterStatus.self, from: status).members)
        console.write(report.text)
    }
}

/// Shows where a key lives.
struct Locate: Verb {
    static let configuration = CommandConfiguration(abstract: "Show where a key lives.")

    @OptionGroup var keyOptions: KeyOptions

    @OptionGroup(title: "Cluster") var cluster: ConnectionOptions

    func run(on console: Console) async throws(CommandFailure) {
        let key = try keyOptions.decoded()
        let json = try await cluster.withClient(on: console, to: "locate \(key.quoted)") {
            (client) async throws(ClientFailure) in
            try await client.locate(key.bytes)
        }
        guard !cluster.json else { return console.write(json: json) }
        console.write(LocationReport(try decode(KeyLocation.self, from: json), of: key).text)
    }
}
