import Coordinator
import Foundation
import Handoff
import Hashing
import Machine
import NIOCore
import Node
import Ring
import Synchronization
import Wire

/// The node behind its doors: requests go to a shard, questions about the cluster to the control plane.
final class ServerService: NodeService {
    let valueByteLimit: Int
    private let clusterName: String
    private let shards: [ShardRunner]
    private let control: ControlRunner
    private let next = Atomic(0)

    init(clusterName: String, valueByteLimit: Int, shards: [ShardRunner], control: ControlRunner) {
        self.clusterName = clusterName
        self.valueByteLimit = valueByteLimit
        self.shards = shards
        self.control = control
    }

    func serve(_ request: Request, completion: @escaping @Sendable (Response) -> Void) {
        let index = next.wrappingAdd(1, ordering: .relaxed).newValue
        shards[Int(UInt(bitPattern: index) % UInt(shards.count))].serve(request, completion: completion)
    }

    func readiness(completion: @escaping @Sendable (Readiness) -> Void) {
        control.eventLoop.execute {
            guard self.control.machine.ownRecord?.state == .joining else { return completion(.ready) }
            let progress = self.control.machine.acquisitionProgress
            completion(
                .notReady(
                    "this node is joining: \(progress.partitionsDone) of \(progress.partitionsTotal) partitions are here"
                ))
        }
    }

    func ringStatus(completion: @escaping @Sendable (RingStatus) -> Void) {
        control.eventLoop.execute {
            let ring = self.control.machine.view.ring
            let names = ring.members.map(\.id.description)
            let owners = ring.partitions.map { partition in
                let replicas = ring.replicas(of: partition)
                return replicas.prefix(replicas.ownerCount).map { names[Int($0)] }
            }
            completion(
                RingStatus(
                    epoch: ring.epoch.measure, partitions: ring.configuration.partitions,
                    replicas: ring.configuration.replicas, owners: owners))
        }
    }

    func locate(_ key: ByteBuffer, completion: @escaping @Sendable (KeyLocation) -> Void) {
        control.eventLoop.execute {
            let view = self.control.machine.view
            let token = Token(key: key)
            let partition = view.ring.partition(of: token)
            let replicas = view.ring.replicas(of: partition)
            func replica(_ member: MemberIndex) -> KeyLocation.Replica {
                KeyLocation.Replica(
                    id: view.ring.members[Int(member)].id.description, name: view.ring.members[Int(member)].name,
                    reachable: view.isReachable(member), holds: replicas.isHolder(member))
            }
            completion(
                KeyLocation(
                    key: String(decoding: key.readableBytesView, as: UTF8.self), token: token.value,
                    partition: Int(partition.index), owners: replicas.prefix(replicas.ownerCount).map(replica),
                    fallbacks: view.ring.fallbacks(of: partition).map(replica)))
        }
    }

    func clusterStatus(completion: @escaping @Sendable (ClusterStatus) -> Void) {
        control.eventLoop.execute { self.gatherStatus(completion) }
    }

    /// The JSON form of what a client asks over RPC.
    func answer(_ query: StatusQuery, completion: @escaping @Sendable (ByteBuffer) -> Void) {
        @Sendable func encode(_ value: any Encodable & Sendable) {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let data = (try? encoder.encode(value)) ?? Data()
            completion(ByteBuffer(bytes: data))
        }
        switch query {
        case .cluster: clusterStatus { encode($0) }
        case .ring: ringStatus { encode($0) }
        case .locate(let key): locate(key) { encode($0) }
        }
    }

    /// Asks every member that can be reached for its numbers, for a second at the most.
    private func gatherStatus(_ completion: @escaping @Sendable (ClusterStatus) -> Void) {
        let view = control.machine.view
        let others = view.ring.members.filter { $0.id != view.own && view.isReachable($0.id) }.map(\.id)
        let gathered = Mutex([view.own: control.ownStatistics()])
        let control = control
        let countdown = Countdown(others.count) {
            control.eventLoop.execute {
                completion(self.status(gathered.withLock { $0 }))
            }
        }
        for node in others {
            control.askForStatistics(node) { statistics in
                if let statistics {
                    gathered.withLock { $0[node] = statistics }
                }
                countdown.countDown()
            }
        }
    }

    private func status(_ statistics: [NodeID: NodeStatistics]) -> ClusterStatus {
        let view = control.machine.view
        let members = control.machine.membership.records.map { record in
            let numbers = statistics[record.id]
            return MemberStatus(
                id: record.id.description, name: record.name, address: "\(record.host):\(record.port)",
                http: record.httpPort == 0 ? "" : "\(record.host):\(record.httpPort)", zone: record.zone,
                weight: Int(record.effectiveWeight), state: "\(record.effectiveState)",
                reachable: view.isReachable(record.id),
                partitionsOwned: view.ring.index(of: record.id).map { view.ring.ownedCount(of: $0) } ?? 0,
                partitionsHeld: record.holdings.count, answered: numbers != nil,
                keys: Int(clamping: numbers?.keys ?? 0),
                bytes: Int(clamping: numbers?.bytes ?? 0), hintsPending: Int(clamping: numbers?.hintsPending ?? 0),
                version: record.softwareVersion)
        }
        var transfers: [TransferStatus] = []
        for (_, numbers) in statistics.sorted(by: { $0.key < $1.key }) {
            transfers += numbers.transfers.map { transfer in
                TransferStatus(
                    partition: Int(transfer.partition.index), from: transfer.from.description,
                    to: transfer.to.description, bytes: Int(clamping: transfer.bytes),
                    bytesTotal: Int(clamping: transfer.bytesTotal),
                    percent: transfer.bytesTotal == 0
                        ? 0 : min(100, Double(transfer.bytes) / Double(transfer.bytesTotal) * 100),
                    etaSeconds: transfer.millisecondsLeft.map { Double($0) / 1000 })
            }
        }
        return ClusterStatus(
            cluster: clusterName, epoch: view.ring.epoch.measure, partitions: view.ring.configuration.partitions,
            replicas: view.ring.configuration.replicas, self: view.own.description, members: members,
            transfers: transfers)
    }
}
