import ArgumentParser
import Coordinator
import LoadGenerator
import RPC
import Server
import Testing

@testable import toystore_bench

@Suite("Arguments")
struct ArgumentTests {
    @Test("A time has a unit, or is in seconds")
    func times() {
        let times: [(String, Duration)] = [
            ("10s", .seconds(10)), ("500ms", .milliseconds(500)), ("2m", .seconds(120)), ("1h", .seconds(3600)),
            ("1.5", .milliseconds(1500)), ("0", .zero),
        ]
        for (text, duration) in times {
            #expect(TimeArgument(argument: text)?.duration == duration, "\(text)")
        }
        for text in ["", "s", "-1s", "10 s", "1d", "nan", "1e300s", "ms"] {
            #expect(TimeArgument(argument: text) == nil, "\(text)")
        }
        #expect(TimeArgument(.seconds(10)).defaultValueDescription == "10s")
        #expect(TimeArgument(.milliseconds(1500)).defaultValueDescription == "1500.0ms")
    }

    @Test("A target is a host with a port, or the usual port")
    func targets() {
        let targets: [(String, RPCEndpoint)] = [
            ("localhost", RPCEndpoint(host: "localhost", port: 7400)),
            ("10.0.0.7:81", RPCEndpoint(host: "10.0.0.7", port: 81)),
            ("[::1]:7401", RPCEndpoint(host: "::1", port: 7401)), ("[::1]", RPCEndpoint(host: "::1", port: 7400)),
            ("fe80::1", RPCEndpoint(host: "fe80::1", port: 7400)),
        ]
        for (text, endpoint) in targets {
            #expect(TargetArgument(argument: text)?.endpoint == endpoint, "\(text)")
        }
        for text in ["", ":1", "h:", "h:0", "h:65536", "h:x", "[::1", "[::1]7400"] {
            #expect(TargetArgument(argument: text) == nil, "\(text)")
        }
    }

    @Test("Options make the plan, and a rate makes the loop an open one")
    func plan() throws {
        let closed = try LoadCommand.parse([]).plan(targets: [])
        #expect(closed.pace == .closed(inFlight: 16) && closed.mix == .even && closed.connections == 12)
        #expect(closed.options == Coordinator.RequestOptions())
        let open = try LoadCommand.parse(
            [
                "--rate", "5000", "--in-flight", "7", "--mix", "10/90", "--keys", "9", "--value-size", "0", "--r",
                "one",
                "--w", "3", "--duration", "3s", "--warmup", "0", "--connections", "2", "--threads", "2", "--seed", "8",
            ]
        ).plan(targets: [])
        #expect(open.pace == .open(rate: 5000, limit: 7) && open.mix.description == "10/90")
        #expect(open.keys == 9 && open.valueByteCount == 0 && open.connections == 2 && open.threads == 2)
        #expect(open.options == Coordinator.RequestOptions(read: .one, write: .count(3)))
        #expect(open.duration == .seconds(3) && open.warmup == .zero && open.seed == 8)
    }

    @Test("Without a subcommand it is a load")
    func defaultCommand() throws {
        #expect(try ToystoreBench.parseAsRoot(["--mix", "put"]) is LoadCommand)
        #expect(try ToystoreBench.parseAsRoot(["ring", "--members", "5"]) is RingCommand)
    }

    @Test(
        "What cannot be is refused",
        arguments: [
            ["--connections", "0"], ["--mix", "puts"], ["--rate", "0"], ["--keys", "0"], ["--threads", "13"],
            ["--nodes", "0"], ["--target", "h:1", "--nodes", "3"], ["--target", "h:x"], ["--w", "17"],
            ["--durability", "never"], ["--engine", "paper"], ["--duration", "0"], ["--loops", "0"],
        ])
    func refusals(arguments: [String]) {
        #expect(throws: (any Error).self) { try LoadCommand.parse(arguments) }
    }

    @Test(
        "A ring has a number of partitions that can be, and members that fit",
        arguments: ["--partitions=3", "--members=0", "--members=2000", "--millions=0"])
    func ringRefusals(argument: String) {
        #expect(throws: (any Error).self) { try RingCommand.parse([argument]) }
    }
}
