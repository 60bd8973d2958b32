/* Windows of block and kv_cache: whatever the limits, bindings keep within them and every part of the output belongs to
 * exactly one window. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "kernel.h"
#include "kv_cache.h"

extern const struct family block_family, kv_cache_family;

static struct caps caps_with(uint64_t storage_range, uint32_t group_count) {
  struct caps caps = {.type = DEVICE_DISCRETE, .features = ~UINT64_C(0), .subgroup = {32, 32, 32}};
  caps.limits.storage_range = storage_range;
  caps.limits.shared_memory = 16384;
  caps.limits.invocations = 128;
  for (size_t i = 0; i < 3; i++) {
    caps.limits.group_size[i] = 128;
    caps.limits.group_count[i] = group_count;
  }
  return caps;
}

static void assert_pass_within_limits(const struct pass *pass, const struct caps *caps,
                                      const struct tensor_list *list) {
  assert_in_range(pass->n_bindings, 2, KERNEL_BINDINGS);
  assert_in_range(pass->push_bytes, 4 * pass->n_bindings, KERNEL_PUSH);
  for (size_t i = 0; i < 3; i++) assert_in_range(pass->groups[i], 1, caps->limits.group_count[i]);
  for (uint32_t b = 0; b < pass->n_bindings; b++) {
    const uint32_t tensor = pass->binding[b].tensor;
    assert_in_range(tensor, 0, list->n - 1);
    assert_int_equal(pass->binding[b].offset % 16, 0);
    assert_in_range(pass->binding[b].size, 1, caps->limits.storage_range - 2 * KERNEL_GUARD);
    assert_in_range(pass->binding[b].offset + pass->binding[b].size, 1, list->tensor[tensor].bytes);
  }
}

static const void *params_of(const struct pass *pass) { return pass->push + 4 * pass->n_bindings; }

/* Bytes of the output are bound once; once for each slice of the table where that is cut, whose tokens add up. */
static void assert_block_covered(const struct dispatch_plan *plan, const struct tensor_list *list, uint64_t vocab) {
  const uint64_t bytes = list->tensor[list->n - 1].bytes;
  uint64_t bound = 0, tokens = 0;
  for (size_t p = 0; p < plan->n; p++) {
    struct block_params params;
    memcpy(&params, params_of(&plan->pass[p]), sizeof params);
    const uint32_t last = plan->pass[p].n_bindings - 1;
    assert_int_equal(plan->pass[p].binding[last].tensor, list->n - 1);
    bound += plan->pass[p].binding[last].size;
    if (plan->pass[p].binding[last].offset != 0) continue;
    assert_int_equal(params.first_token, tokens);
    tokens += params.tokens;
  }
  assert_int_equal(tokens, vocab);
  assert_int_equal(bound % bytes, 0);
  assert_true(vocab || bound == bytes);
}

/* Every (sequence, KV head, row) is stored by one window, at its position. */
static void assert_cache_covered(const struct dispatch_plan *plan, const struct kernel_case *kase) {
  const uint64_t batch = (uint64_t)kase->dim[0], rows = (uint64_t)kase->dim[1], heads = (uint64_t)kase->dim[4];
  const uint64_t x_row = heads * (uint64_t)kase->dim[5] * sizeof(float);
  unsigned char *stored = calloc(batch * rows * heads, 1);
  for (size_t p = 0; p < plan->n; p++) {
    const struct pass *pass = &plan->pass[p];
    struct kv_cache_params params;
    memcpy(&params, params_of(pass), sizeof params);
    const uint64_t token = pass->binding[0].offset / x_row, first_row = token % rows;
    assert_int_equal(params.position, (uint64_t)kase->dim[2] + first_row);
    assert_int_equal(pass->groups[1], params.rows);
    for (uint64_t b = 0; b < pass->groups[2]; b++)
      for (uint64_t r = 0; r < params.rows; r++)
        for (uint64_t h = 0; h < params.heads; h++)
          stored[((token / rows + b) * rows + first_row + r) * heads + params.first_head + h]++;
  }
  for (uint64_t i = 0; i < batch * rows * heads; i++) assert_int_equal(stored[i], 1);
  free(stored);
}

static bool plan_is_sound(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                          uint32_t min_windows) {
  int32_t tuning[KERNEL_TUNABLES] = {0};
  for (size_t t = 0; t < variant->n_tunables; t++) tuning[t] = variant->tunables[t].values[0];
  struct tensor_list list = {0};
  struct dispatch_plan plan = {0};
  struct error err = {0};
  const bool planned = kase->family->tensors(kase, technique_of(kase->family, variant), &list, &err) &&
                       !variant->valid(kase, caps, tuning) &&
                       variant->plan(variant, kase, caps, tuning, min_windows, &plan, &err);
  if (planned) {
    assert_in_range(plan.windows, min_windows, UINT32_MAX);
    for (size_t p = 0; p < plan.n; p++) assert_pass_within_limits(&plan.pass[p], caps, &list);
    if (kase->family == &block_family) assert_block_covered(&plan, &list, (uint64_t)kase->dim[4]);
    else assert_cache_covered(&plan, kase);
  } else {
    assert_true(err.text[0] != '\0');
  }
  dispatch_plan_free(&plan);
  return planned;
}

