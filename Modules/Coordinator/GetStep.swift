public import Causality

/// What a get wants done next; the parts are in the order in which they are to be carried out.
public struct GetStep: Equatable, Sendable {
    /// Replicas to ask for their copy.
    public var ask: PositionSet = []
    /// Replicas to be sent the answer and waited for: what becomes of each is told as ``GetCoordination/repaired(_:)`` or
    /// ``GetCoordination/fail(_:)``.
    public var writeBack: PositionSet = []
    /// The client's answer, once.
    public var reply: GetOutcome?
    /// Replicas whose copy is stale: to be sent the merged object.
    public var repair: PositionSet = []
    /// Nothing more is expected: the coordination can be forgotten.
    public var isFinished = false

    /// A step with nothing to do.
    public init(
        ask: PositionSet = [], writeBack: PositionSet = [], reply: GetOutcome? = nil, repair: PositionSet = [],
        isFinished: Bool = false
    ) {
        self.ask = ask
        self.writeBack = writeBack
        self.reply = reply
        self.repair = repair
        self.isFinished = isFinished
    }

    /// Whether there is nothing to do.
    public var isEmpty: Bool { ask.isEmpty && writeBack.isEmpty && reply == nil && repair.isEmpty && !isFinished }
}

/// How a get ends for its client.
public enum GetOutcome: Equatable, Sendable {
    /// The merged copies.
    case found(Object)
    /// Enough holders have no copy.
    case absent
    /// Too few replicas can be reached.
    case unavailable(required: Int, available: Int)
    /// The deadline came first.
    case timeout(required: Int, available: Int)
}

/// Whom a get asks at first.
public enum GetReach: Hashable, Sendable {
    /// Every holder: the fastest R answer, and every stale holder is seen and repaired.
    case everyHolder
    /// As many holders as the answer needs: the one at `first` if it is one (the own copy, which costs no message), then
    /// owners, then others. The rest are a reserve for ``GetCoordination/hedge()`` and for whoever fails.
    case enough(first: Int?)
}
