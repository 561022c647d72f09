import Foundation
import NIOCore
import NIOPosix

/// Loads a real data set into a cluster of real processes while one is killed and another joins, and reads every byte back.
///
///     tools/demo
@main
@MainActor
struct ClusterDemo {
    static func main() async {
        let options: Options
        do {
            options = try Options(Array(CommandLine.arguments.dropFirst()))
        } catch {
            complain("\(error)")
            exit(2)
        }
        let folder = NSTemporaryDirectory() + "toystore-demo-\(ProcessInfo.processInfo.processIdentifier)"
        let work = Task { await run(options, folder: folder) }
        let signals = [SIGINT, SIGTERM].map { number in
            // The default would end this process and leave the nodes.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .main)
            source.setEventHandler { work.cancel() }
            source.resume()
            return source
        }
        let status = await work.value
        signals.forEach { $0.cancel() }
        exit(status)
    }

    private static func run(_ options: Options, folder: String) async -> Int32 {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var status: Int32 = 1
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let demo = try Demo(options, folder: folder, eventLoop: group.next())
            do {
                status = try await demo.run() ? 0 : 1
            } catch {
                complain(error is CancellationError ? "interrupted; stopping the nodes" : "\(error)")
                status = error is CancellationError ? 130 : 1
                // In a task of its own: this one is cancelled, and the nodes get the time that they need all the same.
                _ = await Task { await demo.stop() }.value
            }
        } catch {
            complain("\(error)")
        }
        if options.keep {
            print("data and logs are kept in \(folder)")
        } else {
            try? FileManager.default.removeItem(atPath: folder)
        }
        try? await group.shutdownGracefully()
        return status
    }

    private static func complain(_ text: String) {
        FileHandle.standardError.write(Data("\ncluster-demo: \(text)\n".utf8))
    }
}
