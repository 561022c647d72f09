import Machine

// Everything at once, over a reliable channel: when a member joins, now and then, and after a long silence.
extension Gossip {
    /// To how many seeds a joiner turns at first.
    private static let firstSeedCount = 3

    mutating func askSeeds(into effects: inout Effects<GossipEffect>) {
        for _ in 0..<min(Self.firstSeedCount, seeds.count) {
            askNextSeed(into: &effects) { _ in true }
        }
    }

    /// The round of every half minute.
    mutating func pushPull(at now: Instant, into effects: inout Effects<GossipEffect>) {
        setDeadline(now.advanced(byNanoseconds: timing.pushPullInterval), for: .pushPull)
        dropTombstones(at: now, into: &effects)
        guard phase == .running else { return }
        let chosen = rotation.sample(1, using: &generator) { table.status(of: $0) == .alive }
        if let id = chosen.first, let address = table.address(of: id) {
            effects.emit(.pushPull(state, to: address))
        }
        guard !PlantedBug.lostAreNotLookedFor.isPlanted else { return }
        // Two halves that started without each other know nobody of the other half but by the seeds.
        let known = Set(table.entries.compactMap { $0.flatMap { $0.member.status.isProbed ? $0.member.address : nil } })
        askNextSeed(into: &effects) { !known.contains($0) }
    }

    /// Once in a period at most: those who may know what we do not, and the seeds while we know nobody.
    mutating func meetStrangers(into effects: inout Effects<GossipEffect>) {
        guard phase == .running else { return }
        if let address = stranger {
            stranger = nil
            effects.emit(.pushPull(state, to: address))
        } else if rotation.isEmpty {
            askNextSeed(into: &effects) { _ in true }
        }
    }

    private mutating func askNextSeed(into effects: inout Effects<GossipEffect>, where passes: (GossipAddress) -> Bool)
    {
        for _ in seeds.indices {
            seedPosition = (seedPosition + 1) % seeds.count
            if passes(seeds[seedPosition]) {
                return effects.emit(.pushPull(state, to: seeds[seedPosition]))
            }
        }
    }

    mutating func answer(
        _ state: GossipState, _ id: PushPullID, at now: Instant, into effects: inout Effects<GossipEffect>
    ) {
        guard isTakingPart else { return effects.emit(.refusePushPull(id, .notTakingPart)) }
        guard state.cluster == cluster else {
            effects.emit(.observe(.wrongCluster(state.cluster)))
            return effects.emit(.refusePushPull(id, .wrongCluster))
        }
        take(state, at: now, into: &effects)
        effects.emit(.answerPushPull(id, self.state))
    }

    mutating func take(_ state: GossipState, at now: Instant, into effects: inout Effects<GossipEffect>) {
        guard isTakingPart else { return }
        guard state.cluster == cluster else { return effects.emit(.observe(.wrongCluster(state.cluster))) }
        hear(state.members, inPushPullWith: state.sender, at: now, into: &effects)
    }

    /// All that is known, oneself first. O(n).
    var state: GossipState {
        let others = table.entries.compactMap { $0?.update }
        return GossipState(cluster: cluster, sender: own.id, members: [GossipUpdate(own)] + others)
    }
}
