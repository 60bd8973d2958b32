#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cache_file.h"
#include "cache_folder.h"
#include "file.h"
#include "platform.h"

static char folder[] = "/tmp/test_cache_XXXXXX";
static const char data[] = "what a driver gave";

static struct caps device(void) {
  return (struct caps){.name = "A Card", .slug = "a-card", .uuid = "00112233445566778899aabbccddeeff", .vendor_id = 1,
                       .device_id = 2, .driver_id = "A_DRIVER", .driver_name = "a driver", .driver_info = "1.0",
                       .driver_version = 3, .api_version = 4, .pipeline_cache_uuid = "ff"};
}

static int begin(void **state) {
  (void)state;
  return mkdtemp(folder) && setenv("VKPARETO_CACHE", folder, 1) == 0 ? 0 : -1;
}

static int clean(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

static struct cache_folder found(const struct caps *caps) {
  struct cache_folder cache;
  cache_folder_find(&cache, caps);
  assert_true(*cache.path);
  return cache;
}

static bool loads(const struct cache_folder *cache, const char *expected, size_t bytes) {
  size_t got;
  char *loaded = cache_folder_load(cache, &got);
  bool same = loaded && got == bytes && memcmp(loaded, expected, bytes) == 0;
  assert_true(same || !loaded);   /* all or nothing */
  free(loaded);
  return same;
}

/* ---- the file */

static void every_part_of_the_key_counts(void **state) {
  (void)state;
  char key[65], other[65];
  struct caps caps = device();
  cache_file_key(&caps, "shaders", key);
  assert_int_equal(strlen(key), 64);
  cache_file_key(&caps, "others", other);
  assert_string_not_equal(key, other);
  static const size_t at[] = {offsetof(struct caps, name), offsetof(struct caps, uuid),
                              offsetof(struct caps, vendor_id), offsetof(struct caps, device_id),
                              offsetof(struct caps, driver_id),
                              offsetof(struct caps, driver_name), offsetof(struct caps, driver_info),
                              offsetof(struct caps, driver_version), offsetof(struct caps, api_version),
                              offsetof(struct caps, pipeline_cache_uuid)};
  for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
    struct caps another = device();
    ((char *)&another)[at[i]] ^= 1;
    cache_file_key(&another, "shaders", other);
    assert_string_not_equal(key, other);
  }
}

/* Every bit of the head and of the data, every length below and some above. */
static void nothing_but_the_whole_file_is_opened(void **state) {
  (void)state;
  char key[65];
  const char *why_not;
  size_t n, bytes;
  struct caps caps = device();
  cache_file_key(&caps, "shaders", key);
  unsigned char *file = cache_file_make(key, data, sizeof data, &n);
  assert_int_equal(n, CACHE_FILE_HEAD + sizeof data);
  const unsigned char *opened = cache_file_open(key, file, n, &bytes, &why_not);
  assert_non_null(opened);
  assert_int_equal(bytes, sizeof data);
  assert_memory_equal(opened, data, bytes);
  for (size_t bit = 0; bit < 8 * n; bit++) {
    file[bit / 8] ^= (unsigned char)(1u << bit % 8);
    if (cache_file_open(key, file, n, &bytes, &why_not)) fail_msg("bit %zu may change", bit);
    assert_non_null(why_not);
    file[bit / 8] ^= (unsigned char)(1u << bit % 8);
  }
  for (size_t length = 0; length < n; length++) assert_null(cache_file_open(key, file, length, &bytes, &why_not));
  unsigned char *longer = calloc(1, n + 64);
  memcpy(longer, file, n);
  for (size_t more = 1; more < 64; more++) assert_null(cache_file_open(key, longer, n + more, &bytes, &why_not));
  key[0] ^= 1;
  assert_null(cache_file_open(key, file, n, &bytes, &why_not));
  assert_non_null(strstr(why_not, "another device"));
  free(longer);
  free(file);
}

/* ---- the folder */

