import Causality
import Coordinator
import Dispatch
import Glibc
import HTTPAPI
import Logging
import Machine
import NIOPosix
import Node
import Synchronization

/// What a request costs at the HTTP door, without the store behind it: CPU time of the server for each request, over
/// connections that are kept alive, with one request or several in flight on each.
///
/// The clients are blocking threads of the same process; what they use is taken off the process's CPU time.
@main
struct HTTPRequests {
    static func main() async throws {
        let node = MemoryNode()
        var quiet = Logger(label: "http-requests")
        quiet.logLevel = .critical
        let (ports, portsInput) = AsyncStream.makeStream(of: Int.self)
        let server = HTTPAPI(service: node).application(
            host: "127.0.0.1", port: 0, on: MultiThreadedEventLoopGroup.singleton, logger: quiet,
            onListening: { portsInput.yield($0) })
        let running = Task { try await server.run() }
        var bound = ports.makeAsyncIterator()
        guard let port = await bound.next() else { return }

        let value = String(repeating: "v", count: 100)
        let put =
            "PUT /v1/kv/key HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n\(value)"
        let get = "GET /v1/kv/key HTTP/1.1\r\nHost: h\r\n\r\n"
        let cases = [
            ("put 100 B", put), ("get 100 B", get),
            ("get, options", get.replacing("key HTTP", with: "key?r=2&timeout=500 HTTP")),
            ("get absent", get.replacing("key HTTP", with: "none HTTP")),
            ("healthz", get.replacing("v1/kv/key", with: "healthz")),
        ]
        print("request          connections  in flight   requests/s   server CPU µs/request")
        for (name, request) in cases {
            for inFlight in [1, 16] {
                for connections in [1, 16] {
                    let result = await measure(request, port: port, connections: connections, inFlight: inFlight)
                    print(
                        column(name, 16), column("\(connections)", 12), column("\(inFlight)", 11),
                        column("\(Int(result.rate))", 12), (result.cpu * 10).rounded() / 10)
                }
            }
        }
        running.cancel()
        try await running.value
    }

    private static func column(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func measure(
        _ request: String, port: Int, connections: Int, inFlight: Int
    ) async -> (rate: Double, cpu: Double) {
        let rounds = 16_000 / connections / inFlight
        let batch = Array(String(repeating: request, count: inFlight).utf8)
        let clientCPU = Mutex(0.0)
        let (began, cpuBefore) = (ContinuousClock.now, cpuSeconds(ownProcess))
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let group = DispatchGroup()
            for _ in 0..<connections {
                DispatchQueue(label: "client").async(group: group) {
                    let before = cpuSeconds(ownThread)
                    converse(batch, answers: inFlight, rounds: rounds, port: port)
                    clientCPU.withLock { $0 += cpuSeconds(ownThread) - before }
                }
            }
            group.notify(queue: .global()) { continuation.resume() }
        }
        let requests = Double(rounds * connections * inFlight)
        let seconds = Double((ContinuousClock.now - began) / .nanoseconds(1)) / 1e9
        let cpu = cpuSeconds(ownProcess) - cpuBefore - clientCPU.withLock { $0 }
        return (requests / seconds, cpu * 1e6 / requests)
    }

    /// Sends a batch and reads its answers, so many times. All answers to one request are of one length.
    private static func converse(_ batch: [UInt8], answers: Int, rounds: Int, port: Int) {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return }
        var one: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var memory = [UInt8](repeating: 0, count: 64 << 10)
        for _ in 0..<rounds {
            guard send(socket, batch, batch.count, Int32(MSG_NOSIGNAL)) == batch.count else { return }
            var heads = 0
            var expected = Int.max
            var received = 0
            while received < expected {
                let count = recv(socket, &memory[received], memory.count - received, 0)
                guard count > 0 else { return }
                received += count
                if heads == 0, let length = answerLength(memory[..<received]) {
                    heads = 1
                    expected = length * answers
                }
            }
        }
    }

    private static func answerLength(_ bytes: ArraySlice<UInt8>) -> Int? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        let head = text[..<end.upperBound]
        let field = head.firstRange(of: "Content-Length: ").map { head[$0.upperBound...].prefix { $0.isNumber } }
        return head.utf8.count + (field.flatMap { Int($0) } ?? 0)
    }

    private static func cpuSeconds(_ who: Int32) -> Double {
        var usage = rusage()
        getrusage(who, &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    // The call wants a number; one of C's names is an enumeration's, the other is not imported (it is 1 on Linux).
    private static let ownProcess = Int32(RUSAGE_SELF.rawValue)
    private static let ownThread = Int32(1)
}

/// A node of one, in a dictionary.
private final class MemoryNode: NodeService {
    private let objects = Mutex<[ByteBuffer: Object]>([:])
    let valueByteLimit = 1 << 20

    func serve(_ request: Request, completion: @escaping @Sendable (Response) -> Void) {
        let response = objects.withLock { objects -> Response in
            switch request {
            case .get(let get):
                return objects[get.key].map { .found($0) } ?? .absent
            case .put(let put):
                let dot = objects[put.key, default: Object()].write(
                    put.content, timestamp: HybridTimestamp(milliseconds: 1_763_800_000_000), seeing: put.seeing,
                    as: ActorID(node: NodeID(high: 1, low: 2), epoch: 1))
                return .written(dot: dot, object: nil)
            }
        }
        completion(response)
    }

    func clusterStatus(completion: @escaping @Sendable (ClusterStatus) -> Void) {
        completion(
            ClusterStatus(cluster: "", epoch: 0, partitions: 0, replicas: 0, self: "", members: [], transfers: []))
    }

    func ringStatus(completion: @escaping @Sendable (RingStatus) -> Void) {
        completion(RingStatus(epoch: 0, partitions: 0, replicas: 0, owners: []))
    }

    func locate(_ key: ByteBuffer, completion: @escaping @Sendable (KeyLocation) -> Void) {
        completion(KeyLocation(key: "", token: 0, partition: 0, owners: [], fallbacks: []))
    }

    func readiness(completion: @escaping @Sendable (Readiness) -> Void) {
        completion(.ready)
    }
}
