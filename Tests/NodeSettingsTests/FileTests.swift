import Machine
import NodeSettings
import Testing

@Suite struct FileTests {
    @Test(arguments: ["", "\n\n", "# nothing\n", "---\n", "--- ~\n", "null", "{}", "\u{feff}"])
    func `a file that says nothing changes nothing`(_ text: String) throws {
        #expect(try load(file: text) == load())
    }

    @Test func `values are taken as they are written`() throws {
        let configuration = try load(
            file: """
                # A node.
                port: 8000        # the base
                zone: no
                name: "1e3"
                cluster: 'it''s'
                data-dir: >-
                  /var/lib/toystore
                seed:
                  - 10.0.0.1
                  - "[::1]:7500"
                timeout: 5s
                """)
        #expect(configuration.port == 8000)
        #expect(configuration.zone == "no")
        #expect(configuration.name == "1e3")
        #expect(configuration.cluster == "it's")
        #expect(configuration.dataDirectory == "/var/lib/toystore")
        #expect(configuration.seeds.map(\.description) == ["10.0.0.1:7400", "[::1]:7500"])
        #expect(try load(file: "{port: 8000}\r\n").port == 8000)
        #expect(try load(file: "zone: &z blue\ncluster: *z\n").cluster == "blue")
        #expect(try load(file: "zone: ''").zone == "")
    }

    @Test(arguments: [
        ("port: 1\nhost: a\nport: 2\n", "node.yaml:1: port: stands there more than once"),
        ("a: {b: 1, b: 2}", "node.yaml:1: b: stands there more than once"),
        ("host: a\n\tport: 1\n", "node.yaml:2: no YAML: found a tab character that violates indentation"),
        ("host: [a\n", "node.yaml:2: no YAML: did not find expected ',' or ']'"),
        ("host: 'a\n", "node.yaml:2: no YAML: found unexpected end of stream"),
        ("host: *a\n", "node.yaml:1: no YAML: found undefined alias"),
        ("host: a\nzone: \u{1}\n", "node.yaml:2: no YAML: control characters are not allowed"),
        ("host: a\n---\nhost: b\n", "node.yaml:2: no YAML: but found another document"),
        ("- host\n", "node.yaml:1: holds keys and their values, key: value"),
        ("\nhost", "node.yaml:2: holds keys and their values, key: value"),
        ("host: a\n[1, 2]: b\n", "node.yaml:2: a key is a plain word"),
        ("host: a\nport:\n", "node.yaml:2: port: has no value; leave it out for the default"),
        ("zone: ~\n", "node.yaml:1: zone: has no value; leave it out for the default"),
        ("port:\n  - 1\n", "node.yaml:2: port: one single value is asked for"),
        ("port: {a: 1}\n", "node.yaml:1: port: one single value is asked for"),
        ("seed:\n  - a\n  - [b]\n", "node.yaml:3: seed: a list of single values is asked for"),
        ("seed:\n  - a\n  -\n", "node.yaml:3: seed: a list of single values is asked for"),
        (
            "seed:\n  - a\n  - b:0\n",
            #"node.yaml:3: seed: "b:0" is not allowed: HOST, HOST:PORT or [IPV6]:PORT, with a port from 1 to 65535"#
        ),
        ("config: other.yaml\n", "node.yaml:1: config: a file does not name another"),
        ("host: a\nconfg: b\n", "node.yaml:2: confg: there is no such setting; did you mean config?"),
    ])
    func `what is wrong with a file is told with its line`(_ text: String, _ expected: String) {
        #expect(refusal(file: text) == expected)
    }

    @Test func `no bytes in a file bring a node down`() {
        let file = """
            port: 8000
            "zone": 'a'
            seed: [a, &x "b:1", *x]
            data-dir: |
              d
            ? name
            : !!str n
            """
        for seed in UInt64(0)..<3_000 {
            var generator = SeededGenerator(seed: seed)
            var bytes = Array(file.utf8)
            for _ in 0..<(1 + generator.below(6)) where !bytes.isEmpty {
                let place = Int(generator.below(UInt64(bytes.count)))
                switch generator.below(4) {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(Array("\n\t :-[]{}&*!|>'\"%@`#?,~\\\0".utf8)[Int(generator.below(25))], at: place)
                default: bytes.removeSubrange(place...)
                }
            }
            // Either it loads, and then again from what it prints, or it says which line or key is wrong.
            do throws(ConfigurationFailure) {
                let configuration = try load(file: String(decoding: bytes, as: UTF8.self))
                #expect(try load(file: configuration.yaml) == configuration, "seed \(seed)")
            } catch {
                #expect(error.description.hasPrefix("node.yaml:"), "seed \(seed): \(error)")
            }
        }
    }

    @Test func `nesting of any depth is refused`() {
        let text = "host: " + String(repeating: "[", count: 100_000)
        #expect(refusal(file: text)?.hasPrefix("node.yaml:1: ") == true)
    }
}
