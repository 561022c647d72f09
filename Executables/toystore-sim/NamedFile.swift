import ArgumentParser
import Glibc

/// A text file that the command line names, and why it cannot be used.
struct NamedFile {
    let path: String
    /// The argument that names it, as messages call it.
    let argument: String

    /// Opens the file to write it anew.
    func opened() throws -> UnsafeMutablePointer<FILE> {
        try opened("we")
    }

    /// Writes the file anew.
    func write(_ text: String) throws {
        try put(text, in: opened("we"))
    }

    /// Adds to the end of the file.
    func add(_ text: String) throws {
        try put(text, in: opened("ae"))
    }

    /// Opens the file as ``add(_:)`` does: what takes hours should not learn in the end that it keeps nothing. Where there is no
    /// file there is none afterwards.
    func checkThatItCanBeWritten() throws {
        let isThere = access(path, F_OK) == 0
        fclose(try opened("ae"))
        if !isThere {
            unlink(path)
        }
    }

    /// The lines of the file, each with what ends it.
    func lines() throws -> [String] {
        try checkName()
        guard let file = fopen(path, "re") else { throw unreadable() }
        defer { fclose(file) }
        var lines: [String] = []
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, file) >= 0, let text = line.map({ String(cString: $0) }) {
            lines.append(text)
        }
        // A folder can be opened, and not be read.
        guard ferror(file) == 0 else { throw unreadable() }
        return lines
    }

    private func put(_ text: String, in file: UnsafeMutablePointer<FILE>) throws {
        defer { fclose(file) }
        guard fputs(text, file) >= 0, fflush(file) == 0 else { throw unwritable() }
    }

    private func opened(_ mode: String) throws -> UnsafeMutablePointer<FILE> {
        try checkName()
        guard let file = fopen(path, mode) else { throw unwritable() }
        return file
    }

    private func checkName() throws {
        guard path.isEmpty else { return }
        throw ValidationError("\(argument): an empty name names no file. Give the path of one")
    }

    private func unreadable() -> ValidationError {
        ValidationError(
            "\(argument): \(path) cannot be read: \(String(cString: strerror(errno))). Give a text file that you may read"
        )
    }

    private func unwritable() -> ValidationError {
        ValidationError(
            "\(argument): \(path) cannot be written: \(String(cString: strerror(errno))). Give a file in a folder that "
                + "exists, has room, and lets you write")
    }
}
