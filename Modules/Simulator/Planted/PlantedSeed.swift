import Machine

/// A line of `Tests/Planted/seeds.txt`: a planted bug, the rule by which a run finds it, and that run.
package struct PlantedSeed: Sendable {
    /// The bug.
    package let bug: PlantedBug
    /// The rule that breaks.
    package let invariant: Invariant
    /// The run; without the bug it passes.
    package let options: RunOptions

    package init(bug: PlantedBug, invariant: Invariant, options: RunOptions) {
        self.bug = bug
        self.invariant = invariant
        self.options = options
    }

    /// What stands at the head of the file.
    package static let head = """
        # For each planted bug one run that finds it: the bug, the rule that breaks, and the run's options; a tab between them.
        # Without the bug the same run passes. Written by `toystore-sim planted --record`, held by `--check`, both in a build with
        # the trait: swift build -c release --traits PlantedBugs --scratch-path .build/planted --product toystore-sim
        """

    /// The lines of a file; comments and empty lines are none. Throws the line that cannot be read.
    package static func read(_ text: String) throws(UnreadableLine) -> [PlantedSeed] {
        var seeds: [PlantedSeed] = []
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let seed = PlantedSeed(String(line)) else { throw UnreadableLine(text: String(line)) }
            seeds.append(seed)
        }
        return seeds
    }

    /// The text of the file, the seeds in the order of the bugs.
    package static func text(of seeds: [PlantedSeed]) -> String {
        let lines = PlantedBug.allCases.flatMap { bug in seeds.filter { $0.bug == bug } }.map(\.description)
        return ([head] + lines).joined(separator: "\n") + "\n"
    }

    /// A line that is none.
    package struct UnreadableLine: Error {
        package let text: String
    }
}

extension PlantedSeed: LosslessStringConvertible {
    /// The line.
    package var description: String {
        "\(bug.rawValue)\t\(invariant.rawValue)\t\(options.arguments)"
    }

    /// From a line; `nil` where it names no bug, no rule or no run.
    package init?(_ description: String) {
        let fields = description.split(separator: "\t")
        guard fields.count == 3, let bug = PlantedBug(rawValue: String(fields[0])),
            let invariant = Invariant(rawValue: String(fields[1])), let options = RunOptions(arguments: fields[2])
        else { return nil }
        self.init(bug: bug, invariant: invariant, options: options)
    }
}

extension RunOptions {
    /// The run that ``arguments`` are of; `nil` where they are none.
    init?(arguments: some StringProtocol) {
        let words = arguments.split(separator: " ")
        guard words.count.isMultiple(of: 2) else { return nil }
        self.init(seed: 0)
        for place in stride(from: 0, to: words.count, by: 2) {
            let value = String(words[place + 1])
            switch words[place] {
            case "--seed":
                guard let seed = UInt64(value) else { return nil }
                self.seed = seed
            case "--nodes":
                guard let nodes = Int(value) else { return nil }
                self.nodes = nodes
            case "--seconds":
                guard let seconds = Int(value) else { return nil }
                self.seconds = seconds
            case "--faults":
                guard let kinds = FaultOptions.kinds(named: value) else { return nil }
                faults = kinds
                isEachFault = true
            case "--omit":
                guard let omissions = Omissions(value) else { return nil }
                self.omissions = omissions
            default:
                return nil
            }
        }
    }
}
