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

let package = Package(
    name: "toystore",
    products: [
        .library(name: "Machine", targets: ["Machine"]),
        .library(name: "Hashing", targets: ["Hashing"]),
        .library(name: "Storage", targets: ["Storage"]),
        .library(name: "Disk", targets: ["Disk"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2")
    ],
    targets: [
        module("Machine", [nioCore]),
        tests("Machine"),
        module("Hashing", ["Machine"]),
        tests("Hashing", ["Machine"]),
        module("Storage", ["Machine", "Hashing"]),
        tests("Storage", ["Disk", "Machine", "Hashing"]),
        .target(name: "CDisk", path: "Modules/CDisk"),
        module("Disk", ["CDisk", "Machine", "Storage"]),
        tests("Disk", ["Machine", "Storage"]),
        .executableTarget(
            name: "storage-table", dependencies: ["Disk", "Hashing", "Machine", "Storage"],
            path: "Benchmarks/StorageTable", swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
