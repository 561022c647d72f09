public import Machine

// id 16 bytes | version u64 | run u64 | state u8 | ports 3 × u16 | weight u32 | name | host | zone | software version, each behind
// its length | holdings | number of runs u8, runs u64 | directive 9 bytes. All but the last two is the member's own word.

extension Member {
    /// Writes the record in its one form: about 100 bytes and the holdings.
    public func encode(into buffer: inout ByteBuffer) {
        encodeOwnWord(into: &buffer)
        buffer.writeInteger(UInt8(runs.count))
        for run in runs {
            buffer.writeInteger(run)
        }
        directive.encode(into: &buffer)
    }

    /// The record in its one form.
    var form: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(256)
        encode(into: &buffer)
        return buffer
    }

    func encodeOwnWord(into buffer: inout ByteBuffer) {
        buffer.writeNodeID(id)
        buffer.writeMultipleIntegers(version, run, state.rawValue, port, httpPort, respPort, weight)
        buffer.writePrefixed(name)
        buffer.writePrefixed(host)
        buffer.writePrefixed(zone)
        buffer.writePrefixed(softwareVersion)
        holdings.encode(into: &buffer)
    }

    /// Reads what ``encode(into:)`` wrote; refuses what ``check()`` refuses.
    public init(decoding buffer: inout ByteBuffer) throws(DecodingFailure) {
        let id = try buffer.decodeNodeID("a member's id")
        let version = try buffer.decodeInteger(as: UInt64.self, "a member's version")
        let run = try buffer.decodeInteger(as: UInt64.self, "a member's run")
        let code = try buffer.decodeInteger(as: UInt8.self, "a member's state")
        guard let state = MemberState(rawValue: code) else { throw .invalid("a member's state") }
        let port = try buffer.decodeInteger(as: UInt16.self, "a member's port")
        let httpPort = try buffer.decodeInteger(as: UInt16.self, "a member's HTTP port")
        let respPort = try buffer.decodeInteger(as: UInt16.self, "a member's RESP port")
        let weight = try buffer.decodeInteger(as: UInt32.self, "a member's weight")
        let name = try buffer.decodePrefixedString(limit: Self.nameByteLimit, "a member's name")
        let host = try buffer.decodePrefixedString(limit: Self.hostByteLimit, "a member's host")
        let zone = try buffer.decodePrefixedString(limit: Self.nameByteLimit, "a member's zone")
        let software = try buffer.decodePrefixedString(limit: Self.nameByteLimit, "a member's software version")
        let holdings = try PartitionSet(decoding: &buffer)
        var runs: [UInt64] = []
        for _ in 0..<(try buffer.decodeInteger(as: UInt8.self, "the number of a member's runs")) {
            let next = try buffer.decodeInteger(as: UInt64.self, "a member's runs")
            guard runs.count < Self.runLimit, runs.last.map({ $0 < next }) ?? true else {
                throw .invalid("a member's runs")
            }
            runs.append(next)
        }
        guard !runs.isEmpty else { throw .invalid("a member's runs") }
        let directive = try Directive(decoding: &buffer)
        self.init(
            id: id, name: name, host: host, port: port, httpPort: httpPort, respPort: respPort, zone: zone,
            weight: weight, state: state, holdings: holdings, softwareVersion: software, version: version,
            run: run, directive: directive)
        self.runs = runs
        try check()
    }
}
