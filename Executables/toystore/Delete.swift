import ArgumentParser
import Causality
import Client
import Machine

/// Deletes a key.
struct Delete: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Delete a key.",
        discussion: """
            Succeeds also where there is nothing. With the context of a read it deletes what that read has shown, and what \
            came meanwhile stays.
            """)

    @OptionGroup var keyOptions: KeyOptions

    @OptionGroup(title: "Write") var write: WriteOptions
    @OptionGroup(title: "Cluster") var cluster: ConnectionOptions

    func run(on console: Console) async throws(CommandFailure) {
        let key = try keyOptions.decoded()
        let seen = try write.seeing(key.bytes)
        let written = try await cluster.withClient(on: console, to: "delete \(key.quoted)", writes: true) {
            (client) async throws(ClientFailure) in
            try await client.delete(key.bytes, seeing: seen, options: write.options)
        }
        if cluster.json {
            console.write(WriteReport(key: key, context: written.context.text).json)
        }
    }
}
