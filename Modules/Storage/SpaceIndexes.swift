/// One index for each space.
struct SpaceIndexes: ~Copyable {
    private var objects = TokenIndex()
    private var hints = TokenIndex()
    private var meta = TokenIndex()

    subscript(space: Space) -> TokenIndex {
        _read {
            switch space {
            case .objects: yield objects
            case .hints: yield hints
            case .meta: yield meta
            }
        }
        _modify {
            switch space {
            case .objects: yield &objects
            case .hints: yield &hints
            case .meta: yield &meta
            }
        }
    }

    /// Hands over every slot of a token, in the order of sequences. To read through the subscript takes a frame on the heap
    /// each time: too dear for what every request does.
    func forEachSlot(of token: UInt64, in space: Space, _ body: (Slot) -> Void) {
        switch space {
        case .objects: objects.forEachSlot(of: token, body)
        case .hints: hints.forEachSlot(of: token, body)
        case .meta: meta.forEachSlot(of: token, body)
        }
    }

    /// The slot of a record, or `nil` where it is not there.
    func slot(of token: UInt64, sequence: UInt64, in space: Space) -> Slot? {
        switch space {
        case .objects: objects.slot(of: token, sequence: sequence)
        case .hints: hints.slot(of: token, sequence: sequence)
        case .meta: meta.slot(of: token, sequence: sequence)
        }
    }
}
