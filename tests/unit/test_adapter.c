/* The plans, the data and the reference of the adapter room: no device needed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "adapter.h"
#include "adapter_shape.h"
#include "fp16.h"
#include "kernel.h"

extern const struct family adapter_family;

static struct caps small_device(void) {
  struct caps caps = {.limits = {.storage_range = 128u << 20, .shared_memory = 32768, .invocations = 128}};
  for (int i = 0; i < 3; i++) {
    caps.limits.group_size[i] = 128;
    caps.limits.group_count[i] = 65535;
  }
  return caps;
}

static struct kernel_case case_of(int64_t m, int64_t n, int64_t k, int64_t rank, int64_t adapters) {
  return (struct kernel_case){.family = &adapter_family, .dim = {m, n, k, rank, adapters}};
}

static void default_tuning(const struct variant *variant, int32_t tuning[KERNEL_TUNABLES]) {
  for (size_t t = 0; t < variant->n_tunables; t++) tuning[t] = variant->tunables[t].values[0];
}

/* ---- plans */

static bool starts_with(const char *text, const char *start) { return strncmp(text, start, strlen(start)) == 0; }

static size_t shaders_of(const struct variant *variant) {
  size_t n = 0;
  while (n < KERNEL_SHADERS && variant->shaders[n]) n++;
  return n;
}

/* Bindings within their tensors and the device's range, aligned; workgroup counts within the limits. */
static void check_pass(const struct variant *variant, const struct pass *pass, const struct dispatch_plan *plan,
                       const struct tensor_list *list, const struct caps *caps) {
  assert_in_range(pass->shader, 0, shaders_of(variant) - 1);
  assert_in_range(pass->push_bytes, pass->n_bindings * 4, KERNEL_PUSH);
  for (int axis = 0; axis < 3; axis++) assert_in_range(pass->groups[axis], 1, caps->limits.group_count[axis]);
  for (uint32_t b = 0; b < pass->n_bindings; b++) {
    uint32_t tensor = pass->binding[b].tensor;
    assert_in_range(tensor, 0, list->n + plan->n_scratch - 1);
    uint64_t bytes = tensor < list->n ? list->tensor[tensor].bytes : plan->scratch[tensor - list->n];
    assert_int_equal(pass->binding[b].offset % 16, 0);
    assert_in_range(pass->binding[b].size, 1, caps->limits.storage_range - 2 * KERNEL_GUARD);
    assert_in_range(pass->binding[b].offset + pass->binding[b].size, 1, bytes);
  }
}

/* Outputs that passes of one kind write, by the tensor and the push block that tell them. */
static uint64_t outputs_of(const struct variant *variant, const struct dispatch_plan *plan, const char *shader) {
  uint64_t outputs = 0;
  for (size_t i = 0; i < plan->n; i++) {
    const struct pass *pass = &plan->pass[i];
    if (!starts_with(variant->shaders[pass->shader], shader)) continue;
    struct adapter_params params;
    memcpy(&params, pass->push + 4 * pass->n_bindings, sizeof params);
    assert_true(params.m > 0 && params.n > 0 && params.column + params.n <= params.stride);
    outputs += (uint64_t)params.m * params.n;
  }
  return outputs;
}

/* True when there is a plan; it is then checked. */
static bool plan_is_sound(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                          uint32_t min_windows) {
  int32_t tuning[KERNEL_TUNABLES] = {0};
  default_tuning(variant, tuning);
  if (variant->valid(kase, caps, tuning)) return false;
  struct tensor_list list = {0};
  struct dispatch_plan plan = {0};
  struct error err = {0};
  assert_true(adapter_family.tensors(kase, technique_of(&adapter_family, variant), &list, &err));
  bool planned = variant->plan(variant, kase, caps, tuning, min_windows, &plan, &err);
  if (planned) {
    assert_in_range(plan.windows, min_windows, UINT32_MAX);
    for (size_t i = 0; i < plan.n; i++) check_pass(variant, &plan.pass[i], &plan, &list, caps);
    bool fused = shaders_of(variant) && !starts_with(variant->shaders[0], "matmul/");
    assert_int_equal(outputs_of(variant, &plan, fused ? "adapter/fused" : "adapter/expand"),
                     kase->dim[DIM_M] * kase->dim[DIM_N]);
  } else {
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    assert_true(min_windows > 1 || caps->limits.storage_range < 1 << 20);
  }
  dispatch_plan_free(&plan);
  return planned;
}

