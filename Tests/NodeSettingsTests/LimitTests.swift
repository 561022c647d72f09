import Coordinator
import NodeSettings
import Testing

@Suite struct LimitTests {
    struct Limit: CustomTestStringConvertible, Sendable {
        let setting: Setting
        let taken: [String]
        let refused: [String]

        var testDescription: String { setting.key }

        init(_ setting: Setting, taken: [String], refused: [String]) {
            self.setting = setting
            self.taken = taken
            self.refused = refused
        }
    }

    static let host255 = String(repeating: "a", count: 255)
    static let name64 = String(repeating: "n", count: 64)
    static let hosts = ["host:1", "[::1]", "a b", "", "é", host255 + "a", "a/b", "fe80%eth0"]
    static let ports = ["65536", "-1", "+1", "01", "1.0", "0x10", "1_000", " 1", "", "٣", "99999999999999999999"]
    static let words = ["", "LOG", "log "]

    static let limits: [Limit] = [
        Limit(.host, taken: ["::1", "fe80::1%eth0", "node-1.example_2"], refused: hosts),
        Limit(.advertise, taken: ["a", "2001:db8::1"], refused: hosts),
        Limit(.port, taken: ["1", "65533"], refused: ports + ["0"]),
        Limit(.httpPort, taken: ["0", "1", "65535"], refused: ports),
        Limit(.respPort, taken: ["0", "1", "65535"], refused: ports),
        Limit(
            .seed, taken: ["a", "a:1", "a:65535", "[::1]:1", "[::1]", "::1"],
            refused: ["", ":1", "a:", "a:0", "a:65536", "[::1", "[::1]x", "[::1]:", "[a]:1", "a,b", "[]:1", "::1]:1"]),
        Limit(
            .name, taken: ["n", name64, "é"],
            refused: ["", name64 + "n", "a b", "a\n", "a\u{0}", "\u{2028}", "\u{feff}"]),
        Limit(.zone, taken: ["", name64], refused: [name64 + "n", "a b", "a\t"]),
        Limit(.weight, taken: ["1", "10000"], refused: ["0", "10001", "1.5", "-1", ""]),
        Limit(.cluster, taken: ["c", name64], refused: ["", name64 + "n", "a b"]),
        Limit(.partitions, taken: ["1", "2", "65536"], refused: ["0", "3", "1000", "131072", "-2", ""]),
        Limit(.replicas, taken: ["1", "16"], refused: ["0", "17", "three"]),
        Limit(
            .evictAfter, taken: ["off", "1m", "60s", "60000", "365d"],
            refused: ["59s", "366d", "3600", "0", "Off", "1w", "", "1 h", "1h30m"]),
        Limit(
            .dataDirectory, taken: ["a b", "/", "ü"],
            refused: ["", "a\u{0}b", "a\n", String(repeating: "p", count: 4_097)]),
        Limit(.engine, taken: ["log", "memory"], refused: words + ["rocksdb", "leveldb"]),
        Limit(.durability, taken: ["sync", "interval", "none"], refused: words + ["always"]),
        Limit(.hintLimit, taken: ["0", "100000000"], refused: ["100000001", "-1", "1k"]),
        Limit(.read, taken: ["1", "16", "quorum", "all", "one"], refused: ["0", "17", "01", "+1", "two", "", "ONE"]),
        Limit(.write, taken: ["1", "16", "quorum", "all", "one"], refused: ["0", "17", "-1", "majority", ""]),
        Limit(.hedging, taken: ["on", "off"], refused: words + ["true", "yes"]),
        Limit(
            .timeout, taken: ["1", "1ms", "60s", "1m", "60000"],
            refused: ["0", "61s", "2m", "1.5s", "s", "5sec", "-1s"]),
        Limit(
            .maxValueSize, taken: ["1", "7MiB", "7340032", "7168KiB"],
            refused: ["0", "7340033", "1GiB", "1MB", "1mib", "1 MiB", "1.5MiB", "9223372036854775807KiB", "KiB"]),
        Limit(
            .logLevel, taken: ["trace", "debug", "info", "notice", "warning", "error", "critical"],
            refused: ["", "warn", "INFO", "fatal"]),
        Limit(.logFormat, taken: ["text", "json"], refused: ["", "JSON", "logfmt"]),
    ]

    @Test func `every setting that is served has its limits here`() {
        #expect(Self.limits.map(\.setting) == Sample.all.map(\.setting))
    }

    @Test(arguments: limits)
    func `values at the limits are taken, and those beyond are refused with what is allowed`(_ limit: Limit) throws {
        for text in limit.taken {
            #expect(refusal([limit.setting: [text]]) == nil)
        }
        for text in limit.refused {
            let message = try #require(refusal([limit.setting: [text]]), "\(text) was taken")
            #expect(message.hasPrefix("\(limit.setting.flag): "))
            #expect(!message.contains("\n"))
        }
    }

