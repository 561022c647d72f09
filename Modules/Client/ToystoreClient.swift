public import Logging
import Machine
public import NIOCore
public import NIOPosix
public import RPC
import Synchronization
import Wire

/// A client of a Toystore cluster: reads, writes, and questions about the cluster, over one connection to a node.
///
/// Any node takes any request. The client stays with the node that last could be reached, from the first that it was given
/// on, and goes to another when it cannot reach that one. Whatever happens, a write is sent at most once: where a connection
/// is lost with a write on it, the write fails with an unknown outcome, and it is the caller who may repeat it. Reads are
/// repeated at another node.
///
/// ```swift
/// let client = try ToystoreClient(nodes: [RPCEndpoint(host: "127.0.0.1", port: 7400)])
/// try await client.put("milk", for: "cart/42")
///
/// let cart = try await client.get("cart/42")
/// let merged = cart.values.compactMap(\.text).sorted().joined(separator: " and ")
/// try await client.put(merged + " and bread", for: "cart/42", seeing: cart.seen)
/// await client.close()
/// ```
///
/// All methods may be called from any number of tasks at a time.
public final class ToystoreClient: Sendable {
    let configuration: ClientConfiguration
    private let links: [NodeLink]
    /// The place of the node that requests go to first.
    private let preferred = Atomic(0)

    /// A client of the cluster that these nodes belong to. Nothing is connected before the first request.
    ///
    /// Fails with `invalid` where there is no node, or the name or the credential of the configuration is over its limit.
    public init(
        nodes: [RPCEndpoint], configuration: ClientConfiguration = ClientConfiguration(),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger = Logger(label: "toystore.client", factory: { _ in SwiftLogNoOpLogHandler() })
    ) throws(ClientFailure) {
        guard !nodes.isEmpty else { throw .invalid("a client needs at least one node to connect to") }
        let hello: Hello
        do throws(DecodingFailure) {
            hello = try Hello(
                role: .client, clusterName: configuration.clusterName, credential: configuration.credential)
        } catch {
            throw .invalid(error.description)
        }
        self.configuration = configuration
        links = nodes.map { endpoint in
            NodeLink(to: endpoint, as: hello, on: group.next(), configuration: configuration, logger: logger)
        }
    }

    /// Closes every connection, and returns when they have ended. Requests in flight fail, and so does every later one. An
    /// attempt to connect that is under way ends by itself, within the times of the connections' configuration.
    public func close() async {
        for link in links {
            await link.close()
        }
    }

    /// The places of the nodes to try, in order.
    ///
    /// The same for every key: any node takes any request, at the price of a hop. A client that knows the ring would put the
    /// owners of the request's key first, here.
    private func route() -> [Int] {
        let first = preferred.load(ordering: .relaxed)
        return links.indices.map { (first + $0) % links.count }
    }

    /// Sends a request to the first node that can be reached, and returns the payload of its answer.
    ///
    /// - Parameters:
    ///   - isRepeatable: Whether the request may be sent again when a connection was lost with it: never so for a write.
    ///   - timeout: From now to the answer; `nil` for the configuration's.
    ///   - encode: Writes the request, with the time that is left for it.
    func ask(
        _ kind: FrameKind, isRepeatable: Bool, timeout: Duration?, encode: (Duration, inout ByteBuffer) -> Void
    ) async throws(ClientFailure) -> Answer {
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: timeout ?? configuration.timeout)
        var unreachable: [UnreachableNode] = []
        var places = route()[...]
        var isSecondAttempt = false
        while let place = places.first {
            let link = links[place]
            let left = clock.now.duration(to: deadline)
            guard left > .zero else { break }
            let lease: NodeLink.Lease
            // Nodes that are still to be tried keep their share of the time.
            switch await link.connection(within: left / places.count) {
            case .success(let open): lease = open
            case .failure(.cancelled): throw .cancelled(isSent: false)
            case .failure(.closed): throw .closed
            case .failure(.notConnected(let reason)):
                unreachable.append(UnreachableNode(endpoint: link.endpoint, reason: reason))
                (places, isSecondAttempt) = (places.dropFirst(), false)
                continue
            }
            let rest = max(clock.now.duration(to: deadline), .zero)
            var payload = ByteBuffer()
            encode(rest, &payload)
            let reason: ConnectionCloseReason
            do throws(RPCFailure) {
                let frame = try await lease.connection.call(
                    kind, payload: payload, timeout: rest + configuration.answerGrace)
                preferred.store(place, ordering: .relaxed)
                return Answer(node: link.endpoint, frame: frame)
            } catch .notConnected(let why) {
                reason = why
            } catch .connectionLost(let why) where isRepeatable {
                reason = why
            } catch {
                throw Self.failure(error, at: link.endpoint)
            }
            link.discard(lease.connection)
            if lease.isReused, !isSecondAttempt {
                // It was open once: the node may only have restarted since.
                isSecondAttempt = true
            } else {
                unreachable.append(UnreachableNode(endpoint: link.endpoint, reason: reason))
                (places, isSecondAttempt) = (places.dropFirst(), false)
            }
        }
        throw .unreachable(unreachable)
    }

    private static func failure(_ failure: RPCFailure, at endpoint: RPCEndpoint) -> ClientFailure {
        switch failure {
        case .busy: .busy
        case .tooLarge(let limit): .tooLarge(limit: limit)
        case .cancelled: .cancelled(isSent: true)
        case .deadlineExceeded, .connectionLost, .notConnected: .noAnswer(from: endpoint, failure)
        }
    }
}
