import Node

/// The connections on which one host asks another: one for each lane, made and lost together.
///
/// ```
///   idle ──first question──► open ──broken, silent──► closed ──another attempt──► open
/// ```
/// Frames of a lane arrive in order, each once, or not at all. With the connections everything on its way is lost, in both
/// directions.
struct Link {
    enum State {
        /// Nothing was asked yet in this life of the asker: the first question makes the connections.
        case idle
        case open
        /// The connections are gone, and the asker does not know yet.
        case dead
        /// The asker knows, and tries again from time to time.
        case closed
    }

    /// A frame that cannot pass at present: the system's buffers keep it until the connection breaks.
    struct Held {
        var event: NodeEvent
        var lane: Int
        var isAnswer: Bool
    }

    var state = State.idle
    /// Which connections these are.
    var incarnation: UInt32 = 0
    /// The asked node's name for the connection of each lane.
    var connections: [UInt32] = []
    /// When the last frame of each lane arrives, questions before answers.
    var lastArrival: [Int64]
    var held: [Held] = []
    var attempts = 0

    init(lanes: Int) {
        lastArrival = Array(repeating: 0, count: 2 * lanes)
    }

    /// When a frame arrives that could do so at `earliest`: behind those before it, and late by so much. And over which
    /// connection.
    mutating func arrive(
        lane: Int, isAnswer: Bool, earliest: Int64, lateness: Int64
    ) -> (time: Int64, incarnation: UInt32) {
        let place = isAnswer ? lastArrival.count / 2 + lane : lane
        let time = max(earliest, lastArrival[place] + 1) + lateness
        lastArrival[place] = time
        return (time, incarnation)
    }
}

/// Whom a node answers on a connection.
struct Connection {
    var link: Int32
    var incarnation: UInt32
    /// A lane, or a push-pull's own connection.
    var lane: Int?
    /// In which life of the asker it was made.
    var life: UInt32
}
