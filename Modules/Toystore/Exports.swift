// What a program needs to start a node and to speak to it or to a cluster, so that one import is enough.
@_exported public import Client

@_exported public import struct Node.ClusterStatus
@_exported public import struct Server.ServerConfiguration
@_exported public import enum Server.StartFailure
