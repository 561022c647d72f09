/// What is known of a key's writes: a set of dots, as a version vector and a small cloud of single dots beyond it.
///
/// The cloud is for knowledge with gaps: a client that wrote without reading knows its own write, say the ninth, and
/// none before. Objects on replicas rarely have one. The form is canonical: the vector takes every dot that it can, so
/// two contexts are equal exactly when they hold the same dots.
public struct CausalContext: Hashable, Sendable {
    /// The dots without gaps.
    public private(set) var vector: VersionVector
    /// The dots beyond the vector, sorted. Each is at least two above its actor's counter in the vector.
    public private(set) var cloud: [Dot]

    /// The context of who has seen nothing.
    public init() {
        vector = VersionVector()
        cloud = []
    }

    /// The context that holds these dots, in any order.
    public init(_ dots: some Sequence<Dot>) {
        self.init()
        for dot in dots {
            insert(dot)
        }
    }

    /// The context of all dots in `vector`.
    public init(_ vector: VersionVector) {
        self.vector = vector
        cloud = []
    }

    /// The context in canonical form already.
    init(vector: VersionVector, cloud: [Dot]) {
        self.vector = vector
        self.cloud = cloud
    }

    /// Whether nothing is known.
    public var isEmpty: Bool { vector.isEmpty && cloud.isEmpty }

    /// The number of entries of the vector and dots of the cloud: what the context costs in memory and on the wire.
    public var entryCount: Int { vector.count + cloud.count }

    /// Whether the dot is known. O(log n).
    public func contains(_ dot: Dot) -> Bool {
        if vector.contains(dot) {
            return true
        }
        guard !cloud.isEmpty else { return false }
        let index = cloudPosition(of: dot)
        return index < cloud.count && cloud[index] == dot
    }

    /// The highest counter that is known of `actor`, with or without gaps below it; 0 where none is. O(log n).
    public func highestCounter(of actor: ActorID) -> UInt64 {
        if !cloud.isEmpty {
            let end = cloudPosition(of: Dot(actor: actor, counter: .max))
            if end > 0, cloud[end - 1].actor == actor {
                return cloud[end - 1].counter
            }
        }
        return vector[actor]
    }

    /// Whether every dot of `other` is known here. O(n + m) for the vectors, O(log n) for each dot of `other`'s cloud.
    public func descends(from other: CausalContext) -> Bool {
        // Canonical form makes this exact: a dot beyond my vector's counter is never next to it, so whatever of the
        // other's vector mine does not dominate holds a dot that my cloud lacks.
        vector.dominates(other.vector) && other.cloud.allSatisfy(contains)
    }

    /// Adds one dot; `false` where it was known. O(log n), and O(n) where it goes between others.
    @discardableResult
    public mutating func insert(_ dot: Dot) -> Bool {
        let contiguous = vector[dot.actor]
        guard dot.counter > contiguous else { return false }
        guard !cloud.isEmpty || dot.counter > contiguous + 1 else {
            vector.raise(dot.actor, to: dot.counter)
            return true
        }
        let index = cloudPosition(of: dot)
        if index < cloud.count, cloud[index] == dot {
            return false
        }
        guard dot.counter == contiguous + 1 else {
            cloud.insert(dot, at: index)
            return true
        }
        // The gap is closed: the dots that now follow without one move into the vector.
        var counter = dot.counter
        var end = index
        while end < cloud.count, cloud[end] == Dot(actor: dot.actor, counter: counter + 1) {
            counter += 1
            end += 1
        }
        vector.raise(dot.actor, to: counter)
        cloud.removeSubrange(index..<end)
        return true
    }

    /// Adds every dot of `other`. O(n + m); allocates only where `other` brings an actor or a dot beyond the vector.
    public mutating func merge(_ other: CausalContext) {
        if cloud.isEmpty, other.cloud.isEmpty {
            vector.merge(other.vector)
        } else if !descends(from: other) {
            vector.merge(other.vector)
            compact(other.cloud)
        }
    }

    /// Makes the canonical cloud of this one and another sorted one, and lets the vector take what it can.
    private mutating func compact(_ other: [Dot]) {
        var beyond: [Dot] = []
        beyond.reserveCapacity(cloud.count + other.count)
        var (left, right) = (0, 0)
        // Dots of one actor follow each other.
        var actor: ActorID?
        var contiguous: UInt64 = 0
        while left < cloud.count || right < other.count {
            let dot: Dot
            if right == other.count || (left < cloud.count && cloud[left] < other[right]) {
                dot = cloud[left]
                left += 1
            } else {
                dot = other[right]
                right += 1
            }
            if actor != dot.actor {
                actor = dot.actor
                contiguous = vector[dot.actor]
            }
            if dot.counter == contiguous + 1 {
                contiguous = dot.counter
                vector.raise(dot.actor, to: contiguous)
            } else if dot.counter > contiguous, beyond.last != dot {
                beyond.append(dot)
            }
        }
        cloud = beyond
    }

    /// The place of the first dot of the cloud that is not before `dot`.
    private func cloudPosition(of dot: Dot) -> Int {
        var low = 0
        var high = cloud.count
        while low < high {
            let middle = (low + high) / 2
            if cloud[middle] < dot {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}

extension CausalContext: CustomStringConvertible {
    /// The vector, and the cloud where there is one, as `{a1b2c3d4/7:12} + [a1b2c3d4/7:15]`.
    public var description: String {
        cloud.isEmpty ? "\(vector)" : "\(vector) + [\(cloud.map(\.description).joined(separator: ", "))]"
    }
}
