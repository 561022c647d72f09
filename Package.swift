// swift-tools-version: 6.2
import PackageDescription

// One array of settings for every target: Swift 6 mode is the package's, the rest is here.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Modules/\(name)", swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.init(stringLiteral: name)] + dependencies,
        path: "Tests/\(name)Tests", swiftSettings: settings)
}

func executable(_ name: String, in folder: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: folder, swiftSettings: settings)
}

func library(_ name: String) -> Product {
    .library(name: name, targets: [name])
}

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "toystore",
    products: [
        library("Machine"), library("Hashing"), library("Causality"), library("Ring"), library("Gossip"),
        library("Coordinator"), library("Handoff"), library("Storage"), library("Wire"), library("Disk"),
        library("Node"),
        library("RPC"), library("HTTPAPI"), library("NodeSettings"), library("Server"), library("Client"),
        library("Toystore"), library("Simulator"),
        .executable(name: "toystore-node", targets: ["toystore-node"]),
        .executable(name: "toystore", targets: ["toystore"]),
        .executable(name: "toystore-bench", targets: ["toystore-bench"]),
        .executable(name: "toystore-sim", targets: ["toystore-sim"]),
    ],
    traits: [
        .trait(
            name: "PlantedBugs",
            description: "Lets toystore-sim plant known bugs, to see that the simulator finds them. Never for a node.")
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
        // Its default traits bring all of Foundation and a configuration reader, which nothing here needs.
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        // Floor 0
        module("Machine", [nioCore]),
        tests("Machine"),
        module("Hashing", ["Machine"]),
        tests("Hashing", ["Machine"]),
        // Floor 1
        module("Causality", ["Machine", "Hashing"]),
        tests("Causality", ["Machine", "Hashing", "Simulator"]),
        module("Ring", ["Machine", "Hashing"]),
        tests("Ring", ["Machine", "Hashing"]),
        module("Gossip", ["Machine"]),
        tests("Gossip", ["Machine"]),
        // Floor 2
        module("Coordinator", ["Machine", "Ring", "Causality"]),
        tests("Coordinator", ["Machine", "Ring", "Causality"]),
        module("Handoff", ["Machine", "Ring", "Causality"]),
        tests("Handoff", ["Machine", "Ring", "Causality"]),
        // Floor 3
        module("Storage", ["Machine", "Hashing", "Causality"]),
        tests("Storage", ["Machine", "Hashing", "Disk"]),
        // zlib is the system's: zlib1g-dev on Debian.
        .systemLibrary(name: "CZlib", path: "Modules/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        module("Wire", ["Machine", "Hashing", "Causality", "Ring", "Gossip", "Coordinator", "Handoff", "CZlib"]),
        tests(
            "Wire", ["Machine", "Hashing", "Causality", "Ring", "Gossip", "Coordinator", "Handoff", "CZlib"]),
        // Floor 4
        module(
            "Node", ["Machine", "Hashing", "Causality", "Ring", "Gossip", "Coordinator", "Handoff", "Storage", "Wire"]),
        tests(
            "Node",
            ["Machine", "Hashing", "Causality", "Ring", "Gossip", "Coordinator", "Handoff", "Storage", "Wire"]),
        // A system call that Swift cannot import.
        .target(name: "CDisk", path: "Modules/CDisk"),
        module("Disk", ["CDisk", "Machine", "Storage"]),
        tests("Disk", ["Machine", "Storage"]),
        // Floor 5
        module("RPC", ["Machine", "Wire", nioCore, nioPosix, logging]),
        tests("RPC", ["Machine", "Wire", nioCore, nioPosix, nioEmbedded, logging]),
        module("Client", ["Machine", "Causality", "Coordinator", "Wire", "RPC", nioCore, nioPosix, logging]),
        tests("Client", ["Machine", "Causality", "Coordinator", "Wire", "RPC", nioCore, nioPosix, logging]),
        module(
            "LoadGenerator",
            ["Machine", "Causality", "Coordinator", "Wire", "RPC", nioCore, nioPosix, logging, histogram]),
        tests("LoadGenerator", ["Machine", "Causality", "Coordinator", "Wire", "RPC", nioCore, nioPosix, logging]),
        module("NodeSettings", ["Ring", "Coordinator", yams]),
        tests("NodeSettings", ["Machine", "Ring", "Coordinator"]),
        module(
            "HTTPAPI",
            [
                "Machine", "Causality", "Coordinator", "Node", hummingbirdCore, httpTypes, nioHTTPTypes, nioHTTP1,
                serviceLifecycle, nioCore, logging,
            ]),
        tests(
            "HTTPAPI",
            [
                "Machine", "Causality", "Coordinator", "Node", httpTypes, nioHTTPTypes, nioHTTP1, serviceLifecycle,
                nioCore, nioPosix, nioEmbedded, logging,
            ]),
        // Floor 6
        module(
            "Server",
            [
                "Machine", "Hashing", "Causality", "Ring", "Gossip", "Coordinator", "Handoff", "Storage", "Wire",
                "Node",
                "Disk", "RPC", nioCore, nioPosix, logging,
            ]),
        tests(
            "Server",
            [
                "Machine", "Causality", "Coordinator", "Ring", "Storage", "Disk", "Node", "RPC", "Wire", nioCore,
                nioPosix, logging,
            ]),
        module(
            "Toystore",
            ["Machine", "Causality", "Coordinator", "Node", "Client", "Server", "RPC", serviceLifecycle, logging]),
        tests("Toystore", ["Server", serviceLifecycle, logging]),
        module(
            "Simulator",
            [
                "Machine", "Hashing", "Causality", "Ring", "Gossip", "Coordinator", "Handoff", "Storage", "Wire",
                "Node",
            ]),
        tests("Simulator", ["Machine", "Causality", "Coordinator", "Gossip"]),
        module("Daemon", ["NodeSettings", "Server", "HTTPAPI", serviceLifecycle, unixSignals, logging]),
        // Executables
        executable(
            "toystore-node", in: "Executables/toystore-node", ["Machine", "NodeSettings", "Daemon", argumentParser]),
        tests("toystore-node", ["NodeSettings", argumentParser]),
        executable(
            "toystore", in: "Executables/toystore",
            ["Machine", "Causality", "Coordinator", "Wire", "Node", "RPC", "Client", argumentParser]),
        // Not toystoreTests, which is ToystoreTests where case does not count in a file's name.
        .testTarget(
            name: "toystore-commandTests",
            dependencies: [
                "toystore", "Machine", "Causality", "Coordinator", "Wire", "Node", "RPC", "Client", nioCore, nioPosix,
                logging,
            ], path: "Tests/toystore-commandTests", swiftSettings: settings),
        executable(
            "toystore-bench", in: "Executables/toystore-bench",
            [
                "Machine", "Hashing", "Ring", "Coordinator", "RPC", "LoadGenerator", "Server", nioCore, logging,
                argumentParser,
            ]),
        tests("toystore-bench", ["LoadGenerator", "Coordinator", "RPC", "Server", logging, argumentParser]),
        executable("toystore-sim", in: "Executables/toystore-sim", ["Machine", "Simulator", argumentParser]),
        // The README's examples
        .testTarget(
            name: "ExamplesTests",
            dependencies: [
                "Machine", "Hashing", "Causality", "Ring", "Gossip", "Toystore",
            ], path: "Tests/ExamplesTests", swiftSettings: settings),
        // Benchmarks
        executable(
            "cluster-demo", in: "Benchmarks/ClusterDemo",
            ["Machine", "Hashing", "Causality", "Coordinator", "Wire", "Node", "RPC", nioCore, nioPosix, logging]),
        executable(
            "http-requests", in: "Benchmarks/HTTPRequests",
            ["Machine", "Causality", "Coordinator", "Node", "HTTPAPI", nioCore, nioPosix, logging]),
        executable("storage-table", in: "Benchmarks/StorageTable", ["Disk", "Hashing", "Machine", "Storage"]),
        executable("placement-table", in: "Benchmarks/PlacementTable", ["Machine", "Hashing", "Ring"]),
        executable(
            "rpc-echo", in: "Benchmarks/RPCEcho", ["Machine", "Wire", "RPC", nioCore, nioPosix, logging]),
    ],
    swiftLanguageModes: [.v6]
)
