import Coordinator
import Machine
import Storage
import Synchronization

/// What is known of the parts of a ``TinyWorld``: every state of a host, every frame, disk and answer that was ever met, by
/// its number, and what each event makes of each state.
///
/// A host is a deterministic function of what has happened to it, so each event at each of its states is carried out by a
/// real node once; from then on it is looked up. Shared by the jobs of an exploration: the numbers depend on who comes
/// first, and nothing else does.
final class TinyBook: Sendable {
    /// What tells states of hosts apart.
    struct StateKey: Hashable {
        let host: Int
        let milliseconds: Int
        let cut: UInt8
        let portrait: [UInt8]
        /// Its past, where that is to count.
        var past: TinyPast?
    }

    /// Where a host's node started, its last event, and the number of its state before that.
    struct TinyPast: Hashable {
        let start: TinyHost.Start
        let before: Int?
        let event: TinyEvent?
    }

    struct Contents {
        let tellsPastsApart: Bool
        var states: [TinyHostState] = []
        var stateNumbers: [StateKey: Int] = [:]
        var starts: [TinyHost.Start: Int] = [:]
        var steps: [UInt64: TinyStep] = [:]
        var outsides: [TinyOutside] = []
        var outsideNumbers: [TinyOutside: Int] = [:]
        var networks: [TinyNetwork] = []
        var networkNumbers: [TinyNetwork: Int] = [:]
        var frames: [TinyFrame] = []
        var frameNumbers: [TinyFrame: Int] = [:]
        var requests: [TinyRequest] = []
        var responses: [Response] = []
        var disks: [VirtualFileSystem] = []
        var diskNumbers: [ByteBuffer: Int] = [:]

        mutating func number(of state: TinyHostState, _ portrait: [UInt8]) -> Int {
            var key = StateKey(
                host: state.start.host, milliseconds: state.milliseconds, cut: state.cut, portrait: portrait)
            if tellsPastsApart {
                key.past = TinyPast(start: state.start, before: state.before, event: state.event)
            }
            if let number = stateNumbers[key] { return number }
            precondition(states.count < TinyWorld.hostLimit, "more states of nodes than a world has names for")
            states.append(state)
            stateNumbers[key] = states.count - 1
            return states.count - 1
        }

        mutating func number(of network: TinyNetwork) -> Int {
            if let number = networkNumbers[network] { return number }
            networks.append(network)
            networkNumbers[network] = networks.count - 1
            return networks.count - 1
        }

        mutating func number(of frame: TinyFrame) -> Int {
            if let number = frameNumbers[frame] { return number }
            frames.append(frame)
            frameNumbers[frame] = frames.count - 1
            return frames.count - 1
        }

        mutating func number(of outside: TinyOutside) -> Int {
            if let number = outsideNumbers[outside] { return number }
            precondition(outsides.count < TinyWorld.outsideLimit, "more histories than a world has names for")
            outsides.append(outside)
            outsideNumbers[outside] = outsides.count - 1
            return outsides.count - 1
        }

        mutating func number(of request: TinyRequest) -> Int {
            if let number = requests.firstIndex(of: request) { return number }
            requests.append(request)
            return requests.count - 1
        }

        mutating func number(of response: Response) -> Int {
            if let number = responses.firstIndex(of: response) { return number }
            responses.append(response)
            return responses.count - 1
        }

        mutating func number(of disk: VirtualFileSystem, _ contents: ByteBuffer) -> Int {
            if let number = diskNumbers[contents] { return number }
            disks.append(disk)
            diskNumbers[contents] = disks.count - 1
            return disks.count - 1
        }
    }

    let contents: Mutex<Contents>

    /// Whether a node that has lost its objects knows which epochs it has had.
    let remembersEpochs: Bool

    /// The disks of the hosts before anything was stored.
    let emptyDisks: [Int]

    init(tellsPastsApart: Bool, remembersEpochs: Bool) throws(StorageFailure) {
        self.remembersEpochs = remembersEpochs
        contents = Mutex(Contents(tellsPastsApart: tellsPastsApart))
        var numbers: [Int] = []
        for host in 0..<TinyWorld.nodeCount {
            let disk = try TinyHost.emptyDisk(of: host)
            let bytes = try TinyHost.contents(of: disk)
            numbers.append(contents.withLock { $0.number(of: disk, bytes) })
        }
        emptyDisks = numbers
    }

    /// How many states of hosts, and of what is outside of them, there are.
    var counts: (states: Int, outsides: Int) {
        contents.withLock { ($0.states.count, $0.outsides.count) }
    }
}
