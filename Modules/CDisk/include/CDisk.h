#ifndef TOYSTORE_CDISK_H
#define TOYSTORE_CDISK_H

#include <stddef.h>
#include <sys/types.h>

/// Reads at an offset from the page cache only (Linux's preadv2 with RWF_NOWAIT, which Swift's Glibc does not show).
/// Returns what pread returns; -1 with EAGAIN where that would touch the disk.
ssize_t toystore_read_cached(int descriptor, void *bytes, size_t count, off_t offset);

#endif
