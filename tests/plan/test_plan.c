/* suite + caps -> plan, for five devices: exactly these candidates, these refusals, these reasons. A change that is
 * meant is taken over with VKPARETO_REGENERATE=1, which rewrites tests/plan/expected/, and shows in the commit. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "plan.h"

enum { MOST_BYTES = 1 << 20 };
#define FOLDER SOURCE_DIR "/tests/plan/"

static struct suite *load_suite(void) {
  struct error err = {0};
  struct suite *suite = suite_load(FOLDER "suite.json", &err);
  if (!suite) fail_msg("%s", err.text);
  return suite;
}

static void load_caps(const char *name, struct caps *caps) {
  char path[4096];
  struct error err = {0};
  snprintf(path, sizeof path, FOLDER "caps/%s.json", name);
  cJSON *json = json_parse_file(path, MOST_BYTES, &err);
  if (!json || !caps_from_json(json, caps, &err)) fail_msg("%s: %s", path, err.text);
  cJSON_Delete(json);
}

static void planned_as_expected(const char *name) {
  struct error err = {0};
  struct caps caps;
  struct suite *suite = load_suite();
  load_caps(name, &caps);
  struct plan *plan = plan_build(suite, &caps, NULL, &err);
  if (!plan) fail_msg("%s", err.text);
  char *text = NULL, path[4096];
  size_t bytes = 0, expected_bytes;
  FILE *to = open_memstream(&text, &bytes);
  assert_true(plan_print(plan, to, &err));
  fclose(to);
  snprintf(path, sizeof path, FOLDER "expected/%s.json", name);
  if (getenv("VKPARETO_REGENERATE")) assert_true(file_write(path, text, bytes, true, &err));
  char *expected = file_read(path, MOST_BYTES, &expected_bytes, &err);
  if (!expected) fail_msg("%s", err.text);
  assert_string_equal(text, expected);
  free(expected);
  free(text);
  plan_free(plan);
  suite_free(suite);
}

static void lavapipe_is_planned(void **state) { (void)state; planned_as_expected("lavapipe"); }
static void swiftshader_is_planned(void **state) { (void)state; planned_as_expected("swiftshader"); }
static void a_desktop_with_everything_is_planned(void **state) { (void)state; planned_as_expected("desktop"); }
static void a_small_mobile_is_planned(void **state) { (void)state; planned_as_expected("mobile"); }
static void subgroups_of_128_are_planned(void **state) { (void)state; planned_as_expected("wide"); }

static bool can_be_proved(const struct family *family, const struct technique *technique, const struct caps *caps) {
  for (size_t v = 0; v < family->n_variants; v++) {
    const struct variant *variant = &family->variants[v];
    enum status status;
    char reason[512];
    int32_t tuning[KERNEL_TUNABLES] = {0};
    if (technique_of(family, variant) == technique && plan_runnable(variant, caps, &status, reason, sizeof reason) &&
        !plan_proof_tuning(variant, caps, tuning))
      return true;
  }
  return false;
}

/* Every technique has a variant that needs nothing but Vulkan 1.2 core. */
static void no_feature_is_needed_for_any_technique(void **state) {
  (void)state;
  struct caps caps;
  load_caps("mobile", &caps);
  caps.features = 0;
  for (size_t f = 0; f < n_families; f++)
    for (size_t t = 0; t < families[f]->n_techniques; t++) {
      const struct technique *technique = &families[f]->techniques[t];
      if (strcmp(technique->id, "ceilings.fma_f16") == 0 || strcmp(technique->id, "ceilings.coopmat_f16_f32") == 0)
        continue;   /* ceilings of a feature */
      if (!can_be_proved(families[f], technique, &caps)) fail_msg("%s has no variant without features", technique->id);
    }
}

static void a_filter_that_matches_nothing_is_an_error(void **state) {
  (void)state;
  struct error err = {0};
  struct caps caps;
  struct suite *suite = load_suite();
  load_caps("desktop", &caps);
  assert_null(plan_build(suite, &caps, "nothing*", &err));
  assert_int_equal(err.kind, ERROR_USAGE);
  suite_free(suite);
}

