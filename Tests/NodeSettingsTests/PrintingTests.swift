import Machine
import NodeSettings
import Testing

@Suite struct PrintingTests {
    @Test func `the defaults print like this`() throws {
        #expect(
            try load().yaml == """
                host: "127.0.0.1"
                advertise: "127.0.0.1"
                port: 7400
                http-port: 7401
                resp-port: 7402
                seed: []
                name: "127.0.0.1-7400"
                zone: ""
                weight: 100
                cluster: toystore
                # partitions: 1024, or those of the cluster that is joined
                # replicas: 3, or those of the cluster that is joined
                evict-after: "off"
                data-dir: toystore-data/127.0.0.1-7400
                engine: log
                durability: sync
                hint-limit: 1000000
                read: quorum
                write: quorum
                hedging: "on"
                timeout: "5s"
                max-value-size: "1MiB"
                log-level: info
                log-format: text

                """)
    }

    @Test func `a configuration with everything said prints like this`() throws {
        let flags = Dictionary(uniqueKeysWithValues: Sample.all.map { ($0.setting, [$0.first]) })
        #expect(
            try load(flags).yaml == """
                host: "10.0.0.1"
                advertise: a.example
                port: 8000
                http-port: 80
                resp-port: 0
                seed:
                  - "10.0.0.9:7400"
                name: left
                zone: north
                weight: 1
                cluster: blue
                partitions: 64
                replicas: 5
                evict-after: "2h"
                data-dir: "/var/lib/toystore"
                engine: memory
                durability: interval
                hint-limit: 0
                read: one
                write: 2
                hedging: "off"
                timeout: "250ms"
                max-value-size: "512KiB"
                log-level: debug
                log-format: json

                """)
    }

    @Test func `what is printed loads as the same configuration`() throws {
        let pieces = [
            "a", "é", "\"", "\\", "'", ":", "#", "- ", "~", "null", "1", "on", "{", "%", "🐘", "=", ",", "&", "*", "!",
            "/",
        ]
        for seed in UInt64(0)..<2_000 {
            var generator = SeededGenerator(seed: seed)
            func text(_ most: UInt64) -> String {
                (0...generator.below(most)).map { _ in pieces[Int(generator.below(UInt64(pieces.count)))] }.joined()
            }
            func name() -> String { text(5).filter { $0 != " " } }
            var flags: [Setting: [String]] = [
                .name: [name()], .zone: [name()], .cluster: [name()], .dataDirectory: [text(20)],
                .port: [String(1 + generator.below(60_000))], .timeout: [String(1 + generator.below(60_000))],
                .maxValueSize: [String(1 + generator.below(7 << 20))],
                .evictAfter: ["\(60 + generator.below(1_000_000))s"],
            ]
            for sample in Sample.all where generator.chance(1, in: 3) && flags[sample.setting] == nil {
                flags[sample.setting] = [generator.chance(1, in: 2) ? sample.first : sample.second]
            }
            flags[.httpPort] = ["0"]
            flags[.respPort] = ["0"]
            let configuration = try load(flags)
            #expect(try load(file: configuration.yaml) == configuration, "seed \(seed)")
        }
    }

    @Test func `seeds are read back from their descriptions`() throws {
        for text in ["a:1", "[::1]:65535", "10.0.0.1:7400", "[fe80::1%eth0]:7400"] {
            #expect(SeedAddress(text)?.description == text)
        }
        #expect(SeedAddress(host: "a")?.port == 7400)
        #expect(SeedAddress(host: "a b") == nil)
        #expect(SeedAddress(host: "a", port: 0) == nil)
    }
}
