import Handoff
import Machine
import Ring
import Testing

@Suite struct AcquisitionTests {
    private func bench(_ configuration: AcquisitionConfiguration = AcquisitionConfiguration()) -> Bench<Acquisition> {
        Bench(machine: Acquisition(partitionCount: 4, configuration: configuration, seed: 1))
    }

    private func pull(_ from: UInt64, at cursor: UInt64 = 0, _ number: UInt64) -> Acquisition.Effect {
        .pull(
            PullRequest(
                partitions: partitions(0), from: cursor, byteLimit: HandoffLimits.batchBytes,
                epoch: RingEpoch(measure: 1, digest: 0)), from: node(from), ticket(number))
    }

    @Test("What nobody holds is claimed at once, for there is nothing to read")
    func birth() {
        let bench = bench()
        #expect(bench.tell(.viewChanged(view(owners: [1], holders: []))) == [.claim(partitions(0))])
        #expect(bench.tell(.viewChanged(view(owners: [1], holders: [1]))).isEmpty)
        #expect(bench.machine.nextDeadline == nil)
    }

    @Test("Each holder is read batch by batch, the next asked for when the last is on disk, and then comes the claim")
    func pulls() {
        let bench = bench()
        let joined = view(owners: [1, 2, 3], holders: [2, 3, 4])
        #expect(bench.tell(.viewChanged(joined)) == [pull(2, 1), pull(3, 2), pull(4, 3)])
        #expect(
            bench.tell(.answered(ticket(1), batch([5], next: 9), byteCount: 10)) == [.merge([entry(5)], ticket(4))])
        #expect(bench.tell(.merged(ticket(4))) == [pull(2, at: 9, 5)])
        #expect(bench.tell(.answered(ticket(5), batch([], next: nil), byteCount: 1)).isEmpty)
        #expect(bench.tell(.answered(ticket(2), batch([], next: nil), byteCount: 1)).isEmpty)
        #expect(
            bench.tell(.answered(ticket(3), batch([], next: nil), byteCount: 1)) == [.claim(partitions(0))])
        // A claim that the ring does not show is made again.
        #expect(bench.wait() == [.claim(partitions(0))])
        #expect(bench.tell(.viewChanged(view(owners: [1, 2, 3], holders: [1, 2, 3, 4]))).isEmpty)
        #expect(bench.machine.progress.partitionsTotal == 0)
    }

    @Test("An unreachable holder is not waited for where the others make up all but quorum − 1 of the copies")
    func unreachable() {
        let bench = bench()
        let oneDown = view(owners: [1, 2, 3], holders: [2, 3, 4], unreachable: [4])
        #expect(bench.tell(.viewChanged(oneDown)) == [pull(2, 1), pull(3, 2)])
        _ = bench.tell(.answered(ticket(1), batch([], next: nil), byteCount: 1))
        #expect(
            bench.tell(.answered(ticket(2), batch([], next: nil), byteCount: 1)) == [.claim(partitions(0))])

        let other = self.bench()
        _ = other.tell(.viewChanged(view(owners: [1, 2, 3], holders: [2, 3, 4], unreachable: [3, 4])))
        #expect(other.tell(.answered(ticket(1), batch([], next: nil), byteCount: 1)).isEmpty)
    }

    @Test("With a member removed, one survivor alone may be the one that missed a write: every survivor is read")
    func requiredCopies() {
        #expect(Acquisition.requiredCopies(owners: 3, holders: 3) == 2)
        #expect(Acquisition.requiredCopies(owners: 3, holders: 4) == 3)
        #expect(Acquisition.requiredCopies(owners: 3, holders: 2) == 2)
        #expect(Acquisition.requiredCopies(owners: 3, holders: 1) == 1)
        #expect(Acquisition.requiredCopies(owners: 1, holders: 1) == 1)
        #expect(Acquisition.requiredCopies(owners: 3, holders: 0) == 0)
        for owners in 1...16 {
            for holders in 1...32 {
                // Whatever is acknowledged by a quorum, of whom those beyond the holders are gone, is met.
                let gone = max(0, owners - holders)
                let quorum = owners / 2 + 1
                let read = Acquisition.requiredCopies(owners: owners, holders: holders)
                #expect(read >= 1 && read <= holders)
                #expect(read + quorum - gone > holders || read == holders)
            }
        }
    }

    @Test(
        "A copy of a holder that did not know the new owner counts for nothing: synchronise, wait, read it from the start"
    )
    func refusal() {
        let bench = bench()
        _ = bench.tell(.viewChanged(view(owners: [1], holders: [2])))
        #expect(
            bench.tell(.answered(ticket(1), batch([], next: nil, refused: partitions(0)), byteCount: 1))
                == [.synchronise(with: node(2))])
        #expect(bench.wait() == [pull(2, 3)])
        #expect(bench.now > .zero)
        #expect(bench.tell(.answered(ticket(3), .wrongEpoch(.zero), byteCount: 1)) == [.synchronise(with: node(2))])
        #expect(bench.wait() == [pull(2, 4)])
    }

    @Test("Failures, silence and batches that do not move wait ever longer and resume at the cursor")
    func failures() {
        let bench = bench()
        _ = bench.tell(.viewChanged(view(owners: [1], holders: [2])))
        _ = bench.tell(.answered(ticket(1), batch([5], next: 9), byteCount: 1))
        #expect(bench.tell(.merged(ticket(2))) == [pull(2, at: 9, 3)])
        #expect(bench.tell(.failed(ticket(3))).isEmpty)
        #expect(bench.wait() == [pull(2, at: 9, 4)])
        #expect(bench.tell(.answered(ticket(4), batch([5], next: 9), byteCount: 1)).isEmpty)
        #expect(bench.wait() == [pull(2, at: 9, 5)])
        #expect(bench.tell(.answered(ticket(5), .busy, byteCount: 1)).isEmpty)
        #expect(bench.wait() == [pull(2, at: 9, 6)])
        #expect(bench.wait().isEmpty)
        #expect(bench.wait() == [pull(2, at: 9, 7)])
        #expect(bench.tell(.answered(ticket(6), batch([], next: nil), byteCount: 1)).isEmpty, "late")
        _ = bench.tell(.answered(ticket(7), batch([11], next: nil), byteCount: 1))
        #expect(bench.tell(.mergeFailed(ticket(8))).isEmpty)
        #expect(bench.wait() == [pull(2, at: 9, 9)])
    }

    @Test("A partition that was lost and comes back is read from the start, and what is held elsewhere by then too")
    func lostAndBack() {
        let bench = bench()
        _ = bench.tell(.viewChanged(view(owners: [1], holders: [2])))
        _ = bench.tell(.answered(ticket(1), batch([5], next: 9), byteCount: 1))
        #expect(bench.tell(.viewChanged(view(owners: [2], holders: [2]))).isEmpty)
        #expect(bench.tell(.merged(ticket(2))).isEmpty)
        #expect(bench.tell(.viewChanged(view(owners: [1], holders: [2, 3]))) == [pull(2, 3), pull(3, 4)])
    }

    @Test("A throttled pull waits until its last batch has been paid for")
    func throttle() {
        let bench = bench(AcquisitionConfiguration(bytesPerSecond: 1000))
        _ = bench.tell(.viewChanged(view(owners: [1], holders: [2])))
        _ = bench.tell(.answered(ticket(1), batch([5], next: 9), byteCount: 500))
        #expect(bench.tell(.merged(ticket(2))).isEmpty)
        #expect(bench.wait() == [pull(2, at: 9, 3)])
        #expect(bench.now == .zero.advanced(by: .milliseconds(500)))
    }
}
