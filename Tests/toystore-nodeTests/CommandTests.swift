import ArgumentParser
import NodeSettings
import Testing

@testable import toystore_node

@Suite struct CommandTests {
    @Test(arguments: Setting.allCases)
    func `every setting is a flag whose text reaches the configuration as it is`(_ setting: Setting) throws {
        let command = try ToystoreNode.parse([setting.flag, "a value"])
        #expect(command.arguments.filter { !$0.value.isEmpty } == [setting: ["a value"]])
        #expect(!command.printConfig)
        #expect(try ToystoreNode.parse(["\(setting.flag)=-1"]).arguments[setting] == ["-1"])
    }

    @Test func `no flags are no settings`() throws {
        #expect(try ToystoreNode.parse([]).arguments.values.allSatisfy(\.isEmpty))
        #expect(try ToystoreNode.parse(["--print-config"]).printConfig)
    }

    @Test func `seeds are given one by one`() throws {
        #expect(try ToystoreNode.parse(["--seed", "a", "--seed", "b"]).arguments[.seed] == ["a", "b"])
        #expect(throws: (any Error).self) { try ToystoreNode.parse(["--seed", "a", "b"]) }
    }

    @Test func `a misspelled flag is answered with the one that was meant`() throws {
        let error = try #require(throws: (any Error).self) { try ToystoreNode.parse(["--prot", "1"]) }
        #expect(ToystoreNode.message(for: error) == "Unknown option '--prot'. Did you mean '--port'?")
        #expect(ToystoreNode.exitCode(for: error) == .validationFailure)
    }

    @Test func `the help reads like this`() {
        #expect(ToystoreNode.helpMessage(columns: 100) == goldenHelp)
    }

    @Test func `a file that is none is told in the system's words`() throws {
        let missing = #expect(throws: TextFile.Failure.self) { try TextFile.read("/nonexistent/node.yaml") }
        #expect(missing?.description == "No such file or directory")
        let directory = #expect(throws: TextFile.Failure.self) { try TextFile.read("/") }
        #expect(directory?.description == "Is a directory")
        let endless = #expect(throws: TextFile.Failure.self) { try TextFile.read("/dev/zero") }
        #expect(endless?.description == "it has more than 1048576 bytes")
        #expect(try TextFile.read("/dev/null") == "")
    }
}
