import ArgumentParser
import Simulator

/// Experiments whose figures are known.
struct ReproduceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reproduce",
        abstract: "Makes an experiment anew: prints the figures that were published or planned beside ours.",
        discussion: "Ends with 1 where a figure is out of its tolerance.",
        subcommands: [
            ReproduceLifeguard.self, ReproduceSwim.self, ReproduceCausality.self, ReproducePlacement.self,
            ReproduceStaleness.self, ReproduceHedging.self,
        ])
}
