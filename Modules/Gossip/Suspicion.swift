import Machine

/// One suspicion and its time: long while there is one accuser, shorter with each other one (Lifeguard, section IV-B).
struct Suspicion {
    /// When it began here.
    private(set) var start: Instant
    /// Its shortest and longest time in nanoseconds.
    let minimum: Int64
    let maximum: Int64
    /// Lifeguard's K: so many accusers beside the first make it shortest.
    let confirmationLimit: Int
    /// Who accused, the first one first; at most K + 1.
    private(set) var accusers: [NodeID]
    /// Whether someone else has already decided: nothing then lengthens it beyond its shortest.
    private(set) var isCut = false

    init(start: Instant, minimum: Int64, maximum: Int64, confirmationLimit: Int, accuser: NodeID) {
        self.start = start
        self.minimum = minimum
        self.maximum = max(minimum, maximum)
        self.confirmationLimit = confirmationLimit
        accusers = [accuser]
    }

    /// When it becomes a verdict: max(Min, Max − (Max − Min) · log(C + 1) / log(K + 1)) after its start.
    var deadline: Instant {
        start.advanced(byNanoseconds: timeout)
    }

    private var timeout: Int64 {
        let confirmations = accusers.count - 1
        guard !isCut, confirmations < confirmationLimit else { return minimum }
        guard confirmations > 0 else { return maximum }
        let share = naturalLogarithm(Double(confirmations + 1)) / naturalLogarithm(Double(confirmationLimit + 1))
        return max(minimum, maximum - Int64(Double(maximum - minimum) * share))
    }

    /// Whether this accuser is another, and one of the first K.
    func counts(_ accuser: NodeID) -> Bool {
        accusers.count <= confirmationLimit && !accusers.contains(accuser)
    }

    /// Takes another accuser; `false` where it is none of the first K others.
    mutating func confirm(by accuser: NodeID) -> Bool {
        guard counts(accuser) else { return false }
        accusers.append(accuser)
        return true
    }

    /// Makes it as short as it can be.
    mutating func cut() {
        isCut = true
    }

    /// Gives it back the time for which this process stood still.
    mutating func shift(byNanoseconds delta: Int64) {
        start = start.advanced(byNanoseconds: delta)
    }
}
