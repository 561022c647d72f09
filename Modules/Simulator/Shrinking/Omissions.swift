/// What is left out of a run: single faults of a class, and single turns of a client, by their numbers.
///
/// Every fault and every turn draws from a generator of its own, so leaving one out shifts the draws of no other.
public struct Omissions: Equatable, Sendable {
    /// Whose faults or turns are numbered.
    public enum Source: Hashable, Sendable {
        /// The faults of a class; a class of packets has one, number 0.
        case fault(FaultKind)
        /// What a client begins, from 0; what follows from an answer is part of its turn.
        case client(Int)
    }

    /// Ranges in the order in which their sources came, those of a source ascending and apart.
    private var entries: [(source: Source, ranges: [Range<Int>])] = []

    /// Nothing is left out.
    public init() {}

    /// Whether nothing is left out.
    public var isEmpty: Bool { entries.isEmpty }

    /// Whether a fault or a turn is left out; O(ranges).
    public func contains(_ number: Int, of source: Source) -> Bool {
        ranges(of: source).contains { $0.contains(number) }
    }

    /// Leaves these out too.
    public mutating func insert(_ range: Range<Int>, of source: Source) {
        guard !range.isEmpty else { return }
        var merged = range
        var others: [Range<Int>] = []
        for other in ranges(of: source) {
            if other.lowerBound <= merged.upperBound, merged.lowerBound <= other.upperBound {
                merged = min(other.lowerBound, merged.lowerBound)..<max(other.upperBound, merged.upperBound)
            } else {
                others.append(other)
            }
        }
        others.append(merged)
        others.sort { $0.lowerBound < $1.lowerBound }
        if let index = entries.firstIndex(where: { $0.source == source }) {
            entries[index].ranges = others
        } else {
            entries.append((source, others))
        }
    }

    /// What leaving these out would add; O(ranges).
    func additions(by range: Range<Int>, of source: Source) -> Omissions {
        var additions = Omissions()
        var start = range.lowerBound
        for other in ranges(of: source) where other.overlaps(range) {
            additions.insert(start..<max(start, other.lowerBound), of: source)
            start = other.upperBound
        }
        additions.insert(start..<max(start, range.upperBound), of: source)
        return additions
    }

    private func ranges(of source: Source) -> [Range<Int>] {
        entries.first { $0.source == source }?.ranges ?? []
    }

    /// Whether the same is left out, in the same order.
    public static func == (left: Omissions, right: Omissions) -> Bool {
        left.entries.elementsEqual(right.entries) { $0.source == $1.source && $0.ranges == $1.ranges }
    }
}

// kill:3,partition:0-7,client2:5-
extension Omissions: LosslessStringConvertible {
    /// The words of a command.
    public var description: String {
        entries.flatMap { entry in
            entry.ranges.map { range in
                let last = range.upperBound == .max ? "-" : range.count == 1 ? "" : "-\(range.upperBound - 1)"
                return "\(entry.source):\(range.lowerBound)\(last)"
            }
        }.joined(separator: ",")
    }

    /// From the words of a command: classes and clients with a number, a range of numbers, or an open one.
    public init?(_ description: String) {
        for word in description.split(separator: ",") {
            let parts = word.split(separator: ":")
            guard parts.count == 2, let source = Source(String(parts[0])) else { return nil }
            let bounds = parts[1].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = Int(bounds[0]), first >= 0 else { return nil }
            var end = Int.max
            if bounds.count == 1 || !bounds[1].isEmpty {
                guard let last = Int(bounds[bounds.count - 1]), last >= first, last < .max else { return nil }
                end = last + 1
            }
            insert(first..<end, of: source)
        }
    }
}

extension Omissions.Source: LosslessStringConvertible {
    /// The class, or `client` and its number.
    public var description: String {
        switch self {
        case .fault(let kind): kind.rawValue
        case .client(let number): "client\(number)"
        }
    }

    /// From a class, or `client` and its number.
    public init?(_ description: String) {
        if let kind = FaultKind(rawValue: description) {
            self = .fault(kind)
        } else if description.hasPrefix("client"), let number = Int(description.dropFirst(6)), number >= 0 {
            self = .client(number)
        } else {
            return nil
        }
    }
}