static void a_case_named_twice_is_planned_once(void **state) {
  (void)state;
  static const char text[] =
      "{\"schema\": \"vkpareto.suite/1\", \"name\": \"twice\", \"rounds\": 5, \"samples\": 2, \"sample_seconds\": 0.01,"
      "\"case_seconds\": 1, \"cases\": [{\"op\": \"matmul\", \"shape\": {\"m\": [1, 1], \"n\": 64, \"k\": 64}, "
      "\"techniques\": [\"f16\"]}]}";
  struct error err = {0};
  struct caps caps;
  load_caps("desktop", &caps);
  struct suite *suite = suite_parse(text, sizeof text - 1, &err);
  assert_non_null(suite);
  assert_int_equal(suite->n_cases, 2);
  struct plan *plan = plan_build(suite, &caps, NULL, &err);
  assert_non_null(plan);
  for (size_t i = 0; i < plan->n; i++)
    for (size_t j = 0; j < i; j++) assert_string_not_equal(plan->rows[i].id, plan->rows[j].id);
  plan_free(plan);
  suite_free(suite);
}

static void nonsense_in_a_suite_is_refused(void **state) {
  (void)state;
  static const struct { const char *cases, *says;
  } bad[] = {
      {"[]", "at least one case"},
      {"[{\"op\": \"matmul\"}]", "shape"},
      {"[{\"op\": \"nonsense\", \"shape\": {}}]", "unknown op"},
      {"[{\"op\": \"matmul\", \"shape\": {\"m\": 1, \"n\": 64}}]", "'k' is missing"},
      {"[{\"op\": \"matmul\", \"shape\": {\"m\": -1, \"n\": 64, \"k\": 64}}]", "must lie between"},
      {"[{\"op\": \"matmul\", \"shape\": {\"m\": 1e300, \"n\": 64, \"k\": 64}}]", "must lie between"},
      {"[{\"op\": \"matmul\", \"shape\": {\"m\": 1.5, \"n\": 64, \"k\": 64}}]", "whole number"},
      {"[{\"op\": \"matmul\", \"shape\": {\"m\": [], \"n\": 64, \"k\": 64}}]", "empty list"},
      {"[{\"op\": \"matmul\", \"shape\": {\"m\": 1, \"n\": 64, \"k\": 64, \"q\": 1}}]", "no dimension"},
      {"[{\"op\": \"matmul\", \"shape\": {\"m\": 1, \"n\": 64, \"k\": 64}, \"techniques\": [\"int3\"]}]",
       "unknown technique"},
      {"[{\"op\": \"matmul\", \"shape\": {\"m\": 1, \"n\": 64, \"k\": 64}, \"mode\": \"resident\"}]", "mode"},
      {"[{\"op\": \"attention\", \"shape\": {\"q\": 1, \"kv\": 64, \"heads\": 7, \"kv_heads\": 2, \"head\": 64}}]",
       "multiple"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    char text[1024];
    struct error err = {0};
    int bytes = snprintf(text, sizeof text,
                         "{\"schema\": \"vkpareto.suite/1\", \"name\": \"bad\", \"rounds\": 5, \"samples\": 2, "
                         "\"sample_seconds\": 0.01, \"case_seconds\": 1, \"cases\": %s}",
                         bad[i].cases);
    assert_null(suite_parse(text, (size_t)bytes, &err));
    if (!strstr(err.text, bad[i].says)) fail_msg("%s: says '%s'", bad[i].cases, err.text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(lavapipe_is_planned),
    cmocka_unit_test(swiftshader_is_planned),
    cmocka_unit_test(a_desktop_with_everything_is_planned),
    cmocka_unit_test(a_small_mobile_is_planned),
    cmocka_unit_test(subgroups_of_128_are_planned),
    cmocka_unit_test(no_feature_is_needed_for_any_technique),
    cmocka_unit_test(a_filter_that_matches_nothing_is_an_error),
    cmocka_unit_test(a_case_named_twice_is_planned_once),
    cmocka_unit_test(nonsense_in_a_suite_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
