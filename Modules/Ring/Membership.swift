public import Machine

/// Everything that is known about the members, those that are gone too: a table that converges by merging.
///
/// A CRDT: a map from identities to records, each a product of two registers (see ``Member``). Merging is idempotent,
/// commutative, associative and inflationary, up to ``limit`` records; a table that is full takes no new identity, so
/// admission has to stop before it.
public struct Membership: Hashable, Sendable {
    /// The most records, members that left or were removed included.
    public static let limit = 1024

    /// The records in the order of their identities; one for each.
    public private(set) var records: [Member] = []
    /// Each record in its one form, and the digest of that: a merge writes and hashes only what changed, and to encode the
    /// whole is to copy bytes.
    private var forms: [ByteBuffer] = []
    private var digests: [UInt64] = []
    /// What the ring's requests carry to say which membership they were made under; O(1).
    public private(set) var epoch = RingEpoch.zero

    /// The table that knows nobody.
    public init() {}

    /// A table of records, merged one after another.
    public init(_ records: some Sequence<Member>) {
        for record in records {
            merge(record)
        }
    }

    /// The record of an identity; O(log n).
    public subscript(id: NodeID) -> Member? {
        let index = position(of: id)
        return index < records.count && records[index].id == id ? records[index] : nil
    }

    /// Whether a new identity would be refused.
    public var isFull: Bool { records.count >= Self.limit }

    /// Takes over what a record knows better; `true` where that changed anything.
    @discardableResult
    public mutating func merge(_ record: Member) -> Bool {
        let index = position(of: record.id)
        guard index < records.count, records[index].id == record.id else {
            guard !isFull else { return false }
            insert(record, form: record.form, at: index)
            return true
        }
        let before = records[index].measure
        guard records[index].merge(record) else { return false }
        let form = records[index].form
        let digest = Member.digest(of: form)
        epoch = RingEpoch(
            measure: epoch.measure &- before &+ records[index].measure,
            digest: epoch.digest &- digests[index] &+ digest)
        forms[index] = form
        digests[index] = digest
        return true
    }

    private mutating func insert(_ record: Member, form: ByteBuffer, digest known: UInt64? = nil, at index: Int) {
        let digest = known ?? Member.digest(of: form)
        if index == records.count {
            // Most tables come in order.
            records.append(record)
            forms.append(form)
            digests.append(digest)
        } else {
            records.insert(record, at: index)
            forms.insert(form, at: index)
            digests.insert(digest, at: index)
        }
        // One more than the measure, so that a new identity always counts.
        epoch = RingEpoch(measure: epoch.measure &+ record.measure &+ 1, digest: epoch.digest &+ digest)
    }

    /// Takes over what another table knows better, but for what it says of `exception`; the identities whose records
    /// changed, in order.
    @discardableResult
    public mutating func merge(_ other: Membership, except exception: NodeID? = nil) -> [NodeID] {
        guard epoch != other.epoch else { return [] }
        var changed: [NodeID] = []
        for (record, digest) in zip(other.records, other.digests) where record.id != exception {
            let index = position(of: record.id)
            if index < digests.count, digests[index] == digest, records[index].id == record.id { continue }
            if merge(record) {
                changed.append(record.id)
            }
        }
        return changed
    }

    /// Whether anyone else than `id` is in the ring.
    public func hasOthers(than id: NodeID) -> Bool {
        records.contains { $0.id != id && $0.effectiveState.isInRing }
    }

    /// Whether merging the other table would change nothing: this one knows all that it knows.
    public func includes(_ other: Membership) -> Bool {
        var merged = self
        return merged.merge(other).isEmpty && other.records.allSatisfy { self[$0.id] != nil }
    }

    /// Changes the own word of a member; for that member alone. `false` where it is not in the table.
    @discardableResult
    public mutating func amend(_ id: NodeID, _ change: (inout Member) -> Void) -> Bool {
        guard var record = self[id] else { return false }
        record.amend(change)
        return merge(record)
    }

    /// Changes the own word of a member that starts again; for that member itself. Under the next version, but where nobody
    /// is known to have heard the last one: then under the same. `false` where it is not in the table.
    @discardableResult
    public mutating func restart(
        _ id: NodeID, run: UInt64, wasTold: Bool, _ change: (inout Member) -> Void
    ) -> Bool {
        guard var record = self[id] else { return false }
        record.restart(run: run, wasTold: wasTold, change)
        self = Membership(records.map { $0.id == id ? record : $0 })
        return true
    }

    /// Says an operator's word about a member. `false` where it is not in the table, its epochs are used up, or
    /// it would undo a removal.
    @discardableResult
    public mutating func direct(_ id: NodeID, _ kind: Directive.Kind, weight: UInt32? = nil) -> Bool {
        guard var record = self[id], let next = record.directive.successor(kind: kind, weight: weight) else {
            return false
        }
        record.directive = next
        return merge(record)
    }

    /// Where a record of this identity is, or would be.
    private func position(of id: NodeID) -> Int {
        var low = 0
        var high = records.count
        while low < high {
            let middle = (low + high) / 2
            if records[middle].id < id {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}

extension Membership {
    /// Writes the records in order behind their number.
    public func encode(into buffer: inout ByteBuffer) {
        buffer.writeVarint(UInt64(records.count))
        buffer.reserveCapacity(minimumWritableBytes: forms.reduce(0) { $0 + $1.readableBytes })
        for form in forms {
            buffer.writeImmutableBuffer(form)
        }
    }

    /// Reads what ``encode(into:)`` wrote; refuses records out of order and identities that come twice. Keeps the memory of
    /// the buffer.
    ///
    /// - Parameter known: Any membership: records that are the same in it, as nearly all are in what members tell each
    ///   other, are taken from there and not read.
    public init(decoding buffer: inout ByteBuffer, knowing known: Membership = Membership()) throws(DecodingFailure) {
        self.init()
        for _ in 0..<(try buffer.decodeCount(limit: Self.limit, "the number of members")) {
            if let place = known.place(ofRecordIn: buffer),
                records.last.map({ $0.id < known.records[place].id }) ?? true
            {
                let form = known.forms[place]
                buffer.moveReaderIndex(forwardBy: form.readableBytes)
                insert(known.records[place], form: form, digest: known.digests[place], at: records.count)
                continue
            }
            var form = buffer
            let record = try Member(decoding: &buffer)
            if let last = records.last, record.id <= last.id { throw .invalid("the order of members") }
            // A record has one form, so what was read is what would be written.
            form.moveWriterIndex(to: buffer.readerIndex)
            insert(record, form: form, at: records.count)
        }
    }

    /// Where the record is with whose form a buffer begins. No form is the beginning of another: each says how long it is.
    private func place(ofRecordIn buffer: ByteBuffer) -> Int? {
        guard let id = buffer.getNodeID(at: buffer.readerIndex) else { return nil }
        let place = position(of: id)
        guard place < records.count, records[place].id == id,
            let bytes = buffer.getSlice(at: buffer.readerIndex, length: forms[place].readableBytes)
        else { return nil }
        return bytes == forms[place] ? place : nil
    }
}
