import ArgumentParser
import Simulator

/// What a run is like, beyond its seed.
struct WorldArguments: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: "The nodes at the beginning, 3 to 12: what is held to be true counts on three copies.")
    var nodes = 5

    @Option(
        parsing: .unconditional,
        help: "Simulated minutes of load and faults; the time to come to rest is added. (default: 1)")
    var minutes: Int?

    @Option(parsing: .unconditional, help: "Simulated seconds of load and faults, in place of minutes.")
    var seconds: Int?

    @Option(
        help:
            "Classes of faults, each of them on: names as in kill,pause; all; none. Without it the seed draws about half. An unknown name gets the list of all.",
        transform: Values.faults
    )
    var faults: [FaultKind]?

    @Option(help: "Faults and turns of clients to leave out, by their numbers: kill:3,partition:0-7,client2:5-.")
    var omit: String?

    func validate() throws {
        if let omit, Omissions(omit) == nil {
            throw ValidationError(
                "--omit: \(omit) is not understood; it takes classes of faults and clients, each with a number, a range, "
                    + "or a range without an end: kill:3,partition:0-7,client2:5-")
        }
        guard (3...12).contains(nodes) else {
            throw ValidationError("--nodes: 3 to 12, not \(nodes): what is held to be true counts on three copies")
        }
        guard seconds == nil || minutes == nil else {
            throw ValidationError("--minutes and --seconds say the same thing twice: leave one of them out")
        }
        if let seconds, !(1...1_000_000).contains(seconds) {
            throw ValidationError("--seconds: 1 to 1000000, not \(seconds)")
        }
        if let minutes, !(1...16_666).contains(minutes) {
            throw ValidationError("--minutes: 1 to 16666, not \(minutes)")
        }
    }

    /// The options of a run.
    func options(seed: UInt64) -> RunOptions {
        var options = RunOptions(seed: seed)
        options.nodes = nodes
        options.seconds = seconds ?? (minutes ?? 1) * 60
        if let faults {
            options.faults = faults
            options.isEachFault = true
        }
        options.omissions = omit.flatMap { Omissions($0) } ?? Omissions()
        return options
    }
}
