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

    /// What tells whether a word about a member is new.
    struct Standing {
        let incarnation: UInt64
        let status: GossipMember.Status

        init(_ member: GossipMember) {
            incarnation = member.incarnation
            status = member.status
        }
    }

    let capacity: Int
    private(set) var entries: [Entry?] = []
    /// Of each entry, so that a word which says nothing new needs to look no further. Of free places: what was there last.
    private(set) var standings: [Standing] = []
    private var free: [Int] = []
    private var indices = NodeIndex()

    init(capacity: Int) {
        self.capacity = capacity
    }

    var count: Int { indices.count }
    var isFull: Bool { count >= capacity }

    func index(of id: NodeID) -> Int? { indices[id] }

    subscript(id: NodeID) -> Entry? { indices[id].flatMap { entries[$0] } }

    /// The status of a member that is known. O(1), and copies nothing.
    func status(of id: NodeID) -> GossipMember.Status? {
        indices[id].map { standings[$0].status }
    }

    /// The address of a member that is known. O(1), and copies nothing else.
    func address(of id: NodeID) -> GossipAddress? {
        guard let index = indices[id] else { return nil }
        return entries[index]?.member.address
    }

    /// Whether a word changes nothing of what is held: it is of an older incarnation, or of this one and no graver. A suspicion
    /// of a suspect is old where its accuser does not count beside those that accused before.
    func isOld(_ word: Standing, by accuser: NodeID?, at index: Int) -> Bool {
        let held = standings[index]
        guard word.incarnation == held.incarnation else { return word.incarnation < held.incarnation }
        guard word.status == .suspect, held.status == .suspect else {
            return word.status.rawValue <= held.status.rawValue
        }
        guard let accuser else { return true }
        return !(entries[index]?.suspicion?.counts(accuser) ?? false)
    }

    /// Puts a member that is not known in a free place. There must be one.
    mutating func insert(_ entry: Entry) -> Int {
        let index: Int
        if let place = free.popLast() {
            index = place
            entries[index] = entry
            standings[index] = Standing(entry.member)
        } else {
            index = entries.count
            entries.append(entry)
            standings.append(Standing(entry.member))
        }
        indices.set(index, for: entry.member.id)
        return index
    }

    mutating func update<Result>(_ index: Int, _ change: (inout Entry) -> Result) -> Result? {
        guard var entry = entries[index].take() else { return nil }
        let result = change(&entry)
        standings[index] = Standing(entry.member)
        entries[index] = consume entry
        return result
    }

    mutating func remove(_ index: Int) {
        guard let entry = entries[index].take() else { return }
        indices.remove(entry.member.id)
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
