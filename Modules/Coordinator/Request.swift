public import Causality
public import Machine

/// What a client may ask of any node.
public enum Request: Equatable, Sendable {
    /// Read a key.
    case get(GetRequest)
    /// Write or delete a key.
    case put(PutRequest)

    /// The key that the request is about.
    public var key: ByteBuffer {
        switch self {
        case .get(let request): request.key
        case .put(let request): request.key
        }
    }

    /// What the client asks for beyond that.
    public var options: RequestOptions {
        switch self {
        case .get(let request): request.options
        case .put(let request): request.options
        }
    }
}

/// A read of one key.
public struct GetRequest: Hashable, Sendable {
    /// 1 to ``RequestLimits/keyBytes`` bytes of any kind.
    public var key: ByteBuffer
    /// R, PR, sloppiness, timeout.
    public var options: RequestOptions

    /// A read of `key`.
    public init(key: ByteBuffer, options: RequestOptions = RequestOptions()) {
        self.key = key
        self.options = options
    }
}

/// A write of one key; a delete is the write of a tombstone.
public struct PutRequest: Equatable, Sendable {
    /// 1 to ``RequestLimits/keyBytes`` bytes of any kind.
    public var key: ByteBuffer
    /// The value with its type, or a tombstone.
    public var content: Sibling.Content
    /// What the writer has seen: everything that the coordinating owner has, or just its context.
    public var seeing: WriteContext
    /// What must hold at the coordinating owner for the write to happen.
    public var precondition: Precondition
    /// When the value expires, in wall milliseconds since 1970; 0 for never.
    public var expiry: UInt64
    /// Whether the answer brings back the whole object as its coordinator has it.
    public var returnsObject: Bool
    /// W, PW, DW, sloppiness, timeout.
    public var options: RequestOptions

    /// A write of `content` at `key`.
    public init(
        key: ByteBuffer, content: Sibling.Content, seeing: WriteContext = .everythingHere,
        precondition: Precondition = .none, expiry: UInt64 = 0, returnsObject: Bool = false,
        options: RequestOptions = RequestOptions()
    ) {
        self.key = key
        self.content = content
        self.seeing = seeing
        self.precondition = precondition
        self.expiry = expiry
        self.returnsObject = returnsObject
        self.options = options
    }
}

/// Limits that hold at the edge, where clients write: repair and handoff of what exists always pass.
public enum RequestLimits {
    /// The longest key in bytes; the shortest has 1.
    public static let keyBytes = 4096
}
