/* The judge of the KV cache's writing side: what it decodes, what it expects, and that a code one off is an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "../golden/block_vectors.h"
#include "fp16.h"
#include "kernel.h"

extern const struct family kv_cache_family;

/* Two heads of 64, one row at position 2 of 5. */
enum { HEADS = 2, HEAD = 64, CAPACITY = 5, POSITION = 2, CODES = HEADS * CAPACITY * HEAD, SCALE_BYTES = 32 };
enum { ELEMENTS = HEADS * HEAD, GROUPS = ELEMENTS / 32, VALUES = ELEMENTS + GROUPS + 1 };
static const int64_t dim[] = {1, 1, POSITION, CAPACITY, HEADS, HEAD};

static const struct technique *technique(const char *id) {
  for (size_t t = 0; t < kv_cache_family.n_techniques; t++)
    if (strcmp(kv_cache_family.techniques[t].id, id) == 0) return &kv_cache_family.techniques[t];
  fail_msg("no technique %s", id);
  return NULL;
}

static struct kernel_case case_of(const int64_t *dims) {
  struct kernel_case kase = {.family = &kv_cache_family};
  memcpy(kase.dim, dims, kv_cache_family.n_dims * sizeof *dims);
  return kase;
}

/* The int8 cache after a run that stored what numpy quantised, in both heads. */
static void stored_by_numpy(unsigned char output[CODES + HEADS * SCALE_BYTES]) {
  const uint32_t poison = KERNEL_POISON;
  for (size_t i = 0; i < CODES + HEADS * SCALE_BYTES; i += 4) memcpy(output + i, &poison, 4);
  for (size_t head = 0; head < HEADS; head++) {
    memcpy(output + (head * CAPACITY + POSITION) * HEAD, kv_codes, HEAD);
    memcpy(output + CODES + head * SCALE_BYTES + POSITION * sizeof kv_scales, kv_scales, sizeof kv_scales);
  }
}

struct verdict { float found[VALUES]; double value[VALUES], bound[VALUES]; };

static bool right(const struct verdict *v, size_t i) { return fabs(v->found[i] - v->value[i]) <= v->bound[i]; }

static void judge(const unsigned char *output, struct verdict *v) {
  float x[ELEMENTS];
  for (size_t head = 0; head < HEADS; head++) memcpy(x + head * HEAD, kv_x, sizeof kv_x);
  const struct kernel_case kase = case_of(dim);
  const struct technique *append = technique("kv_cache.append_int8");
  const void *const data[] = {x, NULL};
  uint64_t index[VALUES];
  for (size_t i = 0; i < VALUES; i++) index[i] = i;
  assert_int_equal(kv_cache_family.values(&kase, append), VALUES);
  kv_cache_family.decode(&kase, append, output, v->found);
  kv_cache_family.reference(&kase, append, FILL_RANDOM, data, index, VALUES, v->value, v->bound);
}

static void what_numpy_quantised_is_right(void **state) {
  (void)state;
  unsigned char output[CODES + HEADS * SCALE_BYTES];
  struct verdict v;
  stored_by_numpy(output);
  judge(output, &v);
  for (size_t i = 0; i < VALUES; i++) assert_true(right(&v, i));
  for (size_t i = 0; i < ELEMENTS; i++) {
    const double d = fp16_to_float(kv_scales[i % HEAD / 32]);
    assert_true(v.found[i] == (float)(kv_codes[i % HEAD] * d));
    assert_true(fabs(v.value[i] - kv_x[i % HEAD]) <= d * (0.5 + 127 * 0x1p-10));
    assert_true(v.bound[i] < d / 2);
  }
}

static void every_code_that_is_one_off_is_wrong(void **state) {
  (void)state;
  unsigned char output[CODES + HEADS * SCALE_BYTES];
  for (size_t i = 0; i < ELEMENTS; i++)
    for (int step = -1; step <= 1; step += 2) {
      struct verdict v;
      stored_by_numpy(output);
      output[(i / HEAD * CAPACITY + POSITION) * HEAD + i % HEAD] += (unsigned char)step;
      judge(output, &v);
      assert_false(right(&v, i));
      assert_true(right(&v, VALUES - 1));
    }
}

