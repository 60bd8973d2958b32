/* What a plan says its workgroups carry out: never less than the op asks for, the same however it is cut, and for
 * shapes worked out by hand what tiles, blocks of keys and ragged experts add. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "kernel.h"

static struct caps caps_of(enum device_type type) {
  struct caps caps = {.type = type, .features = ~UINT64_C(0)};
  caps.limits.storage_range = caps.limits.allocation = 1u << 31;
  caps.limits.shared_memory = 32768;
  caps.limits.invocations = 1024;
  for (size_t i = 0; i < 3; i++) caps.limits.group_size[i] = 1024, caps.limits.group_count[i] = 65535;
  caps.subgroup.size = caps.subgroup.min = caps.subgroup.max = 32;
  return caps;
}

/* The work of a case in so many windows; NAN where the variant, with its presets, cannot run it. */
static double work_of(const struct variant *variant, const struct kernel_case *kase, uint32_t windows) {
  const struct caps caps = caps_of(DEVICE_CPU);
  int32_t tuning[KERNEL_TUNABLES] = {0};
  for (size_t t = 0; t < variant->n_tunables; t++) tuning[t] = variant->tunables[t].values[0];
  if (variant->valid && variant->valid(kase, &caps, tuning)) return NAN;
  struct dispatch_plan plan = {0};
  struct error err = {0};
  const bool ok = variant->plan(variant, kase, &caps, tuning, windows, &plan, &err);
  double work = 0;
  for (size_t p = 0; p < plan.n; p++) work += plan.pass[p].work;
  dispatch_plan_free(&plan);
  return ok ? work : NAN;
}

static double work_at(const char *variant, const int64_t *dim, size_t n) {
  const struct variant *found = variant_find(variant);
  assert_non_null(found);
  struct kernel_case kase = {.family = family_of_technique(found->technique)};
  for (size_t d = 0; d < kase.family->n_dims; d++) kase.dim[d] = d < n ? dim[d] : kase.family->dims[d].preset;
  return work_of(found, &kase, 1);
}
#define WORK(variant, ...) \
  work_at(variant, (int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

/* Adapters count that of their base alone. */
static void work_is_at_least_what_is_asked_for(void **state) {
  (void)state;
  size_t told = 0;
  for (size_t f = 0; f < n_families; f++)
    for (size_t v = 0; v < families[f]->n_variants; v++)
      for (size_t s = 0; families[f]->proof_shapes[s][0]; s++) {
        struct kernel_case kase = {.family = families[f]};
        memcpy(kase.dim, families[f]->proof_shapes[s], sizeof kase.dim);
        const double whole = work_of(&families[f]->variants[v], &kase, 1),
                     halves = work_of(&families[f]->variants[v], &kase, 2);
        if (!(whole > 0) || strcmp(families[f]->name, "adapter") == 0) continue;
        told++;
        if (!(whole >= families[f]->flops(&kase) * (1 - 1e-12)))
          fail_msg("%s, shape %zu: %g of %g", families[f]->variants[v].id, s, whole, families[f]->flops(&kase));
        if (!isnan(halves)) assert_true(halves >= families[f]->flops(&kase) * (1 - 1e-12));
      }
  assert_true(told > 100);
}

static void tiles_of_matmul_are_filled_up(void **state) {
  (void)state;
  assert_float_equal(WORK("matmul.f16.tiled", 64, 128, 96), 2.0 * 64 * 128 * 96, 0);
  assert_float_equal(WORK("matmul.f16.tiled", 65, 128, 96), 2.0 * 128 * 128 * 96, 0);
  assert_float_equal(WORK("matmul.f16.tiled", 64, 129, 96), 2.0 * 64 * 192 * 96, 0);
  assert_float_equal(WORK("matmul.f16.rows", 1, 128, 96), 2.0 * 1 * 128 * 96, 0);
  assert_float_equal(WORK("matmul.f16.rows", 5, 129, 96), 2.0 * 8 * 256 * 96, 0);    /* 4 columns at once, 128 rows */
  assert_float_equal(WORK("matmul.f16.gemv", 5, 130, 96), 2.0 * 5 * 132 * 96, 0);
}

/* Batch 1, heads of 64, causal. */
static void attention_walks_whole_blocks_of_keys(void **state) {
  (void)state;
  /* 3 rows a pair fill 4; 100 keys are 128 in blocks of 64. */
  assert_float_equal(WORK("attention.flash_f16.base", 1, 1, 100, 9, 3, 64, 1), 4.0 * 64 * 3 * 4 * 128, 0);
  /* 64 queries of one head are 8 tiles of 8; tile i sees 8 i + 8 keys, rounded up to 64. */
  assert_float_equal(WORK("attention.flash_f16.base", 1, 64, 64, 1, 1, 64, 1), 4.0 * 64 * 8 * 8 * 64, 0);
  /* 64 + 64 keys: tiles of the first half of the new keys see at most 128, all of them two blocks. */
  assert_float_equal(WORK("attention.flash_f16.base", 1, 64, 128, 1, 1, 64, 1), 4.0 * 64 * 8 * 8 * 128, 0);
  /* Scores of all keys, whatever is masked; weighted values of those that are seen: 4, 8, 12, 16. */
  assert_float_equal(WORK("attention.naive_f16.base", 1, 16, 16, 1, 1, 64, 1),
                     2.0 * 64 * 4 * (4 * 64 + 4 + 8 + 12 + 16), 0);
}

/* 8 experts, top 2, no k or n to fill up. */
static void experts_leave_tiles_ragged(void **state) {
  (void)state;
  assert_float_equal(WORK("moe.gather_f16.lanes", 3, 8, 2, 128, 64), 2.0 * 6 * 128 * 64, 0);
  /* all 8 experts get tokens: 1.5 of 4 columns of the last tile of each are empty */
  assert_float_equal(WORK("moe.grouped_f16.lanes", 512, 8, 2, 128, 64) / (2.0 * (1024 + 8 * 1.5) * 128 * 64), 1, 1e-9);
  assert_true(WORK("moe.dense_f16.lanes", 64, 8, 2, 128, 64) >= 2.0 * 64 * 8 * 128 * 64);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(work_is_at_least_what_is_asked_for),
    cmocka_unit_test(tiles_of_matmul_are_filled_up),
    cmocka_unit_test(attention_walks_whole_blocks_of_keys),
    cmocka_unit_test(experts_leave_tiles_ragged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
