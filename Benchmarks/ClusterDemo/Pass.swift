import Causality
import Coordinator
import Logging
import Machine
import NIOCore
import RPC
import Wire

/// One operation for each record over all connections at once; on one event loop only.
///
/// A write goes to whichever connection is free; a reading goes through every node. What fails is tried again until it has
/// an answer, with the same bytes: a write of unknown outcome may be repeated, because it is the same write.
final class Pass {
    /// What is done with each record.
    enum Action: Sendable {
        case write
        case read(QuorumSize)
    }

    /// Records that wait: those from `next` on, and those that failed once.
    private struct Queue {
        var next = 0
        var again: [Int] = []
    }

    let records: Records
    let eventLoop: any EventLoop
    private let action: Action
    private let options: RequestOptions
    private let hello: Hello
    private var queues: [Queue] = []
    private var lanes: [Lane] = []
    private(set) var tally = Tally()
    private(set) var isFinished = false
    /// Of the records of a queue, how many may be begun.
    var allowance: Int {
        didSet { lanes.forEach { $0.pump() } }
    }

    static let lanesForEachNode = 4
    private static let retryDelay = TimeAmount.milliseconds(50)

    init(_ action: Action, records: Records, allowance: Int, eventLoop: any EventLoop) throws(DecodingFailure) {
        self.action = action
        self.records = records
        self.allowance = allowance
        self.eventLoop = eventLoop
        hello = try Hello(role: .client, clusterName: "")
        var options = RequestOptions(timeout: 5_000_000_000)
        if case .read(let size) = action {
            options.read = size
        }
        self.options = options
    }

    /// Takes connections to a node into the pass.
    func add(_ node: RPCEndpoint) {
        switch action {
        case .write where !queues.isEmpty: break
        case .write, .read: queues.append(Queue())
        }
        for _ in 0..<Self.lanesForEachNode {
            let lane = Lane(self, to: node, queue: queues.count - 1, as: hello)
            lanes.append(lane)
            lane.connect()
        }
    }

    /// Ends the pass and its connections.
    func finish() {
        isFinished = true
        lanes.forEach { $0.close() }
        lanes = []
    }

    /// The next record to work on, or `nil` while there is none.
    func next(in queue: Int) -> Int? {
        if let record = queues[queue].again.popLast() { return record }
        guard queues[queue].next < min(allowance, records.count) else { return nil }
        defer { queues[queue].next += 1 }
        return queues[queue].next
    }

    /// The request for a record.
    func request(for record: Int) -> Request {
        let key = records.key(of: record)
        switch action {
        case .write:
            let content = Sibling.Content.value(
                records.value(of: record), contentType: records.contentType(of: record))
            return .put(PutRequest(key: key, content: content, options: options))
        case .read:
            return .get(GetRequest(key: key, options: options))
        }
    }

    /// Takes the answer for a record.
    func take(_ response: Response, for record: Int, in queue: Int) {
        switch (action, response) {
        case (.write, .written):
            tally.done += 1
        case (.read, .found(let object)):
            check(object, record)
        case (.read, .absent):
            lose(record, "absent")
        case (_, .failed(let failure)):
            repeatLater(record, in: queue, isUnknown: failure.outcome == .unknown, failure.description)
        case (.write, .found), (.write, .absent), (.read, .written):
            repeatLater(record, in: queue, isUnknown: true, "an answer to another question")
        }
    }

    /// A record's operation has no answer: it is sent again in a moment.
    func repeatLater(_ record: Int, in queue: Int, isUnknown: Bool, _ why: String) {
        if isUnknown {
            tally.repeatedUnknown += 1
        } else {
            tally.repeatedRefused += 1
        }
        tally.lastTrouble = why
        eventLoop.assumeIsolated().scheduleTask(in: Self.retryDelay) {
            self.queues[queue].again.append(record)
            self.lanes.forEach { $0.pump() }
        }
    }

    private func check(_ object: Object, _ record: Int) {
        let siblings = object.liveSiblings(at: 0)
        guard !siblings.isEmpty else {
            lose(record, "deleted")
            return
        }
        tally.done += 1
        let expected = Sibling.Content.value(
            records.value(of: record), contentType: records.contentType(of: record))
        // A repeated write may stand beside itself; whatever stands there must be what was written.
        if siblings.allSatisfy({ $0.content == expected }) {
            tally.found += 1
        } else {
            tally.wrong += 1
            tally.note("\"\(records.text(of: record))\" has other bytes than were written")
        }
    }

    private func lose(_ record: Int, _ how: String) {
        tally.done += 1
        tally.lost += 1
        tally.note("\"\(records.text(of: record))\" was acknowledged and is \(how)")
    }
}
