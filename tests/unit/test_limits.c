#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "caps.h"
#include "memory_json.h"
#include "try_limits.h"

/* A device that gives `most` bytes and no more; how often it was asked. */
struct fake { uint64_t most; int asked; };

static bool gives(void *to, uint64_t bytes) {
  struct fake *fake = to;
  fake->asked++;
  assert_int_equal(bytes % TRY_BLOCK, 0);
  assert_true(bytes > 0);
  return bytes <= fake->most;
}

static void what_works_at_once_is_tried_once(void **state) {
  (void)state;
  struct fake fake = {.most = UINT64_MAX};
  struct limit_trial trial = try_search(UINT32_MAX, gives, &fake);
  assert_int_equal(fake.asked, 1);
  assert_int_equal(trial.worked, UINT32_MAX - UINT32_MAX % TRY_BLOCK);
  assert_int_equal(trial.failed, 0);
}

static void what_fails_is_narrowed_to_a_sixteenth(void **state) {
  (void)state;
  const uint64_t most = 1ull << 30;
  for (uint64_t given = 0; given < most; given += most / 37) {
    struct fake fake = {.most = given};
    struct limit_trial trial = try_search(most, gives, &fake);
    assert_true(trial.worked <= given && trial.failed > given);
    assert_true(trial.failed - trial.worked <= most / 16 + TRY_BLOCK);
    assert_true(fake.asked <= 6);
  }
}

static void hardly_anything_to_try(void **state) {
  (void)state;
  static const uint64_t small[] = {0, 1, TRY_BLOCK - 1, TRY_BLOCK, 2 * TRY_BLOCK, 15 * TRY_BLOCK};
  for (size_t i = 0; i < sizeof small / sizeof small[0]; i++)
    for (uint64_t given = 0; given <= 16 * TRY_BLOCK; given += TRY_BLOCK) {
      struct fake fake = {.most = given};
      struct limit_trial trial = try_search(small[i], gives, &fake);
      assert_true(trial.worked <= given && trial.worked <= small[i]);
      assert_true(fake.asked < 20);
    }
}

static void a_limit_is_lowered_where_something_failed(void **state) {
  (void)state;
  struct caps caps = {.limits = {.allocation = 1000, .storage_range = 2000}};
  caps_take_trial(
      &caps, &(struct tried_limits){.allocation = {.worked = 500}, .storage_range = {.worked = 900, .failed = 950}});
  assert_int_equal(caps.limits.allocation, 1000);
  assert_int_equal(caps.tried.allocation.claimed, 0);
  assert_int_equal(caps.limits.storage_range, 900);
  assert_int_equal(caps.tried.storage_range.claimed, 2000);
  struct caps none = {.limits = {.allocation = 1000, .storage_range = 2000}};
  caps_take_trial(&none, &(struct tried_limits){.allocation = {.failed = 500}, .storage_range = {.failed = 900}});
  assert_int_equal(none.limits.allocation, 1000);   /* that nothing works is no limit to plan by */
  assert_int_equal(none.limits.storage_range, 2000);
}

static bool takes(const char *text) {
  struct tried_limits tried;
  struct heap_use heap[CAPS_HEAPS];
  uint32_t n;
  char reason[8];
  struct error err = {0};
  cJSON *json = json_parse(text, strlen(text), &err);
  assert_non_null(json);
  bool taken = tried_from_json(json, &tried, &err) && heaps_from_json(json, heap, &n, reason, sizeof reason, &err);
  assert_int_equal(taken, err.kind == ERROR_NONE);
  cJSON_Delete(json);
  return taken;
}

static void nonsense_is_refused(void **state) {
  (void)state;
  static const char *const good[] = {
      "{}", "{\"tried\": null, \"heaps\": null}", "{\"heaps\": []}",
      "{\"tried\": {\"allocation\": {}, \"storage_range\": {\"worked\": 1, \"failed\": 2}}}"};
  static const char *const bad[] = {
    "{\"tried\": 1}", "{\"tried\": []}", "{\"tried\": {}}", "{\"tried\": {\"allocation\": {}}}",
    "{\"tried\": {\"allocation\": {\"worked\": 2, \"failed\": 1}, \"storage_range\": {}}}",
    "{\"tried\": {\"allocation\": {\"worked\": -2}, \"storage_range\": {}}}", "{\"heaps\": 1}", "{\"heaps\": [1]}",
    "{\"heaps\": [{\"budget\": -1}]}", "{\"heaps_reason\": \"far too long\"}",
    "{\"heaps\": [{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]}",
  };
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
    if (!takes(good[i])) fail_msg("refused: %s", good[i]);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    if (takes(bad[i])) fail_msg("taken: %s", bad[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_works_at_once_is_tried_once),
    cmocka_unit_test(what_fails_is_narrowed_to_a_sixteenth),
    cmocka_unit_test(hardly_anything_to_try),
    cmocka_unit_test(a_limit_is_lowered_where_something_failed),
    cmocka_unit_test(nonsense_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
