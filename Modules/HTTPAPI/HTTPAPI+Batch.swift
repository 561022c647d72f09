import Coordinator
import FoundationEssentials
import HTTPTypes
import Machine
import Node

extension HTTPAPI {
    /// Serves many operations, and answers each in its place.
    ///
    /// Operations on one key happen in their order, each after the one before was answered; those on different keys at the
    /// same time. A batch is no transaction.
    func batch(_ body: ByteBuffer) async -> Reply {
        let requests: [Result<Coordinator.Request, Problem>]
        do throws(Problem) {
            requests = try Self.requests(in: body, api: self)
        } catch {
            return Reply(error.notApplied())
        }

        let chains = Self.chains(of: requests)
        let budget = ByteBudget(configuration.batchAnswerByteLimit)
        var answers = requests.map { request -> BatchAnswer? in
            guard case .failure(let problem) = request else { return nil }
            return BatchAnswer(problem)
        }
        await withTaskGroup(of: [(place: Int, answer: BatchAnswer)].self) { tasks in
            var waiting = chains[...]
            func startNext() {
                guard let chain = waiting.popFirst() else { return }
                tasks.addTask { await serve(chain, budget: budget) }
            }
            for _ in 0..<max(1, configuration.batchConcurrency) {
                startNext()
            }
            while let finished = await tasks.next() {
                for (place, answer) in finished {
                    answers[place] = answer
                }
                startNext()
            }
        }
        return Reply(.ok, json: answers.compactMap(\.self))
    }

    /// The operations on one key.
    private typealias Chain = [(place: Int, request: Coordinator.Request)]

    private func serve(_ chain: Chain, budget: ByteBudget) async -> [(place: Int, answer: BatchAnswer)] {
        var answers: [(place: Int, answer: BatchAnswer)] = []
        for (place, request) in chain {
            let response = await serve(request)
            answers.append(
                (place, BatchAnswer(request, response, at: configuration.wallClock(), budget: budget)))
        }
        return answers
    }

    private static func requests(
        in body: ByteBuffer, api: HTTPAPI
    ) throws(Problem) -> [Result<Coordinator.Request, Problem>] {
        let limits = api.configuration
        let decoder = JSONDecoder()
        if let key = BatchDocument.limitKey {
            decoder.userInfo[key] = limits.batchOperationLimit
        }
        guard let document = try? decoder.decode(BatchDocument.self, from: Data(body.readableBytesView)) else {
            throw Problem(.badRequest, "malformed", "the body is no JSON array of operations")
        }
        guard !document.isTooLong else {
            throw .tooLarge("the batch", limit: limits.batchOperationLimit, unit: "operations")
        }
        let wall = limits.wallClock()
        return document.operations.map { operation in
            do throws(Problem) {
                return .success(
                    try operation.request(
                        limits: limits, valueByteLimit: api.service.valueByteLimit, wall: wall))
            } catch {
                return .failure(error.notApplied(operation.isWrite))
            }
        }
    }

    private static func chains(of requests: [Result<Coordinator.Request, Problem>]) -> [Chain] {
        var chains: [Chain] = []
        var places: [ByteBuffer: Int] = [:]
        for (place, result) in requests.enumerated() {
            guard case .success(let request) = result else { continue }
            if let chain = places[request.key] {
                chains[chain].append((place, request))
            } else {
                places[request.key] = chains.count
                chains.append([(place, request)])
            }
        }
        return chains
    }
}
