/// Why a node does not start with what it was given: where the offending word stands, and what is wrong with it.
///
/// ``description`` is one line for people: `node.yaml:3: port: "99999" is not allowed: a number from 1 to 65535`.
public struct ConfigurationFailure: Error, Hashable, Sendable {
    /// Where the offending word stands.
    public let origin: SettingOrigin
    /// What is wrong with it.
    public let problem: Problem

    /// What can be wrong.
    public enum Problem: Hashable, Sendable {
        /// There is no setting of this name; `nearest` is what was probably meant, spelled as it would be written
        /// there.
        case unknown(nearest: String?)
        /// The value is none of those that are `allowed`.
        case invalid(value: String, allowed: String)
        /// The setting is there without a value.
        case empty
        /// The key stands in the file more than once.
        case repeated
        /// This build cannot do it.
        case unavailable(String)
        /// It does not go with another setting.
        case conflict(String)
        /// The variable was not set by a person: Kubernetes sets such for each service, here one named `toystore`.
        case injected
        /// The file cannot be read.
        case unreadable(String)
        /// The file is no YAML, or not of the form that is asked for.
        case malformed(String)
    }
}

extension ConfigurationFailure: CustomStringConvertible {
    /// One line: the place, and what is wrong there.
    public var description: String { "\(origin): \(problem)" }
}

extension ConfigurationFailure.Problem: CustomStringConvertible {
    /// The longest part of a value that is repeated in a message, in characters.
    private static let quoteLimit = 80

    /// What is wrong, without the place.
    public var description: String {
        switch self {
        case .unknown(let nearest?): "there is no such setting; did you mean \(nearest)?"
        case .unknown(nil): "there is no such setting"
        case .invalid(let value, let allowed): "\(Self.quote(value)) is not allowed: \(allowed)"
        case .empty: "has no value; leave it out for the default"
        case .repeated: "stands there more than once"
        case .unavailable(let reason): reason
        case .conflict(let reason): reason
        case .injected:
            "looks like a variable that Kubernetes sets for a service named toystore; "
                + "set enableServiceLinks: false for the pod, or give the service another name"
        case .unreadable(let reason): "cannot be read: \(reason)"
        case .malformed(let reason): reason
        }
    }

    /// The value between quotation marks, its control characters escaped: it may come from anywhere.
    private static func quote(_ value: String) -> String {
        let shown = value.prefix(quoteLimit)
        return String(shown).debugDescription + (shown.endIndex < value.endIndex ? "…" : "")
    }
}
