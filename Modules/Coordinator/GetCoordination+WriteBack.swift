import Causality

/// Writing back: the answer is sent to replicas that lack some of it, or may, until enough are known to have it.
extension GetCoordination {
    /// Whether the answer is there, and too few are known to have it.
    public var isWritingBack: Bool { answer != nil && !isAnswered }

    /// A replica that was sent the answer has stored it, as durably as any write. From one that was not, it is a failure.
    public mutating func repaired(_ position: Int) -> GetStep {
        guard sent.contains(position) else { return fail(position) }
        informed.insert(position)
        return advance()
    }

    /// One that was to be sent the answer was not.
    public mutating func withdraw(_ position: Int) {
        sent.remove(position)
    }

    /// Notes what an answer that comes behind the client's answer means for that; a replica that lacks some of what is written
    /// back is sent it.
    mutating func compare(_ object: Object?, from position: Int) -> PositionSet {
        guard let answer, map.replicas.contains(position) else { return [] }
        if let object, !answer.covers(object) {
            hasNews = true
        }
        guard object.map({ $0.covers(answer) }) ?? false else {
            return isWritingBack ? writeBack(to: PositionSet(position)) : []
        }
        informed.insert(position)
        return []
    }

    /// One that was sent the answer, or was asked and may yet say that it has it, cannot be reached or has refused.
    mutating func failWritingBack(_ position: Int) -> GetStep {
        guard outstanding.contains(position) || (sent - informed).contains(position) else { return GetStep() }
        failed.insert(position)
        // What it confirms from now on was said of something else: a store tells of the commit of what it has refused.
        sent.remove(position)
        let next = (reserve.first ?? (outstanding - sent).first).map { writeBack(to: PositionSet($0)) } ?? []
        var step = advance()
        step.writeBack = step.writeBack | next
        return step
    }

    /// Sends the answer to everyone who is not known to lack it, and has neither it nor failed.
    mutating func writeBackToAll() -> PositionSet {
        writeBack(to: reserve | outstanding)
    }

    /// Sends the answer to those of these that were not sent it.
    mutating func writeBack(to positions: PositionSet) -> PositionSet {
        let more = positions - sent
        sent = sent | more
        reserve = reserve - more
        return more
    }
}
