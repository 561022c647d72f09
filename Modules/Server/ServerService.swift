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
    /// What the node knew when it stopped: asked on any thread, for the control plane's loop stands still then.
    private let last = Mutex<Last?>(nil)

    private struct Last: Sendable {
        var view: ClusterView
        var status: ClusterStatus
    }

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

    /// The node stops: what is asked from now on is answered from what it knows now.
    func close() async {
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            control.eventLoop.execute {
                let view = self.control.machine.view
                let last = Last(view: view, status: self.status([view.own: self.control.ownStatistics()]))
                self.last.withLock { $0 = last }
                done.resume()
            }
        }
    }

    /// Asks on the control plane's loop, or what was known last once the node has stopped; on any thread.
    private func ask(_ body: @escaping @Sendable () -> Void, stopped: (Last) -> Void) {
        let known = last.withLock { last in
            if last == nil {
                control.eventLoop.execute(body)
            }
            return last
        }
        if let known {
            stopped(known)
        }
    }

    /// As ``ask(_:stopped:)``, where the view is all that matters.
    private func askView(_ body: @escaping @Sendable (ClusterView) -> Void) {
        ask {
            body(self.control.machine.view)
        } stopped: {
            body($0.view)
        }
    }

    /// The number of members in the ring.
    func memberCount(completion: @escaping @Sendable (Int) -> Void) {
        askView { completion($0.ring.members.count) }
    }

    func readiness(completion: @escaping @Sendable (Readiness) -> Void) {
        ask {
            if let failure = self.control.storage.failing {
                completion(.notReady("this node takes no writes: \(failure); \(failure.advice)"))
                return
            }
            guard !self.control.isServing else { return completion(.ready) }
            guard self.control.machine.ownRecord?.state == .joining else {
                return completion(.notReady("this node has just started, and hears first what the others know of it"))
            }
            let progress = self.control.machine.acquisitionProgress
            completion(
                .notReady(
                    "this node is joining: \(progress.partitionsDone) of \(progress.partitionsTotal) partitions are here"
                ))
        } stopped: { _ in
            completion(.notReady("this node has stopped"))
        }
    }

    func ringStatus(completion: @escaping @Sendable (RingStatus) -> Void) {
        askView { view in
            let ring = view.ring
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
        askView { view in
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
        ask {
            self.gatherStatus(completion)
        } stopped: {
            completion($0.status)
        }
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
