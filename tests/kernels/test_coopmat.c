/* Kernels on a matrix unit beyond what `check` proves of them, which is their default tuning: every value of every
 * tunable, and subgroups that are wider or narrower than the host was told. Passes over devices without a matrix
 * unit. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "device_under_test.h"
#include "plan.h"
#include "rig.h"
#include "verify.h"

static struct rig rig;

static int open_rig(void **state) {
  (void)state;
  struct error err = {0};
  if (rig_open(&rig, test_device(), false, true, &err)) return 0;
  print_error("%s\n", err.text);
  return 1;
}

static int close_rig(void **state) {
  (void)state;
  rig_close(&rig);
  return 0;
}

static const struct variant *variant_here(const char *id) {
  const struct variant *variant = variant_find(id);
  enum status status;
  char reason[256];
  assert_non_null(variant);
  if (plan_runnable(variant, gpu_caps(rig.gpu), &status, reason, sizeof reason)) return variant;
  print_message("%s: %s\n", id, reason);
  return NULL;
}

static void is_proved(const struct variant *variant, const int32_t *tuning) {
  static struct answer answer;
  struct error err = {0};
  struct job job = {.kind = JOB_PROVE, .variant = variant, .seed = 1};
  memcpy(job.tuning, tuning, sizeof job.tuning);
  answer = (struct answer){0};
  print_message("%s:", variant->id);
  for (size_t t = 0; t < variant->n_tunables; t++) print_message(" %s %d", variant->tunables[t].name, tuning[t]);
  print_message("\n");
  if (!verify_variant(&rig, &job, &answer, &err)) fail_msg("%s: %s", variant->id, err.text);
  if (answer.status == STATUS_UNSUPPORTED) return;    /* too large for the device */
  if (answer.status != STATUS_OK) fail_msg("%s: %s: %s", variant->id, status_names[answer.status], answer.reason);
}

/* The defaults, with one tunable after the other at each of its values. */
static void every_value_is_right(const char *id) {
  const struct variant *variant = variant_here(id);
  for (size_t t = 0; variant && t < variant->n_tunables; t++)
    for (size_t v = t > 0; v < variant->tunables[t].n; v++) {
      int32_t tuning[KERNEL_TUNABLES] = {0};
      for (size_t i = 0; i < variant->n_tunables; i++) tuning[i] = variant->tunables[i].values[i == t ? v : 0];
      is_proved(variant, tuning);
    }
}

static void every_tuning_of_matmul_is_right(void **state) {
  (void)state;
  every_value_is_right("matmul.int4_g32.coopmat");
}

static void every_tuning_of_the_ceiling_is_right(void **state) {
  (void)state;
  every_value_is_right("ceilings.coopmat_f16_f32.chains");
}

/* A driver may choose another size than it told: fewer subgroups than tiles take them in turns, spare ones idle. */
static void subgroups_of_another_size_do(void **state) {
  (void)state;
  static const char *const ids[] = {"matmul.int4_g32.coopmat", "ceilings.coopmat_f16_f32.chains"};
  struct caps *caps = (struct caps *)gpu_caps(rig.gpu);
  uint32_t size = caps->subgroup.size;
  for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
    const struct variant *variant = variant_here(ids[i]);
    int32_t tuning[KERNEL_TUNABLES] = {0};
    for (size_t t = 0; variant && t < variant->n_tunables; t++) tuning[t] = variant->tunables[t].values[0];
    for (uint32_t told = size / 2; variant && told <= 2 * size; told *= 4) {
      caps->subgroup.size = told;
      is_proved(variant, tuning);
    }
    caps->subgroup.size = size;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_tuning_of_matmul_is_right),
    cmocka_unit_test(every_tuning_of_the_ceiling_is_right),
    cmocka_unit_test(subgroups_of_another_size_do),
  };
  return cmocka_run_group_tests(tests, open_rig, close_rig);
}
