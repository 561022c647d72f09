import Foundation

/// What the demo says while it works: a bar that moves on a terminal, a line now and then elsewhere.
@MainActor
final class Console {
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private var lastLine = ContinuousClock.now
    private var barIsShown = false

    /// A step of the story.
    func say(_ text: String) {
        clearBar()
        print(text)
        fflush(nil)
    }

    /// How far something has come.
    func progress(_ what: String, _ done: Int, of total: Int, since start: ContinuousClock.Instant) {
        let now = ContinuousClock.now
        guard isTerminal || start.duration(to: now) > .seconds(5) && lastLine.duration(to: now) > .seconds(5) else {
            return
        }
        lastLine = now
        let seconds = max(start.duration(to: now).seconds, 0.001)
        let share = total == 0 ? 1 : Double(done) / Double(total)
        let rate = Double(done) / seconds
        let left = done == 0 ? "" : ", \(Int((Double(total - done) / rate).rounded())) s left"
        let figures = "\(Int(share * 100)) %  \(done.grouped) of \(total.grouped), \(Int(rate).grouped)/s\(left)"
        if isTerminal {
            let filled = Int(share * 24)
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
            print("\r\u{1b}[2K  \(what)  \(bar)  \(figures)", terminator: "")
            barIsShown = true
        } else {
            print("  \(what)  \(figures)")
        }
        fflush(nil)
    }

    private func clearBar() {
        guard barIsShown else { return }
        print("\r\u{1b}[2K", terminator: "")
        barIsShown = false
    }
}

extension Duration {
    /// Seconds, with what is behind the point.
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }

    /// `12.3 s`.
    var text: String {
        let tenths = Int((seconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) s"
    }
}

extension Int {
    /// `1,234,567`.
    var grouped: String {
        var digits = String(abs(self))
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (self < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
    }
}
