import ArgumentParser
import Simulator

/// What a run is like, beyond its seed.
struct WorldArguments: ParsableArguments {
    @Option(help: "The nodes at the beginning, 1 to 12.")
    var nodes = 5

    @Option(help: "Simulated minutes of load and faults.")
    var minutes = 1

    @Option(help: "Simulated seconds of load and faults, in place of minutes.")
    var seconds: Int?

    @Option(help: "Classes of faults, each of them on, as a,b,c; all; none. Without it about half of all are drawn.")
    var faults: String?

    @Option(help: "Faults and turns of clients to leave out, by their numbers: kill:3,partition:0-7,client2:5-.")
    var omit: String?

    func validate() throws {
        if let omit, Omissions(omit) == nil {
            throw ValidationError("--omit: classes of faults and clients, each with a number or a range")
        }
        guard (1...12).contains(nodes) else { throw ValidationError("--nodes: 1 to 12") }
        guard (1...1_000_000).contains(seconds ?? minutes * 60) else {
            throw ValidationError("--seconds: 1 to 1000000")
        }
        if let faults, FaultOptions.kinds(named: faults) == nil {
            throw ValidationError("--faults: any of \(FaultKind.allCases.map(\.rawValue).joined(separator: ","))")
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
