public import Machine
import Ring

extension Acquisition {
    /// How far this node is on its way to hold what it should own.
    public struct Progress: Equatable, Sendable {
        /// One holder's part.
        public struct Source: Equatable, Sendable {
            /// The holder.
            public var node: NodeID
            /// Partitions still to be read from it.
            public var partitionsLeft: Int
            /// Bytes merged from it.
            public var bytesDone: UInt64
            /// Bytes left behind the last batch, by its own count; `nil` before its first.
            public var bytesLeft: UInt64?
        }

        /// Partitions acquired since this node last held everything that it should.
        public var partitionsDone: Int
        /// Those, and those that are still needed.
        public var partitionsTotal: Int
        /// Bytes merged from the sources listed.
        public var bytesDone: UInt64
        /// Bytes known to be left; too few until every source has answered once.
        public var bytesLeft: UInt64
        /// Bytes per second, smoothed.
        public var bytesPerSecond: Double
        /// The time that is left at this rate, or `nil` where there is no telling.
        public var remaining: Duration?
        /// Each holder that data comes from, by identity.
        public var sources: [Source]
    }

    /// How far the machine is; O(sources).
    public var progress: Progress {
        let list = sources.map {
            Progress.Source(
                node: $0.node, partitionsLeft: $0.wanted.count, bytesDone: $0.bytesMerged,
                bytesLeft: $0.wanted.isEmpty ? 0 : $0.bytesLeft)
        }
        let bytesLeft = list.reduce(UInt64(0)) { sum, source in
            let (total, overflow) = sum.addingReportingOverflow(source.bytesLeft ?? 0)
            return overflow ? .max : total
        }
        let rate = meter.bytesPerSecond
        let seconds = rate > 0 ? Double(bytesLeft) / rate : .infinity
        let isKnown = list.allSatisfy { $0.bytesLeft != nil } && seconds < 1e9
        return Progress(
            partitionsDone: acquiredCount, partitionsTotal: acquiredCount + needed.count,
            bytesDone: list.reduce(0) { $0 &+ $1.bytesDone }, bytesLeft: bytesLeft, bytesPerSecond: rate,
            remaining: isKnown && !needed.isEmpty ? .milliseconds(Int64(seconds * 1000)) : nil, sources: list)
    }
}
