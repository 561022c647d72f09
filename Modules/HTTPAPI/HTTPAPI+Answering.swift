import Coordinator
import HTTPTypes
import HummingbirdCore
import Machine
import NIOCore
import NIOHTTP1
import Node

/// Ends a connection after its answer: the server closes it when a responder throws.
private struct ConnectionClosed: Error {}

/// How much of a request's body has been read.
private enum BodyProgress {
    case untouched, begun, whole
}

extension HTTPAPI {
    /// Answers one request of a connection. Throws when the connection cannot be used further.
    func answer(_ request: HummingbirdCore.Request, with writer: consuming ResponseWriter) async throws {
        let head = request.head
        var chunks = request.body.makeAsyncIterator()
        var progress = BodyProgress.untouched
        var held = 0
        let expectsContinue = head.headerFields[.expect]?.lowercased() == "100-continue"
        var reply: Reply
        do throws(Problem) {
            let work = try Work(head, limits: configuration, wall: configuration.wallClock())
            var body = ByteBuffer()
            if work.hasBody {
                progress = .begun
                let limit = bodyLimit(of: work)
                let length = try Self.length(of: head, limit: limit)
                if expectsContinue {
                    do {
                        try await writer.writeInformationalHead(HTTPResponse(status: .continue))
                    } catch {
                        throw Self.brokenOff
                    }
                }
                body = try await collect(&chunks, length: length, limit: limit, held: &held)
                progress = .whole
            }
            reply = await perform(work, body: body)
        } catch {
            reply = Reply(error)
        }
        // Here and not at the end: a client that is slow to take its answer holds no one else up.
        bodies.giveBack(held)
        reply.closesConnection = leavesBody(of: head, progress, expectsContinue: expectsContinue)
        reply.headers[.date] = Timestamp(milliseconds: configuration.wallClock()).httpDate
        try await writer.write(
            response: reply.head,
            body: head.method == .head || !reply.status.mayHaveBody || reply.body.readableBytes == 0
                ? ResponseBody() : ResponseBody(byteBuffer: reply.body))
        if reply.closesConnection {
            await linger(&chunks)
            throw ConnectionClosed()
        }
    }

    private func bodyLimit(of work: Work) -> Int {
        if case .batch = work { configuration.batchByteLimit } else { service.valueByteLimit }
    }

    /// The length that a body says it has; refused where that is over the limit, before any of it is read.
    private static func length(of head: HTTPRequest, limit: Int) throws(Problem) -> Int? {
        guard let field = head.headerFields[.contentLength] else { return nil }
        guard let length = Int(field), length >= 0 else {
            throw .invalid("Content-Length", "it is no length").notApplied()
        }
        guard length <= limit else { throw .tooLarge("the body", limit: limit).notApplied() }
        return length
    }

    /// Reads a body into memory of its own: a slice of what was received would keep the whole of it.
    private func collect(
        _ chunks: inout RequestBody.AsyncIterator, length: Int?, limit: Int, held: inout Int
    ) async throws(Problem) -> ByteBuffer {
        var body = ByteBuffer()
        // A length is a claim; memory comes with the bytes.
        body.reserveCapacity(min(length ?? 0, 64 << 10))
        do {
            while let chunk = try await chunks.next() {
                guard body.readableBytes + chunk.readableBytes <= limit else {
                    throw Problem.tooLarge("the body", limit: limit).notApplied()
                }
                guard bodies.take(chunk.readableBytes) else { throw noRoom }
                held += chunk.readableBytes
                body.writeImmutableBuffer(chunk)
            }
        } catch let problem as Problem {
            throw problem
        } catch let error as HTTPParserError {
            throw Problem(unreadable: error)?.notApplied() ?? Self.brokenOff
        } catch {
            throw Self.brokenOff
        }
        // The stream ends as well when the server is cut off: the end of a stream is not the end of a value.
        guard !Task.isCancelled, length == nil || length == body.readableBytes else { throw Self.brokenOff }
        return body
    }

    private var noRoom: Problem {
        Problem(.busy(retryAfterMilliseconds: configuration.retryAfterMilliseconds), isWrite: true)
    }

    private static let brokenOff = Problem(.badRequest, "broken-off", "the request ended before its body did")
        .notApplied()

    /// Whether there may be more of a body on its way than is worth reading to get to the next request.
    private func leavesBody(of head: HTTPRequest, _ progress: BodyProgress, expectsContinue: Bool) -> Bool {
        switch progress {
        case .whole: false
        case .begun: true
        case .untouched:
            // Who asked before sending may send now or not: what comes next could be either.
            expectsContinue || head.headerFields[.transferEncoding] != nil
                || head.headerFields[.contentLength].flatMap { Int($0) } ?? 0 > service.valueByteLimit
        }
    }

    /// Reads on for a while after a refusal: a connection that is closed over unread bytes is reset, and the client would
    /// see that rather than the answer.
    private func linger(_ chunks: inout RequestBody.AsyncIterator) async {
        var rest = configuration.lingerByteLimit
        // An error is an end as well: the answer is out.
        while rest > 0, let chunk = try? await chunks.next() {
            rest -= chunk.readableBytes
        }
    }
}