static void a_tie_may_go_either_way(void **state) {
  (void)state;
  float x[HEAD] = {127, 2.5f};   /* d = 1 */
  const struct kernel_case kase = case_of((const int64_t[]){1, 1, 0, 1, 1, HEAD});
  const void *const data[] = {x, NULL};
  double value, bound;
  const struct technique *append = technique("kv_cache.append_int8");
  kv_cache_family.reference(&kase, append, FILL_RANDOM, data, &(uint64_t){1}, 1, &value, &bound);
  assert_true(fabs(2 - value) <= bound && fabs(3 - value) <= bound);
  assert_false(fabs(4 - value) <= bound || fabs(1 - value) <= bound);
}

static void scales_are_judged_by_themselves(void **state) {
  (void)state;
  unsigned char output[CODES + HEADS * SCALE_BYTES];
  struct verdict v;
  stored_by_numpy(output);
  memcpy(output + CODES + POSITION * sizeof kv_scales, (uint16_t[]){kv_scales[1], kv_scales[0]}, sizeof kv_scales);
  judge(output, &v);
  assert_false(right(&v, ELEMENTS));
  assert_false(right(&v, ELEMENTS + 1));
  assert_true(right(&v, ELEMENTS + 2));
}

static void a_word_outside_the_new_rows_is_counted(void **state) {
  (void)state;
  static const size_t places[] = {0, (POSITION - 1) * HEAD + 60, (POSITION + 1) * HEAD, CODES - 4, CODES,
                                  CODES + (POSITION + 1) * sizeof kv_scales, CODES + HEADS * SCALE_BYTES - 4};
  unsigned char output[CODES + HEADS * SCALE_BYTES];
  struct verdict v;
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    stored_by_numpy(output);
    memset(output + places[i], 0, 4);
    judge(output, &v);
    assert_true(v.found[VALUES - 1] == 1);
    assert_false(right(&v, VALUES - 1));
  }
}

static void a_row_that_was_not_written_is_wrong(void **state) {
  (void)state;
  unsigned char output[CODES + HEADS * SCALE_BYTES];
  struct verdict v;
  stored_by_numpy(output);
  memcpy(output + POSITION * HEAD, output, HEAD);
  memcpy(output + CODES + POSITION * sizeof kv_scales, output + CODES, sizeof kv_scales);
  judge(output, &v);
  for (size_t i = 0; i < HEAD; i++) assert_false(right(&v, i));
}

static void halves_are_right_to_either_side(void **state) {
  (void)state;
  float x[8] = {1, 1.0002f, -3.3f, 0, 65000, 0.1f, 4096, -0.25f};
  const struct kernel_case kase = case_of((const int64_t[]){1, 1, 0, 1, 1, 8});
  const void *const data[] = {x, NULL};
  double value[8], bound[8];
  const uint64_t index[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  kv_cache_family.reference(&kase, technique("kv_cache.append_f16"), FILL_RANDOM, data, index, 8, value, bound);
  for (size_t i = 0; i < 8; i++) {
    const uint16_t half = fp16_from_float(x[i]);
    const bool held = fp16_to_float(half) == x[i];
    assert_true(held == (bound[i] == 0));
    assert_true(fabs(fp16_to_float(half) - value[i]) <= bound[i]);
    assert_false(fabs(fp16_to_float((uint16_t)(half + 2)) - value[i]) <= bound[i]);
  }
}

static void senseless_shapes_are_refused(void **state) {
  (void)state;
  static const struct { const char *id; int64_t dim[6]; } cases[] = {
    {"kv_cache.append_f16", {1, 1, 0, 1, 1, 12}}, {"kv_cache.append_f16", {1, 2, 4, 5, 1, 64}},
    {"kv_cache.append_int8", {1, 1, 0, 1, 1, 96}}, {"kv_cache.rope_pairs_append_int8", {1, 1, 1, 1, 1, 64}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const struct kernel_case kase = case_of(cases[i].dim);
    struct tensor_list list = {0};
    struct error err = {0};
    assert_false(kv_cache_family.tensors(&kase, technique(cases[i].id), &list, &err));
    assert_non_null(strstr(err.text, cases[i].id));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_numpy_quantised_is_right),
    cmocka_unit_test(every_code_that_is_one_off_is_wrong),
    cmocka_unit_test(a_tie_may_go_either_way),
    cmocka_unit_test(scales_are_judged_by_themselves),
    cmocka_unit_test(a_word_outside_the_new_rows_is_counted),
    cmocka_unit_test(a_row_that_was_not_written_is_wrong),
    cmocka_unit_test(halves_are_right_to_either_side),
    cmocka_unit_test(senseless_shapes_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
