/// Why storage did not do what it was asked.
public enum StorageFailure: Error, Hashable, Sendable {
    /// There is no file or directory of that name.
    case notFound(String)
    /// A file of that name is there already.
    case alreadyExists(String)
    /// The disk, its quota or the engine's reserve is used up. What is stored stays readable.
    case full
    /// The system refused an operation: its error number, and what was attempted.
    case inputOutput(code: Int32, String)
    /// Another process, or another engine in this one, has the directory open.
    case locked(String)
    /// A key, a value or a batch is over its limit in bytes.
    case tooLarge(limit: Int)
    /// A write or a sync failed, and so did the attempt to take the batch back: it may or may not be there after the
    /// next start.
    case outcomeUnknown(code: Int32)
    /// An earlier failure left it open what is on the disk; reads go on, writes wait for a restart.
    case readOnly
    /// The engine or the file was closed, or its machine crashed.
    case closed
    /// As much waits for the disk as may wait. Nothing was done; it may be tried again.
    case busy
    /// This engine, or this version of it, cannot do that.
    case unsupported(String)
}

extension StorageFailure {
    /// Whether the write that met this failure may still turn out to have happened.
    public var isOutcomeUnknown: Bool {
        if case .outcomeUnknown = self { true } else { false }
    }

    /// The system's error number, where there is one.
    public var code: Int32? {
        switch self {
        case .inputOutput(let code, _), .outcomeUnknown(let code): code
        default: nil
        }
    }
}

extension StorageFailure: CustomStringConvertible {
    /// A sentence for a log or an answer.
    public var description: String {
        switch self {
        case .notFound(let path): "\(path) does not exist"
        case .alreadyExists(let path): "\(path) exists already"
        case .full: "the disk is full: what is stored can be read, nothing more can be written"
        case .inputOutput(let code, let attempt): "the system failed to \(attempt) (error \(code))"
        case .locked(let path): "\(path) is in use by another process"
        case .tooLarge(let limit): "the write is over the limit of \(limit) bytes"
        case .outcomeUnknown(let code):
            "a write failed (error \(code)), and whether it is on the disk will be known after the next start"
        case .readOnly: "an earlier disk failure made this store read-only until it is opened again"
        case .closed: "the store is closed"
        case .busy: "as much waits for the disk as may wait: try again"
        case .unsupported(let what): "not supported: \(what)"
        }
    }
}
