import Gossip
import Logging
import Machine
import NIOCore
import RPC
import Wire

/// Carries the gossip's state to an address and brings the other's back: a connection for each, since they are rare and go
/// to addresses whose identity is not always known.
final class PushPuller: Sendable {
    private let hello: Hello
    private let eventLoop: any EventLoop
    private let configuration: RPCConfiguration
    private let logger: Logger

    init(hello: Hello, eventLoop: any EventLoop, configuration: RPCConfiguration, logger: Logger) {
        self.hello = hello
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.logger = logger
    }

    /// Calls back with the peer's state; never where the attempt fails: the gossip makes others.
    func carry(_ state: GossipState, to address: GossipAddress, _ completion: @escaping @Sendable (GossipState) -> Void)
    {
        let endpoint = RPCEndpoint(host: address.host, port: Int(address.port))
        Task {
            do throws(RPCFailure) {
                let connection = try await RPCClientConnection.connect(
                    to: endpoint, as: hello, on: eventLoop, configuration: configuration, logger: logger)
                var payload = ByteBuffer()
                state.encode(into: &payload)
                let reply: Result<Frame, RPCFailure>
                do throws(RPCFailure) {
                    reply = .success(try await connection.call(.pushPull, payload: payload, timeout: .seconds(5)))
                } catch {
                    reply = .failure(error)
                }
                await connection.close()
                let frame = try reply.get()
                guard !frame.flags.contains(.failure) else {
                    logger.debug("push-pull with \(address): there is no answer")
                    return
                }
                var answer = frame.payload
                switch Result(catching: { () throws(DecodingFailure) in try PushPullReply(decoding: &answer) }) {
                case .success(.state(let state)): completion(state)
                case .success(.refused(let refusal)): logger.debug("push-pull with \(address) refused: \(refusal)")
                case .failure(let failure): logger.warning("the push-pull of \(address) cannot be read: \(failure)")
                }
            } catch {
                logger.debug("push-pull with \(address): \(error)")
            }
        }
    }
}
