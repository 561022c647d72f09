import Machine
import Synchronization

/// A disk in memory that keeps apart what is written and what is durable, and that fails on request.
///
/// For tests, the simulator, and nodes that live in memory only. ``crash(using:)`` is a power cut: what was not synced
/// is lost, or kept in part, block by block. ``setFaults(_:)`` makes chosen calls fail. Deterministic: the same calls
/// and
/// the same generator give the same disk.
public final class VirtualFileSystem: FileSystem {
    let state: Mutex<State>

    /// An empty disk of so many bytes.
    public init(capacity: Int = .max) {
        state = Mutex(State(capacity: capacity))
    }

    /// Opens a file that is there.
    public func openFile(_ path: String) throws(StorageFailure) -> any StorageFile {
        let inode = try perform(.open, path) { (state: inout State, _) throws(StorageFailure) in
            guard let inode = state.inode(at: path) else { throw .notFound(path) }
            state.inodes[inode]?.handles += 1
            return (inode, state.life)
        }
        return VirtualFile(self, inode: inode.0, life: inode.1, path: path)
    }

    /// Makes an empty file.
    public func createFile(_ path: String) throws(StorageFailure) -> any StorageFile {
        let inode = try perform(.create, path) { (state: inout State, _) throws(StorageFailure) in
            guard state.inode(at: path) == nil else { throw .alreadyExists(path) }
            let inode = state.makeInode()
            try state.change(path, [(path, inode)])
            return (inode, state.life)
        }
        return VirtualFile(self, inode: inode.0, life: inode.1, path: path)
    }

    /// Makes a directory, durably.
    public func createDirectory(_ path: String) throws(StorageFailure) {
        try perform(.createDirectory, path) { (state: inout State, _) throws(StorageFailure) in
            if state.directories[path] == nil {
                state.directories[path] = Directory()
            }
        }
    }

    /// The names of the files in a directory, sorted.
    public func list(_ directory: String) throws(StorageFailure) -> [String] {
        try perform(.list, directory) { (state: inout State, _) throws(StorageFailure) in
            guard let found = state.directories[directory] else { throw .notFound(directory) }
            return found.current.keys.sorted()
        }
    }

    /// Gives a file another name, atomically.
    public func rename(_ path: String, to newPath: String) throws(StorageFailure) {
        try perform(.rename, path) { (state: inout State, _) throws(StorageFailure) in
            guard let inode = state.inode(at: path) else { throw .notFound(path) }
            try state.change(path, [(path, nil), (newPath, inode)])
        }
    }

    /// Gives a file a second name.
    public func link(_ path: String, to newPath: String) throws(StorageFailure) {
        try perform(.link, path) { (state: inout State, _) throws(StorageFailure) in
            guard let inode = state.inode(at: path) else { throw .notFound(path) }
            guard state.inode(at: newPath) == nil else { throw .alreadyExists(newPath) }
            try state.change(newPath, [(newPath, inode)])
        }
    }

    /// Takes a name away.
    public func unlink(_ path: String) throws(StorageFailure) {
        try perform(.unlink, path) { (state: inout State, _) throws(StorageFailure) in
            guard let inode = state.inode(at: path) else { throw .notFound(path) }
            try state.change(path, [(path, nil)])
            state.collect(inode)
        }
    }

    /// Makes the names of a directory durable.
    public func syncDirectory(_ path: String) throws(StorageFailure) {
        try perform(.syncDirectory, path) { (state: inout State, fault) throws(StorageFailure) in
            guard var directory = state.directories[path] else { throw .notFound(path) }
            if case .lie = fault { return }
            let before = Set(directory.durable.values)
            directory.durable = directory.current
            directory.pending = []
            state.directories[path] = directory
            for inode in before.sorted() {
                state.collect(inode)
            }
        }
    }

    /// Takes the one lock of a directory.
    public func lock(_ directory: String) throws(StorageFailure) -> any DirectoryLock {
        let life = try perform(.lock, directory) { (state: inout State, _) throws(StorageFailure) in
            guard state.directories[directory] != nil else { throw .notFound(directory) }
            guard state.locks.insert(directory).inserted else { throw .locked(directory) }
            return state.life
        }
        return VirtualLock(self, directory: directory, life: life)
    }

    /// The bytes that can still be written.
    public func freeSpace(_ directory: String) throws(StorageFailure) -> Int {
        try perform(.freeSpace, directory) { (state: inout State, _) throws(StorageFailure) in
            state.capacity - state.usedBytes
        }
    }

    /// Counts a call, asks for its fault, and carries it out.
    func perform<Result: Sendable>(
        _ operation: FileSystemCall.Operation, _ path: String,
        _ body: (inout State, FileSystemFault?) throws(StorageFailure) -> Result
    ) throws(StorageFailure) -> Result {
        try state.withLock { (state: inout sending State) throws(StorageFailure) -> Result in
            let call = FileSystemCall(index: state.callCount, operation: operation, path: path)
            state.callCount += 1
            let fault = state.faults?(call)
            switch fault {
            case .error(let code):
                // A failed sync is told once: the kernel forgets what it could not write.
                if operation == .dataSync { state.forgetPending(path) }
                throw .inputOutput(code: code, "\(operation.rawValue) \(path)")
            case .full:
                throw .full
            case .partial, .lie, .misdirected, nil:
                return try body(&state, fault)
            }
        }
    }
}

