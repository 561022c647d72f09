import Causality
package import Coordinator
import Machine

extension GetRequest {
    /// Fails with `invalid` where no node could take the request.
    package func check() throws(ClientFailure) {
        try key.checkAsKey()
        try options.check()
    }
}

extension PutRequest {
    /// Fails with `invalid` where no node could take the request.
    package func check() throws(ClientFailure) {
        try key.checkAsKey()
        try options.check()
        if case .value(_, let contentType) = content, contentType.utf8.count > CausalityLimits.contentTypeBytes {
            throw .invalid("a content type has at most \(CausalityLimits.contentTypeBytes) bytes")
        }
    }
}

extension ByteBuffer {
    /// Fails with `invalid` where the bytes are too few or too many for a key.
    package func checkAsKey() throws(ClientFailure) {
        guard (1...RequestLimits.keyBytes).contains(readableBytes) else {
            throw .invalid("a key has 1 to \(RequestLimits.keyBytes) bytes; this one has \(readableBytes)")
        }
    }
}

extension RequestOptions {
    fileprivate func check() throws(ClientFailure) {
        for case .count(let count)? in [read, write, primaryRead, primaryWrite, durableWrite]
        where !(1...QuorumSize.limit).contains(count) {
            throw .invalid("a number of replicas is 1 to \(QuorumSize.limit), not \(count)")
        }
    }
}
