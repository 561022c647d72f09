/// What a pass over the records has come to so far.
struct Tally: Sendable {
    /// Operations that have their final answer.
    var done = 0
    /// Writes that were sent again because nobody could say whether they had happened.
    var repeatedUnknown = 0
    /// Operations that were refused, surely without effect, and sent again.
    var repeatedRefused = 0
    /// Reads that gave exactly the bytes that were written.
    var found = 0
    /// Reads of an acknowledged record that gave nothing.
    var lost = 0
    /// Reads that gave other bytes.
    var wrong = 0
    /// The first of the lost and wrong ones.
    var examples: [String] = []
    /// Why an operation was sent again, the last time that one was.
    var lastTrouble = ""

    /// Keeps a few examples of what must not be.
    mutating func note(_ example: String) {
        if examples.count < 5 {
            examples.append(example)
        }
    }
}
