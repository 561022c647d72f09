/// What is on its way in a ``TinyWorld``: the numbers of frames, first in, first out for each pair of hosts.
struct TinyNetwork: Hashable, Sendable {
    /// By sender × 3 + receiver.
    private(set) var links: [[UInt32]] = Array(
        repeating: [], count: TinyWorld.nodeCount * TinyWorld.nodeCount)

    /// What happens to it.
    enum Change {
        /// A frame joins a link.
        case sent(link: Int, frame: Int)
        /// The next frame of a link arrives.
        case arrived(link: Int)
        /// All that is between two hosts is lost.
        case lost(Int, Int)

        /// The change in a word.
        var code: UInt32 {
            switch self {
            case .sent(let link, let frame): UInt32(link) << 26 | UInt32(frame)
            case .arrived(let link): UInt32(link) << 26 | 0x3ff_fffe
            case .lost(let first, let second): UInt32(first * TinyWorld.nodeCount + second) << 26 | 0x3ff_ffff
            }
        }
    }

    mutating func apply(_ change: Change) {
        switch change {
        case .sent(let link, let frame): links[link].append(UInt32(frame))
        case .arrived(let link): links[link].removeFirst()
        case .lost(let first, let second):
            links[first * TinyWorld.nodeCount + second] = []
            links[second * TinyWorld.nodeCount + first] = []
        }
    }
}
