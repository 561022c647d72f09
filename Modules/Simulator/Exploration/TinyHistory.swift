import Causality
import Machine

/// What was written in a ``TinyWorld``, what each write replaces, and what that makes wrong.
///
/// A write's number is its client's and its step's, so that two orders in which clients begin lead to one history.
struct TinyHistory: Hashable, Sendable {
    private struct Write: Hashable {
        /// Itself, and every write that its client had seen, with those that these had seen.
        let past: Set<Int>
        let isDelete: Bool
        var isAcknowledged = false
        var isRenounced = false
        var dot: Dot?
    }

    /// By number; `nil` for what has not begun.
    private var writes: [Write?]
    /// A node has lost what it had acknowledged: a read of a quorum may miss it until the end.
    var hasForgotten = false
    /// The first thing that was wrong.
    private(set) var flaw: String?

    /// The history of nothing yet, with room for so many writes.
    init(capacity: Int) {
        writes = Array(repeating: nil, count: capacity)
    }

    /// Those that were acknowledged.
    var acknowledged: Set<Int> { Set(writes.indices.filter { writes[$0]?.isAcknowledged ?? false }) }

    mutating func begin(_ number: Int, having seen: Set<Int>, isDelete: Bool) {
        writes[number] = Write(past: seen.union([number]), isDelete: isDelete)
    }

    mutating func acknowledge(_ number: Int, _ dot: Dot) {
        for index in writes.indices where index != number && writes[index]?.dot == dot {
            flaw = flaw ?? "writes \(index) and \(number) have one dot, \(dot)"
        }
        writes[number]?.isAcknowledged = true
        writes[number]?.dot = dot
    }

    mutating func renounce(_ number: Int) {
        writes[number]?.isRenounced = true
    }

    func past(of number: Int) -> Set<Int> { writes[number]?.past ?? [] }

    /// The write that a sibling is of; none for a delete whose dot nobody was told.
    func number(of sibling: Sibling) -> Int? {
        switch sibling.content {
        case .value(let bytes, _): Int(String(buffer: bytes))
        case .tombstone: writes.firstIndex { $0?.dot == sibling.dot }
        }
    }

    /// A read must know of every write that was acknowledged before it began.
    mutating func judge(read object: Object, after acknowledged: Set<Int>) {
        judge(object)
        guard !hasForgotten else { return }
        for number in acknowledged.sorted() where !isThere(number, in: object) {
            flaw =
                flaw
                ?? "a read misses write \(number), which was acknowledged before it began; it found \(told(object))"
        }
    }

    /// In the end every acknowledged write is there, or replaced by one that had seen it.
    mutating func judge(end object: Object?) {
        guard let object else {
            flaw = flaw ?? "the key cannot be read from all owners of a healthy cluster"
            return
        }
        judge(object)
        for number in acknowledged.sorted() where !isThere(number, in: object) {
            flaw = flaw ?? "write \(number) was acknowledged and is lost; there is \(told(object))"
        }
    }

    /// What is wrong in any object, whenever it is seen.
    private mutating func judge(_ object: Object) {
        let numbers = object.siblings.compactMap { number(of: $0) }
        for (place, number) in numbers.enumerated() {
            if writes[number]?.isRenounced ?? false {
                flaw = flaw ?? "write \(number) was called not applied, and is there"
            }
            for other in numbers[(place + 1)...] {
                if other == number {
                    flaw = flaw ?? "write \(number) is there twice"
                } else if past(of: number).contains(other) || past(of: other).contains(number) {
                    flaw = flaw ?? "writes \(number) and \(other) are siblings, and one had seen the other"
                }
            }
        }
    }

    private func told(_ object: Object) -> String {
        let siblings = object.siblings.map { sibling in
            "\(sibling.dot) " + (number(of: sibling).map { "of write \($0)" } ?? "of nobody known")
        }
        let dots = writes.indices.map { index in
            "write \(index) " + (writes[index]?.dot.map { "\($0)" } ?? "without a dot")
        }
        return "\(siblings) knowing \(object.context), after \(dots)"
    }

    private func isThere(_ number: Int, in object: Object) -> Bool {
        if object.siblings.contains(where: { self.number(of: $0) == number }) { return true }
        // Replaced by a write that may have happened, whose client had seen it.
        return writes.indices.contains { other in
            guard other != number, let write = writes[other] else { return false }
            return !write.isRenounced && write.past.contains(number)
        }
    }
}
