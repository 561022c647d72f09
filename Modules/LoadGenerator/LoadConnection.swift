import Coordinator
import Logging
import Machine
import NIOCore
import RPC
import Wire

/// One connection of the generator: requests in flight, by the ids that come back with the answers.
final class LoadConnection: RPCConnectionDelegate {
    struct InFlight {
        /// When the request began, or should have begun.
        var start: Instant
        var isPut: Bool
    }

    private let endpoint: RPCEndpoint
    private let hello: Hello
    private let logger: Logger
    // The worker owns its connections, and outlives them.
    private unowned let worker: LoadWorker
    private var connection: RPCConnection?
    private var inFlight: SlotTable<InFlight>
    private var opening: EventLoopPromise<Void>?
    private var hasUnflushed = false
    private var isEnding = false

    /// How long a lost connection stays closed before it is tried again.
    private static let pause = TimeAmount.milliseconds(250)

    init(to endpoint: RPCEndpoint, as hello: Hello, inFlightLimit: Int, worker: LoadWorker, logger: Logger) {
        self.endpoint = endpoint
        self.hello = hello
        self.worker = worker
        self.logger = logger
        inFlight = SlotTable(capacity: inFlightLimit)
    }

    var inFlightCount: Int { inFlight.count }

    /// Connects; `opening` is kept when the handshake is done, and broken where it fails the first time.
    func open(_ opening: EventLoopPromise<Void>? = nil) {
        self.opening = opening
        connection = RPCConnection.connect(
            to: endpoint, as: hello, on: worker.eventLoop, delegate: self, logger: logger)
    }

    func close() {
        isEnding = true
        connection?.close()
    }

    /// Sends the worker's next request, counted from `start`; `false` where there is none, or no room.
    func send(from start: Instant) -> Bool {
        guard let connection, connection.isOpen, !inFlight.isFull, worker.requests.draw(),
            let slot = inFlight.insert(InFlight(start: start, isPut: worker.requests.isPut))
        else { return false }
        let outcome = connection.send(kind: .request, requestID: slot.rawValue) { worker.requests.encode(into: &$0) }
        guard outcome == .queued else {
            inFlight.remove(slot)
            return false
        }
        worker.requests.sent()
        hasUnflushed = true
        return true
    }

    func flush() {
        guard hasUnflushed else { return }
        hasUnflushed = false
        connection?.flush()
    }

    /// Requests in flight that no one waits for any more.
    func abandon() {
        end(all: .unanswered)
    }

    private func end(all failure: LoadFailureKind) {
        for slot in inFlight.ids {
            guard let request = inFlight.remove(slot) else { continue }
            worker.ended(request, .failed(failure))
        }
    }

    // MARK: RPCConnectionDelegate

    func connectionOpened(_ connection: RPCConnection) {
        opening?.succeed()
        opening = nil
        worker.fill(self)
    }

    func connection(_ connection: RPCConnection, received frame: Frame) {
        guard frame.kind == .request, let request = inFlight.remove(SlotID(rawValue: frame.requestID)) else {
            logger.warning("a frame that answers nothing: kind \(frame.kind.rawValue)")
            return
        }
        worker.ended(request, AnswerKind(frame))
        worker.fill(self)
    }

    func connectionReadComplete(_ connection: RPCConnection) {
        // This connection is flushed by itself.
        hasUnflushed = false
        worker.readComplete()
    }

    func connection(_ connection: RPCConnection, writabilityChanged isWritable: Bool) {
        guard isWritable else { return }
        worker.fill(self)
        flush()
    }

    func connectionClosed(_ connection: RPCConnection, reason: ConnectionCloseReason) {
        self.connection = nil
        hasUnflushed = false
        end(all: .connectionLost)
        guard !isEnding else { return worker.readComplete() }
        if let opening {
            self.opening = nil
            opening.fail(LoadFailure.connect("\(endpoint): \(reason)"))
        } else {
            logger.notice("connection to \(endpoint) lost, trying again: \(reason)")
            worker.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
                guard !self.isEnding else { return }
                self.open()
            }
        }
        worker.readComplete()
    }
}

/// What came of a request, as far as the tally tells answers apart.
enum AnswerKind: Equatable {
    case written
    case found
    case absent
    case failed(LoadFailureKind)

    /// Reads the whole answer, as a client would.
    init(_ frame: Frame) {
        var payload = frame.payload
        do throws(DecodingFailure) {
            if frame.flags.contains(.failure) {
                self = .failed(LoadFailureKind(try RequestFailure(decoding: &payload)))
                return
            }
            switch try Response(decoding: &payload) {
            case .written: self = .written
            case .found: self = .found
            case .absent: self = .absent
            case .failed(let failure): self = .failed(LoadFailureKind(failure))
            }
        } catch {
            self = .failed(.malformed)
        }
    }
}
