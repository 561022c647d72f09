import Synchronization

/// Bytes that several requests or operations may hold together.
final class ByteBudget: Sendable {
    let limit: Int
    private let rest: Mutex<Int>

    init(_ limit: Int) {
        self.limit = limit
        rest = Mutex(limit)
    }

    /// Takes so many bytes, or says that they are not there; who wants fewer may still find room.
    func take(_ bytes: Int) -> Bool {
        rest.withLock { rest in
            guard bytes <= rest else { return false }
            rest -= bytes
            return true
        }
    }

    /// Gives back what was taken.
    func giveBack(_ bytes: Int) {
        rest.withLock { $0 += bytes }
    }
}
