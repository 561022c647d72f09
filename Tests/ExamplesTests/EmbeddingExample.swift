import Causality
import Coordinator
import Foundation
import Logging
import Machine
import Node
import Server
import Testing

@Suite("The README's example of a node in a program")
struct EmbeddingExample {
    @Test("A node in this process takes a write and gives it back", .timeLimit(.minutes(1)))
    func embedding() async throws {
        let folder = NSTemporaryDirectory() + "toystore-example-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // README: embedding
        var configuration = ServerConfiguration()
        configuration.port = 0  // the system chooses
        configuration.dataDirectory = folder
        let server = try await NodeServer.start(configuration, logger: Logger(label: "node"))
        await server.whenServing()

        let key = ByteBuffer(string: "greeting")
        let hello = ByteBuffer(string: "hello")
        let write = Request.put(PutRequest(key: key, content: .value(hello, contentType: "text/plain")))
        let written = await withCheckedContinuation { done in
            server.service.serve(write) { done.resume(returning: $0) }
        }
        let read = await withCheckedContinuation { done in
            server.service.serve(.get(GetRequest(key: key))) { done.resume(returning: $0) }
        }
        await server.stop()
        // end
        guard case .written = written, case .found(let object) = read else {
            Issue.record("the write gave \(written), the read \(read)")
            return
        }
        #expect(object.liveSiblings(at: 0).map(\.content) == [.value(hello, contentType: "text/plain")])
    }
}
