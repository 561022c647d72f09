public import Machine
public import Ring

/// What two nodes tell each other to come to one membership: request and answer alike, and both merge.
///
/// Ten bytes of configuration, then the membership in its own form. The configuration goes along so that a node of another
/// ring, or of another cluster of the same name, is recognised before anything of it is merged.
public struct MembershipExchange: Hashable, Sendable {
    /// What the sender's cluster was born with.
    public var configuration: RingConfiguration
    /// Everything that the sender knows about members.
    public var membership: Membership

    /// An exchange of these parts.
    public init(configuration: RingConfiguration, membership: Membership) {
        self.configuration = configuration
        self.membership = membership
    }

    /// Writes configuration and membership.
    public func encode(into buffer: inout ByteBuffer) {
        configuration.encode(into: &buffer)
        membership.encode(into: &buffer)
    }

    /// Reads an exchange that fills the buffer.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        try self.init(decoding: &buffer, knowing: Membership())
    }

    /// The same, where records that are the same in `known` are not read, but taken from there.
    public init(decoding buffer: inout ByteBuffer, knowing known: Membership) throws(DecodingFailure) {
        configuration = try RingConfiguration(decoding: &buffer)
        membership = try Membership(decoding: &buffer, knowing: known)
        try buffer.decodeEnd("membership")
    }
}
