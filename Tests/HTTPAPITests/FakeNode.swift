import Causality
import Coordinator
import HTTPAPI
import Machine
import Node
import Synchronization

/// A node of one: real objects in a dictionary, and failures where a key asks for one.
final class FakeNode: NodeService {
    struct State {
        var objects: [ByteBuffer: Object] = [:]
        var requests: [Request] = []
        var failures: [ByteBuffer: RequestFailure] = [:]
        var readiness = Readiness.ready
        var wall: UInt64 = 1_763_800_000_123
        var writes: UInt16 = 0
        /// Keys whose requests are answered by ``release()`` only.
        var heldKeys: Set<ByteBuffer> = []
        var held: [@Sendable () -> Void] = []
        var arrival: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    let valueByteLimit: Int
    private let actor = ActorID(node: NodeID(high: 1, low: 2), epoch: 1)

    init(valueByteLimit: Int = 1 << 20) {
        self.valueByteLimit = valueByteLimit
    }

    func withState<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        state.withLock { body(&$0) }
    }

    /// The wall clock of node and door.
    var clock: @Sendable () -> UInt64 {
        { self.state.withLock { $0.wall } }
    }

    func serve(_ request: Request, completion: @escaping @Sendable (Response) -> Void) {
        let (response, arrival) = state.withLock { state -> (Response?, CheckedContinuation<Void, Never>?) in
            state.requests.append(request)
            guard state.heldKeys.contains(request.key) else { return (answer(request, &state), nil) }
            state.held.append {
                completion(self.state.withLock { self.answer(request, &$0) })
            }
            defer { state.arrival = nil }
            return (nil, state.arrival)
        }
        arrival?.resume()
        if let response {
            completion(response)
        }
    }

    private func answer(_ request: Request, _ state: inout State) -> Response {
        if let failure = state.failures[request.key] {
            return .failed(failure)
        }
        switch request {
        case .get(let get):
            return state.objects[get.key].map { .found($0) } ?? .absent
        case .put(let put):
            var object = state.objects[put.key] ?? Object()
            guard put.precondition.holds(for: object, at: state.wall) else { return .failed(.preconditionFailed) }
            state.writes += 1
            let timestamp = HybridTimestamp(milliseconds: state.wall, counter: state.writes)
            let dot = object.write(
                put.content, expiry: put.expiry, timestamp: timestamp, seeing: put.seeing, as: actor)
            state.objects[put.key] = object
            return .written(dot: dot, object: put.returnsObject ? object : nil)
        }
    }

    /// Waits until a held request has come.
    func heldRequest() async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.held.isEmpty {
                    state.arrival = continuation
                }
                return !state.held.isEmpty
            }
            if isThere {
                continuation.resume()
            }
        }
    }

    func release() {
        let held = state.withLock { state in
            defer { state.held = [] }
            state.heldKeys = []
            return state.held
        }
        for answer in held {
            answer()
        }
    }

    func clusterStatus(completion: @escaping @Sendable (ClusterStatus) -> Void) {
        let member = MemberStatus(
            id: "01", name: "a", address: "127.0.0.1:7400", http: "127.0.0.1:7401", zone: "z", weight: 100, state: "up",
            reachable: true, partitionsOwned: 8, partitionsHeld: 8, answered: true, keys: 3, bytes: 42, hintsPending: 1,
            version: "1.0")
        let transfer = TransferStatus(
            partition: 3, from: "01", to: "02", bytes: 1, bytesTotal: 4, percent: 25, etaSeconds: 1.5)
        completion(
            ClusterStatus(
                cluster: "toys", epoch: 7, partitions: 8, replicas: 3, self: "01", members: [member],
                transfers: [transfer]))
    }

    func ringStatus(completion: @escaping @Sendable (RingStatus) -> Void) {
        completion(RingStatus(epoch: 7, partitions: 2, replicas: 3, owners: [["01"], ["01", "02"]]))
    }

    func locate(_ key: ByteBuffer, completion: @escaping @Sendable (KeyLocation) -> Void) {
        let replica = KeyLocation.Replica(id: "01", name: "a", reachable: true, holds: true)
        completion(
            KeyLocation(
                key: String(buffer: key), token: .max, partition: 1, owners: [replica], fallbacks: []))
    }

    func readiness(completion: @escaping @Sendable (Readiness) -> Void) {
        completion(state.withLock { $0.readiness })
    }
}
