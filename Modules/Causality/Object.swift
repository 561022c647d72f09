import Machine

/// One copy of what is stored under a key: what is known of its writes, and those of them that nothing known replaced.
///
/// A state-based CRDT: copies that merge in any order, any number of times, become the same. In the case without gaps it
/// is the dotted version vector set of Almeida, Baquero, Gonçalves, Preguiça and Fonte ("Scalable and accurate
/// causality tracking for eventually consistent stores", DAIS 2014).
///
/// Copies travel whole. A sibling under a context that knows more than the sibling's own object would take other copies'
/// values away.
public struct Object: Equatable, Sendable {
    /// All writes that this copy knows of, and what a client has seen that reads it.
    public internal(set) var context: CausalContext
    /// The writes that nothing known replaced, sorted by dot. Each dot is in the context.
    public internal(set) var siblings: [Sibling]

    /// The copy of who knows nothing of the key.
    public init() {
        context = CausalContext()
        siblings = []
    }

    /// The copy with these parts, which keep the invariants already.
    init(context: CausalContext, siblings: [Sibling]) {
        self.context = context
        self.siblings = siblings
    }

    /// Whether nothing is known of the key: not even that it was deleted.
    public var isEmpty: Bool { context.isEmpty }

    /// Whether a merge of `other` would change nothing here: `other` is equal or older. O(n + m).
    ///
    /// Two copies are equal exactly when each covers the other.
    public func covers(_ other: Object) -> Bool {
        guard context.descends(from: other.context) else { return false }
        // What `other` has and this copy has not is known here, so it was replaced. It remains that nothing here was
        // replaced there.
        var index = 0
        for position in siblings.indices {
            let dot = siblings[position].dot
            if !other.hasSibling(dot, from: &index), other.context.contains(dot) {
                return false
            }
        }
        return true
    }

    /// Whether both know the same and have the same siblings: equality without a look at the values, since one dot is one
    /// write. O(n).
    public func isSameState(as other: Object) -> Bool {
        siblings.count == other.siblings.count && context == other.context
            && siblings.indices.allSatisfy { siblings[$0].dot == other.siblings[$0].dot }
    }

    /// Takes in all that `other` knows; `true` where that changed this copy. O(n + m).
    ///
    /// A sibling stays when both have it, or when one has it and the other does not know of it. Idempotent, commutative,
    /// associative. Nothing is allocated where one of the two covers the other.
    @discardableResult
    public mutating func merge(_ other: Object) -> Bool {
        if covers(other) {
            return false
        }
        if other.covers(self) {
            self = other
            return true
        }
        siblings = merged(with: other)
        if PlantedBug.clockDecidesBetweenSiblings.isPlanted {
            siblings = Array(siblings.sorted { $0.timestamp < $1.timestamp }.suffix(1))
        }
        context.merge(other.context)
        return true
    }

    /// Takes in a sibling whose dot is in the context, and is not yet among the siblings.
    mutating func insert(_ sibling: consuming Sibling) {
        // Nearly always the only one.
        var index = siblings.count
        while index > 0, sibling.dot < siblings[index - 1].dot {
            index -= 1
        }
        siblings.insert(sibling, at: index)
    }

    /// The siblings of the merge of both.
    private func merged(with other: Object) -> [Sibling] {
        var result: [Sibling] = []
        result.reserveCapacity(siblings.count + other.siblings.count)
        var left = 0
        var right = 0
        while left < siblings.count || right < other.siblings.count {
            let mine = left < siblings.count ? siblings[left].dot : nil
            let theirs = right < other.siblings.count ? other.siblings[right].dot : nil
            if let mine, mine == theirs {
                result.append(siblings[left])
                left += 1
                right += 1
            } else if let mine, theirs.map({ mine < $0 }) ?? true {
                if !other.context.contains(mine) {
                    result.append(siblings[left])
                }
                left += 1
            } else if let theirs {
                if !context.contains(theirs) {
                    result.append(other.siblings[right])
                }
                right += 1
            }
        }
        return result
    }

    /// Whether the dot is among the siblings at `index` or behind; moves `index` to the first that is not before it.
    private func hasSibling(_ dot: Dot, from index: inout Int) -> Bool {
        while index < siblings.count, siblings[index].dot < dot {
            index += 1
        }
        return index < siblings.count && siblings[index].dot == dot
    }
}
