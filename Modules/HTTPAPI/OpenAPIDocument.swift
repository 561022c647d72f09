import Machine

/// What `GET /openapi.json` says: this API, written by hand beside the code that serves it (OpenAPI 3.1).
///
/// A test holds its paths and methods to ``Route``; `openapi-spec-validator` finds it valid.
enum OpenAPIDocument {
    static let bytes = ByteBuffer(string: text)

    private static let text = """
        {
        "openapi": "3.1.0",
        "info": {
          "title": "Toystore",
          "version": "1",
          "description": "An always-writable, leaderless key-value store. Any node takes any request. Keys are any bytes, percent-encoded in the path; a slash may be encoded or not."
        },
        "paths": {\(paths)},
        "components": {
          "parameters": {\(parameters)},
          "headers": {\(headers)},
          "responses": {\(responses)},
          "schemas": {\(schemas)}
        }
        }
        """

    private static let paths = #"""
        "/v1/kv/{key}": {
          "parameters": [
            {"$ref": "#/components/parameters/key"}, {"$ref": "#/components/parameters/r"},
            {"$ref": "#/components/parameters/w"}, {"$ref": "#/components/parameters/pr"},
            {"$ref": "#/components/parameters/pw"}, {"$ref": "#/components/parameters/dw"},
            {"$ref": "#/components/parameters/timeout"}, {"$ref": "#/components/parameters/sloppy"}
          ],
          "get": {
            "operationId": "get", "summary": "Read a value, or siblings",
            "parameters": [{"$ref": "#/components/parameters/ifNoneMatch"}, {"$ref": "#/components/parameters/ifMatch"}],
            "responses": {
              "200": {"$ref": "#/components/responses/value"}, "300": {"$ref": "#/components/responses/siblings"},
              "304": {"description": "Unchanged since the ETag in If-None-Match"},
              "404": {"$ref": "#/components/responses/absent"}, "default": {"$ref": "#/components/responses/problem"}
            }
          },
          "head": {
            "operationId": "head", "summary": "Read a value's headers",
            "responses": {
              "200": {"description": "There is a value"}, "300": {"description": "There are siblings"},
              "404": {"description": "There is no value"}
            }
          },
          "put": {
            "operationId": "put", "summary": "Write a value",
            "description": "Replaces what the context covers; without a context, what its coordinating owner has; with the context none, nothing: it becomes a sibling of what is there. The answer's context covers what this client has seen: the context it sent, and its own write. If-Match and If-None-Match are checked by the coordinating owner: best effort under concurrency.",
            "parameters": [
              {"$ref": "#/components/parameters/context"}, {"$ref": "#/components/parameters/ifMatch"},
              {"$ref": "#/components/parameters/ifNoneMatch"}, {"$ref": "#/components/parameters/ttl"},
              {"name": "return", "in": "query", "schema": {"const": "body"}, "description": "Answer with the whole object as its coordinator has it, as a read would"}
            ],
            "requestBody": {"required": true, "content": {"*/*": {"schema": {}}}},
            "responses": {
              "200": {"$ref": "#/components/responses/value"}, "204": {"$ref": "#/components/responses/written"},
              "300": {"$ref": "#/components/responses/siblings"}, "409": {"$ref": "#/components/responses/problem"},
              "412": {"$ref": "#/components/responses/problem"}, "413": {"$ref": "#/components/responses/problem"},
              "default": {"$ref": "#/components/responses/problem"}
            }
          },
          "delete": {
            "operationId": "delete", "summary": "Delete what the context covers",
            "parameters": [
              {"$ref": "#/components/parameters/context"}, {"$ref": "#/components/parameters/ifMatch"},
              {"$ref": "#/components/parameters/ifNoneMatch"}
            ],
            "responses": {
              "204": {"$ref": "#/components/responses/written"}, "412": {"$ref": "#/components/responses/problem"},
              "default": {"$ref": "#/components/responses/problem"}
            }
          }
        },
        "/v1/kv:batch": {
          "post": {
            "operationId": "batch", "summary": "Many operations, an answer for each in its place",
            "description": "Operations on one key happen in their order, others at the same time. A batch is no transaction.",
            "requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Operation"}}}}},
            "responses": {
              "200": {"description": "The answers", "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Answer"}}}}},
              "default": {"$ref": "#/components/responses/problem"}
            }
          }
        },
        "/v1/cluster": {
          "get": {
            "operationId": "cluster", "summary": "The members, what they hold, and what moves",
            "responses": {"200": {"description": "The cluster as this node sees it", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Cluster"}}}}, "default": {"$ref": "#/components/responses/problem"}}
          }
        },
        "/v1/ring": {
          "get": {
            "operationId": "ring", "summary": "Every partition's owners in order",
            "responses": {"200": {"description": "The ring", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Ring"}}}}, "default": {"$ref": "#/components/responses/problem"}}
          }
        },
        "/v1/locate/{key}": {
          "parameters": [{"$ref": "#/components/parameters/key"}],
          "get": {
            "operationId": "locate", "summary": "Where a key lives",
            "responses": {"200": {"description": "Its nodes", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Location"}}}}, "default": {"$ref": "#/components/responses/problem"}}
          }
        },
        "/healthz": {
          "get": {"operationId": "health", "summary": "Whether the process is alive", "responses": {"200": {"description": "It is"}}}
        },
        "/readyz": {
          "get": {"operationId": "readiness", "summary": "Whether the node serves its share", "responses": {"200": {"description": "It does"}, "503": {"$ref": "#/components/responses/problem"}}}
        },
        "/openapi.json": {
          "get": {"operationId": "openapi", "summary": "This document", "responses": {"200": {"description": "This document"}}}
        }
        """#

    private static let parameters = #"""
        "key": {"name": "key", "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}, "description": "1 byte to 4 KiB of any bytes, percent-encoded"},
        "r": {"name": "r", "in": "query", "schema": {"$ref": "#/components/schemas/Quorum"}, "description": "Answers that a read waits for"},
        "w": {"name": "w", "in": "query", "schema": {"$ref": "#/components/schemas/Quorum"}, "description": "Acknowledgements that a write waits for"},
        "pr": {"name": "pr", "in": "query", "schema": {"$ref": "#/components/schemas/Quorum"}, "description": "Of the answers, how many from owners"},
        "pw": {"name": "pw", "in": "query", "schema": {"$ref": "#/components/schemas/Quorum"}, "description": "Of the acknowledgements, how many from owners"},
        "dw": {"name": "dw", "in": "query", "schema": {"$ref": "#/components/schemas/Quorum"}, "description": "Of the acknowledgements, how many of data on disk"},
        "timeout": {"name": "timeout", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 60000}, "description": "Milliseconds until there is an answer, whatever it is"},
        "sloppy": {"name": "sloppy", "in": "query", "schema": {"type": "boolean", "default": true}, "description": "Whether fallbacks stand in for owners that cannot be reached; if not, a get answers only when r replicas have what it answers"},
        "ttl": {"name": "ttl", "in": "query", "schema": {"type": "integer", "minimum": 1}, "description": "Seconds until the value ends, on all replicas alike"},
        "context": {"name": "X-Toystore-Context", "in": "header", "schema": {"type": "string"}, "description": "What the writer has seen: the context of a read or write, or none"},
        "ifMatch": {"name": "If-Match", "in": "header", "schema": {"type": "string"}, "description": "The ETag of a read, or *"},
        "ifNoneMatch": {"name": "If-None-Match", "in": "header", "schema": {"type": "string"}, "description": "* for a write; ETags for a read"}
        """#

    private static let headers = #"""
        "context": {"schema": {"type": "string"}, "description": "What the client has seen, to send with the write that replaces it: opaque"},
        "etag": {"schema": {"type": "string"}, "description": "The context in quotes"},
        "written": {"schema": {"type": "string", "format": "date-time"}, "description": "When the value was written"},
        "expires": {"schema": {"type": "string", "format": "date-time"}, "description": "When the value ends, where it does"},
        "retryAfter": {"schema": {"type": "integer"}, "description": "Seconds until it is worth trying again"}
        """#

    private static let responses = #"""
        "value": {
          "description": "The value as it was put",
          "headers": {
            "X-Toystore-Context": {"$ref": "#/components/headers/context"}, "ETag": {"$ref": "#/components/headers/etag"},
            "X-Toystore-Written": {"$ref": "#/components/headers/written"}, "X-Toystore-Expires": {"$ref": "#/components/headers/expires"}
          },
          "content": {"*/*": {"schema": {}}}
        },
        "siblings": {
          "description": "Values that were written concurrently: read them, merge them, and write with the context",
          "headers": {"X-Toystore-Context": {"$ref": "#/components/headers/context"}, "ETag": {"$ref": "#/components/headers/etag"}},
          "content": {
            "multipart/mixed": {"schema": {}},
            "application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Sibling"}}}
          }
        },
        "absent": {
          "description": "There is no value; with a context where there was one",
          "headers": {"X-Toystore-Context": {"$ref": "#/components/headers/context"}},
          "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        },
        "written": {
          "description": "It is written",
          "headers": {"X-Toystore-Context": {"$ref": "#/components/headers/context"}, "ETag": {"$ref": "#/components/headers/etag"}}
        },
        "problem": {
          "description": "Why there is no other answer (RFC 9457)",
          "headers": {"Retry-After": {"$ref": "#/components/headers/retryAfter"}},
          "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        }
        """#

    private static let schemas = #"""
        "Quorum": {"oneOf": [{"type": "integer", "minimum": 1, "maximum": 16}, {"enum": ["quorum", "all", "one"]}]},
        "Sibling": {
          "type": "object", "required": ["value", "contentType", "written"],
          "properties": {
            "value": {"type": "string", "contentEncoding": "base64"}, "contentType": {"type": "string"},
            "written": {"type": "string", "format": "date-time"}, "expires": {"type": "string", "format": "date-time"}
          }
        },
        "Problem": {
          "type": "object", "required": ["type", "title", "status", "detail"],
          "properties": {
            "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"},
            "required": {"type": "integer"}, "available": {"type": "integer"},
            "missing": {"type": "array", "items": {"type": "string"}}, "limit": {"type": "integer"},
            "outcome": {"enum": ["not-applied", "unknown"], "description": "Whether a write may have taken effect all the same"},
            "parameter": {"type": "string"}, "retryAfterMilliseconds": {"type": "integer"}
          }
        },
        "Operation": {
          "type": "object", "required": ["op"],
          "properties": {
            "op": {"enum": ["get", "put", "delete"]},
            "key": {"type": "string", "description": "The key as text"},
            "keyBase64": {"type": "string", "contentEncoding": "base64", "description": "The key as bytes, instead of key"},
            "value": {"type": "string", "contentEncoding": "base64"}, "contentType": {"type": "string"},
            "context": {"type": "string"}, "ifMatch": {"type": "string"}, "ifNoneMatch": {"const": "*"},
            "r": {"$ref": "#/components/schemas/Quorum"}, "w": {"$ref": "#/components/schemas/Quorum"},
            "pr": {"$ref": "#/components/schemas/Quorum"}, "pw": {"$ref": "#/components/schemas/Quorum"},
            "dw": {"$ref": "#/components/schemas/Quorum"}, "timeout": {"type": "integer"}, "sloppy": {"type": "boolean"},
            "ttl": {"type": "integer"}, "return": {"const": "body"}
          },
          "additionalProperties": false
        },
        "Answer": {
          "type": "object", "required": ["status"],
          "properties": {
            "status": {"type": "integer", "description": "The status that the operation by itself would have had"},
            "context": {"type": "string"}, "values": {"type": "array", "items": {"$ref": "#/components/schemas/Sibling"}},
            "problem": {"$ref": "#/components/schemas/Problem"}
          }
        },
        "Cluster": {
          "type": "object", "required": ["cluster", "epoch", "partitions", "replicas", "self", "members", "transfers"],
          "properties": {
            "cluster": {"type": "string"}, "epoch": {"type": "integer"}, "partitions": {"type": "integer"},
            "replicas": {"type": "integer"}, "self": {"type": "string"},
            "members": {"type": "array", "items": {"$ref": "#/components/schemas/Member"}},
            "transfers": {"type": "array", "items": {"$ref": "#/components/schemas/Transfer"}}
          }
        },
        "Member": {
          "type": "object",
          "required": ["id", "name", "address", "http", "zone", "weight", "state", "reachable", "partitionsOwned", "keys", "bytes", "hintsPending", "version"],
          "properties": {
            "id": {"type": "string"}, "name": {"type": "string"}, "address": {"type": "string"}, "http": {"type": "string"},
            "zone": {"type": "string"}, "weight": {"type": "integer"},
            "state": {"enum": ["joining", "up", "leaving", "left", "removed"]}, "reachable": {"type": "boolean"},
            "partitionsOwned": {"type": "integer"}, "partitionsHeld": {"type": "integer"},
            "answered": {"type": "boolean", "description": "Whether keys, bytes and hintsPending are what it has: 0 where it did not answer in time"},
            "keys": {"type": "integer"},
            "bytes": {"type": "integer"}, "hintsPending": {"type": "integer"}, "version": {"type": "string"}
          }
        },
        "Transfer": {
          "type": "object", "required": ["partition", "from", "to", "bytes", "bytesTotal", "percent"],
          "properties": {
            "partition": {"type": "integer"}, "from": {"type": "string"}, "to": {"type": "string"},
            "bytes": {"type": "integer"}, "bytesTotal": {"type": "integer"}, "percent": {"type": "number"},
            "etaSeconds": {"type": "number"}
          }
        },
        "Ring": {
          "type": "object", "required": ["epoch", "partitions", "replicas", "owners"],
          "properties": {
            "epoch": {"type": "integer"}, "partitions": {"type": "integer"}, "replicas": {"type": "integer"},
            "owners": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}
          }
        },
        "Location": {
          "type": "object", "required": ["key", "token", "partition", "owners", "fallbacks"],
          "properties": {
            "key": {"type": "string"}, "token": {"type": "integer"}, "partition": {"type": "integer"},
            "owners": {"type": "array", "items": {"$ref": "#/components/schemas/Replica"}},
            "fallbacks": {"type": "array", "items": {"$ref": "#/components/schemas/Replica"}}
          }
        },
        "Replica": {
          "type": "object", "required": ["id", "name", "reachable"],
          "properties": {
            "id": {"type": "string"}, "name": {"type": "string"}, "reachable": {"type": "boolean"}, "holds": {"type": "boolean"}
          }
        }
        """#
}
