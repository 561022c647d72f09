import ArgumentParser
import Causality
import Client
import Machine

/// Reads a key.
struct Get: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Read a key.",
        discussion: """
            Writes the value as it was stored to the standard output, with a newline behind it on a terminal only. A key \
            whose values were written concurrently has siblings: then --latest, --sibling or --all says what to do, and \
            without them the command tells what there is and ends with 1.
            """)

    @OptionGroup var keyOptions: KeyOptions

    @Flag(help: "Of siblings, the value that was written last.") var latest = false

    @Option(
        name: .customLong("sibling"),
        help: ArgumentHelp("Of siblings, the one with this number: 1 is the newest.", valueName: "number"))
    var number: Int?

    @Flag(help: "All siblings and their context, in JSON; the same as --json.") var all = false

    @OptionGroup(title: "Replicas") var replicas: ReadOptions
    @OptionGroup(title: "Cluster") var cluster: ConnectionOptions

    func validate() throws {
        let choices = [latest, number != nil, all || cluster.json].count { $0 }
        guard choices <= 1 else {
            throw ValidationError("--latest, --sibling and --all (or --json) exclude each other.")
        }
        if let number, number < 1 {
            throw ValidationError("The number of a sibling is 1 or more.")
        }
    }

    func run(on console: Console) async throws(CommandFailure) {
        let key = try keyOptions.decoded()
        let read = try await cluster.withClient(on: console, to: "read \(key.quoted)") {
            (client) async throws(ClientFailure) in
            try await client.get(key.bytes, options: replicas.options)
        }
        if all || cluster.json {
            console.write(ValueReport(key: key, read).json)
            if read.values.isEmpty { throw notFound(key, read) }
            return
        }
        let value = try choose(from: read, of: key)
        console.writeBytes(value.bytes)
        if console.isTerminal, value.bytes.readableBytesView.last != UInt8(ascii: "\n") {
            console.write("\n")
        }
    }

    /// The one value that is asked for.
    private func choose(from read: ReadResult, of key: Key) throws(CommandFailure) -> StoredValue {
        if latest {
            guard let value = read.latest else { throw notFound(key, read) }
            return value
        }
        guard let newest = read.values.first else { throw notFound(key, read) }
        if let number {
            guard number <= read.values.count else {
                let count = read.values.count == 1 ? "one value" : "\(read.values.count) siblings"
                throw CommandFailure(.no, "\(key.quoted) has \(count), and none with the number \(number).")
            }
            return read.values[number - 1]
        }
        guard read.values.count == 1 else {
            throw CommandFailure(.no, ValueReport(key: key, read).listing)
        }
        return newest
    }

    private func notFound(_ key: Key, _ read: ReadResult) -> CommandFailure {
        let wasThere = !read.context.context.isEmpty
        return CommandFailure(.no, "\(key.quoted) \(wasThere ? "was deleted, or has expired" : "is not there").")
    }
}
