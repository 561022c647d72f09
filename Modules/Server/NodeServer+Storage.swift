import Causality
import Disk
import Logging
import Machine
import Node
import Ring
import Storage

extension NodeServer {
    /// Opens the engine and the store of a directory, and hands them to the thread that writes.
    static func openStorage(
        _ home: Home, _ directory: DataDirectory, _ configuration: ServerConfiguration,
        seededBy generator: inout SeededGenerator, logger: Logger
    ) throws(StartFailure) -> (StorageRunner, StoreInventory) {
        var engineConfiguration = LogEngine.Configuration()
        // Nobody outside knows it, so that no value that a client stores can pass for a record.
        engineConfiguration.seed = generator.next()
        do throws(StorageFailure) {
            let engine: any StorageEngine =
                switch configuration.engine {
                case .memory: MemoryEngine()
                case .log:
                    try LogEngine(
                        directory.fileSystem, directory: directory.path + "/store", configuration: engineConfiguration)
                }
            let recovery = engine.recovery
            if !recovery.wasClean {
                logger.notice(
                    "the last run did not stop cleanly: the log was read again",
                    metadata: ["records": "\(recovery.recordsReplayed)", "bytesCut": "\(recovery.bytesCut)"])
            }
            if recovery.isDamaged {
                logger.error(
                    "stored data is damaged: what cannot be read comes back from the other owners",
                    metadata: ["regions": "\(recovery.damagedRegions)", "records": "\(recovery.lost.count)"])
            }
            var limits = SiblingLimits()
            limits.valueBytes = configuration.valueByteLimit
            limits.objectBytes = max(limits.objectBytes, configuration.valueByteLimit)
            let store = try ObjectStore(
                engine: engine, identity: home.identity,
                configuration: ObjectStore.Configuration(
                    durability: configuration.durability == .sync ? .synced : .buffered, limits: limits,
                    hintLimit: configuration.hintLimit, partitionShift: UInt64(64 - home.ring.partitionBits),
                    holdsBackWrites: !configuration.seeds.isEmpty
                        || home.membership.hasOthers(than: home.identity.identity.node)))
            let inventory = try StoreInventory.of(store, home.ring)
            let runner = StorageRunner(
                store: store, identity: home.identity, engine: engine, membershipFile: directory.membershipFile,
                ring: home.ring, logger: logger)
            return (runner, inventory)
        } catch {
            throw .dataDirectory("the data in \(directory.path) cannot be opened: \(error)")
        }
    }
}
