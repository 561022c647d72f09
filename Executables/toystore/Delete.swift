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

    @Argument(help: "The key, 1 to 4096 bytes.") var key: String

    @OptionGroup(title: "Write") var write: WriteOptions
    @OptionGroup(title: "Cluster") var cluster: ConnectionOptions

    func run(on console: Console) async throws(CommandFailure) {
        let key = ByteBuffer(string: key)
        let seen = try write.seeing(key)
        let written = try await cluster.withClient(on: console, to: "delete “\(self.key)”") {
            (client) async throws(ClientFailure) in
            try await client.delete(key, seeing: seen, options: write.options)
        }
        if cluster.json {
            console.write(WriteReport(key: self.key, context: written.context.text).json)
        }
    }
}
