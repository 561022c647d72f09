import Machine

/// Whether the recorded seeds still find their bugs, and nothing where there is none.
package struct PlantedCheck {
    /// What became of one bug.
    package enum Verdict: Equatable, CustomStringConvertible {
        /// Its seed breaks the recorded rule, and passes without it.
        case found(PlantedBug, Invariant)
        /// There is no line for it.
        case noSeed(PlantedBug)
        /// Its seed breaks another rule, or none.
        case notFound(PlantedBug, by: Invariant, but: Invariant?)
        /// Its seed breaks a rule without it.
        case failsWithout(PlantedBug, Invariant)

        /// Whether all is as it should be.
        package var isFound: Bool {
            if case .found = self { true } else { false }
        }

        /// A sentence.
        package var description: String {
            switch self {
            case .found(let bug, let invariant): "\(bug) is found by \(invariant)"
            case .noSeed(let bug): "\(bug) SURVIVES: the file has no seed for it"
            case .notFound(let bug, let invariant, let other):
                "\(bug) SURVIVES: its seed does not break \(invariant), but \(other.map { "\($0)" } ?? "nothing")"
            case .failsWithout(let bug, let invariant): "WITHOUT \(bug) its seed breaks \(invariant)"
            }
        }
    }

    private let seeds: [PlantedSeed]

    package init(_ seeds: [PlantedSeed]) {
        self.seeds = seeds
    }

    /// Runs the seed of each bug, with it and without; nothing else may run meanwhile.
    package func verdicts(of bugs: [PlantedBug]) -> [Verdict] {
        bugs.map { bug in
            guard let seed = seeds.first(where: { $0.bug == bug }) else { return .noSeed(bug) }
            PlantedBug.plant(bug)
            let planted = Simulation(seed.options).run().violation?.invariant
            PlantedBug.plant(nil)
            guard planted == seed.invariant else { return .notFound(bug, by: seed.invariant, but: planted) }
            if let plain = Simulation(seed.options).run().violation?.invariant {
                return .failsWithout(bug, plain)
            }
            return .found(bug, seed.invariant)
        }
    }
}
