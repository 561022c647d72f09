import LoadGenerator

/// One line on the terminal that says, once a second, how the load goes.
struct ProgressLine {
    private let run: LoadRun

    init(_ run: LoadRun) {
        self.run = run
    }

    /// Shows the line during `work`; does nothing where standard error is no terminal.
    func during(_ what: String, _ work: @Sendable @escaping () async -> LoadResult) async -> LoadResult {
        guard StandardError.isTerminal else { return await work() }
        let ticker = Task { await tick(what) }
        let result = await work()
        ticker.cancel()
        await ticker.value
        return result
    }

    private func tick(_ what: String) async {
        let start = ContinuousClock.now
        var last = LoadProgress()
        // A line for people, once a second, until the work is done and this is cancelled.
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            let progress = await run.progress()
            let seconds = Int((start.duration(to: .now) / .seconds(1)).rounded())
            StandardError.write("\r\u{1b}[K" + Self.line(what, seconds: seconds, progress, since: last))
            last = progress
        }
        StandardError.write("\r\u{1b}[K")
    }

    /// The line, for one second that lies behind.
    static func line(_ what: String, seconds: Int, _ progress: LoadProgress, since last: LoadProgress) -> String {
        let rate = Figure.grouped(max(0, progress.answered - last.answered))
        let p99 = progress.latencies.summary.map { ", p99 \(Figure.latency($0.p99))" } ?? ""
        let failures = progress.failures > 0 ? ", \(Figure.grouped(progress.failures)) failed" : ""
        return "\(what), \(seconds) s: \(rate) a second\(p99), \(progress.inFlight) in flight\(failures)"
    }
}
