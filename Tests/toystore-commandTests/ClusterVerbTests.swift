import FoundationEssentials
import Node
import Testing

@testable import toystore

@Suite(.timeLimit(.minutes(1))) struct ClusterVerbTests {
    private func member(
        _ id: String, name: String, owned: Int, state: String = "up", reachable: Bool = true, bytes: Int = 1536
    ) -> MemberStatus {
        MemberStatus(
            id: id, name: name, address: "\(name):7400", http: "", zone: "", weight: 100, state: state,
            reachable: reachable, partitionsOwned: owned, partitionsHeld: owned, answered: reachable,
            keys: reachable ? 1234567 : 0, bytes: bytes,
            hintsPending: 0, version: "1.0")
    }

    private func status(transfers: [TransferStatus] = []) -> ClusterStatus {
        ClusterStatus(
            cluster: "toys", epoch: 9, partitions: 4, replicas: 2, self: "a",
            members: [
                member("a", name: "ann", owned: 4), member("b", name: "bo", owned: 3, reachable: false),
                member("c", name: "cleo", owned: 0, state: "left", bytes: 0),
            ],
            transfers: transfers)
    }

    @Test func `status is a table of members and transfers`() async throws {
        let transfer = TransferStatus(
            partition: 3, from: "a", to: "b", bytes: 1 << 20, bytesTotal: 4 << 20, percent: 25, etaSeconds: 200)
        try await StoringNode.run(json: status(transfers: [transfer]).json) { node in
            let shown = await node.toystore("status")
            #expect(shown.status == .success)
            #expect(
                shown.text
                    == """
                    cluster toys: 2 members, 1 unreachable, 4 partitions, 2 replicas, epoch 9

                    NAME   ADDRESS    STATE  REACHABLE  OWNED  HELD       KEYS    BYTES  HINTS  VERSION
                    ann *  ann:7400   up     yes            4     4  1 234 567  1.5 KiB      0  1.0
                    bo     bo:7400    up     NO             3     3          -        -      -  1.0
                    cleo   cleo:7400  left   yes            0     0  1 234 567      0 B      0  1.0
                    * has answered

                    transfers:
                    PARTITION  FROM  TO               BYTES  PERCENT      LEFT
                            3  ann   bo  1.0 MiB of 4.0 MiB   25.0 %  3 m 20 s

                    """)
        }
    }

    @Test func `ring says how even the partitions are`() {
        let ring = RingStatus(
            epoch: 9, partitions: 4, replicas: 2, owners: [["a", "b"], ["a", "b"], ["b", "a"], ["a"]])
        #expect(
            RingReport(ring, members: status().members).text
                == """
                4 partitions, 2 replicas, 2 owners, epoch 9

                NAME  WEIGHT  FIRST  OWNED   SHARE  OF FAIR
                ann      100      3      4  57.1 %    1.143
                bo       100      1      3  42.9 %    0.857

                balance: the fullest member has 1.143 of its fair share
                1 partition has fewer than 2 owners: there are not enough members

                """)
    }

    @Test func `locate is a tree`() async throws {
        func replica(_ name: String, reachable: Bool = true, holds: Bool) -> KeyLocation.Replica {
            KeyLocation.Replica(id: name, name: name, reachable: reachable, holds: holds)
        }
        let location = KeyLocation(
            key: "cart", token: 12345, partition: 3,
            owners: [replica("ann", holds: true), replica("bo", reachable: false, holds: false)],
            fallbacks: [replica("cleo", holds: false)])
        try await StoringNode.run(json: location.json) { node in
            #expect(
                await node.toystore("locate", "cart").text
                    == """
                    “cart”: token 12345, partition 3
                    ├─ owners
                    │  ├─ 1 ann  reachable    holds the partition
                    │  └─ 2 bo   UNREACHABLE
                    └─ fallbacks
                       └─ 1 cleo  reachable

                    """)
        }
    }

    @Test func `with --json the node's own answer comes through`() async throws {
        try await StoringNode.run(json: "{\"new\":1}") { node in
            for arguments in [["status"], ["ring"], ["locate", "key"]] {
                let shown = await toystoreProgram(arguments + ["--json", "--node", node.address])
                #expect(shown.status == .success && shown.text == "{\"new\":1}\n")
            }
            let shown = await node.toystore("status")
            #expect(shown.status == .cannotServe && shown.text.isEmpty)
        }
    }

    @Test func `a node that is not there ends with 3, and says how to name another`() async {
        let shown = await toystoreProgram(["status", "--node", "127.0.0.1:1"])
        #expect(shown.status == .cannotServe)
        #expect(
            shown.complaint.hasPrefix(
                "toystore: cannot ask for the cluster's status: no node could be reached: 127.0.0.1:1 ("))
        #expect(shown.complaint.hasSuffix("with --node HOST[:PORT] or in TOYSTORE_NODE.\n"))
    }

    @Test func `the next node is asked where one is not there`() async throws {
        try await StoringNode.run(json: "{}") { node in
            let listed = await toystoreProgram(
                ["status", "--json"], environment: ["TOYSTORE_NODE": "127.0.0.1:1, \(node.address)"])
            #expect(listed.text == "{}\n")
            let named = await toystoreProgram(
                ["status", "--json", "--node", "127.0.0.1:1", "--node", node.address],
                environment: ["TOYSTORE_NODE": "127.0.0.1:1"])
            #expect(named.text == "{}\n")
        }
    }

    @Test(arguments: [
        ["get"], ["get", "a", "b"], ["frob"], ["get", "k", "--sibling", "0"], ["get", "k", "--latest", "--all"],
        ["get", "k", "--r", "0"], ["get", "k", "--w", "1"], ["get", "k", "--timeout", "soon"], ["put", "k"],
        ["put", "k", "v", "--file", "photo"], ["put", "k", "v", "--ttl", "0"], ["put", "k", "--file", "missing"],
        ["get", "k", "--node", "a:b"], ["get", ""], ["put", "k", "v", "--w", "17"],
        ["put", "k", "v", "--ttl", "99999999999999999999"], ["put", "k", "v", "--ttl", "9999999999999999d"],
    ])
    func `a wrong call ends with 2 and a complaint`(_ arguments: [String]) async {
        let output = await toystoreProgram(arguments)
        #expect(output.status == .usage)
        #expect(output.text.isEmpty && !output.complaint.isEmpty)
    }

    @Test(arguments: [[], ["--help"], ["help"], ["help", "get"], ["get", "--help"]])
    func `help goes to the output`(_ arguments: [String]) async {
        let output = await toystoreProgram(arguments)
        #expect(output.status == .success && output.complaint.isEmpty)
        #expect(output.text.contains("USAGE: toystore"))
    }

    @Test func `quantities read well at their edges`() {
        #expect([0, 999, 1000, 1_234_567].map(Quantity.count) == ["0", "999", "1 000", "1 234 567"])
        #expect(
            [0, 1023, 1024, 1536, 1_048_575, 1 << 20, .max].map(Quantity.bytes) == [
                "0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 MiB", "1.0 MiB", "16.0 EiB",
            ])
        #expect(
            [-1, 0, 0.2, 59.5, 61, 3600, 90_000, .infinity, .nan].map(Quantity.seconds) == [
                "0 s", "0 s", "1 s", "1 m 0 s", "1 m 1 s", "1 h 0 m", "1 d 1 h", "0 s", "0 s",
            ])
        #expect([0, 0.005, 1.995, 99.99].map { Quantity.decimal($0, digits: 2) } == ["0.00", "0.01", "2.00", "99.99"])
    }
}
