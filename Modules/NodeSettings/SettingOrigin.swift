/// Where a setting was given.
public enum SettingOrigin: Hashable, Sendable {
    /// On the command line, by this flag.
    case flag(String)
    /// In this environment variable.
    case variable(String)
    /// In a file, on a line that is counted from 1, under a key.
    case line(path: String, number: Int, key: String?)
    /// In a file as a whole.
    case file(String)

    static func flag(_ setting: Setting) -> SettingOrigin { .flag(setting.flag) }
}

extension SettingOrigin: CustomStringConvertible {
    /// `--port`, `TOYSTORE_PORT`, `node.yaml:3: port` or `node.yaml`.
    public var description: String {
        switch self {
        case .flag(let flag): flag
        case .variable(let variable): variable
        case .line(let path, let number, let key?): "\(path):\(number): \(key)"
        case .line(let path, let number, nil): "\(path):\(number)"
        case .file(let path): path
        }
    }
}
