import Coordinator
import Machine
import RPC
import Wire

/// What a node answered.
struct Answer {
    let node: RPCEndpoint
    private let frame: Frame

    init(node: RPCEndpoint, frame: Frame) {
        self.node = node
        self.frame = frame
    }

    /// The payload of an answer; fails with what the node says where it says that there is none.
    var payload: ByteBuffer {
        get throws(ClientFailure) {
            guard frame.flags.contains(.failure) else { return frame.payload }
            throw .failed(
                try decode { (payload: inout ByteBuffer) throws(DecodingFailure) in
                    let failure = try RequestFailure(decoding: &payload)
                    try payload.decodeEnd("failure")
                    return failure
                })
        }
    }

    /// The answer to a ``Request``.
    var response: Response {
        get throws(ClientFailure) {
            // A failure among the answers is thrown here already.
            _ = try payload
            let response = try decode(Response.init(decoding:))
            if case .failed(let failure) = response { throw .failed(failure) }
            return response
        }
    }

    /// The answer is none that the request can have.
    func malformed(_ failure: DecodingFailure) -> ClientFailure {
        .malformedAnswer(from: node, failure)
    }

    private func decode<Message>(
        _ body: (inout ByteBuffer) throws(DecodingFailure) -> Message
    ) throws(ClientFailure) -> Message {
        var payload = frame.payload
        do throws(DecodingFailure) {
            return try body(&payload)
        } catch {
            throw malformed(error)
        }
    }
}
