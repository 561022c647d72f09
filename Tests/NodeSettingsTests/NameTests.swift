import NodeSettings
import Testing

@Suite struct NameTests {
    @Test func `key, flag and variable of a setting are one name`() {
        #expect(Setting.httpPort.key == "http-port")
        #expect(Setting.httpPort.flag == "--http-port")
        #expect(Setting.httpPort.variable == "TOYSTORE_HTTP_PORT")
        #expect(Set(Setting.allCases.map(\.variable)).count == Setting.allCases.count)
    }

    @Test(arguments: [
        ("prot", "port"), ("hsot", "host"), ("seeds", "seed"), ("http_port", "http-port"), ("httpPort", "http-port"),
        ("HTTP-PORT", "http-port"), ("data_dir", "data-dir"), ("datadir", "data-dir"), ("data-directory", "data-dir"),
        ("replica", "replicas"), ("writes", "write"), ("loglevel", "log-level"), ("log", "log-level"),
        ("weigth", "weight"), ("zones", "zone"), ("max-value", "max-value-size"), ("clustername", "cluster"),
    ])
    func `a misspelled name is answered with the one that was meant`(_ written: String, _ meant: String) {
        #expect(
            refusal(file: "\(written): 1")
                == "node.yaml:1: \(written): there is no such setting; did you mean \(meant)?")
    }

    @Test(arguments: ["x", "verbose", "replication-factor-of-everything-that-there-is", "é", "print-config", "<<"])
    func `a name that is near nothing is refused without a guess`(_ written: String) {
        #expect(refusal(file: "\(written): 1") == "node.yaml:1: \(written): there is no such setting")
    }

    @Test func `an unknown variable is refused, with the one that was meant`() {
        #expect(
            refusal(variables: ["TOYSTORE_SEEDS": "a"])
                == "TOYSTORE_SEEDS: there is no such setting; did you mean TOYSTORE_SEED?")
        #expect(refusal(variables: ["TOYSTORE_": "a"]) == "TOYSTORE_: there is no such setting")
        #expect(refusal(variables: ["TOYSTORE_HTTP-PORT": "1"])?.hasSuffix("did you mean TOYSTORE_HTTP_PORT?") == true)
        #expect(refusal(variables: ["TOYSTORE_B": "1", "TOYSTORE_A": "1"])?.hasPrefix("TOYSTORE_A: ") == true)
    }

    @Test(arguments: [
        ("TOYSTORE_SERVICE_HOST", "10.0.0.1"), ("TOYSTORE_PORT", "tcp://10.0.0.1:7400"),
        ("TOYSTORE_PORT_7400_TCP_ADDR", "10.0.0.1"),
    ])
    func `variables that Kubernetes injects are told apart from typing mistakes`(_ variable: String, _ text: String) {
        #expect(refusal(variables: [variable: text])?.contains("enableServiceLinks") == true)
    }
}
