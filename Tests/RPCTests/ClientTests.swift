import Glibc
import Machine
import NIOCore
import NIOPosix
import Testing
import Wire

@testable import RPC

@Suite(.timeLimit(.minutes(1))) struct ClientTests {
    private func withClient(
        callLimit: Int = 1024, _ body: (RPCClientConnection, Server) async throws -> Void
    ) async throws {
        try await withLoops { group in
            let server = try await Server.start(on: group)
            let connection = try await RPCClientConnection.connect(
                to: server.listener.endpoint, as: client(), on: group.next(), callLimit: callLimit,
                logger: quietLogger)
            try await body(connection, server)
            await connection.close()
            await server.stop()
        }
    }

    @Test func `many calls at a time each get their own answer`() async throws {
        try await withClient { connection, _ in
            try await withThrowingTaskGroup(of: Bool.self) { tasks in
                for number in 0..<1000 {
                    tasks.addTask {
                        let payload = ByteBuffer(string: "call \(number)")
                        return try await connection.call(Server.echo, payload: payload, timeout: .seconds(30)).payload
                            == payload
                    }
                }
                for try await isOwn in tasks {
                    #expect(isOwn)
                }
            }
            #expect(await connection.remote()?.nodeID == there)
        }
    }

    @Test func `a deadline passes, and the late answer goes to nobody else`() async throws {
        try await withClient { connection, _ in
            await #expect(throws: RPCFailure.deadlineExceeded) {
                try await connection.call(Server.late, payload: ByteBuffer(), timeout: .milliseconds(20))
            }
            // The server now answers the first call, then this one, which has the same place in the table.
            let reply = try await connection.call(
                Server.echo, payload: ByteBuffer(string: "mine"), timeout: .seconds(30))
            #expect(String(buffer: reply.payload) == "mine")
        }
    }

    @Test func `deadlines pass in their order, not in that of the calls`() async throws {
        try await withClient { connection, _ in
            let long = Task { await outcome(of: connection, Server.late, timeout: .seconds(50)) }
            #expect(await outcome(of: connection, Server.late, timeout: .milliseconds(20)) == .deadlineExceeded)
            // The server answers what it holds with each request, whenever the long call has come to it.
            let nudge = Task {
                while !Task.isCancelled {
                    _ = await outcome(of: connection, Server.echo, timeout: .seconds(30))
                }
            }
            #expect(await long.value == nil)
            nudge.cancel()
            await nudge.value
        }
    }

    @Test func `a deadline in the past sends nothing`() async throws {
        try await withClient { connection, _ in
            await #expect(throws: RPCFailure.deadlineExceeded) {
                try await connection.call(Server.hangUp, payload: ByteBuffer(), timeout: .zero)
            }
            _ = try await connection.call(Server.echo, payload: ByteBuffer(), timeout: .seconds(30))
        }
    }

    @Test func `a cancelled task gets its call back at once`() async throws {
        try await withClient { connection, _ in
            for _ in 0..<100 {
                let call = Task { await outcome(of: connection, Server.late, timeout: .seconds(50)) }
                call.cancel()
                #expect(await call.value == .cancelled)
            }
        }
    }

    @Test func `calls beyond the limit are busy`() async throws {
        try await withClient(callLimit: 2) { connection, _ in
            let failures = await withTaskGroup(of: RPCFailure?.self) { tasks in
                for _ in 0..<3 {
                    tasks.addTask { await outcome(of: connection, Server.late, timeout: .seconds(50)) }
                }
                // The call that found no place comes back first; the end of the connection answers the others.
                var failures = [await tasks.next()]
                await connection.close()
                for await failure in tasks {
                    failures.append(failure)
                }
                return failures
            }
            #expect(failures == [.busy, .connectionLost(.closedHere), .connectionLost(.closedHere)])
        }
    }

    @Test func `calls in flight fail when the connection is lost, and later ones are not sent`() async throws {
        try await withClient { connection, _ in
            let waiting = Task { await outcome(of: connection, Server.late, timeout: .seconds(50)) }
            guard
                case .connectionLost(let reason)? = await outcome(of: connection, Server.hangUp, timeout: .seconds(50))
            else {
                Issue.record("the call did not end with the connection")
                return
            }
            // Who closes with a frame unread, of the other call, resets.
            switch reason {
            case .closedByRemote: break
            case .transport(let text): #expect(text.contains("reset"))
            default: Issue.record("\(reason)")
            }
            // Sent before the end, or begun after it.
            let lost = await waiting.value
            #expect(lost == .connectionLost(reason) || lost == .notConnected(reason))
            #expect(await outcome(of: connection, Server.echo, timeout: .seconds(50)) == .notConnected(reason))
        }
    }

    @Test func `a name with several addresses leads to the one that answers`() async throws {
        try await withLoops { group in
            let server = try await Server.start(on: group)
            // Where the name has an IPv6 address too, nobody listens there.
            let endpoint = RPCEndpoint(host: "localhost", port: server.listener.endpoint.port)
            let connection = try await RPCClientConnection.connect(
                to: endpoint, as: client(), on: group.next(), logger: quietLogger)
            #expect(await outcome(of: connection, Server.echo, timeout: .seconds(30)) == nil)
            await connection.close()
            await server.stop()
        }
    }

    @Test func `nobody there is told at once`() async throws {
        try await withLoops(1) { group in
            let server = try await Server.start(on: group)
            let endpoint = server.listener.endpoint
            await server.stop()
            let failure = await #expect(throws: RPCFailure.self) {
                try await RPCClientConnection.connect(
                    to: endpoint, as: client(), on: group.next(), logger: quietLogger)
            }
            #expect(failure?.isNotSent == true)
            #expect(
                failure?.description
                    == "not connected: connection refused: is a node running there, and is that its port?")
        }
    }

    @Test func `a system's error is told in a person's words`() {
        for code in [ECONNREFUSED, ECONNRESET, EPIPE, EHOSTUNREACH, ETIMEDOUT, EMFILE, ENOTSOCK] {
            let reason = ConnectionCloseReason(of: IOError(errnoCode: code, reason: "connection reset (error set)"))
            #expect(reason == .transport(ConnectionCloseReason.words(of: code)))
            #expect(!reason.description.contains("errno") && !reason.description.contains("error set"))
        }
        #expect(ConnectionCloseReason.words(of: ENOTSOCK) == "Socket operation on non-socket (error 88)")
    }
}

/// Why an empty call failed, or `nil` where it was answered.
private func outcome(
    of connection: RPCClientConnection, _ kind: FrameKind, timeout: Duration
) async -> RPCFailure? {
    do throws(RPCFailure) {
        _ = try await connection.call(kind, payload: ByteBuffer(), timeout: timeout)
        return nil
    } catch {
        return error
    }
}
