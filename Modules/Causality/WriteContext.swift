import Machine

/// What a writer has seen of a key: what its write replaces.
@frozen
public enum WriteContext: Hashable, Sendable {
    /// The writer brings no context: its write replaces all that the coordinating copy knows, so that simple use stays
    /// simple, and siblings mean real divergence.
    case everythingHere
    /// The writer has seen exactly these dots. With the empty context its write is concurrent with everything.
    case seen(CausalContext)

    /// The context that the writer goes on with: the one that it sent and its own write, nothing else.
    ///
    /// So its next write replaces this one, and no sibling that it was not shown. It covers less than the object that
    /// came of the write, also after ``everythingHere``.
    public func following(_ dot: Dot) -> CausalContext {
        switch self {
        case .everythingHere:
            return CausalContext(CollectionOfOne(dot))
        case .seen(var context):
            context.insert(dot)
            if PlantedBug.answerCoversTheUnseen.isPlanted {
                context.merge(CausalContext(VersionVector(CollectionOfOne(dot))))
            }
            return context
        }
    }
}
