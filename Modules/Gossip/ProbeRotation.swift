import Machine

/// Who is probed next: a shuffled list walked in order and shuffled anew after each lap, so that every member is probed
/// at least once in 2n periods (SWIM, section 4.3). Who comes in the midst of a lap gets a random place in it.
struct ProbeRotation {
    private(set) var order: [NodeID] = []
    /// The place of the next in ``order``.
    private var position = 0

    var isEmpty: Bool { order.isEmpty }
    var count: Int { order.count }

    /// Puts a member, which must not be there, in a random place. O(n).
    mutating func insert(_ id: NodeID, using generator: inout SeededGenerator) {
        let place = Int(generator.below(UInt64(order.count + 1)))
        order.insert(id, at: place)
        // Behind the position nothing may be skipped or met twice by it.
        if place < position {
            position += 1
        }
    }

    /// Takes a member out, if it is there. O(n).
    mutating func remove(_ id: NodeID) {
        guard let place = order.firstIndex(of: id) else { return }
        order.remove(at: place)
        if place < position {
            position -= 1
        }
    }

    /// The next to probe.
    mutating func next(using generator: inout SeededGenerator) -> NodeID? {
        guard !order.isEmpty else { return nil }
        if position == order.count {
            order.shuffle(using: &generator)
            position = 0
        }
        defer { position += 1 }
        return order[position]
    }

    /// Up to `count` different members at random of those that pass. O(n).
    func sample(
        _ count: Int, using generator: inout SeededGenerator, where passes: (NodeID) -> Bool
    ) -> [NodeID] {
        var chosen: [NodeID] = []
        chosen.reserveCapacity(count)
        var seen = 0
        // In a variable of its own the generator stays in registers.
        var numbers = generator
        for id in order where passes(id) {
            seen += 1
            if chosen.count < count {
                chosen.append(id)
            } else {
                let place = Int(numbers.below(UInt64(seen)))
                if place < count {
                    chosen[place] = id
                }
            }
        }
        generator = numbers
        return chosen
    }
}
