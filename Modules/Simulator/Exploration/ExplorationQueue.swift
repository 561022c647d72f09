import Synchronization

/// What is still to be explored, and what was found: shared by the jobs of an ``Exploration``.
final class ExplorationQueue: Sendable {
    /// A world that was met and has not been explored, and the way to it.
    struct Task: Sendable {
        let world: TinyWorld
        let path: [TinyChoice]
    }

    /// What a job does next.
    enum Next {
        case task(Task)
        /// There may be more once another job has gone on.
        case wait
        case over
    }

    private struct State {
        var tasks: [Task]
        var working = 0
        var result = Exploration.Result()
        var flaw: (what: String, path: [TinyChoice])?
        var lastLine: ContinuousClock.Instant
    }

    private let state: Mutex<State>
    private let stateLimit: Int
    private let stateCount = Atomic(0)
    /// Whether a job that has much to do should give some of it away: another has found nothing.
    private let isHungryNow = Atomic(false)

    init(_ first: TinyWorld, stateLimit: Int) {
        self.stateLimit = stateLimit
        state = Mutex(State(tasks: [Task(world: first, path: [])], lastLine: ContinuousClock.now))
    }

    /// Whether a job that has much to do should give some of it away.
    var isHungry: Bool { isHungryNow.load(ordering: .relaxed) }

    /// Takes the next task; a job that has done one says so.
    func next(afterWork: Bool) -> Next {
        state.withLock { state in
            if afterWork { state.working -= 1 }
            if state.result.isCut || state.flaw != nil { return .over }
            if let task = state.tasks.popLast() {
                state.working += 1
                return .task(task)
            }
            guard state.working > 0 else { return .over }
            isHungryNow.store(true, ordering: .relaxed)
            return .wait
        }
    }

    /// Leaves a task to another job.
    func add(_ task: Task) {
        isHungryNow.store(false, ordering: .relaxed)
        state.withLock { $0.tasks.append(task) }
    }

    /// Counts a state that nobody has met before; whether the exploration goes on.
    func count() -> Bool {
        stateCount.add(1, ordering: .relaxed).newValue <= stateLimit
    }

    /// Adds what a job has done since it last said so. Every ten seconds `progress` is told of all of it. Returns whether the
    /// exploration goes on.
    func add(_ part: Exploration.Result, progress: (Exploration.Result) -> Void) -> Bool {
        let (isOver, line) = state.withLock { state in
            state.result.add(part)
            let now = ContinuousClock.now
            var line: Exploration.Result?
            if now - state.lastLine >= .seconds(10) {
                state.lastLine = now
                line = state.result
            }
            return (state.result.isCut || state.flaw != nil, line)
        }
        if let line { progress(line) }
        return !isOver
    }

    /// Keeps a flaw: that of the shortest way.
    func add(flaw what: String, _ path: [TinyChoice]) {
        state.withLock { state in
            if state.flaw.map({ $0.path.count > path.count }) ?? true {
                state.flaw = (what, path)
            }
        }
    }

    /// All of it, at the end.
    var found: (result: Exploration.Result, path: [TinyChoice]?) {
        state.withLock { state in
            var result = state.result
            result.flaw = state.flaw?.what
            return (result, state.flaw?.path)
        }
    }
}
