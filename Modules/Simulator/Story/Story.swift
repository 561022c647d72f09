import Causality
import Coordinator
import Hashing
import Machine
import Node
import Ring
import Storage

/// What happened to a key, for a person to read.
enum Story {
    /// The most lines about operations.
    static let lineLimit = 120
    /// The most lines about a client's steps.
    static let stepLimit = 24

    /// A value's beginning.
    static func text(of bytes: ByteBuffer) -> String {
        let view = bytes.readableBytesView
        let end = view.firstIndex(of: UInt8(ascii: ".")) ?? view.endIndex
        return "\"\(String(decoding: view[..<end].prefix(120), as: UTF8.self))\""
    }

    /// Who wrote what when, who was told what, and which copies there are.
    static func tell(_ key: Int, _ history: History, _ world: World) -> [String] {
        let numbers = history.keys[key].operations
        var lines: [String] = []
        if numbers.count > lineLimit {
            lines.append("(\(numbers.count - lineLimit) operations before)")
        }
        var incidents = world.incidents[...]
        let first = numbers.suffix(lineLimit).first.map { history.operations[$0].began } ?? 0
        incidents = incidents.drop { $0.time < first }
        for number in numbers.suffix(lineLimit) {
            let operation = history.operations[number]
            while let incident = incidents.first, incident.time <= operation.began {
                lines.append("\(Instant(nanoseconds: incident.time)) ── \(incident.what)")
                incidents.removeFirst()
            }
            lines.append(line(of: operation, history.keys[key]))
        }
        return lines + copies(of: history.keys[key], world)
    }

    /// What a client did last, at any key: the way of its session.
    static func tell(ofClient client: Int, _ history: History) -> [String] {
        let steps = history.operations.filter { $0.client == client }.suffix(stepLimit)
        return ["the last \(steps.count) steps of client \(client):"]
            + steps.map { "\(history.keys[$0.key].name): \(line(of: $0, history.keys[$0.key]))" } + ["the key:"]
    }

    /// One operation.
    static func line(of operation: Operation, _ key: KeyHistory) -> String {
        let options = operation.options
        var line =
            "\(Instant(nanoseconds: operation.began)) client \(operation.client) at host \(operation.host)"
            + (options.sloppy ? "" : " strictly")
        switch operation.kind {
        case .read:
            line += " reads R=\(options.read?.description ?? "quorum")"
            if operation.outcome == .done {
                line += ": writes \(numbers(operation.shown.sorted()))"
            }
        case .write(let number):
            let write = key.writes[number]
            line += write.value == nil ? " deletes" : " writes"
            line += " W=\(options.write?.description ?? "quorum"): write \(number)"
            line += write.isBlind ? " over whatever is there" : " having seen \(numbers(write.past.elements))"
            if let dot = write.dot {
                line += ", \(dot)"
            }
        }
        let end = operation.ended == .max ? "never" : "\(Instant(nanoseconds: operation.ended))"
        line += " → \(operation.outcome) at \(end)"
        if let failure = operation.failure {
            line += " (\(failure))"
        }
        return line
    }

    /// Numbers of writes that ascend, with what lies between first and last of a run left out: `[0–17, 19]`.
    static func numbers(_ all: [Int]) -> String {
        var runs: [ClosedRange<Int>] = []
        for number in all {
            if let last = runs.last, last.upperBound + 1 == number {
                runs[runs.count - 1] = last.lowerBound...number
            } else {
                runs.append(number...number)
            }
        }
        let texts = runs.flatMap { run in
            switch run.count {
            case 1: ["\(run.lowerBound)"]
            case 2: ["\(run.lowerBound)", "\(run.upperBound)"]
            default: ["\(run.lowerBound)–\(run.upperBound)"]
            }
        }
        return "[\(texts.joined(separator: ", "))]"
    }

    /// Who has which copy now.
    static func copies(of key: KeyHistory, _ world: World) -> [String] {
        let token = key.token
        return world.hosts.map { host in
            guard let node = host.node else { return "host \(host.index) is down" }
            let ring = node.view.ring
            let isOwner = ring.ownerIDs(of: ring.partition(of: token)).contains(host.id)
            let name = "host \(host.index) (\(host.id.description.prefix(8)))\(isOwner ? ", an owner," : "")"
            do {
                guard let object = try node.reader.read(token: token.value, key: key.key) else {
                    return "\(name) has no copy"
                }
                let siblings = object.siblings.map { sibling in
                    switch sibling.content {
                    case .value(let bytes, _): "\(sibling.dot) \(text(of: bytes))"
                    case .tombstone: "\(sibling.dot) deleted"
                    }
                }
                return "\(name) has \(siblings) knowing \(object.context)"
            } catch {
                return "\(name) cannot read its copy: \(error)"
            }
        }
    }
}
