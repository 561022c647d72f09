public import Machine

/// Cuts a stream of bytes into frames.
///
/// Frames that came whole are slices of what was received, without a copy. Only a frame that was cut by the end of a read
/// is put together in a buffer of its own, which grows with the bytes that have come and never on the word of a length.
/// Each byte is copied at most once (and moved when that buffer doubles).
///
/// A failure is final: a stream has no place to start again, so ``next()`` fails the same way from then on.
public struct FrameDecoder: Sendable {
    /// The largest length that is taken: header and payload, without the length field itself.
    public var lengthLimit: Int

    /// Received and not yet handed out; holds no more than one read.
    @usableFromInline var input = ByteBuffer()
    /// The beginning of a frame whose end has not come.
    @usableFromInline var partial = ByteBuffer()
    @usableFromInline var failure: DecodingFailure?

    /// A decoder at the beginning of a stream.
    public init(lengthLimit: Int = FrameHeader.defaultLengthLimit) {
        precondition(lengthLimit >= FrameHeader.byteCount, "a frame of at most \(lengthLimit) bytes has no header")
        self.lengthLimit = lengthLimit
    }

    /// The bytes that are held back because their frame is not whole.
    public var pendingByteCount: Int { input.readableBytes + partial.readableBytes }

    /// Takes what was received. Call ``next()`` until it returns `nil` before the next piece.
    @inlinable
    public mutating func append(_ bytes: consuming ByteBuffer) {
        if input.readableBytes == 0 {
            input = bytes
        } else {
            input.writeImmutableBuffer(bytes)
        }
    }

    /// The next whole frame, or `nil` until more bytes come.
    ///
    /// Fails with `tooLarge` on a length over the limit and with `invalid` on a length, kind or flags that no frame has:
    /// the length as soon as it is there, the others with the whole header, before anything is allocated for the rest.
    @inlinable
    public mutating func next() throws(DecodingFailure) -> Frame? {
        if partial.readableBytes == 0, failure == nil,
            let (length, kind, flags, requestID) = input.peekFrameHeader()
        {
            try check(length: length, kind: kind, flags: flags)
            if input.readableBytes - FrameHeader.lengthByteCount >= Int(length) {
                input.moveReaderIndex(forwardBy: FrameHeader.overhead)
                // The bytes were counted above, so the slice is there.
                guard let payload = input.readSlice(length: Int(length) - FrameHeader.byteCount) else { return nil }
                return Frame(
                    header: FrameHeader(
                        kind: FrameKind(rawValue: kind), flags: FrameFlags(rawValue: flags), requestID: requestID),
                    payload: payload)
            }
        }
        return try nextInPieces()
    }

    @inlinable
    mutating func check(length: UInt32, kind: UInt8, flags: UInt8) throws(DecodingFailure) {
        guard
            length >= FrameHeader.byteCount, length <= lengthLimit, kind != 0,
            flags & ~FrameFlags.defined.rawValue == 0
        else { throw fail(length: length, kind: kind) }
    }

    @usableFromInline
    mutating func fail(length: UInt32, kind: UInt8) -> DecodingFailure {
        let failure: DecodingFailure =
            if length < FrameHeader.byteCount {
                .invalid("frame length")
            } else if length > lengthLimit {
                .tooLarge("frame length", limit: lengthLimit)
            } else if kind == 0 {
                .invalid("frame kind")
            } else {
                .invalid("frame flags")
            }
        self.failure = failure
        input = ByteBuffer()
        partial = ByteBuffer()
        return failure
    }

    /// The path of a frame that a read has cut.
    @usableFromInline
    mutating func nextInPieces() throws(DecodingFailure) -> Frame? {
        if let failure { throw failure }
        guard fillPartial(to: FrameHeader.lengthByteCount) else {
            return nil
        }
        guard let length = partial.getInteger(at: partial.readerIndex, as: UInt32.self) else { return nil }
        // A kind and flags that have not come yet are taken for good ones, and looked at when they are there.
        try check(length: length, kind: 1, flags: 0)
        guard fillPartial(to: FrameHeader.overhead),
            let (_, kind, flags, requestID) = partial.peekFrameHeader()
        else { return nil }
        try check(length: length, kind: kind, flags: flags)
        guard fillPartial(to: FrameHeader.lengthByteCount + Int(length)) else { return nil }
        var payload = partial
        partial = ByteBuffer()
        payload.moveReaderIndex(forwardBy: FrameHeader.overhead)
        return Frame(
            header: FrameHeader(
                kind: FrameKind(rawValue: kind), flags: FrameFlags(rawValue: flags), requestID: requestID),
            payload: payload)
    }

    /// Moves bytes over until the cut frame has `target` of them; `false` while there are fewer.
    private mutating func fillPartial(to target: Int) -> Bool {
        let missing = target - partial.readableBytes
        guard missing > 0 else { return true }
        if var bytes = input.readSlice(length: min(missing, input.readableBytes)) {
            partial.writeBuffer(&bytes)
        }
        if input.readableBytes == 0 {
            // Lets go of the receive buffer.
            input = ByteBuffer()
        }
        return partial.readableBytes >= target
    }
}

extension ByteBuffer {
    @inlinable
    func peekFrameHeader() -> (length: UInt32, kind: UInt8, flags: UInt8, requestID: UInt64)? {
        peekMultipleIntegers(as: (UInt32, UInt8, UInt8, UInt64).self)
    }
}
