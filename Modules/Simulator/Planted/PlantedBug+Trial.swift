import Machine

extension PlantedBug {
    /// Whether this build can plant bugs: the package trait `PlantedBugs` is on.
    package static var isPossible: Bool {
        #if PlantedBugs
        true
        #else
        false
        #endif
    }

    /// Makes this the bug of the process, or none; between runs, where none is under way. Nothing in a build without the trait.
    package static func plant(_ bug: PlantedBug?) {
        #if PlantedBugs
        planted = bug
        #endif
    }

    /// What brings the bug about, so that few seeds are needed: `nil` where the classes that a seed draws do as well.
    package var circumstances: Circumstances? {
        switch self {
        default: nil
        }
    }

    /// A run of a seed, with what is drawn or under the bug's own circumstances.
    package func options(seed: UInt64, isPlain: Bool) -> RunOptions {
        var options = RunOptions(seed: seed)
        guard !isPlain, let circumstances else { return options }
        options.nodes = circumstances.nodes
        options.seconds = circumstances.seconds
        if !circumstances.faults.isEmpty {
            options.faults = circumstances.faults
            options.isEachFault = true
        }
        return options
    }

    /// The faults, the number of nodes and the length that bring a bug about.
    package struct Circumstances: Sendable {
        /// Each of these is on; where there are none, they are drawn.
        package var faults: [FaultKind] = []
        package var nodes = 5
        package var seconds = 60
    }
}
