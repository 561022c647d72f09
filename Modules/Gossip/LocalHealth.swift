/// Lifeguard's local health multiplier: a member that misses answers it should get is probably slow itself, and takes
/// more time before it accuses others (section IV-A).
struct LocalHealth {
    /// The worst score.
    static let limit = 8

    /// 0 is well; interval and timeout are score + 1 times as long.
    private(set) var score = 0
    let isEnabled: Bool

    init(isEnabled: Bool) {
        self.isEnabled = isEnabled
    }

    /// Adds to the score, within its bounds; whether it changed.
    mutating func add(_ delta: Int) -> Bool {
        guard isEnabled else { return false }
        let changed = min(Self.limit, max(0, score + delta))
        defer { score = changed }
        return changed != score
    }

    func scaled(_ nanoseconds: Int64) -> Int64 {
        nanoseconds.multipliedReportingOverflow(by: Int64(score + 1)).partialValue
    }
}
