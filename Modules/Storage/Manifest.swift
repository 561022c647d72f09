import Hashing
import Machine

/// The list of what makes up the store. Written anew for each change, synced, and put in place by a rename.
struct Manifest: Equatable, Sendable {
    static let magic: UInt64 = 0x746f_796d_616e_6966  // "toymanif"
    static let version: UInt32 = 1
    static let segmentLimit = 1 << 20

    /// One segment.
    struct Segment: Equatable, Sendable {
        var number: UInt32
        var nonce: UInt64
        /// Up to where it counts; 0 while it is written.
        var end: UInt64
    }

    /// A file with the index in it, and up to where in the log it goes.
    struct Checkpoint: Equatable, Sendable {
        var number: UInt32
        /// The segment from which on the log is newer, and where in it.
        var segment: UInt32
        var offset: UInt64
    }

    var isClean = false
    var nextSegment: UInt32 = 1
    /// Not below any sequence in use when the manifest was written.
    var nextSequence: UInt64 = 1
    var nextCheckpoint: UInt32 = 1
    var checkpoint: Checkpoint?
    /// In the order of their numbers.
    var segments: [Segment] = []

    init() {}

    func encode(into buffer: inout ByteBuffer) {
        var bytes = ByteBuffer()
        bytes.writeMultipleIntegers(Self.magic, Self.version, UInt32(isClean ? 1 : 0))
        bytes.writeMultipleIntegers(nextSegment, nextSequence, nextCheckpoint)
        bytes.writeMultipleIntegers(checkpoint?.number ?? 0, checkpoint?.segment ?? 0, checkpoint?.offset ?? 0)
        bytes.writeInteger(UInt32(truncatingIfNeeded: segments.count))
        for segment in segments {
            bytes.writeMultipleIntegers(segment.number, segment.nonce, segment.end)
        }
        bytes.writeInteger(Checksum.of(bytes, seed: 0))
        buffer.writeBuffer(&bytes)
    }

    /// Reads a whole manifest; the failure names "manifest version" where it is sound and of another version.
    init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        guard
            buffer.readableBytes >= 8,
            let checked = buffer.getSlice(at: buffer.readerIndex, length: buffer.readableBytes - 8),
            let check = buffer.getInteger(at: buffer.writerIndex - 8, as: UInt64.self)
        else { throw .truncated("manifest") }
        guard check == Checksum.of(checked, seed: 0) else { throw .invalid("manifest check") }
        guard try buffer.decodeInteger(as: UInt64.self, "manifest magic") == Self.magic else {
            throw .invalid("manifest magic")
        }
        guard try buffer.decodeInteger(as: UInt32.self, "manifest version") == Self.version else {
            throw .invalid(Self.versionField)
        }
        let flags: UInt32 = try buffer.decodeInteger("manifest flags")
        guard flags <= 1 else { throw .invalid("manifest flags") }
        isClean = flags == 1
        nextSegment = try buffer.decodeInteger("manifest next segment")
        nextSequence = try buffer.decodeInteger("manifest next sequence")
        nextCheckpoint = try buffer.decodeInteger("manifest next checkpoint")
        let checkpoint = Checkpoint(
            number: try buffer.decodeInteger("checkpoint number"),
            segment: try buffer.decodeInteger("checkpoint segment"),
            offset: try buffer.decodeInteger("checkpoint offset"))
        self.checkpoint = checkpoint.number == 0 ? nil : checkpoint
        let count: UInt32 = try buffer.decodeInteger("segment count")
        guard count <= UInt32(Self.segmentLimit) else { throw .tooLarge("segment count", limit: Self.segmentLimit) }
        guard buffer.readableBytes == Int(count) * 20 + 8 else { throw .truncated("manifest segments") }
        segments.reserveCapacity(Int(count))
        for _ in 0..<count {
            segments.append(
                Segment(
                    number: try buffer.decodeInteger("segment number"),
                    nonce: try buffer.decodeInteger("segment nonce"),
                    end: try buffer.decodeInteger("segment end")))
        }
        guard zip(segments, segments.dropFirst()).allSatisfy({ $0.number < $1.number }) else {
            throw .invalid("segment order")
        }
        _ = buffer.readSlice(length: 8)
    }

    static let versionField = "manifest version"
}
