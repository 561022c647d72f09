import Causality
import Coordinator
import Machine

/// What must be true of every single answer, whatever goes wrong meanwhile.
struct AnswerChecker {
    /// The most siblings that an object may have: what each coordinator may let a key have, for each that may not have known of
    /// the others' writes.
    var siblingLimit = 256
    /// Whether strict reads are regular: where disks are lost they need not be, since a write of one may have been there.
    var isRegular = true
    /// Whether strict reads of majorities find what they owe to sessions: once a node has forgotten what it had acknowledged and
    /// goes on answering, fewer have it than were counted, and a majority may miss it. Nothing else that goes wrong voids that:
    /// a disk that is lost for good leaves one copy less, and one less to answer.
    var keepsSessions = true

    /// Checks an answer against the history so far, and notes in it whose dots were seen.
    func check(_ response: Response, to number: Int, in history: inout History) -> Violation? {
        let operation = history.operations[number]
        let name = history.keys[operation.key].name
        switch (response, operation.kind) {
        case (.written(let dot, _), .write(let write)):
            return note(dot, of: write, operation.key, in: &history)
        case (.found(let object), .read):
            return check(object, of: operation, in: &history)
        case (.absent, .read):
            // That nobody has it takes R holders to say, whoever stands in for whom.
            return checkRegular(CausalContext(), operation, name) ?? checkSession(CausalContext(), operation, name)
        case (.failed, _):
            return nil
        default:
            return Violation(.nothingInvented, "a \(operation.kind) was answered with \(response)", key: name)
        }
    }

    private func check(_ object: Object, of operation: Operation, in history: inout History) -> Violation? {
        let key = operation.key
        let name = history.keys[key].name
        guard object.siblings.count <= siblingLimit else {
            return Violation(.bounded, "\(object.siblings.count) siblings", key: name)
        }
        var shown: [Int] = []
        for sibling in object.siblings {
            switch sibling.content {
            case .value(let bytes, let type):
                guard let write = history.keys[key].write(of: bytes), type == "text/plain" else {
                    return Violation(.nothingInvented, "a read showed \(Story.text(of: bytes))", key: name)
                }
                if let violation = note(sibling.dot, of: write, key, in: &history) {
                    return violation
                }
                guard sibling.expiry == history.keys[key].writes[write].expiry else {
                    return Violation(
                        .nothingInvented,
                        "write \(write) was to end at \(history.keys[key].writes[write].expiry), and ends at \(sibling.expiry)",
                        key: name)
                }
                shown.append(write)
            case .tombstone:
                if let write = history.keys[key].writeOfDot[sibling.dot] {
                    guard history.keys[key].writes[write].value == nil else {
                        return Violation(
                            .dotsUnique, "\(sibling.dot) is both write \(write) and a delete", key: name)
                    }
                    shown.append(write)
                }
            }
        }
        return checkConcurrent(shown, object, history.keys[key])
            ?? checkCauses(shown, object, history.keys[key])
            ?? (operation.options.sloppy ? nil : checkRegular(object.context, operation, name))
            ?? checkSession(object.context, operation, name)
    }

    /// One dot, one write.
    private func note(_ dot: Dot, of write: Int, _ key: Int, in history: inout History) -> Violation? {
        let name = history.keys[key].name
        let known = history.keys[key].writes[write]
        if known.outcome == .notApplied {
            return Violation(
                .refusedIsNotWritten, "write \(write) was refused as not applied, and is there as \(dot)", key: name)
        }
        if let other = known.dot, other != dot {
            return Violation(.dotsUnique, "write \(write) is both \(other) and \(dot)", key: name)
        }
        if let other = history.keys[key].writeOfDot[dot], other != write {
            return Violation(.dotsUnique, "\(dot) is both write \(other) and write \(write)", key: name)
        }
        history.keys[key].writes[write].dot = dot
        history.keys[key].writeOfDot[dot] = write
        return nil
    }

    /// Siblings have not seen each other, and nothing that the object knows of had seen one of them.
    private func checkConcurrent(_ shown: [Int], _ object: Object, _ key: KeyHistory) -> Violation? {
        for first in shown {
            for second in shown where key.writes[second].past.contains(first) {
                return Violation(
                    .siblingsConcurrent, "write \(second) had seen write \(first), and both are siblings",
                    key: key.name)
            }
        }
        // Only a later write can have seen one of them. By index: a copy of each write would cost more than the look at it.
        guard let earliest = shown.min() else { return nil }
        for number in key.writes.indices.dropFirst(earliest + 1) {
            guard let dot = key.writes[number].dot, !key.writes[number].past.isEmpty else { continue }
            for one in shown where key.writes[number].past.contains(one) && object.context.contains(dot) {
                return Violation(
                    .overwrittenStaysGone,
                    "write \(number) replaced write \(one), a copy knows of both, and shows write \(one)",
                    key: key.name)
            }
        }
        return nil
    }

    /// Who is shown a write knows of what its client had seen: writes follow reads, and one client's own go in order.
    private func checkCauses(_ shown: [Int], _ object: Object, _ key: KeyHistory) -> Violation? {
        for one in shown where !object.context.descends(from: key.writes[one].context) {
            return Violation(
                .causesAreKnown,
                "a read shows write \(one), whose client had seen \(key.writes[one].context), and knows \(object.context)",
                key: key.name)
        }
        return nil
    }

    private func checkRegular(_ context: CausalContext, _ operation: Operation, _ name: String) -> Violation? {
        guard isRegular, let settled = operation.settled, !context.descends(from: settled) else { return nil }
        return Violation(
            .readsRegular, "a read knows \(context), and \(settled) was written strictly before it began",
            key: name)
    }

    /// What a client was told, or was owed by those whom it read, it finds again at whatever node it asks.
    private func checkSession(_ context: CausalContext, _ operation: Operation, _ name: String) -> Violation? {
        guard keepsSessions, let (guarantee, wanted) = operation.session?.lacking(in: context).first else { return nil }
        return Violation(
            guarantee,
            "client \(operation.client) reads strictly at host \(operation.host), which knows \(context), and its session has "
                + "to find \(wanted)", key: name, client: operation.client)
    }
}
