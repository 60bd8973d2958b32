/* Whole files and folders. */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Reads a regular file of at most max_bytes; adds a terminating 0 that *bytes does not count. Free with free(). */
char *file_read(const char *path, size_t max_bytes, size_t *bytes, struct error *);
/* Temporary file beside it, fsync, rename. replace == false: an existing path is an error. On failure path is as it was
 * and the temporary file is gone. What is no regular file (/dev/null, a pipe) is written into and stays what it is. */
bool file_write(const char *path, const void *data, size_t bytes, bool replace, struct error *);
/* Removes the temporary files of who was killed while it wrote a file whose path begins so, and of who still writes
 * one. */
void file_remove_temporaries(const char *path_begin);
bool file_make_folders(const char *path, struct error *);   /* mkdir -p */
bool file_exists(const char *path);
/* "cannot <doing> '<path>': <strerror>; <remedy>" for an error number. Returns false. */
bool file_error(struct error *err, const char *doing, const char *path, int number);
/* 64 hex digits of SHA-256 (FIPS 180-4) and a 0. */
void sha256_hex(const void *data, size_t bytes, char out[65]);

#endif
