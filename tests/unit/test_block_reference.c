/* The judge of the block kernels: its values against numpy, and bounds that are tight enough to matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../golden/block_vectors.h"
#include "kernel.h"

extern const struct family block_family;

enum { ROWS = 3, WIDTH = 16, HEAD = 8, MOST = 2 * ROWS * WIDTH };

static const struct technique *technique(const char *id) {
  for (size_t t = 0; t < block_family.n_techniques; t++)
    if (strcmp(block_family.techniques[t].id, id) == 0) return &block_family.techniques[t];
  fail_msg("no technique %s", id);
  return NULL;
}

static struct kernel_case case_of(const int64_t *dim) {
  struct kernel_case kase = {.family = &block_family};
  memcpy(kase.dim, dim, block_family.n_dims * sizeof *dim);
  return kase;
}

/* ---- values */

static void assert_matches_numpy(const char *id, int64_t head, const void *const *data, const double *expected,
                                 size_t n) {
  const struct kernel_case kase = case_of((const int64_t[]){ROWS, WIDTH, head, 0, 0});
  uint64_t index[MOST];
  double value[MOST], bound[MOST];
  for (size_t i = 0; i < n; i++) index[i] = n - 1 - i;   /* any order will do */
  block_family.reference(&kase, technique(id), FILL_RANDOM, data, index, n, value, bound);
  for (size_t i = 0; i < n; i++) {
    assert_true(fabs(value[i] - expected[index[i]]) <= 1e-13 * (1 + fabs(expected[index[i]])));
    assert_true(bound[i] > 0 && bound[i] <= 1e-4 * (1 + fabs(value[i])));
  }
}

#define MATCHES(id, head, expected, ...) \
  assert_matches_numpy(id, head, (const void *const[]){__VA_ARGS__, NULL}, expected, sizeof expected / sizeof *expected)

static void values_agree_with_numpy(void **state) {
  (void)state;
  MATCHES("block.rms_norm", 0, block_rms_norm, block_x, block_weight);
  MATCHES("block.layer_norm", 0, block_layer_norm, block_x, block_weight, block_bias);
  MATCHES("block.head_norm", HEAD, block_head_norm, block_x, block_weight);
  MATCHES("block.head_norm_rope_halves", HEAD, block_head_norm_rope_halves, block_x, block_weight, block_angles);
  MATCHES("block.add_rms_norm", 0, block_add_rms_norm, block_x, block_residual, block_weight);
  MATCHES("block.rope_pairs", HEAD, block_rope_pairs, block_x, block_angles);
  MATCHES("block.rope_halves", HEAD, block_rope_halves, block_x, block_angles);
  MATCHES("block.swiglu", 0, block_swiglu, block_gated);
  MATCHES("block.geglu", 0, block_geglu, block_gated);
  MATCHES("block.gelu", 0, block_gelu, block_x);
  MATCHES("block.bias", 0, block_bias_sum, block_x, block_bias);
  MATCHES("block.residual", 0, block_residual_sum, block_x, block_residual);
  MATCHES("block.softmax", 0, block_softmax, block_x);
}

/* ---- bounds */

struct judged {
  struct kernel_case kase;
  const struct technique *technique;
  void *data[KERNEL_TENSORS];
  size_t n, n_inputs;
  double *value, *bound;
};

static void judge(struct judged *j, enum fill fill) {
  uint64_t *index = malloc(j->n * sizeof *index);
  for (size_t i = 0; i < j->n; i++) index[i] = i;
  block_family.reference(&j->kase, j->technique, fill, (const void *const *)j->data, index, j->n, j->value, j->bound);
  free(index);
}

static bool judged_make(struct judged *j, const int64_t *dim, const char *id, enum fill fill) {
  struct tensor_list list = {0};
  struct error err;
  *j = (struct judged){.kase = case_of(dim), .technique = technique(id)};
  if (!block_family.tensors(&j->kase, j->technique, &list, &err)) return false;
  j->n_inputs = list.n - 1;
  j->n = list.tensor[j->n_inputs].bytes / sizeof(float);
  for (size_t t = 0; t < j->n_inputs; t++) j->data[t] = calloc(1, list.tensor[t].bytes);
  block_family.fill(&j->kase, j->technique, fill, 3, j->data);
  j->value = calloc(j->n, sizeof *j->value);
  j->bound = calloc(j->n, sizeof *j->bound);
  judge(j, fill);
  return true;
}

