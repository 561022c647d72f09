import Machine
import NIOCore
import Synchronization
import Wire

/// One call in flight: the task that waits, and where the loop keeps it.
///
/// The lock orders a cancellation, which comes on any thread, with the call's beginning on the loop.
final class Call: Sendable {
    enum State {
        case new
        case waiting(SlotID)
        case cancelledBeforeStart
    }

    let state = Mutex(State.new)
}

/// The calls in flight on one connection, on its event loop.
///
/// A request id is a slot of the table with its generation, so that a late answer to a call that was given up is told
/// from the answer to the call that has the place now.
final class CallTable: RPCConnectionDelegate {
    typealias Waiter = CheckedContinuation<Result<Frame, RPCFailure>, Never>

    private let eventLoop: any EventLoop
    private var waiters: SlotTable<Waiter>
    /// The present use of each place, since a deadline names the place alone.
    private var slots: [SlotID] = []
    private var deadlines = DeadlineQueue()
    private var timer: (deadline: Instant, scheduled: Scheduled<Void>)?
    private var connection: RPCConnection?
    private var closeReason: ConnectionCloseReason?
    private var flushIsDue = false
    private var opening: EventLoopPromise<Void>?
    private var closing: [EventLoopPromise<Void>] = []

    init(on eventLoop: any EventLoop, callLimit: Int, opening: EventLoopPromise<Void>) {
        self.eventLoop = eventLoop
        self.opening = opening
        waiters = SlotTable(capacity: callLimit)
    }

    func use(_ connection: RPCConnection) {
        self.connection = connection
    }

    /// Sends the request and keeps the waiter until its answer, deadline, cancellation or the connection's end.
    func begin(_ call: Call, kind: FrameKind, payload: ByteBuffer, deadline: Instant, _ waiter: Waiter) {
        guard let connection, closeReason == nil else {
            waiter.resume(returning: .failure(.notConnected(closeReason ?? .closedHere)))
            return
        }
        guard deadline > now else {
            waiter.resume(returning: .failure(.deadlineExceeded))
            return
        }
        guard let slot = waiters.insert(waiter) else {
            waiter.resume(returning: .failure(.busy))
            return
        }
        let isCancelled = call.state.withLock { state in
            if case .cancelledBeforeStart = state { return true }
            state = .waiting(slot)
            return false
        }
        guard !isCancelled else {
            finish(slot, .failure(.cancelled))
            return
        }
        switch connection.send(kind: kind, requestID: slot.rawValue, payload: payload) {
        case .queued:
            setDeadline(deadline, of: slot)
            flushSoon()
        case .busy:
            finish(slot, .failure(.busy))
        case .tooLarge(let limit):
            finish(slot, .failure(.tooLarge(limit: limit)))
        case .closed:
            finish(slot, .failure(.notConnected(connection.closeReason ?? .closedByRemote)))
        }
    }

    func cancel(_ slot: SlotID) {
        finish(slot, .failure(.cancelled))
    }

    /// Closes the connection; `promise` is kept when it has ended.
    func close(_ promise: EventLoopPromise<Void>) {
        if closeReason != nil {
            promise.succeed()
        } else {
            closing.append(promise)
            connection?.close()
        }
    }

    /// Gives the waiter its result; a slot that has gone is a late answer, and is dropped.
    private func finish(_ slot: SlotID, _ result: Result<Frame, RPCFailure>) {
        guard let waiter = waiters.remove(slot) else { return }
        deadlines.remove(slot.index)
        waiter.resume(returning: result)
    }

    private var now: Instant {
        Instant(nanoseconds: Int64(truncatingIfNeeded: eventLoop.now.uptimeNanoseconds))
    }

    /// Calls that begin in one turn of the loop go out with one write.
    private func flushSoon() {
        guard !flushIsDue else { return }
        flushIsDue = true
        eventLoop.assumeIsolated().execute {
            self.flushIsDue = false
            self.connection?.flush()
        }
    }

    private func setDeadline(_ deadline: Instant, of slot: SlotID) {
        // The table gives out its places in order, so a new one is the next.
        if Int(slot.index) == slots.count {
            slots.append(slot)
        } else {
            slots[Int(slot.index)] = slot
        }
        deadlines.set(deadline, for: slot.index)
        armTimer()
    }

    private func armTimer() {
        guard let earliest = deadlines.earliest else { return }
        if let timer {
            guard earliest < timer.deadline else { return }
            timer.scheduled.cancel()
        }
        // A wait too long for the clock is a wait without an end.
        let delay = TimeAmount.nanoseconds(max(0, min(now.nanoseconds(to: earliest), Int64.max / 4)))
        let scheduled = eventLoop.assumeIsolated().scheduleTask(in: delay) { self.expire() }
        timer = (earliest, scheduled)
    }

    private func expire() {
        timer = nil
        let now = now
        while let index = deadlines.popExpired(at: now) {
            finish(slots[Int(index)], .failure(.deadlineExceeded))
        }
        armTimer()
    }

    // MARK: RPCConnectionDelegate

    func connectionOpened(_ connection: RPCConnection) {
        opening?.succeed()
        opening = nil
    }

    func connection(_ connection: RPCConnection, received frame: Frame) {
        guard frame.flags.contains(.reply) else { return }
        finish(SlotID(rawValue: frame.requestID), .success(frame))
    }

    func connectionClosed(_ connection: RPCConnection, reason: ConnectionCloseReason) {
        closeReason = reason
        self.connection = nil
        timer?.scheduled.cancel()
        timer = nil
        opening?.fail(reason)
        opening = nil
        for slot in waiters.ids {
            finish(slot, .failure(.connectionLost(reason)))
        }
        for promise in closing {
            promise.succeed()
        }
        closing = []
    }
}
