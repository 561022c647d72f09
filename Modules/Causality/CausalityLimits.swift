/// How much a decoder takes from outside.
///
/// These bound memory, nothing else: they are far above what ``SiblingLimits`` lets clients make, since repair and
/// handoff of what exists must always pass (riak_kv#1156).
public struct CausalityLimits: Hashable, Sendable {
    /// The most bytes of UTF-8 in a media type. A part of the format.
    public static let contentTypeBytes = 255

    /// The most actors in a context.
    public var actors: Int
    /// The most dots in the cloud of a context.
    public var cloud: Int
    /// The most siblings in an object.
    public var siblings: Int
    /// The most bytes of one value.
    public var valueBytes: Int

    /// Limits for objects from disks and peers, unless told otherwise.
    public init(
        actors: Int = 65_536, cloud: Int = 65_536, siblings: Int = 65_536, valueBytes: Int = 64 << 20
    ) {
        self.actors = actors
        self.cloud = cloud
        self.siblings = siblings
        self.valueBytes = valueBytes
    }

    /// Limits for contexts that clients send: room for every actor that an honest object collects.
    public static let client = CausalityLimits(actors: 4_096, cloud: 4_096)
}
