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
}