static void what_is_saved_is_loaded_by_the_same_device(void **state) {
  (void)state;
  struct caps caps = device(), newer = device(), other = device();
  struct cache_folder cache = found(&caps);
  assert_false(loads(&cache, data, sizeof data));
  cache_folder_save(&cache, data, sizeof data);
  assert_true(loads(&cache, data, sizeof data));
  strcpy(newer.driver_info, "1.1");
  other.uuid[0] = 'f';
  struct cache_folder updated = found(&newer), another = found(&other);
  assert_false(loads(&updated, data, sizeof data));
  assert_false(loads(&another, data, sizeof data));
  char path[4096];
  size_t files;
  uint64_t bytes;
  cache_folder_save(&another, data, sizeof data);
  assert_true(cache_folder_measure(path, sizeof path, &files, &bytes));
  assert_string_equal(path, folder);
  assert_int_equal(files, 2);
  assert_int_equal(bytes, 2 * (CACHE_FILE_HEAD + sizeof data));
  cache_folder_save(&updated, data, sizeof data);   /* takes the place of the older driver's, of no other device's */
  assert_false(loads(&cache, data, sizeof data));
  assert_true(loads(&updated, data, sizeof data) && loads(&another, data, sizeof data));
}

static void files_of_others_and_what_killed_processes_left(void **state) {
  (void)state;
  struct error err = {0};
  struct caps caps = device();
  struct cache_folder cache = found(&caps);
  char theirs[4096], left[4200];
  assert_int_equal(mkdir(folder, 0700), 0);
  snprintf(theirs, sizeof theirs, "%s/a-card.pipelines", folder);
  snprintf(left, sizeof left, "%s.tmp123-0", cache.path);
  assert_true(file_write(theirs, "x", 1, true, &err) && file_write(left, "x", 1, true, &err));
  cache_folder_save(&cache, data, sizeof data);
  assert_true(file_exists(theirs) && !file_exists(left));
  unlink(theirs);
}

static void damage_is_ignored_and_mended(void **state) {
  (void)state;
  struct error err = {0};
  struct caps caps = device();
  struct cache_folder cache = found(&caps);
  cache_folder_save(&cache, data, sizeof data);
  assert_true(file_write(cache.path, "no such thing", 13, true, &err));
  assert_false(loads(&cache, data, sizeof data));
  cache_folder_save(&cache, data, sizeof data);
  assert_true(loads(&cache, data, sizeof data));
}

static void what_is_too_large_or_cannot_be_written_is_let_be(void **state) {
  (void)state;
  struct caps caps = device();
  struct cache_folder cache = found(&caps);
  cache_folder_save(&cache, data, CACHE_FOLDER_MOST + 1ul);   /* not read either */
  cache_folder_save(&cache, data, 0);
  assert_false(file_exists(cache.path));
  setenv("VKPARETO_CACHE", "/proc/none", 1);
  struct cache_folder nowhere = found(&caps);
  cache_folder_save(&nowhere, data, sizeof data);
  assert_false(loads(&nowhere, data, sizeof data));
  setenv("VKPARETO_CACHE", "", 1);
  cache_folder_find(&cache, &caps);
  assert_string_equal(cache.path, "");
  cache_folder_save(&cache, data, sizeof data);
  assert_false(loads(&cache, data, sizeof data));
  setenv("VKPARETO_CACHE", folder, 1);
}

static void the_folder_is_the_users(void **state) {
  (void)state;
  char path[4096], *home = getenv("HOME"), kept[4096];
  snprintf(kept, sizeof kept, "%s", home ? home : "");
  unsetenv("VKPARETO_CACHE");
  setenv("HOME", "/home/a", 1);
  setenv("XDG_CACHE_HOME", "/c", 1);
  assert_true(platform_cache_folder(path, sizeof path));
  assert_string_equal(path, "/c/vkpareto");
  setenv("XDG_CACHE_HOME", "relative", 1);
  assert_true(platform_cache_folder(path, sizeof path));
  assert_string_equal(path, "/home/a/.cache/vkpareto");
  assert_false(platform_cache_folder(path, 5));
  unsetenv("XDG_CACHE_HOME");
  unsetenv("HOME");
  assert_false(platform_cache_folder(path, sizeof path));
  if (home) setenv("HOME", kept, 1);
  setenv("VKPARETO_CACHE", folder, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_part_of_the_key_counts),
    cmocka_unit_test(nothing_but_the_whole_file_is_opened),
    cmocka_unit_test_teardown(what_is_saved_is_loaded_by_the_same_device, clean),
    cmocka_unit_test_teardown(files_of_others_and_what_killed_processes_left, clean),
    cmocka_unit_test_teardown(damage_is_ignored_and_mended, clean),
    cmocka_unit_test_teardown(what_is_too_large_or_cannot_be_written_is_let_be, clean),
    cmocka_unit_test(the_folder_is_the_users),
  };
  return cmocka_run_group_tests(tests, begin, clean);
}
