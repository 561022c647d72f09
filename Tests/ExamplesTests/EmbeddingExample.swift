import Foundation
import Testing
import Toystore

@Suite("The README's example of a node in a program")
struct EmbeddingExample {
    @Test("A node in this process takes writes and gives them back", .timeLimit(.minutes(1)))
    func embedding() async throws {
        let folder = NSTemporaryDirectory() + "toystore-example-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // README: embedding
        let node = try await ToystoreNode.start(.init(data: folder, port: 0))  // 0: any free port
        try await node.put("milk", for: "cart")

        let cart = try await node.get("cart")
        let items = cart.values.compactMap(\.text) + ["eggs"]  // several values are siblings: here they become one
        try await node.put(items.joined(separator: ", "), for: "cart", seeing: cart.seen)

        let text = try await node.get("cart", options: .init(read: .all, timeout: .seconds(1))).latest?.text
        await node.stop()
        // end
        #expect(text == "milk, eggs")
    }
}
