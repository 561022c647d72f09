@_exported public import struct Causality.CausalContext
@_exported public import struct Causality.ContextToken
// What a program needs to say to a cluster, so that one import is enough.
@_exported public import enum Causality.Precondition
@_exported public import enum Causality.WriteContext
@_exported public import struct Coordinator.GetRequest
@_exported public import struct Coordinator.PutRequest
@_exported public import enum Coordinator.QuorumSize
@_exported public import enum Coordinator.RequestFailure
@_exported public import struct Coordinator.RequestOptions
@_exported public import struct Machine.ByteBuffer
@_exported public import struct RPC.RPCEndpoint
