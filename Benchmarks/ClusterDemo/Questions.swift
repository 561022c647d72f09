import Foundation
import Logging
import Machine
import NIOCore
import Node
import RPC
import Wire

/// What the demo asks nodes about the cluster.
struct Questions: Sendable {
    let eventLoop: any EventLoop
    private static let logger = Logger(label: "cluster-demo") { _ in SwiftLogNoOpLogHandler() }

    /// The members, and what moves, as a node sees it.
    func cluster(_ node: RPCEndpoint) async throws -> ClusterStatus {
        try JSONDecoder().decode(ClusterStatus.self, from: try await ask(node, .cluster))
    }

    /// Every partition's owners, as a node sees it.
    func ring(_ node: RPCEndpoint) async throws -> RingStatus {
        try JSONDecoder().decode(RingStatus.self, from: try await ask(node, .ring))
    }

    private func ask(_ node: RPCEndpoint, _ query: StatusQuery) async throws -> Data {
        let connection = try await RPCClientConnection.connect(
            to: node, as: try Hello(role: .client, clusterName: ""), on: eventLoop, logger: Self.logger)
        var question = ByteBuffer()
        query.encode(into: &question)
        let answer: Result<Frame, RPCFailure>
        do throws(RPCFailure) {
            answer = .success(try await connection.call(.query, payload: question, timeout: .seconds(10)))
        } catch {
            answer = .failure(error)
        }
        await connection.close()
        return Data(try answer.get().payload.readableBytesView)
    }
}

extension ClusterStatus {
    /// What still has to happen before the cluster is at rest, or `nil` where it is.
    func unrest(members count: Int, expectsKeys: Bool) -> String? {
        guard members.count == count else { return "\(members.count) of \(count) members are known" }
        for member in members {
            if member.state != "up" { return "\(member.name) is \(member.state)" }
            if !member.reachable { return "\(member.name) counts as unreachable" }
            if !member.answered || (expectsKeys && member.keys == 0) {
                return "\(member.name) does not say what it has"
            }
        }
        let hints = members.reduce(0) { $0 + $1.hintsPending }
        if hints > 0 { return "\(hints.grouped) copies are on their way to their owners" }
        if !transfers.isEmpty { return "\(transfers.count) transfers are under way" }
        for member in members where member.partitionsHeld != member.partitionsOwned {
            return "\(member.name) holds \(member.partitionsHeld) partitions and owns \(member.partitionsOwned)"
        }
        return nil
    }

    /// Copies of records on all disks.
    var copies: Int { members.reduce(0) { $0 + $1.keys } }
}

extension RingStatus {
    /// How many copies of partitions have another owner than in an older ring.
    func moved(since old: RingStatus) -> Int {
        zip(old.owners, owners).reduce(0) { $0 + Set($1.1).subtracting($1.0).count }
    }
}
