import Coordinator

/// Whether a register with one writer, who writes ever greater numbers, looked to everyone like one register at one place.
///
/// The numbers are those of its writes; the register keeps the greatest, and -1 before the first. One writer makes it simple: a
/// history is linearizable if and only if no read is ahead of the writes, behind a write or behind another read (Lamport,
/// "On Interprocess Communication", 1986, his atomic registers). O(n log n).
struct LinearityChecker {
    /// A write or a read that has begun.
    struct Access {
        enum Kind {
            case write
            case read
        }

        var kind: Kind
        var number: Int
        var began: Int64
        /// `.max` for a write whose outcome is unknown: it may happen at any time, or never.
        var ended: Int64
    }

    /// What nobody can explain with one register.
    enum Anomaly: Error, Equatable {
        /// A read showed what was not yet written.
        case fromTheFuture(number: Int)
        /// A read did not show what had been written before it began.
        case behindAWrite(shown: Int, written: Int)
        /// A read did not show what another read had shown before it began.
        case behindARead(shown: Int, before: Int)
    }

    /// The first thing that is wrong, in the order in which reads began.
    static func check(_ accesses: [Access]) -> Anomaly? {
        var beginnings: [Int: Int64] = [:]
        for access in accesses where access.kind == .write {
            beginnings[access.number] = access.began
        }
        let endings = accesses.filter { $0.ended < .max }.sorted { ($0.ended, $0.number) < ($1.ended, $1.number) }
        let reads = accesses.filter { $0.kind == .read }.sorted { ($0.began, $0.number) < ($1.began, $1.number) }
        var next = 0
        var written = -1
        var read = -1
        for access in reads {
            while next < endings.count, endings[next].ended < access.began {
                if endings[next].kind == .write {
                    written = max(written, endings[next].number)
                } else {
                    read = max(read, endings[next].number)
                }
                next += 1
            }
            if access.number >= 0, beginnings[access.number].map({ $0 > access.ended }) ?? true {
                return .fromTheFuture(number: access.number)
            }
            if access.number < written {
                return .behindAWrite(shown: access.number, written: written)
            }
            if access.number < read {
                return .behindARead(shown: access.number, before: read)
            }
        }
        return nil
    }

    /// What happened to a key with one writer; reads that ask for less than the others say nothing, nor do those that ended at
    /// `end` or later.
    static func check(
        _ key: KeyHistory, _ operations: [Operation], _ options: WorkloadOptions, until end: Int64 = .max
    ) -> Anomaly? {
        check(
            key.operations.compactMap { number in
                let operation = operations[number]
                switch operation.kind {
                case .write(let write):
                    guard operation.outcome != .notApplied else { return nil }
                    return Access(
                        kind: .write, number: write, began: operation.began,
                        ended: operation.outcome == .done ? operation.ended : .max)
                case .read:
                    guard operation.outcome == .done, operation.ended < end,
                        operation.options.read == options.singleRead,
                        operation.options.sloppy == options.isSingleSloppy
                    else { return nil }
                    return Access(
                        kind: .read, number: operation.shown.max() ?? -1, began: operation.began, ended: operation.ended
                    )
                }
            })
    }
}
