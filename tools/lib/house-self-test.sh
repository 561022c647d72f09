# The self-test of tools/check-house, which sources this: a small package with planted violations, each of which must be
# found, on its line and with its words, and nothing else with them.

house=$(mktemp -d)
trap 'rm -rf "$house"' EXIT
: >"$house/expected"

# plant FILE: writes what comes in.
plant() {
    mkdir -p "$house/$(dirname "$1")"
    cat >"$house/$1"
}

# expect FILE:LINE WORDS: there must be a complaint about that line that has these words.
expect() { printf '%s|%s\n' "$1" "$2" >>"$house/expected"; }

plant Package.swift <<'SWIFT'
// swift-tools-version: 6.2
import PackageDescription

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Modules/\(name)")
}

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(
    name: "NIOPosix", package: "swift-nio")

let package = Package(
    name: "planted",
    products: [.library(name: "Ring", targets: ["Ring"]), .executable(name: "thin", targets: ["thin"])],
    targets: [
        module("Machine", [nioCore]),
        module("Hashing"),
        module("Ring", ["Machine", "Hashing", nioCore]),
        module(
            "Gossip",
            [
                "Machine",  // "Storage" in a comment is no dependency
                "Ring",
            ]),
        .target(
            name: "RPC",
            dependencies: ["Wire", nioPosix, .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["TLS"]))],
            path: "Modules/RPC"),
        .target(name: "Client", dependencies: ["RPC", "Simulator", mystery], path: "Modules/Client"),
        .target(name: "Attic", dependencies: ["RPC"], path: "Modules/Attic"),
        .executableTarget(name: "thin", dependencies: ["Server", nioPosix], path: "Executables/thin"),
        executable("thinner", in: "Executables/thinner", ["Server"]),
        .testTarget(name: "RingTests", dependencies: ["Ring", "Simulator"], path: "Tests/RingTests"),
    ]
)
SWIFT
expect Package.swift:18 "Ring (floor 1) must not depend on NIOCore"
expect Package.swift:19 "Gossip (floor 1) must not depend on Ring"
expect Package.swift:29 "Client (floor 5) must not depend on Simulator"
expect Package.swift:29 'cannot tell what `mystery` is'
expect Package.swift:30 "target Attic has no row"

plant Modules/Machine/Bytes.swift <<'SWIFT'
@_exported public import struct NIOCore.ByteBuffer
public import NIOCore
import enum NIOCore.ByteBuffer.Nested
SWIFT
expect Modules/Machine/Bytes.swift:2 "Machine (floor 0) must not import NIOCore; it may: NIOCore.ByteBuffer@Bytes.swift"
expect Modules/Machine/Bytes.swift:3 "must not import NIOCore"

plant Modules/Machine/Elsewhere.swift <<'SWIFT'
@_exported public import struct NIOCore.ByteBuffer
import Hashing
SWIFT
expect Modules/Machine/Elsewhere.swift:1 "must not import NIOCore"
expect Modules/Machine/Elsewhere.swift:2 "must not import Hashing"

plant Modules/Coordinator/Imports.swift <<'SWIFT'
package import Machine
import Hashing; import Ring
@testable import Causality
/* import Storage
   import Storage /* nested */ import Storage */ import Swift
// import Storage
let text = """
    import Storage
    \(1) import Storage
    """
let raw = #"import Storage \" // "# ; import Storage
@_spi(Testing) @preconcurrency private import Storage
import struct
    Storage.Record
@testable import Handoff; import Glibc
@_implementationOnly
import Foundation
#if canImport(Glibc)
    internal import func Glibc.time
#endif
let important = import_of_all
SWIFT
expect Modules/Coordinator/Imports.swift:11 "Coordinator (floor 2) must not import Storage"
expect Modules/Coordinator/Imports.swift:12 "must not import Storage; it may: Machine Hashing Ring Causality. Move what is needed down"
expect Modules/Coordinator/Imports.swift:14 "must not import Storage"
expect Modules/Coordinator/Imports.swift:15 "must not import Handoff"
expect Modules/Coordinator/Imports.swift:15 "must not import Glibc"
expect Modules/Coordinator/Imports.swift:17 "must not import Foundation; it may: Machine Hashing Ring Causality. Leave it to the shell"
expect Modules/Coordinator/Imports.swift:19 "must not import Glibc"

