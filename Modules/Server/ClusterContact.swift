import Coordinator
import Logging
import Machine
import NIOCore
import RPC
import Ring
import Wire

/// A new node's first words with the cluster that it is to join: how many partitions and replicas there are, and who is
/// there.
struct ClusterContact {
    let hello: Hello
    let seeds: [RPCEndpoint]
    let eventLoop: any EventLoop
    let logger: Logger

    /// Asks one seed after another until one answers; a cluster of another name is an error at once.
    func ask() async throws(StartFailure) -> MembershipExchange {
        var attempt = 0
        while true {
            for seed in seeds {
                do throws(RPCFailure) {
                    return try await ask(seed)
                } catch .notConnected(.refusedByRemote(.wrongCluster(let name))) {
                    throw .wrongCluster(
                        "\(seed) belongs to the cluster \"\(name)\", and this node to \"\(hello.clusterName)\"; change --cluster or --seed"
                    )
                } catch {
                    logger.log(
                        level: attempt % 10 == 0 ? .notice : .debug, "waiting for a seed",
                        metadata: ["seed": "\(seed)", "reason": "\(error)"])
                }
            }
            attempt += 1
            do {
                // Seeds that start at the same time need a moment; longer pauses spare those that are away.
                try await Task.sleep(for: .milliseconds(min(200 * attempt, 2000)))
            } catch {
                throw .cancelled
            }
        }
    }

    private func ask(_ seed: RPCEndpoint) async throws(RPCFailure) -> MembershipExchange {
        let connection = try await RPCClientConnection.connect(to: seed, as: hello, on: eventLoop, logger: logger)
        var payload = ByteBuffer()
        MembershipExchange(configuration: .standard, membership: Membership()).encode(into: &payload)
        let result: Result<Frame, RPCFailure>
        do throws(RPCFailure) {
            result = .success(try await connection.call(.exchange, payload: payload, timeout: .seconds(5)))
        } catch {
            result = .failure(error)
        }
        await connection.close()
        let frame = try result.get()
        var answer = frame.payload
        do throws(DecodingFailure) {
            guard !frame.flags.contains(.failure) else {
                throw .invalid("the seed's answer: \(try RequestFailure(decoding: &answer))")
            }
            return try MembershipExchange(decoding: &answer)
        } catch {
            throw .notConnected(.transport("the answer cannot be read: \(error)"))
        }
    }
}
