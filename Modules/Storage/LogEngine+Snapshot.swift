import Machine
import Synchronization

extension LogEngine {
    /// As ``StorageEngine/snapshot(into:)``. Ends the segment that is written; O(segments).
    public func snapshot(into directory: String) throws(StorageFailure) {
        try writer.withLock { (writer: inout sending Writer) throws(StorageFailure) in
            try writer.checkWritable()
            try fileSystem.createDirectory(directory)
            guard try fileSystem.list(directory).isEmpty else { throw .alreadyExists(directory) }
            try resolveDoubts(&writer)
            try syncActive(&writer)
            // Seal what is written now: a segment with two names must never change.
            writer.active = nil
            try saveManifest(&writer)
            var manifest = Manifest()
            manifest.nextSegment = writer.nextSegment
            manifest.nextSequence = writer.nextSequence
            manifest.nextCheckpoint = writer.nextCheckpoint
            manifest.segments = catalog.withLock { catalog in
                catalog.segments.map {
                    Manifest.Segment(
                        number: $0.number, nonce: $0.nonce, end: $0.isOpenEnded ? 0 : UInt64($0.end))
                }
            }
            for segment in manifest.segments {
                let name = FileName.segment(segment.number)
                try fileSystem.link(path(name), to: directory + "/" + name)
            }
            if let checkpoint = writer.checkpoint {
                let name = FileName.checkpoint(checkpoint.number)
                try fileSystem.link(path(name), to: directory + "/" + name)
                manifest.checkpoint = checkpoint
            }
            try fileSystem.syncDirectory(directory)
            try manifest.write(to: fileSystem, directory: directory)
        }
    }
}
