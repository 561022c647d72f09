import Foundation
import RPC

/// One `toystore-node` as a process of its own: started, killed and started again on the same data.
@MainActor
final class NodeProcess {
    let name: String
    let port: Int
    private let executable: String
    private let directory: String
    private var process: Process?
    private var log = ""
    private var starts = 0
    private var isWanted = false

    var endpoint: RPCEndpoint { RPCEndpoint(host: "127.0.0.1", port: port) }
    var isRunning: Bool { process?.isRunning ?? false }
    /// Whether it was started, and has ended without being told to.
    var hasFallen: Bool { isWanted && !isRunning }
    var processID: Int32 { process?.processIdentifier ?? 0 }

    init(name: String, port: Int, executable: String, folder: String) {
        self.name = name
        self.port = port
        self.executable = executable
        directory = "\(folder)/\(name)"
    }

    /// Starts the process; the node joins by `seed` where its data is new.
    func start(seed: RPCEndpoint?) throws {
        starts += 1
        log = "\(directory).\(starts).log"
        guard FileManager.default.createFile(atPath: log, contents: nil),
            let output = FileHandle(forWritingAtPath: log)
        else { throw DemoFailure("\(log) cannot be written") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments =
            ["--port", "\(port)", "--name", name, "--data-dir", directory]
            + (seed.map { ["--seed", "\($0.host):\($0.port)"] } ?? [])
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        do {
            try process.run()
        } catch {
            throw DemoFailure("\(executable) cannot be started: \(error)")
        }
        self.process = process
        isWanted = true
    }

    /// Returns when the node says that it serves; fails where it ends before, or has said nothing after `limit`.
    func waitUntilReady(limit: Duration) async throws {
        let deadline = ContinuousClock.now.advanced(by: limit)
        while !saysReady {
            guard isRunning else { throw DemoFailure("\(name) ended while it started:\n\(lastLines)") }
            guard ContinuousClock.now < deadline else {
                throw DemoFailure("\(name) is not ready after \(limit.components.seconds) s:\n\(lastLines)")
            }
            // The node says it in its log, which is all that a process shows of itself.
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Ends the process as a power cut would, as far as the process can tell.
    func kill() async {
        await end(with: SIGKILL, limit: .seconds(10))
    }

    /// Asks the process to end; one that has not after 10 s is killed. Returns what went wrong.
    func stop() async -> String? {
        guard let process, process.isRunning else { return nil }
        await end(with: SIGTERM, limit: .seconds(10))
        guard !process.isRunning else {
            await kill()
            return "\(name) had not ended 10 s after SIGTERM, and was killed"
        }
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            return "\(name) ended with status \(process.terminationStatus) at SIGTERM:\n\(lastLines)"
        }
        return nil
    }

    private func end(with signal: Int32, limit: Duration) async {
        isWanted = false
        guard let process, process.isRunning else { return }
        _ = Foundation.kill(process.processIdentifier, signal)
        let deadline = ContinuousClock.now.advanced(by: limit)
        while process.isRunning, ContinuousClock.now < deadline {
            // Asked for, not waited for: a process that does not end has to meet the limit.
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    private var text: String {
        FileManager.default.contents(atPath: log).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private var saysReady: Bool {
        text.split(separator: "\n").contains { $0.hasPrefix("ready ") }
    }

    /// The end of what the node has said.
    var lastLines: String {
        text.split(separator: "\n").suffix(8).map { "    \($0)" }.joined(separator: "\n")
    }
}
