import ArgumentParser
import Glibc
import Machine

/// The command line of a cluster.
@main
struct Toystore: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "toystore",
        abstract: "Read and write data in a Toystore cluster, and look at the cluster.",
        discussion: """
            Any node of a cluster answers. --node names one, or several: the next is asked where one cannot be reached. \
            Without it the variable TOYSTORE_NODE does, and without that it is 127.0.0.1:7400.

            EXIT STATUS:
              0  done
              1  the answer is no: not found, no single value, a precondition that does not hold
              2  called wrongly
              3  the cluster cannot serve it, or cannot be reached

            EXAMPLES:
              toystore put greeting hello
              toystore get greeting
              toystore put photo --file photo.jpg --content-type image/jpeg
              toystore get photo > copy.jpg
              toystore put session/7 - --ttl 15m < session.json
              toystore get cart --all | jq .
              toystore get --key-encoding percent %FF%00%2A
              toystore status --node 10.0.0.1 --node 10.0.0.2
            """,
        version: Release.version,
        subcommands: [Get.self, Put.self, Delete.self, Status.self, Ring.self, Locate.self])

    static func main() async {
        let arguments = (1..<max(1, Int(CommandLine.argc))).compactMap { index in
            CommandLine.unsafeArgv[index].map { Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
        }
        let status = await Program.run(bytes: arguments, on: .system)
        Glibc.exit(status.rawValue)
    }
}
