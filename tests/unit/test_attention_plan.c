/* Windows of attention: whatever the limits, every output row is written by exactly one window, from the keys of its
 * pair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "attention.h"
#include "kernel.h"

extern const struct family attention_family;

static struct caps caps_with(uint64_t storage_range, uint32_t group_count) {
  struct caps caps = {.type = DEVICE_DISCRETE, .features = ~UINT64_C(0)};
  caps.limits.storage_range = storage_range;
  caps.limits.shared_memory = 16384;
  caps.limits.invocations = 128;
  for (size_t i = 0; i < 3; i++) {
    caps.limits.group_size[i] = 128;
    caps.limits.group_count[i] = group_count;
  }
  return caps;
}

static void default_tuning(const struct variant *variant, int32_t tuning[KERNEL_TUNABLES]) {
  for (size_t t = 0; t < variant->n_tunables; t++) tuning[t] = variant->tunables[t].values[0];
}

struct dims { uint64_t batch, q, kv, heads, kv_heads, head; };

static struct dims dims_of(const struct kernel_case *kase) {
  uint64_t d[6];
  for (size_t i = 0; i < 6; i++) d[i] = (uint64_t)kase->dim[i];
  return (struct dims){d[0], d[1], d[2], d[3], d[4], d[5]};
}

static void assert_pass_within_limits(const struct pass *pass, const struct caps *caps, const struct tensor_list *list,
                                      const struct dispatch_plan *plan) {
  assert_in_range(pass->n_bindings, 2, KERNEL_BINDINGS);
  assert_int_equal(pass->push_bytes, pass->n_bindings * 4 + sizeof(struct attention_params));
  assert_in_range(pass->push_bytes, 1, KERNEL_PUSH);
  for (size_t i = 0; i < 3; i++) assert_in_range(pass->groups[i], 1, caps->limits.group_count[i]);
  for (uint32_t b = 0; b < pass->n_bindings; b++) {
    const uint32_t tensor = pass->binding[b].tensor;
    assert_in_range(tensor, 0, list->n + plan->n_scratch - 1);
    const uint64_t bytes = tensor < list->n ? list->tensor[tensor].bytes : plan->scratch[tensor - list->n];
    assert_int_equal(pass->binding[b].offset % 16, 0);
    assert_in_range(pass->binding[b].size, 1, caps->limits.storage_range - 2 * KERNEL_GUARD);
    assert_in_range(pass->binding[b].offset + pass->binding[b].size, 1, bytes);
  }
}

/* Q's rows belong to the pairs whose K, V and scales are bound, and the params tell as many rows. */
static void assert_inputs_belong_together(const struct pass *pass, const struct tensor_list *list,
                                          const struct dims *d) {
  const uint64_t row_bytes = d->head * sizeof(float), rows = d->heads / d->kv_heads * d->q,
                 pairs = d->batch * d->kv_heads;
  const uint64_t first = pass->binding[0].offset / row_bytes, count = pass->binding[0].size / row_bytes;
  struct attention_params params;
  memcpy(&params, pass->push + pass->n_bindings * 4, sizeof params);
  assert_int_equal(params.first_row, first % rows);
  assert_int_equal((uint64_t)params.rows * pass->groups[2], count);
  for (uint32_t b = 1; b < pass->n_bindings && pass->binding[b].tensor + 1 < list->n; b++) {
    const uint64_t pair_bytes = list->tensor[pass->binding[b].tensor].bytes / pairs;
    assert_int_equal(pass->binding[b].offset, first / rows * pair_bytes);
    assert_int_equal(pass->binding[b].size, pass->groups[2] * pair_bytes);
  }
}

/* True when there is a plan; it is then checked. */
static bool plan_is_sound(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                          uint32_t min_windows) {
  const struct dims d = dims_of(kase);
  int32_t tuning[KERNEL_TUNABLES] = {0};
  default_tuning(variant, tuning);
  struct tensor_list list = {0};
  struct error err = {0};
  if (!attention_family.tensors(kase, technique_of(&attention_family, variant), &list, &err)) return false;
  struct dispatch_plan plan = {0};
  if (variant->valid(kase, caps, tuning) || !variant->plan(variant, kase, caps, tuning, min_windows, &plan, &err)) {
    dispatch_plan_free(&plan);
    return false;
  }
  const uint64_t row_bytes = d.head * sizeof(float), rows = d.batch * d.heads * d.q;
  const size_t passes = plan.n / plan.windows;
  assert_in_range(plan.windows, min_windows, UINT32_MAX);
  assert_int_equal(plan.n % plan.windows, 0);
  unsigned char *written = calloc(rows, 1);
  for (size_t p = 0; p < plan.n; p++) {
    const struct pass *pass = &plan.pass[p];
    assert_pass_within_limits(pass, caps, &list, &plan);
    if (pass->binding[0].tensor == 0) assert_inputs_belong_together(pass, &list, &d);
    if (p % passes != passes - 1) continue;
    for (uint32_t b = 0; b < pass->n_bindings; b++)
      if (pass->binding[b].tensor == list.n - 1)
        for (uint64_t r = 0; r < pass->binding[b].size / row_bytes; r++)
          written[pass->binding[b].offset / row_bytes + r]++;
  }
  for (uint64_t r = 0; r < rows; r++) assert_int_equal(written[r], 1);
  free(written);
  dispatch_plan_free(&plan);
  return true;
}

