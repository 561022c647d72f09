import ArgumentParser
import Simulator

/// Reads what several commands take, and says what they take where it is something else.
enum Values {
    /// A seed.
    @Sendable static func seed(_ text: String) throws -> UInt64 {
        guard let seed = UInt64(text) else { throw ValidationError("it takes 0 to \(UInt64.max)") }
        return seed
    }

    /// Classes of faults.
    @Sendable static func faults(_ text: String) throws -> [FaultKind] {
        if let kinds = FaultOptions.kinds(named: text) {
            return kinds
        }
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let unknown = names.filter { FaultKind(rawValue: $0) == nil && !["all", "none", ""].contains($0) }
        guard unknown.isEmpty else {
            throw ValidationError(
                "no class is called \(unknown.map { "«\($0)»" }.joined(separator: ", ")); it takes all, none, or any of "
                    + FaultKind.allCases.map(\.rawValue).joined(separator: ","))
        }
        guard !names.contains("") else {
            throw ValidationError("a name is empty: give all, none, or names of classes with one comma between two")
        }
        throw ValidationError("all and none stand alone, without other names: leave them out, or the others")
    }
}
