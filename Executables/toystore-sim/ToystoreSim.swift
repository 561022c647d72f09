import ArgumentParser

/// The simulator's command line.
@main struct ToystoreSim: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "toystore-sim",
        abstract: "Runs whole clusters of production nodes in simulated time, and lets everything go wrong.",
        discussion: """
            A command ends with 0 where all is well, with 1 where something broke a rule or missed a tolerance, and with 64 \
            where it does not understand what it was told.
            """,
        subcommands: [
            RunCommand.self, SoakCommand.self, KeptCommand.self, ShrinkCommand.self, ExploreCommand.self,
            ReproduceCommand.self, PlantedCommand.self,
        ])
}
