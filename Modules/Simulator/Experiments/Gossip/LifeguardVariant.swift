public import Gossip

/// A row of the paper's table: which of Lifeguard's parts are on.
public enum LifeguardVariant: String, CaseIterable, Sendable {
    case swim = "SWIM"
    case localHealthProbe = "LHA-Probe"
    case localHealthSuspicion = "LHA-Suspicion"
    case buddy = "Buddy"
    case lifeguard = "Lifeguard"

    /// The configuration of the paper's group: α = 5, β = 6, and memberlist's defaults for a local network, where the
    /// push-pull of 128 members comes every 90 seconds.
    ///
    /// What memberlist does not have is off: a second opinion before a verdict of others is believed, timers that start anew
    /// after a pause, and probes of the unreachable.
    public var configuration: GossipConfiguration {
        var configuration = GossipConfiguration.swim
        configuration.suspicionMultiplier = 5
        configuration.suspicionMaximumMultiplier = 6
        configuration.newsInterval = .milliseconds(200)
        configuration.pushPullInterval = .seconds(90)
        configuration.reconnectionPeriods = 1_000_000
        let hasProbe = self == .localHealthProbe || self == .lifeguard
        configuration.localHealth = hasProbe
        configuration.nacks = hasProbe
        configuration.suspicionConfirmations = self == .localHealthSuspicion || self == .lifeguard
        configuration.buddy = self == .buddy || self == .lifeguard
        return configuration
    }

    /// What the paper measured (Dadgar, Phillips, Currey 2017, tables IV and V): false verdicts, those of them at healthy
    /// members, and the medians of the first detection and the full dissemination in seconds.
    public var published: (falseVerdicts: Int, atHealthy: Int, detection: Double, dissemination: Double) {
        switch self {
        case .swim: (339_002, 1326, 12.44, 12.90)
        case .localHealthProbe: (229_574, 436, 12.42, 12.90)
        case .localHealthSuspicion: (10_174, 89, 12.42, 12.89)
        case .buddy: (318_935, 591, 12.45, 12.92)
        case .lifeguard: (5193, 25, 12.45, 12.91)
        }
    }
}