static void every_row_is_written_once_whatever_the_limits(void **state) {
  (void)state;
  static const uint64_t ranges[] = {UINT64_C(1) << 32, 1 << 20, 100000, 40000};
  static const uint32_t counts[] = {65535, 37}, parts[] = {1, 2, 3, 7, 20};
  size_t plans = 0;
  for (size_t v = 0; v < attention_family.n_variants; v++)
    for (size_t s = 0; attention_family.proof_shapes[s][0]; s++)
      for (size_t r = 0; r < 4; r++)
        for (size_t c = 0; c < 2; c++)
          for (size_t p = 0; p < 5; p++) {
            struct kernel_case kase = {.family = &attention_family};
            memcpy(kase.dim, attention_family.proof_shapes[s], sizeof kase.dim);
            const struct caps caps = caps_with(ranges[r], counts[c]);
            plans += plan_is_sound(&attention_family.variants[v], &kase, &caps, parts[p]);
          }
  assert_in_range(plans, 5000, SIZE_MAX);
}

static void every_variant_takes_most_proof_shapes(void **state) {
  (void)state;
  const struct caps caps = caps_with(1 << 27, 65535);
  for (size_t v = 0; v < attention_family.n_variants; v++) {
    size_t plans = 0;
    for (size_t s = 0; attention_family.proof_shapes[s][0]; s++) {
      struct kernel_case kase = {.family = &attention_family};
      memcpy(kase.dim, attention_family.proof_shapes[s], sizeof kase.dim);
      plans += plan_is_sound(&attention_family.variants[v], &kase, &caps, 1);
    }
    assert_in_range(plans, 20, SIZE_MAX);
  }
}

static const struct variant *variant_of(const char *id) {
  for (size_t v = 0; v < attention_family.n_variants; v++)
    if (strcmp(attention_family.variants[v].id, id) == 0) return &attention_family.variants[v];
  fail_msg("no variant %s", id);
  return NULL;
}

static uint32_t splits_of(const struct kernel_case *kase) {
  const struct variant *variant = variant_of("attention.flash_split_f16.base");
  const struct caps caps = caps_with(1 << 27, 65535);
  struct dispatch_plan plan = {0};
  struct error err = {0};
  int32_t tuning[KERNEL_TUNABLES];
  default_tuning(variant, tuning);
  assert_true(variant->plan(variant, kase, &caps, tuning, 1, &plan, &err));
  const uint32_t splits = plan.pass[0].groups[1];
  assert_int_equal(plan.n, 2);
  dispatch_plan_free(&plan);
  return splits;
}

static void decode_is_split_and_prefill_is_not(void **state) {
  (void)state;
  const struct kernel_case decode = {&attention_family, {1, 1, 4096, 32, 8, 128, 1}, MODE_COLD};
  const struct kernel_case prefill = {&attention_family, {1, 512, 512, 32, 8, 128, 1}, MODE_COLD};
  assert_in_range(splits_of(&decode), 16, 64);
  assert_int_equal(splits_of(&prefill), 1);
}

static void refusals_say_why(void **state) {
  (void)state;
  const struct variant *flash = variant_of("attention.flash_f16.base");
  int32_t tuning[KERNEL_TUNABLES];
  default_tuning(flash, tuning);
  const struct caps small = caps_with(1 << 16, 65535), large = caps_with(1 << 27, 65535);
  const struct kernel_case lengthy = {&attention_family, {1, 1, 4096, 4, 1, 64, 1}, MODE_COLD};
  assert_non_null(flash->valid(&lengthy, &small, tuning));
  assert_null(flash->valid(&lengthy, &large, tuning));

  struct dispatch_plan plan = {0};
  struct error err = {0};
  assert_false(flash->plan(flash, &lengthy, &large, tuning, 5, &plan, &err));   /* 4 rows cannot be cut into 5 */
  assert_non_null(strstr(err.text, "query rows"));
  dispatch_plan_free(&plan);
}

static void flops_count_half_of_a_causal_square(void **state) {
  (void)state;
  const struct kernel_case whole = {&attention_family, {2, 3, 3, 4, 1, 64, 0}, MODE_COLD};
  const struct kernel_case causal = {&attention_family, {2, 3, 3, 4, 1, 64, 1}, MODE_COLD};
  assert_true(attention_family.flops(&whole) == 4.0 * 2 * 4 * 64 * 9);
  assert_true(attention_family.flops(&causal) == 4.0 * 2 * 4 * 64 * 6);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_row_is_written_once_whatever_the_limits),
    cmocka_unit_test(every_variant_takes_most_proof_shapes),
    cmocka_unit_test(decode_is_split_and_prefill_is_not),
    cmocka_unit_test(refusals_say_why),
    cmocka_unit_test(flops_count_half_of_a_causal_square),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
