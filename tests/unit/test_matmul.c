/* The plans and the data of matmul: no device needed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "decode.h"
#include "fp16.h"
#include "kernel.h"
#include "layout.h"
#include "matmul.h"

extern const struct family matmul_family;

static struct caps small_device(void) {
  struct caps caps = {0};
  caps.limits.storage_range = 128u << 20;
  caps.limits.shared_memory = 16384;
  caps.limits.invocations = 128;
  for (int i = 0; i < 3; i++) {
    caps.limits.group_size[i] = 128;
    caps.limits.group_count[i] = 65535;
  }
  caps.subgroup.size = caps.subgroup.min = caps.subgroup.max = 32;
  caps.n_coopmats = 1;
  caps.coopmat[0] = (struct coopmat){16, 16, 16, COMPONENT_F16, COMPONENT_F16, COMPONENT_F32, COMPONENT_F32,
                                     SCOPE_SUBGROUP, false};
  return caps;
}

static struct kernel_case shape(int64_t m, int64_t n, int64_t k) {
  return (struct kernel_case){.family = &matmul_family, .dim = {m, n, k}};
}

/* The first combination of tunables that is valid. */
static bool first_tuning(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                         int32_t *tuning) {
  size_t combinations = 1;
  for (size_t t = 0; t < variant->n_tunables; t++) combinations *= variant->tunables[t].n;
  for (size_t c = 0; c < combinations; c++) {
    size_t rest = c;
    for (size_t t = 0; t < variant->n_tunables; t++) {
      tuning[t] = variant->tunables[t].values[rest % variant->tunables[t].n];
      rest /= variant->tunables[t].n;
    }
    if (!variant->valid(kase, caps, tuning)) return true;
  }
  return false;
}

/* Every output in exactly one window, every binding aligned, within its tensor and within the range. */
static void check_plan(const struct variant *variant, struct kernel_case kase, uint32_t min_windows) {
  struct caps caps = small_device();
  struct error err = {0};
  struct tensor_list list = {0};
  struct dispatch_plan plan = {0};
  int32_t tuning[KERNEL_TUNABLES] = {0};
  if (!first_tuning(variant, &kase, &caps, tuning)) return;
  assert_true(matmul_family.tensors(&kase, technique_of(&matmul_family, variant), &list, &err));
  assert_true(variant->plan(variant, &kase, &caps, tuning, min_windows, &plan, &err));
  assert_true(plan.n >= min_windows);
  assert_int_equal(plan.windows, plan.n);
  uint64_t covered = 0;
  for (size_t i = 0; i < plan.n; i++) {
    const struct pass *pass = &plan.pass[i];
    struct matmul_push push;
    memcpy(&push, pass->push, sizeof push);
    covered += (uint64_t)push.m * push.n;
    assert_true(push.m > 0 && push.n > 0 && push.column + push.n <= push.stride);
    for (int axis = 0; axis < 3; axis++) assert_in_range(pass->groups[axis], 1, 65535);
    for (uint32_t b = 0; b < pass->n_bindings; b++) {
      assert_int_equal(pass->binding[b].offset % 16, 0);
      assert_true(pass->binding[b].size > 0 && pass->binding[b].size <= caps.limits.storage_range - 2 * KERNEL_GUARD);
      assert_true(pass->binding[b].offset + pass->binding[b].size <= list.tensor[pass->binding[b].tensor].bytes);
    }
    if (i > 0) {
      struct matmul_push before;
      memcpy(&before, plan.pass[i - 1].push, sizeof before);
      assert_int_equal(push.column, before.column + before.n == before.stride ? 0 : before.column + before.n);
    }
  }
  assert_true(covered == (uint64_t)kase.dim[0] * (uint64_t)kase.dim[1]);
  dispatch_plan_free(&plan);
}