static void every_output_is_finished_once_whatever_the_limits(void **state) {
  (void)state;
  static const uint64_t ranges[] = {UINT64_C(1) << 32, 1 << 20, 60000};
  static const uint32_t counts[] = {65535, 40}, parts[] = {1, 2, 3, 7};
  size_t plans = 0;
  for (size_t v = 0; v < adapter_family.n_variants; v++)
    for (size_t s = 0; adapter_family.proof_shapes[s][0]; s++)
      for (size_t r = 0; r < 3; r++)
        for (size_t c = 0; c < 2; c++)
          for (size_t p = 0; p < 4; p++) {
            struct kernel_case kase = {.family = &adapter_family};
            memcpy(kase.dim, adapter_family.proof_shapes[s], sizeof kase.dim);
            struct caps caps = small_device();
            caps.limits.storage_range = ranges[r];
            for (int axis = 0; axis < 3; axis++) caps.limits.group_count[axis] = counts[c];
            plans += plan_is_sound(&adapter_family.variants[v], &kase, &caps, parts[p]);
          }
  assert_in_range(plans, 2000, SIZE_MAX);
}

static void long_batches_are_grouped_in_windows(void **state) {
  (void)state;
  struct kernel_case kase = case_of(65536, 64, 64, 8, 256);
  struct caps caps = small_device();
  assert_true(plan_is_sound(variant_find("adapter.grouped_f16.rows"), &kase, &caps, 1));
  assert_true(plan_is_sound(variant_find("adapter.fused_f16.tiled"), &kase, &caps, 1));
}

static void adapters_over_the_binding_range_are_refused(void **state) {
  (void)state;
  struct kernel_case kase = case_of(1, 4096, 4096, 128, 256);   /* 256 MiB of A */
  struct caps caps = small_device();
  for (size_t v = 0; v < adapter_family.n_variants; v++) {
    int32_t tuning[KERNEL_TUNABLES] = {0};
    default_tuning(&adapter_family.variants[v], tuning);
    assert_non_null(strstr(adapter_family.variants[v].valid(&kase, &caps, tuning), "maxStorageBufferRange"));
  }
}

/* The plan of the base counts shaders in its own table: ours must begin with the same, and hand on its tunables. */
static void separate_variants_begin_with_their_base(void **state) {
  (void)state;
  size_t found = 0;
  for (size_t v = 0; v < adapter_family.n_variants; v++) {
    const struct variant *ours = &adapter_family.variants[v];
    const char *kind = strrchr(ours->id, '.') + 1, *format = strchr(ours->technique, '_') + 1;
    char id[64];
    snprintf(id, sizeof id, "matmul.%s.%s", format, kind);
    const struct variant *base = variant_find(id);
    assert_non_null(base);
    assert_int_equal(ours->n_tunables, base->n_tunables + 1);
    assert_int_equal(ours->requires, base->requires);
    for (size_t t = 0; t < base->n_tunables; t++) assert_string_equal(ours->tunables[t].name, base->tunables[t].name);
    if (!starts_with(ours->shaders[0], "matmul/")) continue;
    for (size_t s = 0; s < shaders_of(base); s++) assert_string_equal(ours->shaders[s], base->shaders[s]);
    assert_true(starts_with(ours->shaders[shaders_of(base)], "adapter/"));
    found++;
  }
  assert_int_equal(found, 12);
}

static void every_technique_has_a_variant_that_needs_nothing(void **state) {
  (void)state;
  struct kernel_case kases[] = {case_of(1, 4096, 4096, 16, 1), case_of(512, 4096, 4096, 64, 8)};
  struct caps caps = small_device();
  for (size_t t = 0; t < adapter_family.n_techniques; t++)
    for (size_t c = 0; c < 2; c++) {
      size_t found = 0;
      for (size_t v = 0; v < adapter_family.n_variants; v++) {
        const struct variant *variant = &adapter_family.variants[v];
        int32_t tuning[KERNEL_TUNABLES] = {0};
        default_tuning(variant, tuning);
        if (strcmp(variant->technique, adapter_family.techniques[t].id) == 0 && variant->requires == 0)
          found += !variant->valid(&kases[c], &caps, tuning);
      }
      assert_true(found >= 1);
    }
}

/* ---- data and reference */

struct sample { struct kernel_case kase; const struct technique *technique; struct adapter_shape shape;
                enum fill fill; void *data[KERNEL_TENSORS]; double *value, *bound; size_t outputs; };

static void refer(const struct sample *s, double *value, double *bound) {
  const void *const *data = (const void *const *)s->data;
  uint64_t *index = test_malloc(s->outputs * sizeof *index);
  for (size_t i = 0; i < s->outputs; i++) index[i] = i;
  adapter_family.reference(&s->kase, s->technique, s->fill, data, index, s->outputs, value, bound);
  test_free(index);
}

