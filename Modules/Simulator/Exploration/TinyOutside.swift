/// What is outside of the hosts of a ``TinyWorld``: the clients, and what they did and were told.
struct TinyOutside: Hashable, Sendable {
    var clients: [TinyClient]
    var history: TinyHistory

    init(steps: [[TinyClient.Step]]) {
        var firstNumber = 0
        clients = []
        for steps in steps {
            clients.append(TinyClient(steps: steps, firstNumber: firstNumber))
            firstNumber += steps.count
        }
        history = TinyHistory(capacity: firstNumber)
    }

    /// What happens to it.
    enum Event: Hashable, Sendable {
        /// A client begins its next step.
        case begin(Int)
        /// A client has the answer of this number.
        case answered(Int, response: Int)
        /// The node that had a client's request is gone.
        case lost(Int)
        /// A node has lost what it had acknowledged.
        case forgot
    }

    /// What comes of it.
    struct Turn: Sendable {
        /// The number of the state after it.
        let state: Int
        /// The number of the request that a client begins with.
        var request = 0
    }
}
