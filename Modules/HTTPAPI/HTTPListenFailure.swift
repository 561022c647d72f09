import Glibc
import NIOCore

/// Why the HTTP door cannot be opened: what happened, and what to do.
public enum HTTPListenFailure: Error, Hashable, Sendable {
    /// Another process (or another node of this one) has the port.
    case portInUse(host: String, port: Int)
    /// No network interface of this machine has the address.
    case addressNotAvailable(host: String, port: Int)
    /// The system does not let this user have the port.
    case permissionDenied(host: String, port: Int)
    /// The host name means nothing here.
    case unknownHost(host: String, port: Int)
    /// Another reason, in the system's words.
    case other(host: String, port: Int, reason: String)

    init(_ error: any Error, host: String, port: Int) {
        switch error {
        case let error as IOError where error.errnoCode == EADDRINUSE: self = .portInUse(host: host, port: port)
        case let error as IOError where error.errnoCode == EADDRNOTAVAIL:
            self = .addressNotAvailable(host: host, port: port)
        case let error as IOError where error.errnoCode == EACCES || error.errnoCode == EPERM:
            self = .permissionDenied(host: host, port: port)
        case SocketAddressError.unknown: self = .unknownHost(host: host, port: port)
        default: self = .other(host: host, port: port, reason: "\(error)")
        }
    }
}

extension HTTPListenFailure: CustomStringConvertible {
    /// Sentences for a user.
    public var description: String {
        switch self {
        case .portInUse(let host, let port):
            "cannot serve HTTP on \(host):\(port): the port is in use by another process. "
                + "Stop that process, or choose another with --http-port (0 switches HTTP off)."
        case .addressNotAvailable(let host, let port):
            "cannot serve HTTP on \(host):\(port): this machine has no network interface with that address. "
                + "Listen on an address of this machine, and advertise the other where they differ."
        case .permissionDenied(let host, let port):
            "cannot serve HTTP on \(host):\(port): permission denied. "
                + "Choose a port from 1024 up, or give the process the right to lower ones."
        case .unknownHost(let host, let port):
            "cannot serve HTTP on \(host):\(port): the name does not resolve. "
                + "Check its spelling and the name service, or give an address."
        case .other(let host, let port, let reason):
            "cannot serve HTTP on \(host):\(port): \(reason)"
        }
    }
}
