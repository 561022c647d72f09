import NodeSettings

/// Runs a node until it is told to stop.
func serve(_ configuration: NodeConfiguration) async throws {
    throw NotServing(name: configuration.name)
}

/// This build reads its configuration, and goes no further.
struct NotServing: Error, CustomStringConvertible {
    let name: String

    var description: String { "this build does not serve yet; --print-config shows what \(name) would run with" }
}
