import Machine

/// Which faults a run has, and how often each happens.
public struct FaultOptions: Equatable, Sendable {
    private var rates = [Double](repeating: 0, count: FaultKind.allCases.count)

    /// Nothing goes wrong.
    public init() {}

    /// Each of these classes, at a rate that is drawn; where `isEach`, none of them is left out.
    public init(drawing kinds: [FaultKind], isEach: Bool, seed: UInt64) {
        var whole = SeededGenerator(seed: seed)
        // Some rules hold only where no disk loses anything: half of the runs have no such class at all.
        let losesData = whole.chance(1, in: 2) || isEach
        for kind in FaultKind.allCases {
            // Each class has draws of its own, so that leaving one out changes no other.
            var generator = SeededGenerator(seed: seed ^ kind.seed)
            let isChosen = generator.chance(1, in: kind.rarity) || isEach
            let unit = generator.unit()
            let doublings = Int(generator.below(64))
            guard kinds.contains(kind), isChosen, losesData || !kind.losesData else { continue }
            self[kind] = Self.rate(in: kind.range, doublings: doublings, unit: unit)
        }
    }

    /// The rate of a class: a probability for each packet, or seconds between two times on average; 0 where it is off.
    public subscript(kind: FaultKind) -> Double {
        get { rates[Self.index(of: kind)] }
        set { rates[Self.index(of: kind)] = newValue }
    }

    /// The classes that are on.
    public var kinds: [FaultKind] { FaultKind.allCases.filter { self[$0] > 0 } }

    /// Classes from their names; or `all` or `none`, each alone. `nil` where a name is not known or empty.
    public static func kinds(named text: String) -> [FaultKind]? {
        switch text {
        case "all": return FaultKind.allCases
        case "none": return []
        default:
            let kinds = text.split(separator: ",", omittingEmptySubsequences: false).map {
                FaultKind(rawValue: String($0))
            }
            return kinds.contains(nil) ? nil : kinds.compactMap { $0 }
        }
    }

    private static func index(of kind: FaultKind) -> Int {
        FaultKind.allCases.firstIndex(of: kind) ?? 0
    }

    /// Without a power of e, whose last bit differs between libraries.
    private static func rate(in range: (least: Double, most: Double), doublings: Int, unit: Double) -> Double {
        var count = 0
        var value = range.least
        while value * 2 <= range.most {
            value *= 2
            count += 1
        }
        var start = range.least
        for _ in 0..<(doublings % (count + 1)) {
            start *= 2
        }
        return min(start * (1 + unit), range.most)
    }
}
