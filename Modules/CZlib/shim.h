// The system's zlib (zlib1g-dev): deflateInit2 and inflateInit2 are macros, which Swift does not see.
#pragma once
#include <zlib.h>

static inline int toystore_deflate_init_raw(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
}

static inline int toystore_inflate_init_raw(z_stream *stream) {
    return inflateInit2(stream, -MAX_WBITS);
}
