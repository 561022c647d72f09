import Glibc
import NIOCore

/// Why a node cannot listen: what happened, why, and what to do.
public enum RPCListenFailure: Error, Hashable, Sendable {
    /// Another process (or another node of this one) has the port.
    case portInUse(RPCEndpoint)
    /// No network interface of this machine has the address.
    case addressNotAvailable(RPCEndpoint)
    /// The system does not let this user have the port.
    case permissionDenied(RPCEndpoint)
    /// The host name means nothing here.
    case unknownHost(RPCEndpoint)
    /// Another reason, in the system's words.
    case other(RPCEndpoint, String)

    init(_ error: any Error, at endpoint: RPCEndpoint) {
        switch error {
        case let error as IOError where error.errnoCode == EADDRINUSE: self = .portInUse(endpoint)
        case let error as IOError where error.errnoCode == EADDRNOTAVAIL: self = .addressNotAvailable(endpoint)
        case let error as IOError where error.errnoCode == EACCES || error.errnoCode == EPERM:
            self = .permissionDenied(endpoint)
        case SocketAddressError.unknown: self = .unknownHost(endpoint)
        default: self = .other(endpoint, "\(error)")
        }
    }
}

extension RPCListenFailure: CustomStringConvertible {
    /// Sentences for a user.
    public var description: String {
        switch self {
        case .portInUse(let endpoint):
            "cannot listen on \(endpoint): port \(endpoint.port) is in use by another process. "
                + "Stop that process, or choose another port (or another host address)."
        case .addressNotAvailable(let endpoint):
            "cannot listen on \(endpoint): this machine has no network interface with the address \(endpoint.host). "
                + "Listen on an address of this machine, and advertise the other where they differ."
        case .permissionDenied(let endpoint):
            "cannot listen on \(endpoint): permission denied. "
                + "Choose a port from 1024 up, or give the process the right to lower ones."
        case .unknownHost(let endpoint):
            "cannot listen on \(endpoint): the name \(endpoint.host) does not resolve. "
                + "Check its spelling and the name service, or give an address."
        case .other(let endpoint, let text):
            "cannot listen on \(endpoint): \(text)"
        }
    }
}
