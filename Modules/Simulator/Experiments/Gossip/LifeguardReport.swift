/// The paper's table beside ours, and what of ours is outside the tolerance.
public struct LifeguardReport: Sendable {
    /// The most false verdicts of Lifeguard, as a share of SWIM's.
    static let falseVerdictLimit = 0.03
    /// The same at healthy members.
    static let atHealthyLimit = 0.05
    /// The runs behind each of the paper's counts.
    static let publishedRuns = 6480
    /// How far the medians may be from the paper's, in seconds.
    static let medianTolerance = 0.3

    /// The tallies of the variants, in the order of `LifeguardVariant.allCases`.
    public let tallies: [LifeguardExperiment.Tally]

    /// A report; there is a tally for each variant.
    public init(_ tallies: [LifeguardExperiment.Tally]) {
        precondition(tallies.count == LifeguardVariant.allCases.count, "\(tallies.count) tallies")
        self.tallies = tallies
    }

    private func tally(_ variant: LifeguardVariant) -> LifeguardExperiment.Tally {
        zip(LifeguardVariant.allCases, tallies).first { $0.0 == variant }?.1 ?? LifeguardExperiment.Tally()
    }

    /// What is outside the tolerance, a sentence each.
    public var flaws: [String] {
        var flaws: [String] = []
        let swim = tally(.swim)
        let lifeguard = tally(.lifeguard)
        if Self.share(lifeguard.falseVerdicts, of: swim.falseVerdicts) > Self.falseVerdictLimit {
            flaws.append("Lifeguard's false verdicts are above 3 % of SWIM's")
        }
        if Self.share(lifeguard.falseVerdictsAtHealthy, of: swim.falseVerdictsAtHealthy) > Self.atHealthyLimit {
            flaws.append("Lifeguard's false verdicts at healthy members are above 5 % of SWIM's")
        }
        let order: [LifeguardVariant] = [.swim, .buddy, .localHealthProbe, .localHealthSuspicion, .lifeguard]
        for (more, fewer) in zip(order, order.dropFirst())
        where Self.isMore(tally(fewer).falseVerdicts, than: tally(more).falseVerdicts) {
            flaws.append("\(fewer.rawValue) has more false verdicts than \(more.rawValue)")
        }
        if swim.falseVerdicts == 0 {
            flaws.append("SWIM has no false verdicts to compare with")
        }
        for variant in LifeguardVariant.allCases {
            let tally = tally(variant)
            for (name, ours, theirs) in [
                ("first detection", tally.detections.quantile(0.5), variant.published.detection),
                ("full dissemination", tally.disseminations.quantile(0.5), variant.published.dissemination),
            ] where !(abs(ours - theirs) <= Self.medianTolerance) {
                flaws.append("\(variant.rawValue): the median of the \(name) is \(ours.rounded(to: 2)) s")
            }
        }
        return flaws
    }

    /// The table.
    public var table: String {
        let swim = tally(.swim)
        var table = AlignedTable([
            "", "FP", "a run", "paper", "% of SWIM", "paper %", "FP at healthy", "% of SWIM", "paper %",
            "detection med/99/99.9 s",
            "paper med", "dissemination med/99/99.9 s", "paper med",
        ])
        let base = LifeguardVariant.swim.published
        for (variant, tally) in zip(LifeguardVariant.allCases, tallies) {
            let published = variant.published
            table.add([
                variant.rawValue, "\(tally.falseVerdicts)",
                Self.perRun(tally.falseVerdicts, tally.runs), Self.perRun(published.falseVerdicts, Self.publishedRuns),
                Self.percent(Self.share(tally.falseVerdicts, of: swim.falseVerdicts)),
                Self.percent(Self.share(published.falseVerdicts, of: base.falseVerdicts)),
                "\(tally.falseVerdictsAtHealthy)",
                Self.percent(Self.share(tally.falseVerdictsAtHealthy, of: swim.falseVerdictsAtHealthy)),
                Self.percent(Self.share(published.atHealthy, of: base.atHealthy)),
                Self.quantiles(tally.detections), "\(published.detection)",
                Self.quantiles(tally.disseminations), "\(published.dissemination)",
            ])
        }
        return "\(swim.runs) runs of intervals and \(swim.detectionRuns) of detection for each row\n\(table.text)"
    }

    /// Whether one count is above another by more than chance: three standard deviations of the difference of such counts.
    private static func isMore(_ count: Int, than other: Int) -> Bool {
        Double(count - other) > 3 * Double(count + other).squareRoot()
    }

    private static func share(_ part: Int, of whole: Int) -> Double {
        whole == 0 ? (part == 0 ? 0 : .infinity) : Double(part) / Double(whole)
    }

    private static func perRun(_ count: Int, _ runs: Int) -> String {
        runs == 0 ? "-" : "\((Double(count) / Double(runs)).rounded(to: 1))"
    }

    private static func percent(_ share: Double) -> String { "\((share * 100).rounded(to: 1))" }

    private static func quantiles(_ values: [Double]) -> String {
        [0.5, 0.99, 0.999].map { "\(values.quantile($0).rounded(to: 2))" }.joined(separator: " / ")
    }
}
