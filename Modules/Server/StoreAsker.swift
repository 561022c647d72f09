import Node
import Storage

/// Who asks the store for something, and is told twice: a shard. Called on the writing thread.
protocol StoreAsker: AnyObject, Sendable {
    /// What operations came to when they joined the batch, where that is worth a word.
    func prepared(_ results: [(CallID, PreparedOperation)])
    /// The batch with these operations is stored, or that failed.
    func committed(_ calls: [CallID], _ failure: StorageFailure?)
}
