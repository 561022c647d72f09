import ArgumentParser
import Simulator

/// What a run is like, beyond its seed.
struct WorldArguments: ParsableArguments {
    @Option(help: "The nodes at the beginning, 1 to 12.")
    var nodes = 5

    @Option(help: "Simulated minutes of load and faults; the time to come to rest is added.")
    var minutes = 1

    @Option(help: "Simulated seconds of load and faults, in place of minutes.")
    var seconds: Int?

    @Option(
        help:
            "Classes of faults, each of them on: names as in kill,pause; all; none. Without it the seed draws about half. A name that is none gets the list of all."
    )
    var faults: String?

    @Option(help: "Faults and turns of clients to leave out, by their numbers: kill:3,partition:0-7,client2:5-.")
    var omit: String?

    func validate() throws {
        if let omit, Omissions(omit) == nil {
            throw ValidationError(
                "--omit: \(omit) is not understood; it takes classes of faults and clients, each with a number, a range, "
                    + "or a range without an end: kill:3,partition:0-7,client2:5-")
        }
        guard (1...12).contains(nodes) else { throw ValidationError("--nodes: 1 to 12, not \(nodes)") }
        if let seconds {
            guard (1...1_000_000).contains(seconds) else {
                throw ValidationError("--seconds: 1 to 1000000, not \(seconds)")
            }
        } else {
            guard (1...16_666).contains(minutes) else { throw ValidationError("--minutes: 1 to 16666, not \(minutes)") }
        }
        if let faults, FaultOptions.kinds(named: faults) == nil {
            let unknown = faults.split(separator: ",").filter { FaultKind(rawValue: String($0)) == nil }
            throw ValidationError(
                "--faults: no class is called \(unknown.map { "«\($0)»" }.joined(separator: ", ")); it takes all, none, or any "
                    + "of \(FaultKind.allCases.map(\.rawValue).joined(separator: ","))")
        }
    }

    /// The options of a run.
    func options(seed: UInt64) -> RunOptions {
        var options = RunOptions(seed: seed)
        options.nodes = nodes
        options.seconds = seconds ?? minutes * 60
        if let kinds = faults.flatMap({ FaultOptions.kinds(named: $0) }) {
            options.faults = kinds
            options.isEachFault = true
        }
        options.omissions = omit.flatMap { Omissions($0) } ?? Omissions()
        return options
    }
}
