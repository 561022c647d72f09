import Hashing
import Machine

extension Member {
    /// Takes over what the other record knows better; `true` where that changed anything.
    ///
    /// A product of two registers, so idempotent, commutative, associative and inflationary. Two different words of one
    /// version, which only a cloned identity can say, are told apart by their bytes: everybody keeps the same one.
    @discardableResult
    mutating func merge(_ other: Member) -> Bool {
        precondition(id == other.id, "records of two members")
        let before = directive
        directive = max(directive, other.directive)
        var changed = directive != before
        if other.isNewerWord(than: self) {
            let winner = directive
            self = other
            directive = winner
            changed = true
        }
        return changed
    }

    private func isNewerWord(than other: Member) -> Bool {
        guard version == other.version else { return version > other.version }
        var own = ByteBuffer()
        var others = ByteBuffer()
        encodeOwnWord(into: &own)
        other.encodeOwnWord(into: &others)
        return others.readableBytesView.lexicographicallyPrecedes(own.readableBytesView)
    }

    /// How far the record has come: greater after every merge that changed a version or the directive. Below 2^49.
    var measure: UInt64 { version + directive.measure }

    /// A hash of everything in the record.
    var digest: UInt64 {
        var buffer = ByteBuffer()
        encode(into: &buffer)
        return Murmur3.hash128(buffer).0
    }
}
