#define _GNU_SOURCE
#include "CDisk.h"

#include <sys/uio.h>

ssize_t toystore_read_cached(int descriptor, void *bytes, size_t count, off_t offset) {
    struct iovec vector = {.iov_base = bytes, .iov_len = count};
    return preadv2(descriptor, &vector, 1, offset, RWF_NOWAIT);
}
