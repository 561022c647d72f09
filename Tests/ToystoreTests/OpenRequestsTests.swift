import Synchronization
import Testing
import Toystore

@Suite("Everyone who waits for a node", .timeLimit(.minutes(1)))
struct OpenRequestsTests {
    /// Answers that are due, held back until the test gives them.
    private final class Held: Sendable {
        private let answers = Mutex<[@Sendable (Int) -> Void]>([])
        private let (came, arrival) = AsyncStream.makeStream(of: Void.self)

        func hold(_ answer: @escaping @Sendable (Int) -> Void) {
            answers.withLock { $0.append(answer) }
            arrival.yield()
        }

        func next() async -> @Sendable (Int) -> Void {
            for await _ in came { break }
            return answers.withLock { $0.removeFirst() }
        }
    }

    private let requests = OpenRequests()
    private let held = Held()

    private func ask() async -> Result<Int, ClientFailure> {
        do throws(ClientFailure) {
            return .success(try await requests.ask { held.hold($0) })
        } catch {
            return .failure(error)
        }
    }

    @Test("An answer comes to the one who asked")
    func answer() async {
        let task = Task { await ask() }
        await held.next()(7)
        #expect(await task.value == .success(7))
    }

    @Test("A task that is cancelled with its request in flight is told so, and the late answer is nobody's")
    func cancelled() async {
        let task = Task { await ask() }
        let answer = await held.next()
        task.cancel()
        #expect(await task.value == .failure(.cancelled(isSent: true)))
        answer(7)
    }

    @Test("Who waits at the end is told, once, and who comes after the end is not taken")
    func ended() async {
        let task = Task { await ask() }
        let answer = await held.next()
        requests.close()
        #expect(await ask() == .failure(.closed))
        requests.abandon(.busy)
        #expect(await task.value == .failure(.busy))
        answer(7)
    }
}
