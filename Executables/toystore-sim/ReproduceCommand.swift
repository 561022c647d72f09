import ArgumentParser

/// Repeats what papers measured.
struct ReproduceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reproduce",
        abstract: "Repeats a published experiment, shows its table beside ours, and fails outside the tolerance.",
        subcommands: [ReproduceLifeguard.self, ReproduceSwim.self])
}
