import Causality
import Machine

/// What must be true of every key once the faults have stopped and all owners were read.
struct FinalChecker {
    /// How many disks were lost in the run.
    var disksLost = 0

    /// Checks what is left of a key against all that happened to it; `nil` is a key that nobody knows of.
    func check(_ object: Object?, of key: KeyHistory) -> Violation? {
        let context = object?.context ?? CausalContext()
        var shown = WriteSet()
        var elements = WriteSet()
        for sibling in object?.siblings ?? [] {
            var found = key.writeOfDot[sibling.dot]
            if case .value(let bytes, _) = sibling.content {
                found = key.write(of: bytes)
            }
            if let found {
                shown.insert(found)
                elements.formUnion(key.writes[found].elements)
            }
        }
        for (number, write) in key.writes.enumerated() where write.outcome == .done && write.copies > disksLost {
            guard let dot = write.dot else { continue }
            let invariant: Invariant = disksLost > 0 ? .survivesLoss : .acknowledgedIsPresent
            if !context.contains(dot) {
                return Violation(
                    invariant, "write \(number) (\(dot)) was acknowledged, and no owner knows of it", key: key.name)
            }
            if !shown.contains(number), !isReplaced(number, key, context) {
                return Violation(
                    invariant,
                    "write \(number) (\(dot)) was acknowledged, no owner has it, and no write that had seen it is known",
                    key: key.name)
            }
            if key.model == .set, !elements.contains(number) {
                return Violation(
                    invariant, "element \(number) was added and acknowledged, and is in no sibling", key: key.name)
            }
            for one in write.past.elements where shown.contains(one) {
                return Violation(
                    .overwrittenStaysGone,
                    "write \(number) was acknowledged and had replaced write \(one), which is there", key: key.name)
            }
        }
        return nil
    }

    /// Whether somebody wrote who had seen the write, or may have replaced it unseen at a coordinator that had it.
    private func isReplaced(_ number: Int, _ key: KeyHistory, _ context: CausalContext) -> Bool {
        let replaced = key.writes[number]
        return key.writes.indices.contains { other in
            let write = key.writes[other]
            guard other != number, write.outcome != .notApplied, write.dot.map({ context.contains($0) }) ?? true
            else { return false }
            return write.past.contains(number) || replaced.dot.map { write.unnamed.contains($0) } ?? false
                || write.isBlind && write.ended > replaced.began
        }
    }
}
