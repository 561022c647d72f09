import Hashing
import Machine

extension Member {
    /// Takes over what the other record knows better; `true` where that changed anything.
    ///
    /// A product of two semilattices, so idempotent, commutative, associative and inflationary. Of two different words of one
    /// version, which a node says that has gone back in time, runs twice or whose start came to nothing, everybody keeps the
    /// one that is less by its bytes, and which starts there were.
    @discardableResult
    mutating func merge(_ other: Member) -> Bool {
        precondition(id == other.id, "records of two members")
        let before = directive
        directive = directive.merged(with: other.directive)
        var changed = directive != before
        guard version <= other.version else { return changed }
        if version < other.version {
            takeWord(of: other)
            return true
        }
        let all = runs == other.runs ? runs : Self.least(runs + other.runs)
        changed = changed || runs != all
        // Two words of one version are rare, and bytes are dear.
        if !hasSameWord(as: other), other.isPreferredWord(over: self) {
            takeWord(of: other)
            changed = true
        }
        runs = all
        return changed
    }

    private mutating func takeWord(of other: Member) {
        let winner = directive
        self = other
        directive = PlantedBug.ownWordUndoesOperators.isPlanted ? directive : winner
    }

    private func isPreferredWord(over other: Member) -> Bool {
        var own = ByteBuffer()
        var others = ByteBuffer()
        encodeOwnWord(into: &own)
        other.encodeOwnWord(into: &others)
        return own.readableBytesView.lexicographicallyPrecedes(others.readableBytesView)
    }

    /// Whether the member says the same of itself in both records, whatever others say of it.
    public func hasSameWord(as other: Member) -> Bool {
        var copy = other
        copy.directive = directive
        copy.runs = runs
        return copy == self && hasSameTexts(as: other)
    }

    /// Strings are equal that are canonically equivalent in Unicode; on the wire, and in digests, they are their bytes.
    private func hasSameTexts(as other: Member) -> Bool {
        name.utf8.elementsEqual(other.name.utf8) && host.utf8.elementsEqual(other.host.utf8)
            && zone.utf8.elementsEqual(other.zone.utf8)
            && softwareVersion.utf8.elementsEqual(other.softwareVersion.utf8)
    }

    /// How far the record has come: greater after every merge that changed a version or the directive. Below 2^49.
    var measure: UInt64 { version + directive.measure }

    /// A hash of everything in a record, from its one form.
    static func digest(of form: ByteBuffer) -> UInt64 { Murmur3.hash128(form).0 }
}
