import Foundation
import NIOCore

/// What the figures were measured on.
struct MachineDescription: Codable, Equatable {
    let cores: Int
    let model: String

    /// This machine.
    static var current: MachineDescription {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        return MachineDescription(cores: System.coreCount, model: model(in: text))
    }

    /// The processor's name in the text of `/proc/cpuinfo`.
    static func model(in text: String) -> String {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == "model name" else { continue }
            return parts[1].trimmingCharacters(in: .whitespaces)
        }
        return "unknown"
    }
}