static struct sample sample_make(struct kernel_case kase, const char *technique, enum fill fill) {
  struct sample s = {.kase = kase, .technique = technique_find(technique), .fill = fill};
  struct error err = {0};
  assert_true(adapter_shape_of(&kase, technique, &s.shape, &err));
  for (size_t i = 0; i < s.shape.tensors.n; i++)
    if (s.shape.tensors.tensor[i].role != TENSOR_OUTPUT) s.data[i] = test_malloc(s.shape.tensors.tensor[i].bytes);
  adapter_family.fill(&kase, s.technique, fill, 7, s.data);
  s.outputs = (size_t)(kase.dim[DIM_M] * kase.dim[DIM_N]);
  s.value = test_malloc(s.outputs * sizeof *s.value);
  s.bound = test_malloc(s.outputs * sizeof *s.bound);
  refer(&s, s.value, s.bound);
  return s;
}

static void sample_free(struct sample *s) {
  for (size_t i = 0; i < s->shape.tensors.n; i++)
    if (s->data[i]) test_free(s->data[i]);
  test_free(s->value);
  test_free(s->bound);
}

/* Some output leaves its bound against data that were changed. */
static bool change_is_seen(const struct sample *s) {
  double *value = test_malloc(s->outputs * sizeof *value), *bound = test_malloc(s->outputs * sizeof *bound);
  bool seen = false;
  refer(s, value, bound);
  for (size_t i = 0; i < s->outputs; i++) seen = seen || !(fabs(value[i] - s->value[i]) <= s->bound[i]);
  test_free(value);
  test_free(bound);
  return seen;
}

static double half(const void *tensor, uint64_t index) { return fp16_to_float(((const uint16_t *)tensor)[index]); }

/* Element (row, i) of the merged matrix c (W + s B A), over f16 base weights. */
static double merged(const struct sample *s, uint64_t adapter, uint64_t row, uint64_t i) {
  const struct adapter_shape *shape = &s->shape;
  double delta = 0;
  for (uint64_t r = 0; r < shape->rank; r++)
    delta += half(s->data[shape->b], (adapter * shape->n + row) * shape->b_row / 2 + r) *
             half(s->data[shape->a], (adapter * shape->rank + r) * shape->a_row / 2 + i);
  double factor = shape->factor ? ((const float *)s->data[shape->factor])[adapter * shape->n + row] : 1;
  return factor * (half(s->data[TENSOR_W], row * shape->w_row / 2 + i) +
                   ((const float *)s->data[shape->scale])[adapter] * delta);
}

static void reference_is_that_of_the_merged_weights(void **state) {
  (void)state;
  static const char *const techniques[] = {"adapter.fused_f16", "adapter.dora_f16"};
  for (size_t t = 0; t < 2; t++) {
    struct sample s = sample_make(case_of(5, 9, 40, 12, 3), techniques[t], FILL_RANDOM);
    for (uint64_t i = 0; i < s.outputs; i++) {
      const float *x = (const float *)s.data[TENSOR_X] + i / s.shape.n * (s.shape.x_row / sizeof *x);
      double sum = 0;
      for (uint64_t k = 0; k < s.shape.k; k++)
        sum += merged(&s, ((const uint32_t *)s.data[s.shape.ids])[i / s.shape.n], i % s.shape.n, k) * x[k];
      assert_true(fabs(sum - s.value[i]) <= 1e-13 * (1 + fabs(sum)));
      assert_true(s.bound[i] > 0 && s.bound[i] < 1e-4);
    }
    sample_free(&s);
  }
}

static void an_adapter_that_is_switched_off_leaves_the_base(void **state) {
  (void)state;
  struct sample s = sample_make(case_of(3, 20, 100, 16, 2), "adapter.separate_int4_g32", FILL_RANDOM);
  memset(s.data[s.shape.scale], 0, s.shape.adapters * sizeof(float));
  refer(&s, s.value, s.bound);
  for (uint64_t i = 0; i < s.outputs; i++) {
    double value, bound;
    const void *const *data = (const void *const *)s.data;
    s.shape.base.family->reference(&s.shape.base, s.shape.format, FILL_RANDOM, data, &i, 1, &value, &bound);
    assert_true(value == s.value[i] && bound <= s.bound[i] && s.bound[i] < 2 * bound);
  }
  sample_free(&s);
}

static void exact_data_stays_exact_at_the_largest_shapes(void **state) {
  (void)state;
  const struct kernel_case kases[] = {
    case_of(1, 3, 1 << 18, 16, 2), case_of(2, 3, 4096, 256, 2), case_of(3, 5, 33, 8, 2),
  };
  for (size_t t = 0; t < adapter_family.n_techniques; t++)
    for (size_t c = 0; c < 3; c++) {
      struct sample s = sample_make(kases[c], adapter_family.techniques[t].id, FILL_EXACT);
      for (size_t i = 0; i < s.outputs; i++) {
        assert_true((double)(float)s.value[i] == s.value[i] && s.bound[i] == 0);
        assert_true(fabs(s.value[i]) <= 1 << 23);
      }
      sample_free(&s);
    }
}

