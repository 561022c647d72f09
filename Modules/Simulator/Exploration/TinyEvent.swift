/// One thing that happens to one node of a ``TinyWorld``, in a word.
struct TinyEvent: Hashable, Sendable {
    /// What kinds of things happen.
    enum Kind: UInt32 {
        /// The frame of this number arrives from ``peer``.
        case frame = 1
        /// A client's request of this number.
        case request
        /// The batch reaches the disk.
        case commit
        /// The connections with ``peer`` are lost, and made anew.
        case lost
        /// The connections with ``peer`` are lost, and none are made.
        case cut
        /// ``peer`` is reached again.
        case reached
        /// So many milliseconds pass.
        case wait
        /// The node loses power, and starts again with what it had synced.
        case crash
        /// The node loses power and every object, and starts again as who it is.
        case amnesia
    }

    let code: UInt32

    /// An event with the number of what it is about.
    init(_ kind: Kind, peer: Int = 0, number: Int = 0) {
        precondition(number < Self.numberLimit, "\(number) different frames")
        code = kind.rawValue << 28 | UInt32(peer) << 26 | UInt32(number)
    }

    /// The most frames, requests and milliseconds.
    static let numberLimit = 1 << 26

    var kind: Kind? { Kind(rawValue: code >> 28) }
    var peer: Int { Int(code >> 26 & 3) }
    var number: Int { Int(code & 0x3ff_ffff) }
}
