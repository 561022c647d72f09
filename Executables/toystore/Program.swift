import ArgumentParser

/// What the program ends with.
enum ExitStatus: Int32 {
    case success = 0
    /// The answer is no.
    case no = 1
    /// Called wrongly.
    case usage = 2
    /// The cluster cannot serve it, or cannot be reached.
    case cannotServe = 3
}

/// Why a command ends without what it was asked for: a sentence or more for a person, and the status for a script.
struct CommandFailure: Error, Equatable {
    let status: ExitStatus
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }
}

/// A command that does something, with the world handed in.
protocol Verb: ParsableCommand {
    func run(on console: Console) async throws(CommandFailure)
}

/// Arguments in, a status out.
enum Program {
    /// Takes the arguments as the system gives them. One that is no text is refused: repaired, it would name another key, or
    /// change a value.
    static func run(bytes arguments: [[UInt8]], on console: Console) async -> ExitStatus {
        var texts: [String] = []
        for argument in arguments {
            guard let text = String(validating: argument, as: UTF8.self) else {
                console.complain(
                    """
                    toystore: argument \(texts.count + 1) is not UTF-8. Give such a key with --key-encoding percent or \
                    base64, and such a value with --file or on the standard input.

                    """)
                return .usage
            }
            texts.append(text)
        }
        return await run(texts, on: console)
    }

    /// Parses the arguments and does what they say. What goes wrong is told on the console.
    static func run(_ arguments: [String], on console: Console) async -> ExitStatus {
        do {
            var command = try Toystore.parseAsRoot(arguments)
            if let verb = command as? any Verb {
                try await verb.run(on: console)
            } else {
                // `help` and the bare program: they end by throwing what there is to print.
                try command.run()
            }
            return .success
        } catch let failure as CommandFailure {
            console.complain("toystore: \(failure.message)\n")
            return failure.status
        } catch {
            let message = Toystore.fullMessage(for: error) + "\n"
            guard Toystore.exitCode(for: error) == .success else {
                console.complain(message)
                return .usage
            }
            console.write(message)
            return .success
        }
    }
}
