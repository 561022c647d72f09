import Client
import Coordinator
import RPC

extension ClientFailure {
    /// What a command that failed this way ends with.
    var status: ExitStatus {
        switch self {
        case .failed(.preconditionFailed): .no
        case .failed(.tooLarge), .failed(.invalid), .tooLarge, .invalid: .usage
        case .failed, .unreachable, .noAnswer, .malformedAnswer, .busy, .cancelled, .closed: .cannotServe
        }
    }

    /// What a person can do about it, in sentences.
    var advice: String {
        switch self {
        case .unreachable:
            "Start a node there, or name one that runs with --node HOST[:PORT] or in TOYSTORE_NODE."
        case .noAnswer:
            "Read the key before you write it again, give it more time with --timeout, or ask another --node."
        case .malformedAnswer:
            "See that toystore and the nodes are of the same release."
        case .failed(.unavailable):
            "See with toystore status who is missing, or ask for fewer replicas."
        case .failed(.timeout):
            "Try again, or give it more time with --timeout."
        case .failed(.busy), .busy, .cancelled, .closed:
            "Try again."
        case .failed(.tooLarge), .tooLarge:
            "Store it in parts, or raise --max-value-size at the nodes."
        case .failed(.tooManySiblings):
            "toystore get --all shows the siblings and their context."
        case .failed(.preconditionFailed), .failed(.invalid), .invalid:
            "See toystore help."
        case .failed(.storage):
            "Look at the node's log and disk."
        }
    }
}