static void judged_free(struct judged *j) {
  for (size_t t = 0; t < j->n_inputs; t++) free(j->data[t]);
  free(j->value);
  free(j->bound);
}

/* An element that a reduction leaves out counts as 0 in every other element of its row. */
static void assert_left_out_shows(const char *id, int64_t width, enum fill fill) {
  struct judged whole, without;
  const int64_t dim[] = {1, width, 0, 0, 0};
  assert_true(judged_make(&whole, dim, id, fill) && judged_make(&without, dim, id, fill));
  for (int64_t out = 0; out < width; out += 7) {
    float *x = without.data[0];
    const float kept = x[out];
    x[out] = strstr(id, "softmax") ? -1e30f : 0;
    judge(&without, fill);
    double clearest = 0;
    for (int64_t i = 0; i < width; i++)
      if (i != out) clearest = fmax(clearest, fabs(without.value[i] - whole.value[i]) / whole.bound[i]);
    assert_true(clearest > 4);
    x[out] = kept;
  }
  judged_free(&whole);
  judged_free(&without);
}

static void bounds_are_smaller_than_the_effect_of_an_element_left_out(void **state) {
  (void)state;
  assert_left_out_shows("block.rms_norm", 576, FILL_EXACT);
  assert_left_out_shows("block.rms_norm", 4096, FILL_EXACT);
  assert_left_out_shows("block.layer_norm", 4096, FILL_EXACT);
  assert_left_out_shows("block.softmax", 64, FILL_RANDOM);
}

static void every_bound_is_finite(void **state) {
  (void)state;
  for (size_t t = 0; t < block_family.n_techniques; t++)
    for (size_t s = 0; block_family.proof_shapes[s][0]; s++)
      for (enum fill fill = 0; fill < FILL_COUNT; fill++) {
        struct judged j;
        if (!judged_make(&j, block_family.proof_shapes[s], block_family.techniques[t].id, fill)) continue;
        for (size_t i = 0; i < j.n; i++) assert_true(isfinite(j.value[i]) && isfinite(j.bound[i]) && j.bound[i] >= 0);
        judged_free(&j);
      }
}

static void exact_data_is_compared_exactly_where_it_can_be(void **state) {
  (void)state;
  static const char *const ids[] = {
    "block.rope_pairs", "block.rope_halves", "block.bias", "block.residual", "block.embed"};
  for (size_t t = 0; t < sizeof ids / sizeof *ids; t++) {
    struct judged j;
    const int64_t head = strstr(ids[t], "rope") ? 8 : 0, vocab = strstr(ids[t], "embed") ? 9 : 0;
    assert_true(judged_make(&j, (const int64_t[]){5, 24, head, 0, vocab}, ids[t], FILL_EXACT));
    for (size_t i = 0; i < j.n; i++) assert_true(j.bound[i] == 0 && j.value[i] == round(j.value[i] * 4) / 4);
    judged_free(&j);
  }
}

/* ---- shapes */

static void senseless_shapes_are_refused(void **state) {
  (void)state;
  static const struct { const char *id; int64_t dim[5]; } cases[] = {
    {"block.rms_norm", {1, 12, 0, 0, 0}}, {"block.rms_norm", {1, 16, 8, 0, 0}}, {"block.rms_norm", {1, 16, 0, 5, 0}},
    {"block.rope_pairs", {1, 16, 0, 0, 0}}, {"block.rope_halves", {1, 24, 16, 0, 0}},
    {"block.head_norm", {1, 16, 12, 0, 0}}, {"block.embed", {1, 16, 0, 0, 0}}, {"block.softmax", {1, 16, 0, 0, 7}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const struct kernel_case kase = case_of(cases[i].dim);
    struct tensor_list list = {0};
    struct error err = {0};
    assert_false(block_family.tensors(&kase, technique(cases[i].id), &list, &err));
    assert_non_null(strstr(err.text, cases[i].id));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(values_agree_with_numpy),
    cmocka_unit_test(bounds_are_smaller_than_the_effect_of_an_element_left_out),
    cmocka_unit_test(every_bound_is_finite),
    cmocka_unit_test(exact_data_is_compared_exactly_where_it_can_be),
    cmocka_unit_test(senseless_shapes_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
