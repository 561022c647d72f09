import Glibc
import NIOCore
import NIOPosix

// The operating system's words, put for people: what happened, why that may be, and what to do.
extension ConnectionCloseReason {
    /// Reads NIO's account of a connection that was not made.
    init(connecting error: any Error) {
        switch error {
        case ChannelError.connectTimeout:
            self = .connectTimeout
        case let error as NIOConnectionError:
            // One error for each address of the host: the last one tried says most.
            if let last = error.connectionErrors.last {
                self.init(connecting: last.error)
            } else {
                self = .transport("the name \(error.host) does not resolve: check its spelling and the name service")
            }
        default:
            self.init(of: error)
        }
    }

    /// Reads an error of a channel.
    init(of error: any Error) {
        guard let code = (error as? IOError)?.errnoCode else {
            self = .transport("\(error)")
            return
        }
        self = .transport(Self.words(of: code))
    }

    /// What an error number means to whoever reads of it.
    static func words(of code: Int32) -> String {
        switch code {
        case ECONNREFUSED:
            "connection refused: is a node running there, and is that its port?"
        case ECONNRESET, EPIPE, ECONNABORTED:
            "connection reset: the process at the other end has ended, or something between has cut the connection"
        case EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN:
            "no way to the host: check the address and the network"
        case ETIMEDOUT:
            "the host does not answer: check the address, the network and its firewalls"
        case EADDRNOTAVAIL:
            "this machine has no address or port left to connect from"
        case EACCES, EPERM:
            "not allowed: look at this machine's firewall"
        case EMFILE, ENFILE:
            "too many open files: raise the limit (ulimit -n), or open fewer connections"
        case ENOBUFS, ENOMEM:
            "the system has no memory left for connections"
        default:
            "\(String(cString: strerror(code))) (error \(code))"
        }
    }
}
