/* Where the pipelines that a driver compiled are kept for the next process (platform_cache_folder): one file for a
 * device, of the driver and the shaders that were used last. It is only ever a saving of time: what goes wrong with it
 * is said with --verbose and changes nothing else. */
#ifndef CACHE_FOLDER_H
#define CACHE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "caps.h"

/* Of the driver's data, more is not kept: 17,000 pipelines at the 3.8 KiB that RADV gives for a matrix-vector kernel
 * (Mesa 22.3, gfx1030), where a run makes hundreds. */
enum { CACHE_FOLDER_MOST = 64 << 20 };

struct cache_folder {
  char path[4096];   /* of the file; "": nothing is kept */
  char key[65];
};
/* What there is to be kept for this device, or why there is nothing. */
void cache_folder_find(struct cache_folder *, const struct caps *);

/* What was kept, free with free(); NULL: nothing, or nothing that can be trusted. */
void *cache_folder_load(const struct cache_folder *, size_t *bytes);
/* Written whole or not at all, by way of a temporary file. Removes what was kept for the device under other keys, and
 * what processes left that were killed at it. */
void cache_folder_save(const struct cache_folder *, const void *data, size_t bytes);

/* What lies in the folder. False: there is none, with the reason. */
bool cache_folder_measure(char *path, size_t size, size_t *files, uint64_t *bytes);

#endif
