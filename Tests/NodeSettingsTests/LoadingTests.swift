import Coordinator
import NodeSettings
import Ring
import Testing

@Suite struct LoadingTests {
    @Test func `nothing said gives the defaults`() throws {
        let configuration = try load()
        #expect(configuration.host == "127.0.0.1")
        #expect(configuration.advertisedHost == "127.0.0.1")
        #expect(configuration.port == 7400)
        #expect(configuration.httpPort == 7401)
        #expect(configuration.respPort == 7402)
        #expect(configuration.seeds.isEmpty)
        #expect(configuration.name == "127.0.0.1-7400")
        #expect(configuration.zone == "")
        #expect(configuration.weight == 100)
        #expect(configuration.cluster == "toystore")
        #expect(configuration.partitions == nil)
        #expect(configuration.replicas == nil)
        #expect(configuration.ringAtBirth == .standard)
        #expect(configuration.evictAfter == nil)
        #expect(configuration.dataDirectory == "toystore-data/127.0.0.1-7400")
        #expect(configuration.engine == .log)
        #expect(configuration.durability == .sync)
        #expect(configuration.hintLimit == 1_000_000)
        #expect(configuration.read == .quorum)
        #expect(configuration.write == .quorum)
        #expect(configuration.timeout == .seconds(5))
        #expect(configuration.maxValueSize == 1_048_576)
        #expect(configuration.logLevel == .info)
        #expect(configuration.logFormat == .text)
    }

    @Test func `the samples cover every setting that this build serves`() {
        #expect(
            Sample.all.map(\.setting) + [.config]
                == Setting.allCases.filter { $0.unavailability == nil && $0 != .config } + [.config])
    }

    @Test(arguments: Sample.all)
    func `each setting is taken from a flag, a variable and the file alike`(_ sample: Sample) throws {
        let byFlag = try load([sample.setting: [sample.first]])
        let byVariable = try load(variables: [sample.setting.variable: sample.first])
        let byFile = try load(file: "\(sample.setting.key): \(sample.first)")
        #expect(sample.isFirst(byFlag))
        #expect(byVariable == byFlag)
        #expect(byFile == byFlag)
        #expect(try load([sample.setting: [sample.second]]) != byFlag)
    }

    @Test(arguments: Sample.all)
    func `a flag beats a variable, which beats the file`(_ sample: Sample) throws {
        let (setting, file) = (sample.setting, "\(sample.setting.key): \(sample.second)")
        let variables = [setting.variable: sample.second]
        let expected = try load([setting: [sample.first]])
        #expect(try load([setting: [sample.first]], variables: variables, file: file) == expected)
        #expect(try load(variables: [setting.variable: sample.first], file: file) == expected)
    }

    @Test(arguments: Sample.all)
    func `a mistake is refused also where another place overrides it`(_ sample: Sample) {
        let (setting, mistake) = (sample.setting, sample.setting == .zone ? "a b" : "?? ?")
        let flag = [setting: [sample.first]]
        let byVariable = refusal(flag, variables: [setting.variable: mistake])
        #expect(byVariable?.hasPrefix("\(setting.variable): ") == true || setting == .dataDirectory)
        let byFile = refusal(flag, file: "# comment\n\(setting.key): '\(mistake)'")
        #expect(byFile?.hasPrefix("node.yaml:2: \(setting.key): ") == true || setting == .dataDirectory)
    }

    @Test func `the last of several flags counts, and seeds add up`() throws {
        #expect(try load([.port: ["1000", "2000"]]).port == 2000)
        let seeds = try load([.seed: ["a", "b:1", "[::1]:2", "::1"]]).seeds
        #expect(seeds.map(\.description) == ["a:7400", "b:1", "[::1]:2", "[::1]:7400"])
        #expect(try load(variables: ["TOYSTORE_SEED": "a, b:1 ,,[::1]:2"]).seeds == Array(seeds.prefix(3)))
        #expect(try load(file: "seed: [a, 'b:1']").seeds == Array(seeds.prefix(2)))
        #expect(try load([.seed: ["a"]], file: "seed: [x, y]").seeds == Array(seeds.prefix(1)))
    }

    @Test func `an empty variable counts as not set, and other programs' variables do not count`() throws {
        let variables = [
            "TOYSTORE_PORT": "", "TOYSTORE_SEED": " , ", "PATH": "/bin", "TOYSTORE_NODE": "h:1", "toystore_port": "x",
            "TOYSTOREX": "1",
        ]
        #expect(try load(variables: variables) == load())
    }

    @Test func `the file is read once, and only where one is named`() throws {
        var paths = [String]()
        let read = { (path: String) -> String in
            paths.append(path)
            return "port: 1234"
        }
        #expect(try NodeConfiguration.load(readFile: read).port == 7400)
        #expect(paths.isEmpty)
        #expect(try NodeConfiguration.load(arguments: [.config: ["a"]], readFile: read).port == 1234)
        #expect(try NodeConfiguration.load(environment: ["TOYSTORE_CONFIG": "b"], readFile: read).port == 1234)
        _ = try NodeConfiguration.load(
            arguments: [.config: ["c"]], environment: ["TOYSTORE_CONFIG": "d"], readFile: read)
        #expect(paths == ["a", "b", "c"])
    }

    @Test func `a file that cannot be read is told with its path and the reason`() {
        struct Gone: Error, CustomStringConvertible { let description = "no such file" }
        let failure = #expect(throws: ConfigurationFailure.self) {
            try NodeConfiguration.load(arguments: [.config: ["x.yaml"]], readFile: { _ in throw Gone() })
        }
        #expect(failure?.origin == .file("x.yaml"))
        #expect(failure?.problem == .unreadable("no such file"))
        #expect(failure?.description == "x.yaml: cannot be read: no such file")
    }
}
