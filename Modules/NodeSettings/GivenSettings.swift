/// A value as it was written, and where.
struct GivenValue {
    let text: String
    let origin: SettingOrigin
}

/// What one place (the flags, the environment, the file) says.
typealias SettingLayer = [Setting: [GivenValue]]

/// What all places say, the strongest first.
///
/// The value of the strongest counts, but all are read: a mistake does not hide behind what happens to override it
/// today.
struct GivenSettings {
    let layers: [SettingLayer]

    /// The value that counts, or `nil` where none is given. Of several in one place the last counts, so that a script
    /// can append a flag to override another.
    func value<Value>(
        of setting: Setting, _ format: SettingFormat<Value>
    ) throws(ConfigurationFailure) -> Value? {
        try values(of: setting, format).last
    }

    /// The values of the strongest place that gives any.
    func values<Value>(
        of setting: Setting, _ format: SettingFormat<Value>
    ) throws(ConfigurationFailure) -> [Value] {
        var strongest = [Value]()
        for layer in layers {
            var values = [Value]()
            for given in layer[setting] ?? [] {
                guard let value = format.parse(given.text) else {
                    throw ConfigurationFailure(
                        origin: given.origin, problem: .invalid(value: given.text, allowed: format.allowed))
                }
                values.append(value)
            }
            if strongest.isEmpty { strongest = values }
        }
        return strongest
    }

    /// Where the value that counts stands, or `nil` where none is given.
    func origin(of setting: Setting) -> SettingOrigin? {
        layers.lazy.compactMap { $0[setting]?.last?.origin }.first
    }

    /// Every place in which this setting stands, the strongest first.
    func all(_ setting: Setting) -> [GivenValue] {
        layers.flatMap { $0[setting] ?? [] }
    }
}
