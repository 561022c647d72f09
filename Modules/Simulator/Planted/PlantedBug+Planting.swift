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
}
