import Machine

@testable import Causality

/// Actors with short names: `a/1`, `b/1`, …
func actor(_ name: Character, epoch: UInt64 = 1) -> ActorID {
    ActorID(node: NodeID(high: UInt64(name.asciiValue ?? 0), low: 0), epoch: epoch)
}

func dot(_ name: Character, _ counter: UInt64) -> Dot {
    Dot(actor: actor(name), counter: counter)
}

extension Sibling.Content {
    static func text(_ text: String) -> Sibling.Content {
        .value(ByteBuffer(string: text), contentType: "")
    }
}

extension Object {
    /// A copy as the DVVSet paper writes it: for each actor how many events are known, and the values of the last ones,
    /// newest first.
    init(_ entries: [(actor: Character, count: UInt64, newest: [String])]) {
        var vector = VersionVector()
        var siblings: [Sibling] = []
        for entry in entries.sorted(by: { $0.actor < $1.actor }) {
            vector = VersionVector(vector.entries + [dot(entry.actor, entry.count)])
            for (age, value) in entry.newest.enumerated().reversed() {
                siblings.append(
                    Sibling(dot: dot(entry.actor, entry.count - UInt64(age)), timestamp: .zero, content: .text(value)))
            }
        }
        self.init(context: CausalContext(vector), siblings: siblings)
    }

    @discardableResult
    mutating func write(_ text: String, seeing seen: WriteContext, as name: Character) -> Dot {
        write(.text(text), timestamp: .zero, seeing: seen, as: actor(name))
    }

    func merged(_ other: Object) -> Object {
        var copy = self
        copy.merge(other)
        return copy
    }

    var values: [String] {
        siblings.map { sibling in
            switch sibling.content {
            case .value(let bytes, _): String(buffer: bytes)
            case .tombstone: "†"
            }
        }
    }
}
