import Handoff
import Machine
import Ring
import Testing

@Suite struct HomecomingTests {
    private typealias Entry = OfferRequest.Entry
    private let first = PartitionID(index: 0)
    private let epoch = RingEpoch(measure: 1, digest: 0)
    private let entries = [OfferRequest.Entry(token: 1, hash: 10), OfferRequest.Entry(token: 2, hash: 20)]

    private func bench() -> Bench<Homecoming> {
        Bench(machine: Homecoming(partitionCount: 4, seed: 1))
    }

    private func offer(to index: UInt64, _ number: UInt64) -> Homecoming.Effect {
        .transfer(
            .send(
                .offer(OfferRequest(partition: first, entries: entries, epoch: epoch)), to: node(index), ticket(number))
        )
    }

    /// Up to the two offers, tickets 2 and 3, to owners 2 and 3.
    private func offering() -> Bench<Homecoming> {
        let bench = bench()
        _ = bench.tell(.viewChanged(view(owners: [2, 3], holders: [2, 3])))
        #expect(
            bench.tell(.strayStored(first)) == [.transfer(.scan(first, from: 0, limit: 1024, ticket(1)))])
        #expect(
            bench.tell(.transfer(.scanned(ticket(1), entries, next: nil))) == [offer(to: 2, 2), offer(to: 3, 3)])
        return bench
    }

    /// A former owner whose partition every owner holds, when its shards go by that: it lists what it has with ticket 1.
    private func relieved() -> Bench<Homecoming> {
        let bench = bench()
        #expect(bench.tell(.viewChanged(view(owners: [2, 3], holders: [1, 2]))).isEmpty)
        #expect(bench.tell(.viewAdopted(epoch)).isEmpty)
        #expect(
            bench.tell(.viewChanged(view(owners: [2, 3], holders: [1, 2, 3])))
                == [.transfer(.scan(first, from: 0, limit: 1024, ticket(1)))])
        return bench
    }

    @Test("A former owner serves until every owner has all that it has, clears its bit, and then drops")
    func relinquish() {
        let bench = relieved()
        #expect(
            bench.tell(.transfer(.scanned(ticket(1), entries, next: nil))) == [offer(to: 2, 2), offer(to: 3, 3)])
        #expect(bench.tell(.transfer(.answered(ticket(2), .wanted([])))).isEmpty)
        #expect(
            bench.tell(.transfer(.answered(ticket(3), .wanted([1]))))
                == [.transfer(.load([entries[1]], byteLimit: HandoffLimits.batchBytes, ticket(4)))])
        _ = bench.tell(.transfer(.loaded(ticket(4), [.found(entry(2))], byteCount: 9)))
        #expect(bench.tell(.transfer(.answered(ticket(5), .delivered))).isEmpty, "others may follow shortly")
        #expect(bench.wait() == [.relinquish(partitions(0))])
        #expect(bench.tell(.viewChanged(view(owners: [2, 3], holders: [1, 2, 3]))).isEmpty)
        #expect(bench.wait() == [.relinquish(partitions(0))], "again until it is known")
        #expect(
            bench.tell(.viewChanged(view(owners: [2, 3], holders: [2, 3])))
                == [.transfer(.scan(first, from: 0, limit: 1024, ticket(6)))])
        #expect(bench.tell(.transfer(.scanned(ticket(6), [], next: nil))).isEmpty)
        #expect(bench.machine.pending.isEmpty)
        #expect(bench.tell(.viewChanged(view(owners: [], holders: [1]))).isEmpty, "nobody owns it: nobody is relieved")
    }

    @Test("Nobody is relieved before every shard goes by the owners that hold the partition")
    func adoption() {
        let bench = bench()
        #expect(bench.tell(.viewChanged(view(owners: [2, 3], holders: [1, 2, 3]))).isEmpty)
        #expect(
            bench.tell(.viewAdopted(epoch)) == [.transfer(.scan(first, from: 0, limit: 1024, ticket(1)))])
        #expect(bench.tell(.transfer(.scanned(ticket(1), [], next: nil))).isEmpty)
        #expect(bench.wait() == [.relinquish(partitions(0))])
    }

    @Test("Nobody is relieved by an owner that does not confirm, nor by others than those that were asked")
    func notRelieved() {
        for answer in [HandoffResponse.busy, .failed, .wrongEpoch(.zero)] {
            let bench = relieved()
            _ = bench.tell(.transfer(.scanned(ticket(1), entries, next: nil)))
            _ = bench.tell(.transfer(.answered(ticket(2), .wanted([]))))
            #expect(!bench.tell(.transfer(.answered(ticket(3), answer))).contains(.relinquish(partitions(0))))
            #expect(bench.machine.pending.count == 1)
            #expect(!bench.wait().contains(.relinquish(partitions(0))))
        }
        let bench = relieved()
        _ = bench.tell(.transfer(.scanned(ticket(1), entries, next: nil)))
        _ = bench.tell(.transfer(.answered(ticket(2), .wanted([]))))
        _ = bench.tell(.viewChanged(view(owners: [2, 4], holders: [1, 2, 3, 4])))
        #expect(!bench.tell(.transfer(.answered(ticket(3), .wanted([])))).contains(.relinquish(partitions(0))))
        #expect(!bench.wait().contains(.relinquish(partitions(0))))
    }

    @Test("What has not gone home when this node comes to own it goes to the other owners all the same, and stays")
    func owed() {
        let bench = bench()
        _ = bench.tell(.viewChanged(view(owners: [2, 3], holders: [2, 3], unreachable: [2, 3])))
        #expect(bench.tell(.strayStored(first)).isEmpty)
        #expect(bench.tell(.viewChanged(view(owners: [1, 2], holders: [2, 3], unreachable: [2, 3]))).isEmpty)
        #expect(
            bench.tell(.viewChanged(view(owners: [1, 2], holders: [1, 2, 3], unreachable: [3])))
                == [.transfer(.scan(first, from: 0, limit: 1024, ticket(1)))])
        #expect(bench.tell(.transfer(.scanned(ticket(1), entries, next: nil))) == [offer(to: 2, 2)])
        #expect(bench.tell(.transfer(.answered(ticket(2), .wanted([])))).isEmpty, "an owner drops nothing")
        #expect(bench.machine.pending.isEmpty)
    }

    @Test("What lay on the disk when this node started is owed to the other owners too, where it owns the partition")
    func owedAfterStart() {
        let bench = bench()
        #expect(bench.tell(.inventory(partitions(0))).isEmpty)
        _ = bench.tell(.viewChanged(view(owners: [1, 2, 3], holders: [2, 3])))
        #expect(bench.machine.pending.count == 1)
    }

    @Test("What was kept since the partition was owned is walked anew, and dropped, when it is not any more")
    func changedWalk() {
        let bench = bench()
        _ = bench.tell(.viewChanged(view(owners: [2, 3], holders: [2, 3], unreachable: [2, 3])))
        _ = bench.tell(.strayStored(first))
        _ = bench.tell(.viewChanged(view(owners: [1, 2, 3], holders: [2, 3])))
        _ = bench.tell(.transfer(.scanned(ticket(1), entries, next: 3)))
        _ = bench.tell(.transfer(.answered(ticket(2), .wanted([]))))
        #expect(
            bench.tell(.transfer(.answered(ticket(3), .wanted([])))) == [
                .transfer(.scan(first, from: 3, limit: 1024, ticket(4)))
            ])
        #expect(
            bench.tell(.viewChanged(view(owners: [2, 3], holders: [2, 3])))
                == [.transfer(.scan(first, from: 0, limit: 1024, ticket(5)))])
    }

    @Test("A partition that is owned no more has one walk, and that hears of what is stored meanwhile")
    func oneWalk() {
        func scan(_ number: UInt64) -> [Homecoming.Effect] {
            [.transfer(.scan(first, from: 0, limit: 1024, ticket(number)))]
        }
        let bench = bench()
        _ = bench.tell(.viewChanged(view(owners: [2, 3], holders: [2, 3])))
        #expect(bench.tell(.strayStored(first)) == scan(1))
        #expect(bench.tell(.viewChanged(view(owners: [1, 2], holders: [2, 3]))) == scan(2), "owed")
        #expect(bench.tell(.viewChanged(view(owners: [2, 3], holders: [2, 3]))) == scan(3), "a stray again")
        #expect(bench.tell(.transfer(.scanned(ticket(2), entries, next: nil))).isEmpty, "of the walk that is no more")
        _ = bench.tell(.strayStored(first))
        #expect(bench.tell(.transfer(.scanned(ticket(3), [], next: nil))).isEmpty)
        #expect(bench.machine.pending.count == 1)
        #expect(bench.wait() == scan(4))
    }

    @Test("What waits for an owner that cannot be reached goes when that is no owner any more")
    func waiting() {
        let bench = bench()
        _ = bench.tell(.viewChanged(view(owners: [2, 3], holders: [2, 3], unreachable: [3])))
        _ = bench.tell(.strayStored(first))
        _ = bench.tell(.transfer(.scanned(ticket(1), entries, next: nil)))
        _ = bench.tell(.transfer(.answered(ticket(2), .wanted([]))))
        #expect(bench.machine.pending.count == 1)
        #expect(
            bench.tell(.viewChanged(view(owners: [2], holders: [2, 3], unreachable: [3])))
                == [.transfer(.scan(first, from: 0, limit: 1024, ticket(3)))])
    }

    @Test("An entry goes only when every owner has confirmed it: by wanting it not, or by a delivery on disk")
    func drop() {
        let bench = offering()
        #expect(bench.tell(.transfer(.answered(ticket(2), .wanted([])))).isEmpty)
        #expect(
            bench.tell(.transfer(.answered(ticket(3), .wanted([1]))))
                == [.transfer(.load([entries[1]], byteLimit: HandoffLimits.batchBytes, ticket(4)))])
        #expect(
            bench.tell(.transfer(.loaded(ticket(4), [.found(entry(2))], byteCount: 9)))
                == [.transfer(.send(.deliver(entries: [entry(2)], epoch: epoch), to: node(3), ticket(5)))])
        #expect(
            bench.tell(.transfer(.answered(ticket(5), .delivered)))
                == [.dropIfUnchanged(first, entries, ticket(6))])
        #expect(bench.tell(.dropped(ticket(6))).isEmpty)
        #expect(bench.machine.pending.isEmpty)
        #expect(bench.machine.nextDeadline == nil)
    }

    @Test("What one owner has not confirmed stays, whatever the others say")
    func partial() {
        for answer in [HandoffResponse.busy, .failed, .delivered, .wrongEpoch(.zero), .wanted([7]), .wanted([1, 1])] {
            let bench = offering()
            #expect(bench.tell(.transfer(.answered(ticket(2), .wanted([])))).isEmpty)
            let effects = bench.tell(.transfer(.answered(ticket(3), answer)))
            #expect(effects == (answer == .wrongEpoch(.zero) ? [.transfer(.synchronise(with: node(3)))] : []))
            #expect(bench.machine.pending.count == 1)
            #expect(bench.wait() == [.transfer(.scan(first, from: 0, limit: 1024, ticket(4)))])
        }
        let bench = offering()
        _ = bench.tell(.transfer(.answered(ticket(2), .wanted([]))))
        _ = bench.tell(.transfer(.answered(ticket(3), .wanted([0]))))
        // It was written to since: only the other may go, and another walk follows.
        #expect(
            bench.tell(.transfer(.loaded(ticket(4), [.gone], byteCount: 0)))
                == [.dropIfUnchanged(first, [entries[1]], ticket(5))])
        #expect(bench.tell(.dropped(ticket(5))).isEmpty)
        #expect(bench.machine.pending.count == 1)
    }

    @Test("A drop that fails is tried again with another walk")
    func failedDrop() {
        let bench = offering()
        _ = bench.tell(.transfer(.answered(ticket(2), .wanted([]))))
        #expect(
            bench.tell(.transfer(.answered(ticket(3), .wanted([])))) == [.dropIfUnchanged(first, entries, ticket(4))])
        #expect(bench.tell(.transfer(.failed(ticket(4)))).isEmpty)
        #expect(bench.wait() == [.transfer(.scan(first, from: 0, limit: 1024, ticket(5)))])
    }

    @Test("With an owner away the others get what they lack, nothing is dropped, and its return begins a new walk")
    func ownerAway() {
        let bench = bench()
        let away = view(owners: [2, 3], holders: [2, 3], unreachable: [3])
        _ = bench.tell(.viewChanged(away))
        _ = bench.tell(.strayStored(first))
        #expect(bench.tell(.transfer(.scanned(ticket(1), entries, next: nil))) == [offer(to: 2, 2)])
        #expect(bench.tell(.transfer(.answered(ticket(2), .wanted([])))).isEmpty)
        #expect(bench.machine.pending.count == 1)
        #expect(bench.machine.nextDeadline == nil, "parked")
        #expect(
            bench.tell(.viewChanged(view(owners: [2, 3], holders: [2, 3])))
                == [.transfer(.scan(first, from: 0, limit: 1024, ticket(3)))])
    }

    @Test("A node that becomes an owner again drops nothing, whatever was confirmed")
    func ownerAgain() {
        let bench = offering()
        #expect(bench.tell(.transfer(.answered(ticket(2), .wanted([])))).isEmpty)
        #expect(
            bench.tell(.viewChanged(view(owners: [1, 2, 3], holders: [2, 3])))
                == [.transfer(.scan(first, from: 0, limit: 1024, ticket(4)))])
        #expect(bench.tell(.transfer(.answered(ticket(3), .wanted([])))).isEmpty)
        #expect(
            bench.tell(.transfer(.scanned(ticket(4), entries, next: nil))) == [offer(to: 2, 5), offer(to: 3, 6)])
        #expect(bench.tell(.transfer(.answered(ticket(5), .wanted([])))).isEmpty)
        #expect(bench.tell(.transfer(.answered(ticket(6), .wanted([])))).isEmpty)
        #expect(bench.machine.pending.isEmpty)
    }

    @Test("With other owners the walk begins again: the word of the former ones does not count")
    func otherOwners() {
        let bench = offering()
        #expect(bench.tell(.transfer(.answered(ticket(2), .wanted([])))).isEmpty)
        #expect(
            bench.tell(.viewChanged(view(owners: [2, 4], holders: [2, 3])))
                == [.transfer(.scan(first, from: 0, limit: 1024, ticket(4)))])
        #expect(bench.tell(.transfer(.answered(ticket(3), .wanted([])))).isEmpty)
    }

    @Test(
        "A stray that cannot be read is offered more and more seldom; one that was written to meanwhile is not left alone"
    )
    func unreadable() {
        for (loaded, isSeldom) in [(LoadedEntry.unreadable, true), (.gone, false)] {
            let bench = bench()
            _ = bench.tell(.viewChanged(view(owners: [2], holders: [2])))
            _ = bench.tell(.strayStored(first))
            let began = bench.now
            for round in 0..<10 as Range<UInt64> {
                let number = 4 * round
                _ = bench.tell(.transfer(.scanned(ticket(number + 1), entries, next: nil)))
                _ = bench.tell(.transfer(.answered(ticket(number + 2), .wanted([1]))))
                #expect(
                    bench.tell(.transfer(.loaded(ticket(number + 3), [loaded], byteCount: 0)))
                        == [.dropIfUnchanged(first, [entries[0]], ticket(number + 4))])
                #expect(bench.tell(.dropped(ticket(number + 4))).isEmpty)
                #expect(bench.machine.pending.count == 1)
                #expect(bench.wait() == [.transfer(.scan(first, from: 0, limit: 1024, ticket(number + 5)))])
            }
            let seconds = began.nanoseconds(to: bench.now) / 1_000_000_000
            #expect((seconds > 20) == isSeldom, "ten walks within \(seconds) s")
        }
    }

    @Test("News during a walk, a pause and a silent owner are seen to")
    func interruptions() {
        let bench = offering()
        #expect(bench.tell(.strayStored(first)).isEmpty)
        #expect(bench.tell(.pause).isEmpty)
        #expect(bench.wait().isEmpty)
        #expect(bench.machine.pending.count == 1)
        #expect(bench.machine.nextDeadline == nil)
        bench.now = bench.now.advanced(by: .seconds(60))
        #expect(bench.tell(.resume) == [.transfer(.scan(first, from: 0, limit: 1024, ticket(4)))])
        #expect(bench.tell(.transfer(.failed(ticket(4)))).isEmpty)
        #expect(bench.wait() == [.transfer(.scan(first, from: 0, limit: 1024, ticket(5)))])
    }
}