    @Test func `a refusal quotes the value and says what is allowed`() {
        #expect(refusal([.port: ["70000"]]) == #"--port: "70000" is not allowed: a number from 1 to 65535"#)
        #expect(
            refusal(variables: ["TOYSTORE_PARTITIONS": "1000"])
                == #"TOYSTORE_PARTITIONS: "1000" is not allowed: a power of two from 1 to 65536"#)
        #expect(
            refusal(file: "\nengine: leveldb\n") == #"node.yaml:2: engine: "leveldb" is not allowed: log, memory"#)
        #expect(
            refusal([.evictAfter: ["5s"]])
                == #"--evict-after: "5s" is not allowed: off, or 1m to 365d, with ms, s, m, h or d, or in milliseconds"#
        )
        #expect(
            refusal([.maxValueSize: ["8MiB"]])
                == #"--max-value-size: "8MiB" is not allowed: 1 to 7MiB, in bytes or with KiB, MiB or GiB"#)
        let long = refusal([.weight: ["\u{1b}[2J" + String(repeating: "9", count: 1_000)]])
        #expect(long?.contains("\u{1b}") == false)
        #expect((long?.utf8.count ?? .max) < 200)
    }

    @Test(arguments: [Setting.tlsCertificate, .tlsKey, .tlsAuthority, .gossipKey, .auth])
    func `what this build cannot do is refused wherever it stands`(_ setting: Setting) throws {
        let reason = try #require(setting.unavailability)
        #expect(refusal([setting: ["file"]]) == "\(setting.flag): \(reason)")
        #expect(refusal(variables: [setting.variable: "file"]) == "\(setting.variable): \(reason)")
        #expect(refusal(file: "\(setting.key): file") == "node.yaml:1: \(setting.key): \(reason)")
    }

    @Test func `an engine that this build lacks is refused as such`() {
        #expect(refusal([.engine: ["rocksdb"]]) == "--engine: this build has no engine rocksdb, only: log, memory")
        #expect(
            refusal([.engine: ["log"]], file: "engine: rocksdb")?.hasPrefix("node.yaml:1: engine: this build") == true)
    }

    // MARK: - What goes together

    @Test func `doors do not share a port`() throws {
        #expect(
            refusal([.httpPort: ["7402"]])
                == "--http-port: http-port and resp-port are both 7402: each needs its own")
        #expect(refusal([.respPort: ["7400"]]) == "--resp-port: port and resp-port are both 7400: each needs its own")
        #expect(refusal([.port: ["8080"], .httpPort: ["8080"]])?.hasPrefix("--http-port: ") == true)
        #expect(refusal([.port: ["6378"], .httpPort: ["6380"]])?.hasPrefix("--http-port: ") == true)
        #expect(try load([.httpPort: ["0"], .respPort: ["0"]]).httpPort == nil)
    }

    @Test func `a base port without room above it needs the other ports said`() throws {
        #expect(
            refusal([.port: ["65535"]])
                == "--port: 65535 leaves no room for http-port at +1: a number from 1 to 65534, or give http-port too")
        #expect(
            refusal(variables: ["TOYSTORE_PORT": "65534"])
                == "TOYSTORE_PORT: 65534 leaves no room for resp-port at +2: a number from 1 to 65533, or give resp-port too"
        )
        #expect(try load([.port: ["65535"], .httpPort: ["0"], .respPort: ["6379"]]).respPort == 6379)
    }

    @Test(arguments: ["0.0.0.0", "::", "0"])
    func `an address of every interface is bound but not advertised`(_ host: String) throws {
        #expect(
            refusal([.host: [host]])
                == "--host: nobody can reach \(host): give advertise the address of this machine")
        #expect(refusal([.advertise: [host]])?.hasPrefix("--advertise: nobody can reach") == true)
        let configuration = try load([.host: [host], .advertise: ["10.0.0.1"]])
        #expect(configuration.host == host)
        #expect(configuration.name == "10.0.0.1-7400")
    }

    @Test func `a host too long to be a name needs one`() throws {
        #expect(refusal([.host: [Self.host255]])?.hasPrefix("--host: too long to name the node by") == true)
        #expect(try load([.host: [Self.host255], .name: ["short"]]).name == "short")
    }

    @Test func `a quorum over the replicas asked for is refused`() throws {
        #expect(
            refusal([.write: ["4"], .replicas: ["3"]])
                == "--write: 4 is more than the replicas, of which there are 3")
        #expect(refusal(file: "replicas: 1\nread: 2")?.hasPrefix("node.yaml:2: read: 2 is more") == true)
        #expect(try load([.write: ["4"]]).write == .count(4))
        #expect(try load([.write: ["all"], .replicas: ["1"]]).write == .all)
    }

    @Test func `there are at most 64 seeds`() throws {
        let seeds = (1...65).map { "10.0.0.\($0)" }
        #expect(try load([.seed: Array(seeds.prefix(64))]).seeds.count == 64)
        #expect(refusal([.seed: seeds]) == #"--seed: "65 seeds" is not allowed: at most 64"#)
    }
}
