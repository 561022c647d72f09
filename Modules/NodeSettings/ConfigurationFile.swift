internal import Yams

/// The configuration file: a YAML mapping of keys to values, where seeds may be a list.
///
/// Values are taken as they are written, whatever type YAML would see in them: `zone: no` is the zone `no`.
struct ConfigurationFile {
    let path: String
    let text: String

    /// What the file says. An empty file says nothing.
    func layer() throws(ConfigurationFailure) -> SettingLayer {
        guard let root = try parsed(), !isNull(root) else { return [:] }
        guard case .mapping(let mapping) = root else {
            throw malformed("holds keys and their values, key: value", root)
        }

        var layer = SettingLayer()
        for (key, value) in mapping {
            guard case .scalar(let name) = key else { throw malformed("a key is a plain word", key) }
            let setting = try setting(named: name.string, key)
            layer[setting] = try values(of: setting, value, after: key)
        }
        return layer
    }

    private func setting(named name: String, _ key: Node) throws(ConfigurationFailure) -> Setting {
        let origin = origin(key, name)
        guard let setting = Setting(rawValue: name) else {
            throw ConfigurationFailure(origin: origin, problem: .unknown(nearest: Setting.nearest(to: name)?.key))
        }
        guard setting != .config else {
            throw ConfigurationFailure(origin: origin, problem: .conflict("a file does not name another"))
        }
        return setting
    }

    private func values(
        of setting: Setting, _ value: Node, after key: Node
    ) throws(ConfigurationFailure) -> [GivenValue] {
        switch value {
        case .scalar(let scalar):
            guard !isNull(value) else {
                throw ConfigurationFailure(origin: origin(key, setting.key), problem: .empty)
            }
            return [GivenValue(text: scalar.string, origin: origin(value, setting.key))]
        case .sequence(let sequence) where setting.isRepeatable:
            var values = [GivenValue]()
            for element in sequence {
                guard case .scalar(let scalar) = element, !isNull(element) else {
                    throw malformed("a list of single values is asked for", element, setting.key)
                }
                values.append(GivenValue(text: scalar.string, origin: origin(element, setting.key)))
            }
            return values
        case .sequence, .mapping, .alias:
            throw malformed("one single value is asked for", value, setting.key)
        }
    }

    /// Whether it is nothing, as opposed to a quoted empty text.
    private func isNull(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    // MARK: - Places

    private func origin(_ node: Node, _ key: String?) -> SettingOrigin {
        .line(path: path, number: node.mark?.line ?? 1, key: key)
    }

    private func malformed(_ reason: String, _ node: Node, _ key: String? = nil) -> ConfigurationFailure {
        ConfigurationFailure(origin: origin(node, key), problem: .malformed(reason))
    }

    // MARK: - YAML

    private func parsed() throws(ConfigurationFailure) -> Node? {
        do {
            // The encoding is named, since Yams would otherwise look it up in the environment.
            return try Parser(yaml: text, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            throw failure(of: error)
        } catch {
            throw ConfigurationFailure(origin: .file(path), problem: .malformed("\(error)"))
        }
    }

    private func failure(of error: YamlError) -> ConfigurationFailure {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            ConfigurationFailure(
                origin: .line(path: path, number: mark.line, key: nil), problem: .malformed("no YAML: \(problem)"))
        case .reader(let problem, let offset, _, _):
            ConfigurationFailure(
                origin: .line(path: path, number: lineNumber(at: offset ?? 0), key: nil),
                problem: .malformed("no YAML: \(problem)"))
        case .duplicatedKeysInMapping(let keys, let context):
            ConfigurationFailure(
                origin: .line(path: path, number: context.mark.line, key: keys.first), problem: .repeated)
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            ConfigurationFailure(origin: .file(path), problem: .malformed("no YAML: \(error)"))
        }
    }

    private func lineNumber(at offset: Int) -> Int {
        text.prefix(offset).count(where: \.isNewline) + 1
    }
}