plant Modules/Ring/Pure.swift <<'SWIFT'
func step(using generator: inout SeededGenerator) {
    Task { print("x") }
    let now = ContinuousClock.now
    let day = Date()
    var system = SystemRandomNumberGenerator()
    let a = Int.random(in: 0..<3)
    let b = Int.random(in: 0..<3, using: &generator)
    let c = Int.random(
        in: (0)..<3,
        using: &generator)
    let d = members.shuffled()
    let e = Int.random(
        in: min(1, 2)..<3
    )
    let f = try! parse()
    fatalError("no")
    let message = "print(x) Task try! \(Date()) Date("
    // Task, await and Date() in a comment are words
    let multitasking = TaskList.printed(UpDate(), reprint(1))
    let randomElement = members.randomElement(using: &generator)
    pthread_create()
}
func suspended() async {}
// TODO: later
// TODO (#12): later

struct Bare: @unchecked Sendable {}
// Only ever touched on one loop.
struct Reasoned: @unchecked Sendable {}
nonisolated(unsafe) var shared = 0  // written once, before any thread starts
nonisolated(unsafe) var racy = 0
SWIFT
expect Modules/Ring/Pure.swift:2 '`Task`'
expect Modules/Ring/Pure.swift:2 '`print(`'
expect Modules/Ring/Pure.swift:3 'take `at now: Instant`'
expect Modules/Ring/Pure.swift:4 "wall time is data"
expect Modules/Ring/Pure.swift:5 "SeededGenerator"
expect Modules/Ring/Pure.swift:6 '`.random(` randomness comes in'
expect Modules/Ring/Pure.swift:11 '`.shuffled(`'
expect Modules/Ring/Pure.swift:12 '`.random(`'
expect Modules/Ring/Pure.swift:15 '`try!`'
expect Modules/Ring/Pure.swift:16 "preconditionFailure"
expect Modules/Ring/Pure.swift:17 "wall time is data"
expect Modules/Ring/Pure.swift:21 '`pthread_`'
expect Modules/Ring/Pure.swift:23 '`async`'
expect Modules/Ring/Pure.swift:24 "TODO (#N)"
expect Modules/Ring/Pure.swift:27 "what makes it safe"
expect Modules/Ring/Pure.swift:31 "what makes it safe"

# The upper floors may do what a shell does, and still not everything.
plant Modules/Server/Shell.swift <<'SWIFT'
import Dispatch
import Node
import Toystore
func run() async { Task { print(Date(), Int.random(in: 0..<3)) } }
let value = try! parse()
SWIFT
expect Modules/Server/Shell.swift:3 "must not import Toystore; it may:"
expect Modules/Server/Shell.swift:5 '`try!`'

plant Modules/Cellar/Cellar.swift <<'SWIFT'
import Whatever
SWIFT
expect Modules/Cellar/Cellar.swift:1 "Cellar has no row"

plant Executables/thin/Thin.swift <<'SWIFT'
import ArgumentParser
import Server
SWIFT

status=0
(cd "$house" && check "$here/imports.txt" "$here/purity.txt") >"$house/found" || status=$?

failures=0
fail() {
    echo "check-house --self-test: $1"
    failures=$((failures + 1))
}
((status == 1)) || fail "expected exit code 1 from a house with violations, got $status"
while IFS='|' read -r place words; do
    if ! grep -F "$place: " "$house/found" | grep -qF -- "$words"; then
        fail "not found: $place: … $words"
    fi
done <"$house/expected"
while IFS= read -r line; do
    place=${line%%: *}
    grep -qF "$place|" "$house/expected" || fail "a false alarm: $line"
done < <(grep -v '^check-house: ' "$house/found")
found=$(grep -vc '^check-house: ' "$house/found")
expected=$(grep -c . "$house/expected")
((found == expected)) || fail "$found complaints, expected $expected"

# A table that turns the direction of imports is refused.
printf '%s\n' '0 | Below | Above |' '1 | Above | |' >"$house/turned.txt"
if (cd "$house" && check "$house/turned.txt" "$here/purity.txt") >"$house/found"; then
    fail "a table that names a higher floor was accepted"
fi
grep -qF "turned.txt:1: Below names Above, which has no row above it" "$house/found" ||
    fail "a table that names a higher floor was not refused by its line"

if ((failures)); then
    echo "check-house --self-test: $failures failures" >&2
    exit 1
fi
echo "check-house --self-test: $expected planted violations found, no false alarm"
