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

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "toystore",
    products: [
        .library(name: "Machine", targets: ["Machine"]),
        .library(name: "Wire", targets: ["Wire"]),
        .library(name: "RPC", targets: ["RPC"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    ],
    targets: [
        module("Machine", [nioCore]),
        tests("Machine"),
        // zlib is the system's: zlib1g-dev on Debian.
        .systemLibrary(
            name: "CZlib", path: "Modules/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        module("Wire", ["Machine", "CZlib"]),
        tests("Wire", ["Machine"]),
        module("RPC", ["Machine", "Wire", nioCore, nioPosix, logging]),
        tests("RPC", ["Machine", "Wire", nioCore, nioPosix, nioEmbedded, logging]),
        .executableTarget(
            name: "rpc-echo", dependencies: ["Machine", "Wire", "RPC", nioCore, nioPosix, logging],
            path: "Benchmarks/RPCEcho", swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
