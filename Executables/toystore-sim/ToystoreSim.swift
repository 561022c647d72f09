import ArgumentParser

/// The simulator's command line.
@main struct ToystoreSim: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "toystore-sim",
        abstract: "Runs whole clusters of production nodes in simulated time, and lets everything go wrong.",
        subcommands: [
            RunCommand.self, SoakCommand.self, KeptCommand.self, ShrinkCommand.self, ExploreCommand.self,
            ReproduceCommand.self, PlantedCommand.self,
        ])
}
