#include "cache_file.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

static const char magic[8] = "VKPCACHE";   /* without a terminating 0 */
enum { HASH_AT = sizeof magic, VERSION_AT = HASH_AT + 64, BYTES_AT = VERSION_AT + 4, KEY_AT = BYTES_AT + 8 };
_Static_assert(KEY_AT + 64 == CACHE_FILE_HEAD, "as the header describes it");

void cache_file_key(const struct caps *caps, const char *shaders_sha256, char key[65]) {
  char text[2048];
  int length = snprintf(text, sizeof text, "%s\n%s\n%08x %08x\n%s\n%s\n%s\n%08x\n%08x\n%s\n%s\n", caps->name,
                        caps->uuid, caps->vendor_id, caps->device_id, caps->driver_id, caps->driver_name,
                        caps->driver_info, caps->driver_version, caps->api_version, caps->pipeline_cache_uuid,
                        shaders_sha256);
  sha256_hex(text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1, key);
}

static void put(unsigned char *at, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) at[i] = (unsigned char)(value >> 8 * i);
}

static uint64_t get(const unsigned char *at, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; i++) value |= (uint64_t)at[i] << 8 * i;
  return value;
}

unsigned char *cache_file_make(const char key[65], const void *data, size_t bytes, size_t *file_bytes) {
  char hash[65];
  *file_bytes = CACHE_FILE_HEAD + bytes;
  unsigned char *file = malloc(*file_bytes);
  if (!file) return NULL;
  memcpy(file, magic, sizeof magic);
  put(file + VERSION_AT, CACHE_FILE_VERSION, 4);
  put(file + BYTES_AT, bytes, 8);
  memcpy(file + KEY_AT, key, 64);
  memcpy(file + CACHE_FILE_HEAD, data, bytes);
  sha256_hex(file + VERSION_AT, *file_bytes - VERSION_AT, hash);
  memcpy(file + HASH_AT, hash, 64);
  return file;
}

static const char *find_fault(const char key[65], const unsigned char *file, size_t file_bytes) {
  char hash[65];
  if (file_bytes < CACHE_FILE_HEAD) return "it is too short";
  if (memcmp(file, magic, sizeof magic) != 0) return "it is no such file";
  if (get(file + VERSION_AT, 4) != CACHE_FILE_VERSION) return "it is of another version of this program";
  if (memcmp(file + KEY_AT, key, 64) != 0) return "it is of another device, driver or set of shaders";
  if (get(file + BYTES_AT, 8) != file_bytes - CACHE_FILE_HEAD) return "it is not as long as it says";
  sha256_hex(file + VERSION_AT, file_bytes - VERSION_AT, hash);
  return memcmp(file + HASH_AT, hash, 64) == 0 ? NULL : "it was altered";
}

const unsigned char *cache_file_open(const char key[65], const unsigned char *file, size_t file_bytes, size_t *bytes,
                                     const char **why_not) {
  *why_not = find_fault(key, file, file_bytes);
  *bytes = *why_not ? 0 : file_bytes - CACHE_FILE_HEAD;
  return *why_not ? NULL : file + CACHE_FILE_HEAD;
}