static void windows_cover_every_output_once(void **state) {
  (void)state;
  for (size_t v = 0; v < matmul_family.n_variants; v++) {
    const struct variant *variant = &matmul_family.variants[v];
    check_plan(variant, shape(1, 1, 1), 1);
    check_plan(variant, shape(1, 151936, 3584), 1); /* a vocabulary: over the range in f32 and f16, over 65535 groups */
    check_plan(variant, shape(8, 1048576, 32), 1);
    check_plan(variant, shape(512, 151936, 896), 1);      /* y itself is over the range */
    check_plan(variant, shape(5, 1030, 100), 8);
    check_plan(variant, shape(2000, 7, 33), 1);
    check_plan(variant, shape(100, 1048576, 1), 1);       /* a tile of rows of y is over the range */
  }
}

static void a_split_that_cannot_be_is_refused(void **state) {
  (void)state;
  struct caps caps = small_device();
  struct kernel_case kase = shape(4, 7, 33);
  for (size_t v = 0; v < matmul_family.n_variants; v++) {
    const struct variant *variant = &matmul_family.variants[v];
    struct dispatch_plan plan = {0};
    struct error err = {0};
    int32_t tuning[KERNEL_TUNABLES] = {0};
    if (!first_tuning(variant, &kase, &caps, tuning)) {
      assert_true(variant->requires & FEATURE_COOPMAT);   /* for prefill only */
      continue;
    }
    assert_false(variant->plan(variant, &kase, &caps, tuning, 2, &plan, &err));
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    dispatch_plan_free(&plan);
  }
}

static void every_technique_has_a_variant_that_needs_nothing(void **state) {
  (void)state;
  struct caps caps = small_device();
  struct kernel_case kases[] = {shape(1, 4096, 4096), shape(512, 1536, 576)};
  for (size_t t = 0; t < matmul_family.n_techniques; t++)
    for (size_t c = 0; c < 2; c++) {
      int found = 0;
      for (size_t v = 0; v < matmul_family.n_variants; v++) {
        int32_t tuning[KERNEL_TUNABLES] = {0};
        const struct variant *variant = &matmul_family.variants[v];
        if (variant->requires == 0 && strcmp(variant->technique, matmul_family.techniques[t].id) == 0)
          found += first_tuning(variant, &kases[c], &caps, tuning);
      }
      assert_true(found >= 2);
    }
}

static const struct variant *coopmat_variant(void) {
  const struct variant *variant = variant_find("matmul.int4_g32.coopmat");
  assert_non_null(variant);
  return variant;
}

/* A block is made of fragments of the device's sides, whichever they are, and of its subgroups. */
static void a_block_follows_from_what_the_device_multiplies(void **state) {
  (void)state;
  static const struct { uint32_t m, n, k, subgroup, threads, block_m, block_n; } devices[] = {
    {8, 8, 8, 8, 32, 32, 32},        /* lavapipe */
    {8, 8, 16, 16, 64, 32, 32},      /* Intel Xe1 */
    {8, 16, 16, 16, 64, 32, 64},     /* Intel Xe2 */
    {16, 16, 16, 32, 128, 64, 64},   /* NVIDIA */
    {16, 16, 16, 64, 256, 64, 64},   /* AMD */
  };
  const struct variant *variant = coopmat_variant();
  struct kernel_case kase = shape(512, 1536, 576);
  const int32_t tuning[KERNEL_TUNABLES] = {4, 2, 2, 32};
  for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
    struct caps caps = small_device();
    struct error err = {0};
    struct dispatch_plan plan = {0};
    caps.limits.invocations = caps.limits.group_size[0] = 256;
    caps.subgroup.size = devices[i].subgroup;
    caps.coopmat[0].m = devices[i].m;
    caps.coopmat[0].n = devices[i].n;
    caps.coopmat[0].k = devices[i].k;
    assert_null(variant->valid(&kase, &caps, tuning));
    assert_true(variant->plan(variant, &kase, &caps, tuning, 1, &plan, &err));
    const uint32_t *spec = plan.pass[0].spec;
    assert_int_equal(spec[MATMUL_SPEC_THREADS], devices[i].threads);
    assert_int_equal(spec[MATMUL_SPEC_SIDE_M], devices[i].m);
    assert_int_equal(spec[MATMUL_SPEC_SIDE_N], devices[i].n);
    assert_int_equal(spec[MATMUL_SPEC_SIDE_K], devices[i].k);
    assert_int_equal(plan.pass[0].groups[0], (1536 + devices[i].block_n - 1) / devices[i].block_n);
    assert_int_equal(plan.pass[0].groups[1], (512 + devices[i].block_m - 1) / devices[i].block_m);
    dispatch_plan_free(&plan);
  }
}

