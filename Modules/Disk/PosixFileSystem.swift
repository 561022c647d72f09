import Glibc
import Storage

/// The files of this machine, for ``LogEngine``: Linux.
///
/// Stateless and safe from any thread. Reads of the log are positional, so that readers share a descriptor without
/// sharing a place in it.
public final class PosixFileSystem: FileSystem {
    /// The machine's file system.
    public init() {}

    /// Opens a file that is there, for reading and writing.
    public func openFile(_ path: String) throws(StorageFailure) -> any StorageFile {
        PosixFile(try Self.open(path, O_RDWR | O_CLOEXEC), path: path)
    }

    /// Makes an empty file.
    public func createFile(_ path: String) throws(StorageFailure) -> any StorageFile {
        PosixFile(try Self.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC), path: path)
    }

    /// Makes a directory and those above it, and syncs the directory that each is in.
    public func createDirectory(_ path: String) throws(StorageFailure) {
        if isDirectory(path) { return }
        let parent = Self.parent(of: path)
        if parent != path, !isDirectory(parent) {
            try createDirectory(parent)
        }
        if mkdir(path, 0o755) != 0, errno != EEXIST {
            throw Self.failure(errno, "make the directory", path)
        }
        guard isDirectory(path) else { throw .alreadyExists(path) }
        try syncDirectory(parent)
    }

    /// The names of the files in a directory, sorted.
    public func list(_ directory: String) throws(StorageFailure) -> [String] {
        guard let stream = opendir(directory) else { throw Self.failure(errno, "list", directory) }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw Self.failure(errno, "list", directory) }
                return names.sorted()
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != "..", !isDirectory(directory + "/" + name) {
                names.append(name)
            }
        }
    }

    /// Gives a file another name, atomically.
    public func rename(_ path: String, to newPath: String) throws(StorageFailure) {
        if Glibc.rename(path, newPath) != 0 { throw Self.failure(errno, "rename", path) }
    }

    /// Gives a file a second name.
    public func link(_ path: String, to newPath: String) throws(StorageFailure) {
        if Glibc.link(path, newPath) != 0 { throw Self.failure(errno, "link", path, to: newPath) }
    }

    /// Takes a name away.
    public func unlink(_ path: String) throws(StorageFailure) {
        if Glibc.unlink(path) != 0 { throw Self.failure(errno, "remove", path) }
    }

    /// Makes the names of a directory durable.
    public func syncDirectory(_ path: String) throws(StorageFailure) {
        let descriptor = try Self.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(descriptor) }
        if fsync(descriptor) != 0 { throw Self.failure(errno, "sync the directory", path) }
    }

    /// Takes the directory's `flock`, which ends with the process.
    public func lock(_ directory: String) throws(StorageFailure) -> any DirectoryLock {
        // The directory itself, so that no file is left behind; the kernel releases it with the process.
        let descriptor = try Self.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            throw code == EWOULDBLOCK ? .locked(directory) : Self.failure(code, "lock", directory)
        }
        return PosixLock(descriptor)
    }

    /// The bytes that this user can still write.
    public func freeSpace(_ directory: String) throws(StorageFailure) -> Int {
        var information = statvfs()
        guard statvfs(directory, &information) == 0 else { throw Self.failure(errno, "measure", directory) }
        let (bytes, overflow) = Int(information.f_bavail).multipliedReportingOverflow(by: Int(information.f_frsize))
        return overflow ? .max : bytes
    }

    private func isDirectory(_ path: String) -> Bool {
        var information = stat()
        return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
    }

    private static func parent(of path: String) -> String {
        let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }

    private static func open(_ path: String, _ flags: Int32) throws(StorageFailure) -> Int32 {
        while true {
            let descriptor = Glibc.open(path, flags, 0o644)
            if descriptor >= 0 { return descriptor }
            guard errno == EINTR else { throw failure(errno, "open", path) }
        }
    }

    /// The failure that an error number stands for.
    static func failure(_ code: Int32, _ attempt: String, _ path: String, to newPath: String? = nil) -> StorageFailure {
        switch code {
        case ENOENT: .notFound(path)
        case EEXIST: .alreadyExists(newPath ?? path)
        case ENOSPC, EDQUOT: .full
        default: .inputOutput(code: code, "\(attempt) \(path)")
        }
    }
}

/// A directory's lock: gone with its descriptor.
private final class PosixLock: DirectoryLock {
    private let descriptor: Int32

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }
}
