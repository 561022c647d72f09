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
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")

let package = Package(
    name: "toystore",
    products: [
        library("Machine"), library("Hashing"), library("Causality"), library("Ring"), library("Gossip"),
        library("Coordinator"), library("Handoff"), library("Storage"), library("Wire"), library("Disk"),
        library("Node"),
        library("RPC"),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
    ],
    targets: [
        // Floor 0
        module("Machine", [nioCore]),
        tests("Machine"),
        module("Hashing", ["Machine"]),
        tests("Hashing", ["Machine"]),
        // Floor 1
        module("Causality", ["Machine", "Hashing"]),
        tests("Causality", ["Machine", "Hashing"]),
        module("Ring", ["Machine", "Hashing"]),
        tests("Ring", ["Machine", "Hashing"]),
        module("Gossip", ["Machine"]),
        tests("Gossip", ["Machine"]),
        // Floor 2
        module("Coordinator", ["Machine", "Ring", "Causality"]),
        module("Handoff", ["Machine", "Ring", "Causality"]),
        tests("Handoff", ["Machine", "Ring", "Causality"]),
        // Floor 3
        module("Storage", ["Machine", "Hashing", "Causality"]),
        tests("Storage", ["Machine", "Hashing", "Disk"]),
        // zlib is the system's: zlib1g-dev on Debian.
        .systemLibrary(name: "CZlib", path: "Modules/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        module("Wire", ["Machine", "Hashing", "Causality", "Ring", "Gossip", "Coordinator", "Handoff", "CZlib"]),
        tests("Wire", ["Machine"]),
        // Floor 4
        module("Node", ["Machine", "Hashing", "Causality", "Ring", "Gossip", "Coordinator", "Handoff", "Storage", "Wire"]),
        // Two system calls that Swift cannot import.
        .target(name: "CDisk", path: "Modules/CDisk"),
        module("Disk", ["CDisk", "Machine", "Storage"]),
        tests("Disk", ["Machine", "Storage"]),
        // Floor 5
        module("RPC", ["Machine", "Wire", nioCore, nioPosix, logging]),
        tests("RPC", ["Machine", "Wire", nioCore, nioPosix, nioEmbedded, logging]),
        // Floor 6
        module(
            "Server",
            [
                "Machine", "Hashing", "Causality", "Ring", "Gossip", "Coordinator", "Handoff", "Storage", "Wire", "Node",
                "Disk", "RPC", nioCore, nioPosix, logging,
            ]),
        tests("Server", ["Machine", "Causality", "Coordinator", "Node", logging]),
        module(
            "LoadGenerator",
            ["Machine", "Causality", "Coordinator", "Wire", "RPC", nioCore, nioPosix, logging, histogram]),
        tests("LoadGenerator", ["Machine", "Causality", "Coordinator", "Wire", "RPC", nioCore, nioPosix, logging]),
        // Executables
        executable(
            "toystore-bench", in: "Executables/toystore-bench",
            [
                "Machine", "Hashing", "Ring", "Coordinator", "RPC", "LoadGenerator", "Server", nioCore, logging,
                argumentParser,
            ]),
        tests("toystore-bench", ["LoadGenerator", "Coordinator", "RPC", "Server", logging, argumentParser]),
        // Benchmarks
        executable("storage-table", in: "Benchmarks/StorageTable", ["Disk", "Hashing", "Machine", "Storage"]),
        executable("placement-table", in: "Benchmarks/PlacementTable", ["Machine", "Hashing", "Ring"]),
        executable(
            "rpc-echo", in: "Benchmarks/RPCEcho", ["Machine", "Wire", "RPC", nioCore, nioPosix, logging]),
    ],
    swiftLanguageModes: [.v6]
)
