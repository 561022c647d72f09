import Logging
import Machine
import NIOCore
import Wire

/// One peer of ``PeerConnections``: its address, its connection, and the wait before the next one.
final class PeerLink: RPCConnectionDelegate {
    private enum State {
        case idle
        case connecting(RPCConnection)
        case open(RPCConnection)
        case waiting(ConnectionCloseReason, Scheduled<Void>)
        case closed
    }

    private let peer: NodeID
    private var endpoint: RPCEndpoint
    /// Let go of when the link is closed.
    private var owner: PeerConnections?
    private var state = State.idle
    private var backoff: Backoff
    /// Whether the owner's list of links to flush has this one.
    var isUnflushed = false

    init(_ peer: NodeID, at endpoint: RPCEndpoint, of owner: PeerConnections) {
        self.peer = peer
        self.endpoint = endpoint
        self.owner = owner
        backoff = Backoff(base: owner.configuration.backoffBase, limit: owner.configuration.backoffLimit)
    }

    var isOpen: Bool {
        if case .open = state { true } else { false }
    }

    /// The connection that takes frames now, made if there is none; or why there is none.
    func connectionForSending() -> Result<RPCConnection, ConnectionCloseReason> {
        switch state {
        case .open(let connection), .connecting(let connection):
            return .success(connection)
        case .idle:
            guard let connection = connect() else { return .failure(.closedHere) }
            return .success(connection)
        case .waiting(let reason, _):
            return .failure(reason)
        case .closed:
            return .failure(.closedHere)
        }
    }

    func flush() {
        isUnflushed = false
        if case .open(let connection) = state {
            connection.flush()
        }
    }

    func move(to endpoint: RPCEndpoint) {
        guard endpoint != self.endpoint else { return }
        self.endpoint = endpoint
        backoff.reset()
        retry()
    }

    /// Ends the wait, if there is one.
    func retry() {
        guard case .waiting(_, let timer) = state else { return }
        timer.cancel()
        _ = connect()
    }

    func close() {
        switch state {
        case .idle, .closed: break
        case .waiting(_, let timer): timer.cancel()
        case .connecting(let connection), .open(let connection): connection.close()
        }
        state = .closed
        owner = nil
    }

    private func connect() -> RPCConnection? {
        guard let owner else { return nil }
        let connection = RPCConnection.connect(
            to: endpoint, as: owner.hello, expecting: peer, on: owner.eventLoop, delegate: self,
            configuration: owner.configuration, logger: owner.logger, prepareChannel: owner.prepareChannel)
        state = .connecting(connection)
        return connection
    }

    // MARK: RPCConnectionDelegate

    func connectionOpened(_ connection: RPCConnection) {
        guard case .connecting = state else { return }
        state = .open(connection)
        backoff.reset()
        guard let owner else { return }
        owner.logger.info("peer reached", metadata: ["peer": "\(peer)", "endpoint": "\(endpoint)"])
        owner.delegate?.peers(owner, reached: peer)
    }

    func connection(_ connection: RPCConnection, received frame: Frame) {
        guard case .open = state, let owner else { return }
        owner.delegate?.peers(owner, received: frame, from: peer)
    }

    func connectionReadComplete(_ connection: RPCConnection) {
        guard case .open = state, let owner else { return }
        owner.delegate?.peersReadComplete(owner, from: peer)
    }

    func connection(_ connection: RPCConnection, writabilityChanged isWritable: Bool) {
        guard case .open = state, let owner else { return }
        owner.delegate?.peers(owner, writabilityOf: peer, changedTo: isWritable)
    }

    func connectionClosed(_ connection: RPCConnection, reason: ConnectionCloseReason) {
        switch state {
        case .connecting, .open: break
        case .idle, .waiting, .closed: return
        }
        guard let owner else { return }
        // A loss is news, the attempts that fail after it are not.
        let level: Logger.Level = backoff.isFresh ? .notice : .debug
        let delay = backoff.nextDelay(from: &owner.generator)
        let timer = owner.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) { [weak self] in
            guard let self, case .waiting = self.state else { return }
            _ = self.connect()
        }
        state = .waiting(reason, timer)
        owner.logger.log(
            level: level, "peer lost",
            metadata: [
                "peer": "\(peer)", "endpoint": "\(endpoint)", "reason": "\(reason)", "retry": "\(delay)",
            ])
        owner.delegate?.peers(owner, lost: peer, reason: reason)
    }
}
