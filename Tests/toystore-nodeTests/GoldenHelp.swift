/// What `--help` prints at 100 columns.
let goldenHelp = """
    OVERVIEW: Run one node of a Toystore cluster: storage, gossip, calls and HTTP in one process.

    Every option is also a key of the configuration file (--http-port is http-port) and an environment
    variable (TOYSTORE_HTTP_PORT). An option beats the environment, which beats the file. What is
    unknown or out of range is refused, with its place.

    EXAMPLES:
      A cluster of one:
        toystore-node
      Three nodes on one machine:
        toystore-node --host 127.0.0.1
        toystore-node --host 127.0.0.2 --seed 127.0.0.1
        toystore-node --host 127.0.0.3 --seed 127.0.0.1
      What a file amounts to, without starting anything:
        toystore-node --config node.yaml --print-config

    USAGE: toystore-node [<options>]

    ADDRESSES:
      --host <host>           The address to bind, and to advertise to the other members. (default:
                              127.0.0.1)
      --advertise <host>      The address at which others reach this node, where that is another.
                              (default: the host)
      --port <port>           The base port: calls over TCP and gossip over UDP. (default: 7400)
      --http-port <port>      The port of HTTP; 0 switches it off. (default: port + 1)
      --resp-port <port>      The port kept for the Redis protocol, which this build does not serve
                              yet; 0 keeps none. (default: port + 2)
      --seed <host[:port]>    A member of the cluster to join; may be repeated. None: a cluster of one.

    CLUSTER:
      --name <name>           What people call the node. (default: <host>-<port>)
      --zone <name>           What fails together with it, a rack or a data centre: copies go to
                              different zones.
      --weight <number>       Its share of the data, relative to the other members'. (default: 100)
      --cluster <name>        The cluster's name; members of another are refused. (default: toystore)
      --partitions <number>   Partitions of the ring, a power of two, fixed when the cluster is born.
                              (default: 1024, or those of the cluster that is joined)
      --replicas <number>     Copies of each value, fixed when the cluster is born. (default: 3, or
                              those of the cluster that is joined)
      --evict-after <duration>
                              Remove a member that was unreachable for so long. (default: off)

    STORAGE:
      --data-dir <directory>  Where the data and the node's identity are kept. (default:
                              toystore-data/<host>-<port>)
      --engine <log|memory>   What keeps the data; memory forgets it at the end. (default: log)
      --durability <sync|interval|none>
                              What a write waits for: a sync; nothing, with a sync each second; or
                              nothing at all. (default: sync)
      --hint-limit <number>   Writes kept one by one for unreachable owners; beyond it, repair takes
                              over. (default: 1000000)

    REQUESTS:
      --read <number|quorum|all|one>
                              Answers that a read waits for, unless the request says. (default: quorum)
      --write <number|quorum|all|one>
                              Acknowledgements that a write waits for, unless the request says.
                              (default: quorum)
      --hedging <on|off>      Whether a read asks as few replicas as it needs, and the others when that
                              takes long. (default: on)
      --timeout <duration>    The time in which a request is answered, unless it says: 500ms, 5s, 1m.
                              (default: 5s)
      --max-value-size <size> The largest value taken: 4096, 512KiB, 1MiB. (default: 1MiB)

    SECURITY (REFUSED: NOT IN THIS BUILD):
      --tls-cert <file>       The node's certificate.
      --tls-key <file>        The key of the certificate.
      --tls-ca <file>         The authority that vouches for the other members.
      --gossip-key <file>     The keys that seal gossip.
      --auth <file>           Who may connect.

    OPTIONS:
      --config <file>         A YAML file of these settings, by their names without the dashes.
      --log-level <trace|debug|info|notice|warning|error|critical>
                              The least important messages to log. (default: info)
      --log-format <text|json>
                              The form of log lines. (default: text)
      --print-config          Print the configuration that holds, as YAML, and end.
      --version               Show the version.
      -h, --help              Show help information.

    """