static void a_matrix_unit_that_does_not_fit_is_refused(void **state) {
  (void)state;
  const struct variant *variant = coopmat_variant();
  struct kernel_case prefill = shape(64, 64, 64), decode = shape(8, 64, 64);
  struct caps caps = small_device();
  const int32_t tuning[KERNEL_TUNABLES] = {4, 2, 2, 32};
  assert_null(variant->valid(&prefill, &caps, tuning));
  assert_non_null(strstr(variant->valid(&decode, &caps, tuning), "fewer than 9 rows"));
  caps.limits.shared_memory = 14335;
  assert_non_null(strstr(variant->valid(&prefill, &caps, tuning), "shared memory"));
  caps = small_device();
  caps.limits.invocations = 127;
  assert_non_null(strstr(variant->valid(&prefill, &caps, tuning), "workgroup"));
  caps = small_device();
  caps.coopmat[0].k = 24;
  assert_non_null(strstr(variant->valid(&prefill, &caps, tuning), "sides"));
  caps.n_coopmats = 0;
  assert_non_null(strstr(variant->valid(&prefill, &caps, tuning), "no cooperative matrix"));
}

/* Data of a case in memory, with y computed by the reference and rounded. */
struct sample { void *data[KERNEL_TENSORS]; struct tensor_list list; float *y; double *value, *bound; size_t outputs; };

static struct sample sample_make(const struct kernel_case *kase, const struct technique *technique, enum fill fill) {
  struct sample s = {0};
  struct error err = {0};
  assert_true(matmul_family.tensors(kase, technique, &s.list, &err));
  for (size_t i = 0; i < s.list.n; i++)
    if (s.list.tensor[i].role != TENSOR_OUTPUT) s.data[i] = test_malloc(s.list.tensor[i].bytes);
  matmul_family.fill(kase, technique, fill, 11, s.data);
  s.outputs = (size_t)(kase->dim[0] * kase->dim[1]);
  s.y = test_malloc(s.outputs * sizeof *s.y);
  s.value = test_malloc(s.outputs * sizeof *s.value);
  s.bound = test_malloc(s.outputs * sizeof *s.bound);
  uint64_t *index = test_malloc(s.outputs * sizeof *index);
  for (size_t i = 0; i < s.outputs; i++) index[i] = i;
  matmul_family.reference(kase, technique, fill, (const void *const *)s.data, index, s.outputs, s.value, s.bound);
  for (size_t i = 0; i < s.outputs; i++) s.y[i] = (float)s.value[i];
  test_free(index);
  return s;
}

static void sample_free(struct sample *s) {
  for (size_t i = 0; i < s->list.n; i++)
    if (s->data[i]) test_free(s->data[i]);
  test_free(s->y);
  test_free(s->value);
  test_free(s->bound);
}

static bool whole_accepts(const struct kernel_case *kase, const struct technique *technique, enum fill fill,
                          const struct sample *s) {
  double residual, bound;
  matmul_family.whole(kase, technique, fill, (const void *const *)s->data, s->y, 5, &residual, &bound);
  return residual <= bound;
}

