/* The judge of the attention kernels must itself be right: its values, and bounds that are tight enough to matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../golden/attention_vectors.h"
#include "fp16.h"
#include "kernel.h"

extern const struct family attention_family;

enum { F16_OUT = 3, INT8_OUT = 5 };

static const struct technique *technique(const char *id) {
  for (size_t t = 0; t < attention_family.n_techniques; t++)
    if (strcmp(attention_family.techniques[t].id, id) == 0) return &attention_family.techniques[t];
  fail_msg("no technique %s", id);
  return NULL;
}

static struct kernel_case case_of(const int64_t *dim) {
  struct kernel_case kase = {.family = &attention_family};
  memcpy(kase.dim, dim, attention_family.n_dims * sizeof *dim);
  return kase;
}

/* A case with its data and the reference's whole answer. */
struct judged {
  struct kernel_case kase;
  const struct technique *technique;
  void *data[KERNEL_TENSORS];
  size_t n, n_tensors;
  double *value, *bound;
};

static void judge(struct judged *j) {
  uint64_t *index = malloc(j->n * sizeof *index);
  for (size_t i = 0; i < j->n; i++) index[i] = j->n - 1 - i;   /* any order will do */
  attention_family.reference(&j->kase, j->technique, FILL_RANDOM, (const void *const *)j->data, index, j->n, j->value,
                             j->bound);
  for (size_t i = 0; i < j->n / 2; i++) {
    double *ends[2][2] = {{&j->value[i], &j->value[j->n - 1 - i]}, {&j->bound[i], &j->bound[j->n - 1 - i]}};
    for (size_t k = 0; k < 2; k++) {
      const double swap = *ends[k][0];
      *ends[k][0] = *ends[k][1];
      *ends[k][1] = swap;
    }
  }
  free(index);
}

static struct judged judged_make(const int64_t *dim, const char *id, enum fill fill) {
  struct judged j = {.kase = case_of(dim), .technique = technique(id)};
  struct tensor_list list = {0};
  struct error err;
  assert_true(attention_family.tensors(&j.kase, j.technique, &list, &err));
  j.n_tensors = list.n;
  for (size_t t = 0; t < list.n; t++) {
    assert_int_equal(list.tensor[t].bytes % 4, 0);
    if (list.tensor[t].role == TENSOR_OUTPUT) j.n = list.tensor[t].bytes / sizeof(float);
    else j.data[t] = calloc(1, list.tensor[t].bytes);
  }
  attention_family.fill(&j.kase, j.technique, fill, 3, j.data);
  j.value = calloc(j.n, sizeof(double));
  j.bound = calloc(j.n, sizeof(double));
  judge(&j);
  return j;
}

static void judged_free(struct judged *j) {
  for (size_t t = 0; t < j->n_tensors; t++) free(j->data[t]);
  free(j->value);
  free(j->bound);
}

/* ---- values */

static void assert_matches_numpy(const int64_t *dim, const char *id, const void *const *data, const double *expected,
                                 size_t n) {
  const struct kernel_case kase = case_of(dim);
  for (uint64_t i = 0; i < n; i++) {
    double value, bound;
    attention_family.reference(&kase, technique(id), FILL_RANDOM, data, &i, 1, &value, &bound);
    assert_true(fabs(value - expected[i]) <= 1e-13 * (1 + fabs(expected[i])));
    assert_true(bound > 0 && bound < 1e-4);
  }
}

static void f16_reference_agrees_with_numpy(void **state) {
  (void)state;
  const void *const data[] = {f16_causal_q, f16_causal_k, f16_causal_v, NULL};
  assert_matches_numpy(f16_causal_dim, "attention.flash_f16", data, f16_causal_o,
                       sizeof f16_causal_o / sizeof *f16_causal_o);
}

static void int8_reference_agrees_with_numpy(void **state) {
  (void)state;
  const void *const data[] = {int8_full_q, int8_full_k, int8_full_v, int8_full_k_scale, int8_full_v_scale, NULL};
  assert_matches_numpy(int8_full_dim, "attention.naive_int8", data, int8_full_o,
                       sizeof int8_full_o / sizeof *int8_full_o);
}

static void one_key_gives_back_its_value(void **state) {
  (void)state;
  struct judged j = judged_make((const int64_t[]){1, 1, 1, 1, 1, 64, 1}, "attention.flash_f16", FILL_RANDOM);
  for (size_t c = 0; c < 64; c++) assert_true(j.value[c] == fp16_to_float(((const uint16_t *)j.data[2])[c]));
  judged_free(&j);
}

/* The mean of small integers, whole or over the keys of one residue: a multiple of 1 / (number of keys). */
static void exact_fill_gives_means_of_integers(void **state) {
  (void)state;
  const int64_t dim[] = {1, 4, 256, 4, 1, 64, 0};
  const char *const ids[] = {"attention.flash_f16", "attention.flash_int8"};
  for (size_t t = 0; t < 2; t++) {
    struct judged j = judged_make(dim, ids[t], FILL_EXACT);
    for (size_t i = 0; i < j.n; i++) {
      const double keys = i / 64 % 4 == 3 ? 256 : 4;
      assert_true(fabs(j.value[i] * keys - round(j.value[i] * keys)) < 1e-9);
      assert_true(fabs(j.value[i]) <= 8);
    }
    judged_free(&j);
  }
}

/* ---- bounds */

/* o without key k is o + w_k / (1 - w_k) (o - v_k). Weights come from the reference itself: with V = one-hot in key k,
 * o = w_k. */
