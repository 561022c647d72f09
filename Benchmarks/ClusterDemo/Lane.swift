import Coordinator
import Logging
import Machine
import NIOCore
import RPC
import Wire

/// One connection of a pass to a node, with many requests in flight; made anew when it is lost.
final class Lane: RPCConnectionDelegate {
    private let pass: Pass
    private let endpoint: RPCEndpoint
    private let queue: Int
    private let hello: Hello
    private var connection: RPCConnection?
    private var records: [UInt64: Int] = [:]
    private var lastRequest: UInt64 = 0

    /// Requests in flight.
    static let window = 32
    private static let reconnectDelay = TimeAmount.milliseconds(200)
    private static let logger = Logger(label: "cluster-demo") { _ in SwiftLogNoOpLogHandler() }

    init(_ pass: Pass, to endpoint: RPCEndpoint, queue: Int, as hello: Hello) {
        self.pass = pass
        self.endpoint = endpoint
        self.queue = queue
        self.hello = hello
    }

    func connect() {
        connection = RPCConnection.connect(
            to: endpoint, as: hello, on: pass.eventLoop, delegate: self, logger: Self.logger)
    }

    func close() {
        connection?.close()
        connection = nil
    }

    /// Sends as much as may be in flight.
    func pump() {
        guard let connection, connection.isOpen else { return }
        while records.count < Self.window, let record = pass.next(in: queue) {
            let request = pass.request(for: record)
            lastRequest += 1
            guard connection.send(kind: .request, requestID: lastRequest, { request.encode(into: &$0) }) == .queued
            else {
                pass.repeatLater(record, in: queue, isUnknown: false, "the connection takes no more")
                break
            }
            records[lastRequest] = record
        }
        connection.flush()
    }

    func connectionOpened(_ connection: RPCConnection) {
        pump()
    }

    func connection(_ connection: RPCConnection, received frame: Frame) {
        guard let record = records.removeValue(forKey: frame.requestID) else { return }
        var payload = frame.payload
        do throws(DecodingFailure) {
            let response: Response =
                frame.flags.contains(.failure)
                ? .failed(try RequestFailure(decoding: &payload)) : try Response(decoding: &payload)
            pass.take(response, for: record, in: queue)
        } catch {
            pass.repeatLater(record, in: queue, isUnknown: true, "an answer that cannot be read: \(error)")
        }
    }

    func connectionReadComplete(_ connection: RPCConnection) {
        pump()
    }

    func connectionClosed(_ connection: RPCConnection, reason: ConnectionCloseReason) {
        self.connection = nil
        guard !pass.isFinished else { return }
        for record in records.values.sorted() {
            pass.repeatLater(record, in: queue, isUnknown: true, "connection to \(endpoint) lost: \(reason)")
        }
        records = [:]
        let pass = pass
        pass.eventLoop.assumeIsolated().scheduleTask(in: Self.reconnectDelay) {
            guard !pass.isFinished else { return }
            self.connect()
        }
    }
}