static void whole_accepts_the_truth_and_no_wrong_element(void **state) {
  (void)state;
  struct kernel_case kase = shape(3, 70, 100);
  for (size_t t = 0; t < matmul_family.n_techniques; t++)
    for (int fill = 0; fill < FILL_COUNT; fill++) {
      const struct technique *technique = &matmul_family.techniques[t];
      struct sample s = sample_make(&kase, technique, (enum fill)fill);
      assert_true(whole_accepts(&kase, technique, (enum fill)fill, &s));
      float kept = s.y[69];
      s.y[69] = kept == 0 ? 1e30f : -kept * 3;
      if (fill != FILL_EXTREME) assert_false(whole_accepts(&kase, technique, (enum fill)fill, &s));
      s.y[69] = NAN;
      assert_false(whole_accepts(&kase, technique, (enum fill)fill, &s));
      sample_free(&s);
    }
}

static void exact_data_stays_exact_at_the_longest_k(void **state) {
  (void)state;
  struct kernel_case kase = shape(1, 2, 1 << 18);
  for (size_t t = 0; t < matmul_family.n_techniques; t++) {
    struct sample s = sample_make(&kase, &matmul_family.techniques[t], FILL_EXACT);
    for (size_t i = 0; i < s.outputs; i++) {
      assert_true((double)s.y[i] == s.value[i] && s.bound[i] == 0);
      assert_true(s.value[i] != 0);
    }
    sample_free(&s);
  }
}

/* Some output leaves its bound when one element of K is left out. */
static bool drop_is_seen(const struct kernel_case *kase, const struct technique *technique, enum fill fill,
                         const struct sample *s, int64_t at) {
  float *dropped = (float *)s->data[MATMUL_X] + at, kept = *dropped;
  bool seen = false;
  *dropped = 0;
  for (uint64_t i = 0; i < s->outputs; i++) {
    double value, bound;
    matmul_family.reference(kase, technique, fill, (const void *const *)s->data, &i, 1, &value, &bound);
    seen = seen || fabs(value - s->value[i]) > bound;
  }
  *dropped = kept;
  return seen;
}

/* On exact data always; on random data unless that element of x is small, which the rounding of 4096 terms hides. */
static void one_dropped_element_is_out_of_bounds(void **state) {
  (void)state;
  enum { DROPS = 16 };
  struct kernel_case kase = shape(1, 8, 4096);
  for (size_t t = 0; t < matmul_family.n_techniques; t++) {
    const struct technique *technique = &matmul_family.techniques[t];
    struct sample exact = sample_make(&kase, technique, FILL_EXACT),
                  random = sample_make(&kase, technique, FILL_RANDOM);
    const float *x = exact.data[MATMUL_X];
    int caught = 0;
    for (int drop = 0; drop < DROPS; drop++) {
      int64_t at = kase.dim[2] / DROPS * drop + 17;
      assert_true(x[at] == 0 || drop_is_seen(&kase, technique, FILL_EXACT, &exact, at));
      caught += drop_is_seen(&kase, technique, FILL_RANDOM, &random, at);
    }
    assert_true(caught >= DROPS / 2);
    sample_free(&exact);
    sample_free(&random);
  }
}

static float as_f16(float v) { return fp16_to_float(fp16_from_float(fmaxf(-65504, fminf(v, 65504)))); }

/* y as a matrix unit makes it: operands in f16, sums in f32. Element `skip` of k is left out. */
static void multiply_in_f16(const struct kernel_case *kase, const struct technique *technique, const struct sample *s,
                            int64_t skip, float *y) {
  int64_t m = kase->dim[0], n = kase->dim[1], k = kase->dim[2];
  struct layout layout = layout_of(layout_format(technique), (uint64_t)k);
  const float *x = s->data[MATMUL_X];
  for (int64_t i = 0; i < m * n; i++) {
    float sum = 0;
    for (int64_t g = 0; g * WEIGHTS_GROUP < k; g++) {
      double weight[WEIGHTS_GROUP], magnitude[WEIGHTS_GROUP];
      decode_group(&layout, s->data[MATMUL_W], s->data[MATMUL_SCALES], (uint64_t)(i % n), (uint64_t)g, weight,
                   magnitude);
      for (int64_t e = g * WEIGHTS_GROUP; e < k && e < (g + 1) * WEIGHTS_GROUP; e++)
        if (e != skip)
          sum += as_f16(x[i / n * (int64_t)(layout.x_row / sizeof *x) + e]) * as_f16((float)weight[e % WEIGHTS_GROUP]);
    }
    y[i] = sum;
  }
}

