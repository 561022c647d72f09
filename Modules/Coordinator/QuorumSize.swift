/// How many replicas a request asks for: a number, or a word that is resolved against the partition's owners.
public enum QuorumSize: Hashable, Sendable {
    /// Exactly this many.
    case count(Int)
    /// A majority of the owners.
    case quorum
    /// Every owner.
    case all
    /// One.
    case one

    /// The number that this stands for among `owners` owners; a number is not lowered to what there is.
    @inlinable
    public func resolved(owners: Int) -> Int {
        switch self {
        case .count(let count): count
        case .quorum: owners / 2 + 1
        case .all: max(owners, 1)
        case .one: 1
        }
    }
}

extension QuorumSize: LosslessStringConvertible {
    /// A positive number of at most 16, or `quorum`, `all`, `one`; `nil` for anything else.
    public init?(_ description: String) {
        switch description {
        case "quorum": self = .quorum
        case "all": self = .all
        case "one": self = .one
        default:
            guard let count = Int(description), (1...Self.limit).contains(count) else { return nil }
            self = .count(count)
        }
    }

    /// The largest number that can be asked for: the most replicas that a ring keeps.
    public static let limit = 16

    /// The number, or the word.
    public var description: String {
        switch self {
        case .count(let count): String(count)
        case .quorum: "quorum"
        case .all: "all"
        case .one: "one"
        }
    }
}