// MARK: - What is on the disk

extension VirtualFileSystem {
    struct Write: Sendable {
        var offset: Int
        var bytes: [UInt8]
    }

    struct Inode: Sendable {
        var current: [UInt8] = []
        var durable: [UInt8] = []
        /// Written since the last sync.
        var pending: [Write] = []
        /// What a failed sync left behind: readable until a crash, never made durable for certain.
        var forgotten: [Write] = []
        var unreadable: [Range<Int>] = []
        var handles = 0

        mutating func write(_ write: Write) {
            VirtualFileSystem.apply(write.bytes[...], at: write.offset, to: &current)
            pending.append(write)
        }

        /// Makes durable what was written since the last sync.
        mutating func sync() {
            for write in pending {
                VirtualFileSystem.apply(write.bytes[...], at: write.offset, to: &durable)
            }
            pending.removeAll()
        }
    }

    struct Directory: Sendable {
        var current: [String: Int] = [:]
        var durable: [String: Int] = [:]
        /// Changes since the last sync: each is atomic, any of them may survive a crash.
        var pending: [[(name: String, inode: Int?)]] = []

        mutating func forgetChanges() {
            current = durable
            pending = []
        }
    }

    struct State: Sendable {
        var capacity: Int
        var inodes: [Int: Inode] = [:]
        var directories: [String: Directory] = [:]
        var locks: Set<String> = []
        var nextInode = 1
        var usedBytes = 0
        /// Counts crashes: what was open before one is closed after it.
        var life = 0
        var callCount = 0
        var faults: (@Sendable (FileSystemCall) -> FileSystemFault?)?
        var isCached = true

        init(capacity: Int) {
            self.capacity = capacity
        }

        func inode(at path: String) -> Int? {
            let (directory, name) = Self.split(path)
            return directories[directory]?.current[name]
        }

        mutating func makeInode() -> Int {
            defer { nextInode += 1 }
            inodes[nextInode] = Inode(handles: 1)
            return nextInode
        }

        /// Changes names of one directory, atomically.
        mutating func change(_ path: String, _ changes: [(path: String, inode: Int?)]) throws(StorageFailure) {
            let directory = Self.split(path).directory
            guard directories[directory] != nil else { throw .notFound(directory) }
            var replaced: [Int] = []
            for change in changes {
                guard Self.split(change.path).directory == directory else {
                    throw .unsupported("a rename between directories")
                }
                let name = Self.split(change.path).name
                if let old = directories[directory]?.current[name] { replaced.append(old) }
                directories[directory]?.current[name] = change.inode
            }
            directories[directory]?.pending.append(changes.map { (Self.split($0.path).name, $0.inode) })
            for inode in replaced {
                collect(inode)
            }
        }

        /// Frees what has no name, no name that a crash could bring back, and no open file.
        mutating func collect(_ inode: Int) {
            guard let found = inodes[inode], found.handles == 0 else { return }
            let isNamed = directories.values.contains { directory in
                directory.current.values.contains(inode) || directory.durable.values.contains(inode)
                    || directory.pending.contains { $0.contains { $0.inode == inode } }
            }
            if !isNamed {
                usedBytes -= found.current.count
                inodes[inode] = nil
            }
        }

        /// What is durable is all there is; everything that was open is closed, every lock free.
        mutating func restart() {
            for number in inodes.keys.sorted() {
                guard var file = inodes.removeValue(forKey: number) else { continue }
                usedBytes += file.durable.count - file.current.count
                file.current = file.durable
                file.pending = []
                file.forgotten = []
                file.handles = 0
                inodes[number] = file
            }
            for path in directories.keys.sorted() {
                directories[path]?.forgetChanges()
            }
            for number in inodes.keys.sorted() {
                collect(number)
            }
            locks = []
            life += 1
        }

        /// A failed sync: what was pending stays in memory and is on the disk by chance only.
        mutating func forgetPending(_ path: String) {
            guard let inode = inode(at: path) else { return }
            let pending = inodes[inode]?.pending ?? []
            inodes[inode]?.forgotten += pending
            inodes[inode]?.pending = []
        }

        static func split(_ path: String) -> (directory: String, name: String) {
            // By bytes: a slash is one, and to find characters takes longer than all else here.
            guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", path) }
            return (String(path[..<slash]), String(path[path.index(after: slash)...]))
        }
    }
}

/// The lock of a directory on a virtual disk.
private final class VirtualLock: DirectoryLock {
    private let disk: VirtualFileSystem
    private let directory: String
    private let life: Int

    init(_ disk: VirtualFileSystem, directory: String, life: Int) {
        self.disk = disk
        self.directory = directory
        self.life = life
    }

    deinit {
        disk.state.withLock { state in
            if state.life == life { state.locks.remove(directory) }
        }
    }
}
