import Disk
import Glibc
import Hashing
import Machine
import Storage

/// Prints what the log engine does on this machine's disk: synced batches of 100-byte values, point reads from the page
/// cache, a start with and without a checkpoint, and the index's memory.
///
///     swift run -c release storage-table [directory] [keys]
@main
struct StorageTable {
    let directory: String
    let keys: Int

    static func main() throws {
        let arguments = CommandLine.arguments
        let table = StorageTable(
            directory: arguments.count > 1 ? arguments[1] : "storage-table-data",
            keys: arguments.count > 2 ? Int(arguments[2]) ?? 1_000_000 : 1_000_000)
        try table.syncs()
        for batch in [1, 8, 64] {
            try table.puts(batch: batch)
        }
        try table.reads()
    }

    private func key(_ number: Int) -> ByteBuffer {
        ByteBuffer(string: "user:\(number):profile")
    }

    private func token(_ key: ByteBuffer) -> UInt64 {
        Murmur3.hash128(key).0
    }

    /// What the disk itself gives: syncs of 200 bytes over written blocks.
    private func syncs() throws {
        let disk = PosixFileSystem()
        try disk.createDirectory(directory + "/raw")
        let name = directory + "/raw/file-\(getpid())"
        let file = try disk.createFile(name)
        try file.preallocate(1 << 20)
        try file.dataSync()
        let bytes = ByteBuffer(repeating: 1, count: 200)
        let start = Self.seconds(CLOCK_MONOTONIC)
        for number in 0..<2000 {
            try file.write([bytes], at: number * 200)
            try file.dataSync()
        }
        let rate = 2000 / (Self.seconds(CLOCK_MONOTONIC) - start)
        print("raw: \(Int(rate)) synced overwrites of 200 bytes a second")
        try disk.unlink(name)
    }

    private func puts(batch size: Int) throws {
        let engine = try LogEngine(PosixFileSystem(), directory: directory + "/puts-\(size)-\(getpid())")
        let value = ByteBuffer(repeating: 7, count: 100)
        let batches = size == 64 ? 4000 : 8000
        var batch = WriteBatch()
        let start = Self.seconds(CLOCK_MONOTONIC)
        let cpu = Self.seconds(CLOCK_PROCESS_CPUTIME_ID)
        for number in 0..<batches {
            batch.removeAll()
            for index in 0..<size {
                let key = key(number * size + index)
                let token = token(key)
                batch.put(.objects, token: token, key: key, value: value, hash: token)
            }
            try engine.append(batch, durability: .synced)
        }
        let count = Double(batches * size)
        let seconds = Self.seconds(CLOCK_MONOTONIC) - start
        let spent = Self.seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu
        print(
            "puts, synced batches of \(size): \(Int(count / seconds)) a second, "
                + "\(Self.rounded(spent / count * 1e6)) µs CPU each")
        try engine.close()
    }

    private func reads() throws {
        let name = directory + "/reads-\(getpid())"
        var engine = try LogEngine(PosixFileSystem(), directory: name)
        let value = ByteBuffer(repeating: 7, count: 100)
        let before = Self.residentBytes()
        var batch = WriteBatch()
        var cpu = Self.seconds(CLOCK_PROCESS_CPUTIME_ID)
        for number in 0..<keys {
            let key = key(number)
            let token = token(key)
            batch.put(.objects, token: token, key: key, value: value, hash: token)
            if batch.count == 64 || number == keys - 1 {
                try engine.append(batch, durability: .buffered)
                batch.removeAll()
            }
        }
        var spent = Self.seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu
        print("\(keys) buffered puts in batches of 64: \(Self.rounded(spent / Double(keys) * 1e6)) µs CPU each")
        print("resident growth: \(Self.rounded(Double(Self.residentBytes() - before) / Double(keys))) bytes a key")
        var generator = SeededGenerator(seed: 1)
        var found = 0
        let count = 500_000
        // Made beforehand: what making a key costs is not the engine's.
        let present = (0..<count).map { _ in key(Int(generator.below(UInt64(keys)))) }
        let absent = (0..<count).map { key(-1 - $0) }
        let tokens = (present.map(token), absent.map(token))
        cpu = Self.seconds(CLOCK_PROCESS_CPUTIME_ID)
        for index in 0..<count {
            let answer = try engine.getIfCached(.objects, token: tokens.0[index], key: present[index])
            if case .found = answer { found += 1 }
        }
        spent = Self.seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu
        print("point reads from the cache: \(Int(Double(count) / spent)) a CPU-second, \(found) of \(count) found")
        cpu = Self.seconds(CLOCK_PROCESS_CPUTIME_ID)
        for index in 0..<count {
            let answer = try engine.getIfCached(.objects, token: tokens.1[index], key: absent[index])
            if case .found = answer { found += 1 }
        }
        spent = Self.seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu
        print("reads of absent keys: \(Int(Double(count) / spent)) a CPU-second")
        cpu = Self.seconds(CLOCK_PROCESS_CPUTIME_ID)
        var cursor: ScanCursor?
        var walked = 0
        while true {
            let page = engine.scan(.objects, tokens: 0...(.max), after: cursor, limit: 1024)
            walked += page.count
            guard let last = page.last else { break }
            cursor = last.cursor
        }
        spent = Self.seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu
        print("walk of the index: \(Self.rounded(spent / Double(walked) * 1e9)) ns an entry")
        try engine.close()
        var start = Self.seconds(CLOCK_MONOTONIC)
        engine = try LogEngine(PosixFileSystem(), directory: name)
        print("start from a checkpoint: \(Self.rounded(Self.seconds(CLOCK_MONOTONIC) - start)) s")
        try engine.close()
        for file in try PosixFileSystem().list(name) where file.hasSuffix(".checkpoint") {
            try PosixFileSystem().unlink(name + "/" + file)
        }
        start = Self.seconds(CLOCK_MONOTONIC)
        engine = try LogEngine(PosixFileSystem(), directory: name)
        print("start by scanning the log: \(Self.rounded(Self.seconds(CLOCK_MONOTONIC) - start)) s")
        try engine.close()
    }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    private static func residentBytes() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4096 : 0
    }

    private static func rounded(_ value: Double) -> Double {
        (value * 100).rounded() / 100
    }
}
