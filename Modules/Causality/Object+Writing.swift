import Machine

extension Object {
    /// Makes a write at this copy, and returns its dot.
    ///
    /// The write replaces what its writer has seen, and the copy takes over what the writer knew: a writer that comes
    /// with a context from another replica brings the knowledge along (`sync(context, S)` of DVVSet's update).
    ///
    /// A delete is a write of a tombstone with a dot of its own. Its timestamp is what last-write-wins compares; its dot
    /// is the identity by which repair sees that a copy lacks the delete, and by which a value that was written
    /// meanwhile stays a sibling of it. A delete that only emptied the object would have neither.
    ///
    /// - Parameters:
    ///   - content: What is written.
    ///   - expiry: When a value ends, in wall milliseconds since 1970; 0 for never.
    ///   - timestamp: The coordinator's clock.
    ///   - seen: What the writer has seen.
    ///   - actor: The coordinator, in the epoch that ``KeyEpoch`` says. It must not be behind `seen`, see
    ///     ``needsFreshEpoch(for:incoming:)``: the counter goes beyond all that is known in any case, but a dot that was
    ///     forgotten everywhere could be issued again.
    /// - Complexity: O(n + m) in the sizes of the object and of the context that is seen. Allocates nothing where the
    ///   object is not shared and has room.
    @discardableResult
    public mutating func write(
        _ content: consuming Sibling.Content, expiry: UInt64 = 0, timestamp: HybridTimestamp,
        seeing seen: WriteContext, as actor: ActorID
    ) -> Dot {
        switch seen {
        case .everythingHere:
            siblings.removeAll(keepingCapacity: true)
        case .seen(let seen):
            if !seen.isEmpty {
                siblings.removeAll { seen.contains($0.dot) }
                context.merge(seen)
            }
        }
        let dot = Dot(actor: actor, counter: context.highestCounter(of: actor) + 1)
        precondition(dot.counter <= Dot.counterLimit, "\(actor) has used up its counters; KeyEpoch was not asked")
        context.insert(dot)
        if PlantedBug.clocksArePruned.isPlanted {
            context = CausalContext(VersionVector(context.vector.entries.suffix(3) + [dot]))
        }
        insert(Sibling(dot: dot, timestamp: timestamp, expiry: expiry, content: content))
        return dot
    }

    /// Whether somebody knows of a dot of `actor` that this copy, `actor`'s own, does not: then `actor` has forgotten
    /// dots that it issued (or `incoming` is forged), and must not issue another (riak_kv#1094).
    public func needsFreshEpoch(for actor: ActorID, incoming: CausalContext) -> Bool {
        incoming.highestCounter(of: actor) > context.highestCounter(of: actor)
    }
}
