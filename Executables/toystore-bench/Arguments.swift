import ArgumentParser
import Coordinator
import LoadGenerator
import RPC
import Server

/// A time: `10s`, `500ms`, `2m`, or a number of seconds.
struct TimeArgument: ExpressibleByArgument, Equatable {
    let duration: Duration

    init(_ duration: Duration) {
        self.duration = duration
    }

    init?(argument: String) {
        let units: [(suffix: String, duration: Duration)] = [
            ("ms", .milliseconds(1)), ("s", .seconds(1)), ("m", .seconds(60)), ("h", .seconds(3600)),
        ]
        let unit = units.first { argument.hasSuffix($0.suffix) } ?? ("", .seconds(1))
        guard let number = Double(argument.dropLast(unit.suffix.count)), number.isFinite, (0...1e6).contains(number)
        else { return nil }
        duration = unit.duration * number
    }

    var defaultValueDescription: String {
        let seconds = duration.components.seconds
        return duration == .seconds(seconds) ? "\(seconds)s" : "\(duration / .milliseconds(1))ms"
    }
}

/// `HOST:PORT`, or a host whose port is 7400; an IPv6 address with a port stands in brackets.
struct TargetArgument: ExpressibleByArgument, Equatable {
    let endpoint: RPCEndpoint
    static let defaultPort = 7400

    init?(argument: String) {
        let host: Substring
        var port: Substring?
        if argument.hasPrefix("[") {
            guard let end = argument.firstIndex(of: "]") else { return nil }
            host = argument[argument.index(after: argument.startIndex)..<end]
            let rest = argument[argument.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
            host = parts.count == 2 ? parts[0] : Substring(argument)
            port = parts.count == 2 ? parts[1] : nil
        }
        guard !host.isEmpty, let number = port.map({ Int($0) }) ?? Self.defaultPort, (1...65_535).contains(number)
        else { return nil }
        endpoint = RPCEndpoint(host: String(host), port: number)
    }
}

// Protocols and types of other modules of this package: nobody else can conform them.
extension OperationMix: ExpressibleByArgument {}
extension QuorumSize: ExpressibleByArgument {}
extension ServerConfiguration.Engine: ExpressibleByArgument {}
extension ServerConfiguration.Durability: ExpressibleByArgument {}