static void assert_dropped_key_shows(const int64_t *dim, const char *id, enum fill fill) {
  struct judged whole = judged_make(dim, id, fill);
  struct judged probe = judged_make(dim, id, fill);
  const bool int8 = whole.n_tensors == INT8_OUT + 1;
  const uint64_t keys = (uint64_t)dim[2], head = (uint64_t)dim[5];
  const uint64_t planes = (uint64_t)dim[0] * (uint64_t)dim[4], rows = whole.n / head, per_plane = rows / planes;
  const uint64_t scales = (keys * head / 32 + 7) / 8 * 8;   /* of a plane */
  for (uint64_t k = 0; k < keys; k++) {
    for (uint64_t i = 0; i < planes * keys * head; i++) {
      const bool hot = i / head % keys == k;
      if (int8) ((int8_t *)probe.data[2])[i] = hot;
      else ((uint16_t *)probe.data[2])[i] = hot ? fp16_from_float(1) : 0;
    }
    for (uint64_t i = 0; int8 && i < planes * scales; i++) ((uint16_t *)probe.data[4])[i] = fp16_from_float(1);
    judge(&probe);
    for (uint64_t r = 0; r < rows; r++) {
      const double w = probe.value[r * head];
      if (w < 1 / (double)keys || w > 1 - 1e-9) continue;
      double clearest = 0;
      for (uint64_t c = 0; c < head; c++) {
        const uint64_t at = (r / per_plane * keys + k) * head + c;
        const uint64_t scale = r / per_plane * scales + (k * head + c) / 32;
        const double v =
            int8 ? ((const int8_t *)whole.data[2])[at] * (double)fp16_to_float(((const uint16_t *)whole.data[4])[scale])
                 : (double)fp16_to_float(((const uint16_t *)whole.data[2])[at]);
        clearest = fmax(clearest, fabs(w / (1 - w) * (whole.value[r * head + c] - v)) / whole.bound[r * head + c]);
      }
      assert_true(clearest > 4);
    }
  }
  judged_free(&whole);
  judged_free(&probe);
}

static void bound_is_smaller_than_the_effect_of_any_dropped_key(void **state) {
  (void)state;
  assert_dropped_key_shows((const int64_t[]){1, 1, 7, 4, 1, 64, 1}, "attention.flash_f16", FILL_RANDOM);
  assert_dropped_key_shows((const int64_t[]){1, 3, 33, 6, 2, 64, 1}, "attention.flash_int8", FILL_RANDOM);
  assert_dropped_key_shows((const int64_t[]){1, 1, 129, 2, 1, 128, 0}, "attention.naive_f16", FILL_RANDOM);
  assert_dropped_key_shows((const int64_t[]){1, 1, 300, 1, 1, 64, 1}, "attention.flash_split_int8", FILL_RANDOM);
  assert_dropped_key_shows((const int64_t[]){1, 1, 300, 1, 1, 64, 1}, "attention.flash_split_f16", FILL_EXACT);
}

static void every_bound_is_finite_and_positive(void **state) {
  (void)state;
  for (size_t s = 0; attention_family.proof_shapes[s][0] && s < 12; s++)
    for (enum fill fill = 0; fill < FILL_COUNT; fill++) {
      struct judged j = judged_make(attention_family.proof_shapes[s], "attention.flash_f16", fill);
      for (size_t i = 0; i < j.n; i++) assert_true(isfinite(j.value[i]) && isfinite(j.bound[i]) && j.bound[i] > 0);
      judged_free(&j);
    }
}

/* ---- fills and shapes */

static void same_seed_gives_same_bytes(void **state) {
  (void)state;
  const int64_t dim[] = {1, 2, 40, 4, 2, 64, 1};
  for (enum fill fill = 0; fill < FILL_COUNT; fill++) {
    struct judged a = judged_make(dim, "attention.flash_int8", fill),
                  b = judged_make(dim, "attention.flash_int8", fill);
    struct tensor_list list = {0};
    struct error err;
    assert_true(attention_family.tensors(&a.kase, a.technique, &list, &err));
    for (size_t t = 0; t < INT8_OUT; t++) assert_memory_equal(a.data[t], b.data[t], list.tensor[t].bytes);
    judged_free(&a);
    judged_free(&b);
  }
}

static void senseless_shapes_are_refused(void **state) {
  (void)state;
  static const int64_t dims[][7] = {{1, 1, 8, 9, 2, 64, 0},
                                    {1, 1, 8, 2, 4, 64, 0},
                                    {1, 1, 8, 4, 1, 60, 0},
                                    {1, 9, 8, 4, 1, 64, 1},
                                    {1, 1, 8, 4, 1, 72, 0}};
  for (size_t i = 0; i < sizeof dims / sizeof *dims; i++) {
    const struct kernel_case kase = case_of(dims[i]);
    struct tensor_list list = {0};
    struct error err = {0};
    assert_false(attention_family.tensors(&kase, technique("attention.flash_int8"), &list, &err));
    assert_true(err.text[0] != '\0');
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(f16_reference_agrees_with_numpy),
    cmocka_unit_test(int8_reference_agrees_with_numpy),
    cmocka_unit_test(one_key_gives_back_its_value),
    cmocka_unit_test(exact_fill_gives_means_of_integers),
    cmocka_unit_test(bound_is_smaller_than_the_effect_of_any_dropped_key),
    cmocka_unit_test(every_bound_is_finite_and_positive),
    cmocka_unit_test(same_seed_gives_same_bytes),
    cmocka_unit_test(senseless_shapes_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
