import Storage

/// One of the threads of an ``Exploration``: it takes worlds from the queue, and goes on from each as deep as there is
/// something new. Where another job is idle, it leaves it the shallowest of what it still has to do.
struct ExplorationJob {
    /// A world on the way, and what has not been tried there.
    private struct Place {
        let world: TinyWorld
        var choices: [TinyChoice] = []
    }

    private let queue: ExplorationQueue
    private let visited: VisitedWorlds
    private var mover: TinyMover
    private let progress: @Sendable (Exploration.Result) -> Void
    private var places: [Place] = []
    private var path: [TinyChoice] = []
    /// What was done since the queue was told.
    private var part = Exploration.Result()
    private var sinceTold = 0

    init(
        _ queue: ExplorationQueue, _ visited: VisitedWorlds, _ mover: TinyMover,
        _ progress: @escaping @Sendable (Exploration.Result) -> Void
    ) {
        (self.queue, self.visited, self.mover, self.progress) = (queue, visited, mover, progress)
    }

    mutating func run() async throws {
        var afterWork = false
        while true {
            switch queue.next(afterWork: afterWork) {
            case .task(let task):
                try explore(task)
                afterWork = true
            case .wait:
                // The queue is a lock that wakes nobody: a job without work looks again, and rests in between.
                try await Task.sleep(for: .milliseconds(1))
                afterWork = false
            case .over:
                _ = tell()
                return
            }
        }
    }

    private mutating func explore(_ task: ExplorationQueue.Task) throws(StorageFailure) {
        mover.reader.catchUp()
        path = task.path
        places = []
        let depth = path.count
        var goesOn = try enter(task.world)
        while goesOn, !places.isEmpty {
            sinceTold += 1
            if sinceTold >= 1 << 10 {
                goesOn = tell()
            }
            if queue.isHungry { try giveAway(depth) }
            guard let choice = places[places.count - 1].choices.popLast() else {
                places.removeLast()
                if path.count > depth { path.removeLast() }
                continue
            }
            guard let world = try step(choice, from: places[places.count - 1].world) else { continue }
            path.append(choice)
            goesOn = try enter(world) && goesOn
        }
        _ = tell()
    }

    /// The world after a choice, if it is to be explored.
    private mutating func step(_ choice: TinyChoice, from world: TinyWorld) throws(StorageFailure) -> TinyWorld? {
        var world = world
        try mover.apply(choice, to: &world)
        part.steps += 1
        switch visited.meet(world) {
        case .new:
            part.states += 1
            if !queue.count() { part.isCut = true }
            return world
        case .again: return world
        case .known: return nil
        }
    }

    /// Judges a world, and goes on from there; whether there is a point in it.
    private mutating func enter(_ world: TinyWorld) throws(StorageFailure) -> Bool {
        if let flaw = try mover.judge(world) {
            queue.add(flaw: flaw, path)
            return false
        }
        var place = Place(world: world)
        mover.choices(of: world, into: &place.choices)
        places.append(place)
        return !part.isCut
    }

    private mutating func giveAway(_ depth: Int) throws(StorageFailure) {
        for index in places.indices {
            while let choice = places[index].choices.popLast() {
                guard let world = try step(choice, from: places[index].world) else { continue }
                queue.add(ExplorationQueue.Task(world: world, path: path.prefix(depth + index) + [choice]))
                return
            }
        }
    }

    /// Tells the queue what was done; whether the exploration goes on.
    private mutating func tell() -> Bool {
        sinceTold = 0
        (part.ends, part.nodeEvents) = mover.takeCounts()
        defer { part = Exploration.Result() }
        return queue.add(part, progress: progress)
    }
}