static void flip_signs(void *halves, uint64_t rows, uint64_t row_bytes, uint64_t column) {
  uint16_t *at = (uint16_t *)halves + column;
  for (uint64_t row = 0; row < rows; row++) at[row * (row_bytes / sizeof *at)] ^= 0x8000;
}

/* What a kernel may leave out or take from elsewhere, done to the data instead. */
static void defects_are_out_of_bounds(void **state) {
  (void)state;
  for (size_t t = 0; t < adapter_family.n_techniques; t++)
    for (int fill = FILL_EXACT; fill <= FILL_RANDOM; fill++) {
      struct sample s = sample_make(case_of(4, 8, 512, 64, 3), adapter_family.techniques[t].id, (enum fill)fill);
      const struct adapter_shape *shape = &s.shape;
      uint32_t *ids = s.data[shape->ids];
      float *scale = s.data[shape->scale];

      flip_signs(s.data[shape->b], shape->adapters * shape->n, shape->b_row, shape->rank - 1);
      assert_true(change_is_seen(&s));
      flip_signs(s.data[shape->b], shape->adapters * shape->n, shape->b_row, shape->rank - 1);

      uint32_t kept = ids[1];
      ids[1] = (kept + 1) % (uint32_t)shape->adapters;
      assert_true(change_is_seen(&s));
      ids[1] = kept;

      scale[2] *= 1.001f;
      assert_true(change_is_seen(&s));
      scale[2] /= 1.001f;

      flip_signs(s.data[shape->a], shape->adapters * shape->rank, shape->a_row, shape->k - 1);
      assert_true(change_is_seen(&s));
      sample_free(&s);
    }
}

static void ids_name_every_adapter_there_are_rows_for(void **state) {
  (void)state;
  static const int64_t shapes[][2] = {{1, 1}, {7, 3}, {5, 40}, {64, 64}};   /* m, adapters */
  for (size_t c = 0; c < 4; c++) {
    struct sample s = sample_make(case_of(shapes[c][0], 2, 32, 8, shapes[c][1]), "adapter.fused_f16", FILL_RANDOM);
    const uint32_t *ids = s.data[s.shape.ids];
    bool named[64] = {false};
    int64_t different = 0;
    for (uint64_t i = 0; i < s.shape.m; i++) {
      assert_in_range(ids[i], 0, s.shape.adapters - 1);
      different += !named[ids[i]];
      named[ids[i]] = true;
    }
    assert_int_equal(different, shapes[c][0] < shapes[c][1] ? shapes[c][0] : shapes[c][1]);
    for (uint64_t i = s.shape.m; i < s.shape.tensors.tensor[s.shape.ids].bytes / sizeof *ids; i++)
      assert_int_equal(ids[i], ADAPTER_NO_ONE);
    sample_free(&s);
  }
}

/* Rank 16 at 4096 x 4096: 256 KiB per adapter, 3 % of an int4 base (Punica's ideal); unused adapters are not read. */
static void traffic_is_the_base_and_the_adapters_in_use(void **state) {
  (void)state;
  const struct technique *technique = technique_find("adapter.fused_int4_g32");
  struct kernel_case one = case_of(1, 4096, 4096, 16, 1), many = case_of(1, 4096, 4096, 16, 64);
  const struct kernel_case matmul = {.family = family_find("matmul"), .dim = {1, 4096, 4096}};
  double base = matmul.family->bytes(&matmul, technique_find("matmul.int4_g32"));
  assert_true(fabs(adapter_family.bytes(&one, technique) - base - 262144) < 100);
  assert_true(adapter_family.bytes(&many, technique) == adapter_family.bytes(&one, technique));
  assert_true(adapter_family.flops(&one) == 2.0 * (4096.0 * 4096 + 16 * 8192));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_output_is_finished_once_whatever_the_limits),
    cmocka_unit_test(long_batches_are_grouped_in_windows),
    cmocka_unit_test(adapters_over_the_binding_range_are_refused),
    cmocka_unit_test(separate_variants_begin_with_their_base),
    cmocka_unit_test(every_technique_has_a_variant_that_needs_nothing),
    cmocka_unit_test(reference_is_that_of_the_merged_weights),
    cmocka_unit_test(an_adapter_that_is_switched_off_leaves_the_base),
    cmocka_unit_test(exact_data_stays_exact_at_the_largest_shapes),
    cmocka_unit_test(defects_are_out_of_bounds),
    cmocka_unit_test(ids_name_every_adapter_there_are_rows_for),
    cmocka_unit_test(traffic_is_the_base_and_the_adapters_in_use),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