static size_t outside(const struct variant *variant, const struct kernel_case *kase, enum fill fill,
                      const struct sample *s) {
  size_t n = 0;
  for (uint64_t i = 0; i < s->outputs; i++) {
    double value, bound;
    variant->arithmetic->reference(kase, technique_of(&matmul_family, variant), fill, (const void *const *)s->data, &i,
                                   1, &value, &bound);
    n += !(fabs((double)s->y[i] - value) <= bound);
    if (fill == FILL_EXACT) assert_true(bound == 0);
  }
  return n;
}

static bool whole_f16_accepts(const struct variant *variant, const struct kernel_case *kase, const struct sample *s) {
  double residual, bound;
  variant->arithmetic->whole(kase, technique_of(&matmul_family, variant), FILL_RANDOM, (const void *const *)s->data,
                             s->y, 5, &residual, &bound);
  return residual <= bound;
}

/* Rounded operands stay within the bound of the matrix unit on all data, and break that of f32; one element of k left
 * out breaks it, and the check of the whole output where that column weighs enough. */
static void f16_operands_have_a_bound_of_their_own(void **state) {
  (void)state;
  enum { DROPS = 8 };
  struct kernel_case kase = shape(4, 70, 576);
  for (size_t v = 0; v < matmul_family.n_variants; v++) {
    const struct variant *variant = &matmul_family.variants[v];
    const struct technique *technique = technique_of(&matmul_family, variant);
    if (!variant->arithmetic) continue;
    for (int fill = 0; fill < FILL_COUNT; fill++) {
      struct sample s = sample_make(&kase, technique, (enum fill)fill);
      size_t beyond_f32 = 0, caught = 0;
      multiply_in_f16(&kase, technique, &s, -1, s.y);
      assert_int_equal(outside(variant, &kase, (enum fill)fill, &s), 0);
      for (size_t i = 0; i < s.outputs; i++) beyond_f32 += fabs((double)s.y[i] - s.value[i]) > s.bound[i];
      assert_true(fill != FILL_RANDOM || (beyond_f32 > 0 && whole_f16_accepts(variant, &kase, &s)));
      for (int drop = 0; drop < DROPS && fill != FILL_EXTREME; drop++) {
        multiply_in_f16(&kase, technique, &s, kase.dim[2] / DROPS * drop + 17, s.y);
        assert_true(outside(variant, &kase, (enum fill)fill, &s) > 0);
        caught += fill == FILL_RANDOM && !whole_f16_accepts(variant, &kase, &s);
      }
      assert_true(fill != FILL_RANDOM || caught >= DROPS / 2);
      sample_free(&s);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(windows_cover_every_output_once),
    cmocka_unit_test(a_split_that_cannot_be_is_refused),
    cmocka_unit_test(every_technique_has_a_variant_that_needs_nothing),
    cmocka_unit_test(whole_accepts_the_truth_and_no_wrong_element),
    cmocka_unit_test(exact_data_stays_exact_at_the_longest_k),
    cmocka_unit_test(one_dropped_element_is_out_of_bounds),
    cmocka_unit_test(a_block_follows_from_what_the_device_multiplies),
    cmocka_unit_test(a_matrix_unit_that_does_not_fit_is_refused),
    cmocka_unit_test(f16_operands_have_a_bound_of_their_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
