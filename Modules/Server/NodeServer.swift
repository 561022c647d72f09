import Coordinator
import Disk
import Logging
import Machine
import NIOCore
import NIOPosix
public import Node
import RPC
import Ring
import Storage
import Synchronization
import Wire

/// A running node: every door but HTTP, storage, gossip, and all that it does by itself.
///
/// ```swift
/// let server = try await NodeServer.start(ServerConfiguration(), logger: logger)
/// await server.whenServing()
/// server.service.serve(.get(GetRequest(key: ByteBuffer(string: "greeting")))) { print($0) }
/// await server.stop()
/// ```
public final class NodeServer: Sendable {
    /// The version of this software.
    public static let version = Release.version

    /// The node behind its doors.
    public var service: any NodeService { server }
    /// The name that people call the node by.
    public let name: String
    /// Host and port of peers, clients and gossip.
    public let endpoint: RPCEndpointText
    /// The event loops that the node runs on.
    public let group: MultiThreadedEventLoopGroup

    private let server: ServerService
    private let listener: RPCListener
    private let datagrams: GossipSocket
    private let shards: [ShardRunner]
    private let control: ControlRunner
    private let storage: StorageRunner
    /// Let go of when the node has stopped, so that another may have it.
    private let directory: Mutex<DataDirectory?>
    private let phase = Mutex(Phase.running)

    private enum Phase {
        case running
        /// And who waits for the end of it.
        case stopping([CheckedContinuation<Void, Never>])
        case stopped
    }

    init(
        service: ServerService, name: String, endpoint: RPCEndpointText, group: MultiThreadedEventLoopGroup,
        listener: RPCListener, datagrams: GossipSocket, shards: [ShardRunner], control: ControlRunner,
        storage: StorageRunner, directory: DataDirectory
    ) {
        server = service
        self.name = name
        self.endpoint = endpoint
        self.group = group
        self.listener = listener
        self.datagrams = datagrams
        self.shards = shards
        self.control = control
        self.storage = storage
        self.directory = Mutex(directory)
    }

    /// Returns when the node serves its share: at once where it did before, after its data has come where it joins; and
    /// when it is stopped, for then it never will.
    public func whenServing() async {
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            whenServing { done.resume() }
        }
    }

    /// Calls back when the node serves its share, or has stopped; never from within.
    package func whenServing(_ completion: @escaping @Sendable () -> Void) {
        let isRunning = phase.withLock { phase in
            guard case .running = phase else { return false }
            // Whoever waits is told by the control plane's stop, which comes behind this on its loop.
            control.whenUp(completion)
            return true
        }
        if !isRunning {
            completion()
        }
    }

    /// Wall time in milliseconds since 1970, as the node's own timestamps and expiries have it.
    package static func wallMilliseconds() -> UInt64 {
        Clock.wallMilliseconds()
    }

    /// The number of members that the node knows in the ring.
    public func memberCount() async -> Int {
        await withCheckedContinuation { (done: CheckedContinuation<Int, Never>) in
            server.memberCount { done.resume(returning: $0) }
        }
    }

    /// Takes no more work, finishes what is in flight within `grace`, closes storage and lets go of the data directory. The
    /// node stays a member. A second call returns when the first has done its work.
    public func stop(grace: Duration = .seconds(5)) async {
        guard await begin() else { return }
        await listener.close()
        await drain(grace)
        await server.close()
        await datagrams.close()
        try? await control.stop().get()
        for shard in shards {
            try? await shard.stop().get()
        }
        await storage.close()
        try? await group.shutdownGracefully()
        directory.withLock { $0 = nil }
        let waiting = phase.withLock { phase in
            defer { phase = .stopped }
            if case .stopping(let waiting) = phase { return waiting }
            return []
        }
        for stop in waiting {
            stop.resume()
        }
    }

    /// Begins to stop; `false` where that has begun already, when it is done.
    private func begin() async -> Bool {
        let isFirst = phase.withLock { phase in
            guard case .running = phase else { return false }
            phase = .stopping([])
            return true
        }
        guard !isFirst else { return true }
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            let isDone = phase.withLock { phase in
                guard case .stopping(let waiting) = phase else { return true }
                phase = .stopping(waiting + [done])
                return false
            }
            if isDone {
                done.resume()
            }
        }
        return false
    }

    /// Waits until no request is in work, or the time is up.
    private func drain(_ grace: Duration) async {
        let shards = shards
        let eventLoop = control.eventLoop
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            let waiting = Mutex<CheckedContinuation<Void, Never>?>(done)
            let finish: @Sendable () -> Void = {
                waiting.withLock { continuation in
                    defer { continuation = nil }
                    return continuation
                }?.resume()
            }
            let countdown = Countdown(shards.count, finish)
            for shard in shards {
                shard.whenIdle { countdown.countDown() }
            }
            eventLoop.scheduleTask(in: .nanoseconds(max(0, grace.nanoseconds)), finish)
        }
    }
}

/// A host and a port.
public struct RPCEndpointText: Hashable, Sendable, CustomStringConvertible {
    /// The host.
    public let host: String
    /// The port.
    public let port: Int

    /// `host:port`, with brackets around an IPv6 address.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
