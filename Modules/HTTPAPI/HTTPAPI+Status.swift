import HTTPTypes
import Machine
import Node

extension HTTPAPI {
    /// What is not about values: the cluster, the node's health, this API.
    func status(of route: Route) async -> Reply {
        switch route {
        case .cluster:
            return await document { service.clusterStatus(completion: $0) }
        case .ring:
            return await document { service.ringStatus(completion: $0) }
        case .locate(let key):
            return await document { service.locate(key, completion: $0) }
        case .health:
            return Reply(.ok, json: ["status": "alive"])
        case .readiness:
            return await readiness()
        case .openAPI:
            var reply = Reply(.ok)
            reply.headers[.contentType] = "application/json"
            reply.body = OpenAPIDocument.bytes
            return reply
        case .keyValue, .batch:
            return Reply(.noSuchRoute)
        }
    }

    private func readiness() async -> Reply {
        switch await answer(ifCancelled: .notReady("the node is stopping"), { service.readiness(completion: $0) }) {
        case .ready:
            return Reply(.ok, json: ["status": "ready"])
        case .notReady(let reason):
            var problem = Problem(.serviceUnavailable, "not-ready", reason)
            problem.retryAfterMilliseconds = 1000
            return Reply(problem)
        }
    }

    private func document<Value: Encodable & Sendable>(
        _ ask: (@escaping @Sendable (Value) -> Void) -> Void
    ) async -> Reply {
        let value = await answer(ifCancelled: nil) { completion in ask { completion($0) } }
        return value.map { Reply(.ok, json: $0) }
            ?? Reply(Problem(.serviceUnavailable, "stopping", "the node is stopping"))
    }
}
