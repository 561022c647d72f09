import Logging
import Machine
import NIOCore
import Wire

// What the channel reports. A call to the delegate never happens inside a call of the delegate's to the connection:
// what the channel may report in the midst of a write is told from a later turn of the loop.
extension RPCConnection {
    func channelActive(_ context: ChannelHandlerContext) {
        self.context = context
        guard phase != .closed else {
            context.close(promise: nil)
            return
        }
        isWritable = context.channel.isWritable
        phase = .handshaking
        schedule(after: configuration.handshakeTimeout) { $0.abort(.handshakeTimeout) }
        if case .initiator(let hello, _) = side {
            var bytes = ByteBuffer()
            bytes.writeFrame(FrameHeader(kind: .hello, requestID: 0)) { hello.encode(into: &$0) }
            context.writeAndFlush(NIOAny(bytes), promise: nil)
        }
    }

    func received(_ bytes: ByteBuffer) {
        heardSinceTick = true
        guard phase != .closed else { return }
        decoder.append(bytes)
        do throws(DecodingFailure) {
            while phase != .closed, let frame = try decoder.next() {
                if phase == .open, frame.kind.isMessage {
                    delegate?.connection(self, received: frame)
                } else {
                    try receivedOwn(frame)
                }
            }
        } catch {
            abort(.malformed(error))
        }
    }

    func readComplete() {
        guard phase == .open else { return }
        delegate?.connectionReadComplete(self)
        flush()
    }

    func channelWritabilityChanged(to isWritable: Bool) {
        guard self.isWritable != isWritable else { return }
        self.isWritable = isWritable
        eventLoop.assumeIsolated().execute {
            // A channel that was full for a moment only is not worth a word.
            guard self.phase == .open, self.isWritable == isWritable else { return }
            self.flush()
            self.delegate?.connection(self, writabilityChanged: isWritable)
        }
    }

    /// The channel is gone, or was never made.
    func channelClosed(_ reason: ConnectionCloseReason) {
        context = nil
        end(reason)
        eventLoop.assumeIsolated().execute {
            // Taken out first: this breaks the cycle, and makes the call the only one.
            guard let delegate = self.delegate, let reason = self.closeReason else { return }
            self.delegate = nil
            delegate.connectionClosed(self, reason: reason)
        }
    }

    /// Closes at once, what waits is lost.
    func abort(_ reason: ConnectionCloseReason) {
        guard phase != .closed else { return }
        end(reason)
        context?.close(promise: nil)
    }

    /// From here on nothing is sent or received; the first reason stays.
    func end(_ reason: ConnectionCloseReason) {
        guard phase != .closed else { return }
        if case .acceptor(_, let counts) = side {
            if phase == .open {
                counts.connectionClosed()
            } else {
                counts.handshakeEnded()
            }
        }
        phase = .closed
        closeReason = reason
        timer?.cancel()
        timer = nil
        logger.debug("connection closed", metadata: ["remote": "\(remoteDescription)", "reason": "\(reason)"])
    }

    /// Closes when these last bytes, and all before them, are written, or when the other end does not take them in time.
    func closeAfterWriting(_ bytes: ByteBuffer, to context: ChannelHandlerContext) {
        let written = eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in
            self.timer?.cancel()
            self.timer = nil
            self.context?.close(promise: nil)
        }
        schedule(after: configuration.handshakeTimeout) { $0.context?.close(promise: nil) }
        context.writeAndFlush(NIOAny(bytes), promise: written)
    }

    func schedule(after delay: Duration, _ act: @escaping (RPCConnection) -> Void) {
        timer?.cancel()
        timer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) { [weak self] in
            guard let self else { return }
            act(self)
        }
    }

    private var remoteDescription: String {
        if let remote {
            "\(remote)"
        } else {
            context?.remoteAddress?.description ?? "unknown"
        }
    }
}
