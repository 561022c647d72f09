import Machine

/// The members that are known beside oneself, in places that a timer can name.
struct MemberTable {
    struct Entry {
        var member: GossipMember
        /// Since when the status is what it is.
        var since: Instant
        /// While the member is suspect.
        var suspicion: Suspicion?
        /// Who found it suspect or unreachable.
        var accuser: NodeID?

        var update: GossipUpdate { GossipUpdate(member, accuser: accuser) }
    }

    let capacity: Int
    private(set) var entries: [Entry?] = []
    private var free: [Int] = []
    private var indices: [NodeID: Int] = [:]

    init(capacity: Int) {
        self.capacity = capacity
    }

    var count: Int { indices.count }
    var isFull: Bool { count >= capacity }

    func index(of id: NodeID) -> Int? { indices[id] }

    subscript(id: NodeID) -> Entry? { indices[id].flatMap { entries[$0] } }

    /// Whether a word changes nothing of what is held, whoever says it: it is of an older incarnation, or of this one and no
    /// graver. A suspicion of a suspect is never old, for its accuser may be another.
    func isOld(_ word: GossipMember, at index: Int) -> Bool {
        guard let incarnation = entries[index]?.member.incarnation, let status = entries[index]?.member.status else {
            return false
        }
        guard word.incarnation == incarnation else { return word.incarnation < incarnation }
        return word.status.rawValue <= status.rawValue && !(word.status == .suspect && status == .suspect)
    }

    /// Puts a member that is not known in a free place. There must be one.
    mutating func insert(_ entry: Entry) -> Int {
        let index: Int
        if let place = free.popLast() {
            index = place
            entries[index] = entry
        } else {
            index = entries.count
            entries.append(entry)
        }
        indices[entry.member.id] = index
        return index
    }

    mutating func update<Result>(_ index: Int, _ change: (inout Entry) -> Result) -> Result? {
        guard var entry = entries[index] else { return nil }
        entries[index] = nil
        defer { entries[index] = entry }
        return change(&entry)
    }

    mutating func remove(_ index: Int) {
        guard let entry = entries[index] else { return }
        entries[index] = nil
        indices[entry.member.id] = nil
        free.append(index)
    }

    /// Whose place a newcomer may have: the one that left longest ago, or else was lost longest ago. O(n).
    var expendable: Int? {
        var best: (index: Int, entry: Entry)?
        for (index, entry) in entries.enumerated() {
            guard let entry, entry.member.status == .left || entry.member.status == .unreachable else { continue }
            if best.map({ Self.goesBefore(entry, $0.entry) }) ?? true {
                best = (index, entry)
            }
        }
        return best?.index
    }

    private static func goesBefore(_ left: Entry, _ right: Entry) -> Bool {
        left.member.status != right.member.status ? left.member.status == .left : left.since < right.since
    }
}
