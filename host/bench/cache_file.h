/* A file of the pipeline cache: what a driver gave to have back, and what it was of. Drivers check little of such data
 * (their header has no checksum, and lavapipe's pipelineCacheUUID never changes), so that nothing reaches one again
 * that is not byte for byte what this one gave.
 *
 *   0   8  "VKPCACHE"
 *   8  64  SHA-256 of all that follows, as hex digits
 *  72   4  version of this format, little-endian
 *  76   8  bytes of the driver's data, little-endian
 *  84  64  key
 * 148   .  the driver's data, to the end of the file */
#ifndef CACHE_FILE_H
#define CACHE_FILE_H

#include <stddef.h>

#include "caps.h"

enum { CACHE_FILE_HEAD = 148, CACHE_FILE_VERSION = 1 };

/* Of device, driver with its version and cache UUID, and shaders: 64 hex digits and a 0. */
void cache_file_key(const struct caps *, const char *shaders_sha256, char key[65]);

/* The file, its size in *file_bytes; free with free(). NULL: out of memory. */
unsigned char *cache_file_make(const char key[65], const void *data, size_t bytes, size_t *file_bytes);

/* The driver's data within the file; NULL and why_not (static text) where it is not the whole file that cache_file_make
 * made for this key. */
const unsigned char *cache_file_open(const char key[65], const unsigned char *file, size_t file_bytes, size_t *bytes,
                                     const char **why_not);

#endif
