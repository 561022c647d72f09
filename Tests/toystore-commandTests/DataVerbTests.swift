import Causality
import Coordinator
import FoundationEssentials
import Machine
import Synchronization
import Testing
import Wire

@testable import toystore

@Suite(.timeLimit(.minutes(1))) struct DataVerbTests {
    @Test func `what was put is got, byte for byte`() async throws {
        try await StoringNode.run { node in
            var put = await node.toystore("put", "greeting", "hello")
            #expect(put.status == .success && put.text.isEmpty && put.complaint.isEmpty)
            #expect(await node.toystore("get", "greeting").text == "hello")
            put = await node.toystore("put", "photo", "--file", "photo", "--content-type", "image/x")
            #expect(put.status == .success)
            #expect(await node.toystore("get", "photo").bytes == ByteBuffer(bytes: Array(UInt8.min...UInt8.max)))
            put = await node.toystore("put", "empty", "-")
            #expect(put.status == .success)
            let empty = await node.toystore("get", "empty")
            #expect(empty.status == .success && empty.bytes.readableBytes == 0)
            put = await node.toystore("put", "piped", "-", input: ByteBuffer(bytes: [0, 10, 255]))
            #expect(await node.toystore("get", "piped").bytes == ByteBuffer(bytes: [0, 10, 255]))
        }
    }

    @Test func `a newline is added on a terminal only, and only where there is none`() async throws {
        try await StoringNode.run { node in
            node.write("a", at: "bare", seconds: 1)
            node.write("a\n", at: "ended", seconds: 1)
            #expect(await node.toystore("get", "bare", terminal: true).text == "a\n")
            #expect(await node.toystore("get", "ended", terminal: true).text == "a\n")
            #expect(await node.toystore("get", "bare").text == "a")
        }
    }

    @Test func `what is not there, and what was deleted, ends with 1 and a sentence`() async throws {
        try await StoringNode.run { node in
            var got = await node.toystore("get", "none")
            #expect(got.status == .no && got.text.isEmpty)
            #expect(got.complaint == "toystore: “none” is not there.\n")
            node.write("v", at: "key", seconds: 1)
            #expect(await node.toystore("delete", "key").status == .success)
            #expect(await node.toystore("delete", "never").status == .success)
            got = await node.toystore("get", "key")
            #expect(got.status == .no)
            #expect(got.complaint == "toystore: “key” was deleted, or has expired.\n")
            got = await node.toystore("get", "none", "--json")
            #expect(got.status == .no)
            #expect(got.text == "{\n  \"context\" : \"\",\n  \"key\" : \"none\",\n  \"values\" : [\n\n  ]\n}\n")
        }
    }

    @Test func `a key is any bytes, by way of its encoding`() async throws {
        try await StoringNode.run { node in
            let put = await node.toystore("put", "%ff%00/a%25", "v", "--key-encoding", "percent", "--json")
            #expect(put.status == .success && put.text.contains("\"keyBase64\" : \"/wAvYSU=\""))
            #expect(!put.text.contains("\"key\""))
            for key in ["/wAvYSU=", "/wAvYSU", "_wAvYSU"] {
                #expect(await node.toystore("get", key, "--key-encoding", "base64").text == "v", "\(key)")
            }
            #expect(await node.toystore("delete", "_wAvYSU", "--key-encoding", "base64").status == .success)
            let got = await node.toystore("get", "%FF%00/a%25", "--key-encoding", "percent")
            #expect(got.complaint == "toystore: “%FF%00/a%25” was deleted, or has expired.\n")
            // A key that is a text is the same in every encoding.
            #expect(await node.toystore("put", "a b", "w").status == .success)
            let text = await node.toystore("get", "a%20b", "--key-encoding", "percent", "--json")
            #expect(text.status == .success && text.text.contains("\"key\" : \"a b\""))
            for (key, encoding) in [
                ("%", "percent"), ("%f", "percent"), ("%zz", "percent"), ("a!", "base64"), ("a", "hex"),
            ] {
                #expect(await node.toystore("get", key, "--key-encoding", encoding).status == .usage, "\(key)")
            }
        }
    }

    @Test func `an argument that is no text is refused, and not repaired to another key or value`() async throws {
        try await StoringNode.run { node in
            let arguments = [Array("put".utf8), Array("key".utf8), [0xff, 0x61]]
            let complaint = Mutex("")
            let console = Console(
                environment: ["TOYSTORE_NODE": node.address], isTerminal: false,
                readAll: { _, _ throws(Console.ReadFailure) in throw .tooLong }, writeBytes: { _ in },
                complain: { text in complaint.withLock { $0 += text } })
            #expect(await Program.run(bytes: arguments, on: console) == .usage)
            #expect(complaint.withLock { $0 }.hasPrefix("toystore: argument 3 is not UTF-8."))
            #expect(await node.toystore("get", "key").status == .no)
        }
    }

    @Test func `a time is written to the millisecond, not cut to the one before`() {
        for millisecond in UInt64(0)..<1000 {
            let text = ValueReport.time(1_763_848_000_000 + millisecond)
            let digits = String(1000 + millisecond).dropFirst()
            #expect(text == "2025-11-22T21:46:40.\(digits)Z")
        }
    }

    @Test func `siblings are listed, chosen and merged`() async throws {
        try await StoringNode.run { node in
            node.write("milk", at: "cart", seconds: 100, type: "text/plain")
            node.write("honey", at: "cart", seconds: 200)
            let got = await node.toystore("get", "cart")
            #expect(got.status == .no && got.text.isEmpty)
            #expect(
                got.complaint.hasPrefix(
                    """
                    toystore: “cart” has 2 siblings, written concurrently:
                      1  1970-01-01T00:03:20.000Z  5 bytes  -
                      2  1970-01-01T00:01:40.000Z  4 bytes  text/plain
                    Choose one with --sibling NUMBER or --latest, or see them with --all.
                    """))
            #expect(await node.toystore("get", "cart", "--sibling", "1").text == "honey")
            #expect(await node.toystore("get", "cart", "--sibling", "2").text == "milk")
            #expect(await node.toystore("get", "cart", "--sibling", "3").status == .no)
            #expect(await node.toystore("get", "cart", "--latest").text == "honey")
            let all = await node.toystore("get", "cart", "--all")
            #expect(all.status == .success)
            let report = try JSONDecoder().decode(Report.self, from: Data(all.bytes.readableBytesView))
            #expect(report.values.map(\.value) == ["aG9uZXk=", "bWlsaw=="])
            #expect(report.values.map(\.contentType) == ["", "text/plain"])
            #expect(report.values.map(\.written) == ["1970-01-01T00:03:20.000Z", "1970-01-01T00:01:40.000Z"])
            #expect(await node.toystore("get", "cart", "--json").text == all.text)

            let merged = await node.toystore("put", "cart", "milk and honey", "--context", report.context)
            #expect(merged.status == .success)
            #expect(await node.toystore("get", "cart").text == "milk and honey")
        }
    }

    private struct Report: Decodable {
        struct Value: Decodable {
            let value: String
            let contentType: String
            let written: String
        }
        let context: String
        let values: [Value]
    }

    @Test func `a write with no context replaces, with none it becomes a sibling, and its own context goes on`()
        async throws
    {
        try await StoringNode.run { node in
            _ = await node.toystore("put", "key", "a")
            _ = await node.toystore("put", "key", "b")
            #expect(await node.toystore("get", "key").text == "b")
            let written = await node.toystore("put", "key", "c", "--context", "none", "--json")
            #expect(await node.toystore("get", "key").status == .no)
            let report = try JSONDecoder().decode(Context.self, from: Data(written.bytes.readableBytesView))
            _ = await node.toystore("delete", "key", "--context", report.context)
            #expect(await node.toystore("get", "key").text == "b")
            let foreign = await node.toystore("put", "other", "d", "--context", report.context)
            #expect(foreign.status == .usage)
            #expect(
                foreign.complaint
                    == "toystore: the context belongs to another key. Read this key and give its own.\n")
            #expect(await node.toystore("put", "key", "d", "--context", "nonsense").status == .usage)
        }
    }

    private struct Context: Decodable {
        let context: String
    }

    @Test func `options reach the cluster`() async throws {
        try await StoringNode.run { node in
            _ = await node.toystore("get", "key", "--r", "2", "--pr", "one", "--strict", "--timeout", "20s")
            _ = await node.toystore(
                "put", "key", "v", "--w", "all", "--pw", "quorum", "--dw", "1", "--ttl", "1h", "--timeout", "20000")
            guard case .get(let get)? = node.requests.first, case .put(let put)? = node.requests.last else {
                Issue.record("\(node.requests)")
                return
            }
            #expect(get.options.read == .count(2) && get.options.primaryRead == .one && !get.options.sloppy)
            #expect(put.options.write == .all && put.options.primaryWrite == .quorum && put.options.sloppy)
            #expect(put.options.durableWrite == .count(1))
            for timeout in [get.options.timeout, put.options.timeout] {
                let timeout = try #require(timeout)
                #expect((10_000_000_000...20_000_000_000).contains(timeout))
            }
            #expect(put.expiry > 0)
        }
    }

    @Test func `what the cluster cannot serve ends with 3, and says what to do`() async throws {
        try await StoringNode.run { node in
            node.refuse(
                with: .unavailable(required: 2, available: 1, missing: [NodeID(high: 0, low: 5)], outcome: .notApplied))
            let put = await node.toystore("put", "key", "v")
            #expect(put.status == .cannotServe)
            #expect(
                put.complaint
                    == """
                    toystore: cannot write “key”: 2 replicas are needed and 1 can be reached; missing: \
                    00000000000000000000000000000005. Nothing was written. See with toystore status who is missing, or ask \
                    for fewer replicas.

                    """)
            for (failure, status) in [
                (RequestFailure.preconditionFailed, ExitStatus.no), (.tooLarge(limit: 5), .usage),
                (.busy(retryAfterMilliseconds: 5), .cannotServe), (.tooManySiblings(limit: 5), .cannotServe),
                (.timeout(required: 2, available: 1, outcome: .unknown), .cannotServe), (.invalid("no"), .usage),
                (.storage("full", outcome: .notApplied), .cannotServe),
            ] {
                node.refuse(with: failure)
                let got = await node.toystore("put", "key", "v")
                #expect(got.status == status && got.text.isEmpty, "\(failure)")
            }
        }
    }
}
