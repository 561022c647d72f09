import ArgumentParser
import Causality
import Client
import Machine
import Wire

/// Writes a key.
struct Put: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Write a key.",
        discussion: """
            The value is the argument, the content of --file, or for - the standard input; any bytes. Without --context the \
            write replaces what is there; with the context of a read it replaces what that read has shown, and what came \
            meanwhile stays beside it as a sibling.
            """)

    @OptionGroup var keyOptions: KeyOptions
    @Argument(help: "The value, or - for the standard input.") var value: String?
    @Option(help: ArgumentHelp("A file with the value.", valueName: "path")) var file: String?
    @Option(help: ArgumentHelp("The value's media type.", valueName: "type")) var contentType: String = ""
    @Option(
        help: ArgumentHelp("How long it lives: 30s, 15m, 7d, or seconds. (default: for ever)", valueName: "duration"),
        transform: Parse.timeToLive)
    var ttl: Duration?

    @OptionGroup(title: "Write") var write: WriteOptions
    @OptionGroup(title: "Cluster") var cluster: ConnectionOptions

    func validate() throws {
        guard (value == nil) != (file == nil) else {
            throw ValidationError("Give a value, or --file, or - for the standard input: one of them.")
        }
    }

    func run(on console: Console) async throws(CommandFailure) {
        let key = try keyOptions.decoded()
        let seen = try write.seeing(key.bytes)
        let bytes = try content(on: console)
        let written = try await cluster.withClient(on: console, to: "write \(key.quoted)", writes: true) {
            (client) async throws(ClientFailure) in
            try await client.put(
                bytes, for: key.bytes, contentType: contentType, seeing: seen, timeToLive: ttl, options: write.options)
        }
        if cluster.json {
            console.write(WriteReport(key: key, context: written.context.text).json)
        }
    }

    private func content(on console: Console) throws(CommandFailure) -> ByteBuffer {
        if let value, value != "-" {
            return ByteBuffer(string: value)
        }
        // What does not fit a message is not worth reading to its end.
        let limit = FrameHeader.defaultLengthLimit
        let source = file.map { "the file “\($0)”" } ?? "the standard input"
        do throws(Console.ReadFailure) {
            return try console.readAll(file, limit)
        } catch {
            switch error {
            case .system(let words):
                throw CommandFailure(.usage, "cannot read \(source): \(words).")
            case .tooLong:
                throw CommandFailure(.usage, "\(source) has more than \(limit) bytes. Store it in parts.")
            }
        }
    }
}
