extension NodeConfiguration {
    /// Reads a configuration from what a process is started with: a flag beats the environment, which beats the file.
    ///
    /// Nothing is ignored. A name that is no setting, a value out of its range, or something that this build cannot do
    /// is refused, also where another place overrides it. An environment variable that is set and empty counts as not
    /// set.
    ///
    /// - Parameters:
    ///   - arguments: What the flags say, in the order given. Of several values the last counts; seeds add up.
    ///   - environment: The variables of the process; those that do not start with `TOYSTORE_` are left alone. Several
    ///     seeds in one variable stand with commas between them.
    ///   - readFile: Gives the text of the file that `--config` or `TOYSTORE_CONFIG` names; called at most once.
    /// - Throws: The first thing that is wrong, with its place.
    public static func load(
        arguments: [Setting: [String]] = [:],
        environment: [String: String] = [:],
        readFile: (_ path: String) throws -> String
    ) throws(ConfigurationFailure) -> NodeConfiguration {
        let flags = flagLayer(arguments)
        let variables = try variableLayer(environment)
        var layers = [flags, variables]
        if let path = try GivenSettings(layers: layers).value(of: .config, .path) {
            layers.append(try ConfigurationFile(path: path, text: text(of: path, readFile)).layer())
        }
        return try NodeConfiguration(GivenSettings(layers: layers))
    }

    private static func flagLayer(_ arguments: [Setting: [String]]) -> SettingLayer {
        var layer = SettingLayer()
        for (setting, texts) in arguments {
            layer[setting] = texts.map { GivenValue(text: $0, origin: .flag(setting)) }
        }
        return layer
    }

    private static func variableLayer(_ environment: [String: String]) throws(ConfigurationFailure) -> SettingLayer {
        var layer = SettingLayer()
        // Sorted, so that of two mistakes always the same one is told.
        for (variable, text) in environment.sorted(by: { $0.key < $1.key })
        where variable.hasPrefix(Setting.variablePrefix) && variable != Setting.commandLineVariable {
            let origin = SettingOrigin.variable(variable)
            if isInjected(variable, text) {
                throw ConfigurationFailure(origin: origin, problem: .injected)
            }
            guard let setting = Setting.allCases.first(where: { $0.variable == variable }) else {
                let nearest = Setting.nearest(to: String(variable.dropFirst(Setting.variablePrefix.count)))
                throw ConfigurationFailure(origin: origin, problem: .unknown(nearest: nearest?.variable))
            }
            let parts = setting.isRepeatable ? text.split(separator: ",").map(trimmed) : [text]
            layer[setting] = parts.filter { !$0.isEmpty }.map { GivenValue(text: $0, origin: origin) }
        }
        return layer
    }

    private static func text(
        of path: String, _ readFile: (String) throws -> String
    ) throws(ConfigurationFailure) -> String {
        do {
            return try readFile(path)
        } catch {
            throw ConfigurationFailure(origin: .file(path), problem: .unreadable("\(error)"))
        }
    }

    /// Kubernetes gives every pod variables for each service of its namespace, after the pattern of Docker's links:
    /// `TOYSTORE_SERVICE_HOST`, `TOYSTORE_PORT=tcp://…`, `TOYSTORE_PORT_7400_TCP_ADDR`.
    private static func isInjected(_ variable: String, _ text: String) -> Bool {
        let name = variable.dropFirst(Setting.variablePrefix.count)
        return name.hasPrefix("SERVICE_") || name.hasPrefix("PORT_")
            || (name == "PORT" && (text.hasPrefix("tcp://") || text.hasPrefix("udp://")))
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