static size_t sound_plans(const struct family *family, const struct variant *variant) {
  static const uint64_t ranges[] = {UINT64_C(1) << 32, 1 << 20, 60000, 30000};
  static const uint32_t counts[] = {65535, 37}, parts[] = {1, 2, 3, 7, 20};
  size_t plans = 0;
  for (size_t s = 0; family->proof_shapes[s][0]; s++)
    for (size_t r = 0; r < 4; r++)
      for (size_t c = 0; c < 2; c++)
        for (size_t p = 0; p < 5; p++) {
          struct kernel_case kase = {.family = family};
          memcpy(kase.dim, family->proof_shapes[s], sizeof kase.dim);
          const struct caps caps = caps_with(ranges[r], counts[c]);
          plans += plan_is_sound(variant, &kase, &caps, parts[p]);
        }
  return plans;
}

static void everything_is_written_once_whatever_the_limits(void **state) {
  (void)state;
  for (size_t v = 0; v < block_family.n_variants; v++)
    assert_in_range(sound_plans(&block_family, &block_family.variants[v]), 80, SIZE_MAX);
  for (size_t v = 0; v < kv_cache_family.n_variants; v++)
    assert_in_range(sound_plans(&kv_cache_family, &kv_cache_family.variants[v]), 80, SIZE_MAX);
}

static void a_table_beyond_a_binding_is_looked_up_in_slices(void **state) {
  (void)state;
  const struct caps caps = caps_with(1 << 20, 65535);
  const struct kernel_case kase = {&block_family, {4, 576, 0, 0, 49152}, MODE_COLD};
  struct dispatch_plan plan = {0};
  struct error err = {0};
  const struct variant *embed = variant_find("block.embed.base");
  assert_true(plan_is_sound(embed, &kase, &caps, 1));
  assert_true(embed->plan(embed, &kase, &caps, (const int32_t[]){64}, 1, &plan, &err));
  assert_int_equal(plan.windows, (49152 * 576 * 2 + (1 << 20) - 8192 - 1) / ((1 << 20) - 8192));
  dispatch_plan_free(&plan);
}

/* 2^20 elements in one row of a norm, by however few lanes, end before drivers end the loop. */
static void no_invocation_walks_too_far(void **state) {
  (void)state;
  const struct caps caps = caps_with(UINT64_C(1) << 32, 65535);
  const struct kernel_case kase = {&block_family, {1, 1 << 20, 0, 0, 0}, MODE_RESIDENT};
  const struct variant *norm = variant_find("block.layer_norm.base");
  for (size_t t = 0; t < norm->tunables[1].n; t++) {
    struct dispatch_plan plan = {0};
    struct error err = {0};
    const int32_t tuning[KERNEL_TUNABLES] = {16, norm->tunables[1].values[t]};
    assert_true(norm->plan(norm, &kase, &caps, tuning, 1, &plan, &err));
    const uint32_t trips = (1 << 18) / plan.pass[0].spec[BLOCK_SPEC_LANES];
    assert_in_range(3 * (trips + 1), 1, 65534);
    dispatch_plan_free(&plan);
  }
}

static void shuffles_stay_within_the_smallest_subgroup(void **state) {
  (void)state;
  const struct variant *shuffle = variant_find("kv_cache.append_int8.shuffle");
  const struct kernel_case kase = {&kv_cache_family, {1, 1, 0, 1, 1, 64}, MODE_RESIDENT};
  struct caps caps = caps_with(1 << 27, 65535);
  caps.subgroup.min = 4;
  assert_null(shuffle->valid(&kase, &caps, (const int32_t[]){64, 2}));
  assert_non_null(shuffle->valid(&kase, &caps, (const int32_t[]){64, 4}));
  assert_non_null(shuffle->valid(&kase, &caps, (const int32_t[]){64, 8}));
  caps.subgroup.min = 16;
  assert_null(shuffle->valid(&kase, &caps, (const int32_t[]){64, 8}));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(everything_is_written_once_whatever_the_limits),
    cmocka_unit_test(a_table_beyond_a_binding_is_looked_up_in_slices),
    cmocka_unit_test(no_invocation_walks_too_far),
    cmocka_unit_test(shuffles_stay_within_the_smallest_subgroup),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
