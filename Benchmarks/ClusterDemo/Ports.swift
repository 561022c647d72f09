import Glibc

/// Base ports whose three doors are free on this machine: TCP and UDP on the port, TCP on the next two.
enum Ports {
    static func free(_ count: Int, from first: Int) throws -> [Int] {
        var ports: [Int] = []
        var port = first
        while ports.count < count {
            guard port < 65_500 else {
                throw DemoFailure("no \(count) free ports from \(first) on; choose others with --port")
            }
            if isFree(port, SOCK_STREAM), isFree(port, SOCK_DGRAM), isFree(port + 1, SOCK_STREAM),
                isFree(port + 2, SOCK_STREAM)
            {
                ports.append(port)
            }
            port += 10
        }
        return ports
    }

    private static func isFree(_ port: Int, _ type: __socket_type) -> Bool {
        let descriptor = socket(AF_INET, Int32(type.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var yes: Int32 = 1
        if type == SOCK_STREAM {
            // As a server does it: a connection that has ended lately is no one's.
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = in_addr_t(UInt32(0x7f00_0001).bigEndian)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
