/* Predictions from a result whose times follow a known roofline. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ops.h"
#include "synthetic.h"

/* ---- predictions */

static struct synthetic made;

static void start(void) { synthetic_start(&made); }

/* 4 us, 400 GB/s, 20 T operations/s. The shapes here fill their tiles. */
static double true_time(const struct kernel_case *kase, const char *technique) {
  return 4000 + kase->family->bytes(kase, technique_find(technique)) / 400 + kase->family->flops(kase) / 20000;
}

static struct result_row *add(int64_t m, int64_t n, int64_t k, double factor) {
  const struct kernel_case kase = synthetic_matmul(m, n, k);
  return synthetic_add(&made, &kase, "matmul.f16", m <= 8 ? "matmul.f16.gemv" : "matmul.f16.tiled",
                       factor * true_time(&kase, "matmul.f16"));
}

static struct cost_model *build(void) { return synthetic_build(&made); }

static struct cost_estimate predict(const struct cost_model *cost, const struct kernel_case *kase) {
  return synthetic_predict(cost, "matmul.f16", kase);
}

static void a_shape_between_the_measured_ones_is_predicted(void **state) {
  (void)state;
  start();
  add(1, 1024, 1024, 1), add(8, 1024, 1024, 1), add(1, 4096, 4096, 1), add(8, 4096, 4096, 1);
  struct cost_model *cost = build();
  struct kernel_case kase = synthetic_matmul(4, 2048, 2048);
  struct cost_estimate e = predict(cost, &kase);
  assert_float_equal(e.ns / true_time(&kase, "matmul.f16"), 1, 1e-6);
  assert_false(e.measured || e.extrapolated);
  assert_string_equal(e.row->variant, "matmul.f16.gemv");
  cost_free(cost);
}

static void a_measured_shape_is_answered_by_its_row(void **state) {
  (void)state;
  start();
  add(1, 1024, 1024, 1), add(1, 4096, 4096, 1), add(1, 2048, 2048, 3);
  struct cost_model *cost = build();
  struct kernel_case kase = synthetic_matmul(1, 2048, 2048);
  struct cost_estimate e = predict(cost, &kase);
  assert_true(e.measured);
  assert_float_equal(e.ns, made.rows[2].time.median, 0);
  assert_float_equal(e.hi, made.rows[2].time.hi, 0);
  cost_free(cost);
}

/* With one row, N x K and K x N cost the same bytes and operations: the first row is as near as the right one. */
static void a_measured_shape_is_not_taken_for_its_transpose(void **state) {
  (void)state;
  start();
  add(1, 1536, 576, 2), add(1, 576, 1536, 3), add(1, 4096, 4096, 1);
  struct cost_model *cost = build();
  for (size_t i = 0; i < 2; i++) {
    struct kernel_case kase = i == 0 ? synthetic_matmul(1, 1536, 576) : synthetic_matmul(1, 576, 1536);
    struct cost_estimate e = predict(cost, &kase);
    assert_true(e.measured);
    assert_ptr_equal(e.row, &made.rows[i]);
  }
  cost_free(cost);
}

static void far_outside_is_marked_extrapolated(void **state) {
  (void)state;
  start();
  add(1, 1024, 1024, 1), add(1, 4096, 4096, 1);
  struct cost_model *cost = build();
  struct kernel_case near = synthetic_matmul(1, 4096, 8000), far = synthetic_matmul(1, 4096, 8600);
  struct kernel_case small = synthetic_matmul(1, 1024, 400);
  assert_false(predict(cost, &near).extrapolated);
  assert_true(predict(cost, &far).extrapolated);
  assert_true(predict(cost, &small).extrapolated);
  cost_free(cost);
}

static void the_fastest_proved_row_of_a_shape_counts(void **state) {
  (void)state;
  start();
  add(1, 1024, 1024, 1), add(1, 2048, 2048, 5), add(1, 2048, 2048, 2);
  add(1, 2048, 2048, 0.1)->status = STATUS_IMPLAUSIBLE;
  add(1, 2048, 2048, 0.1)->mode = MODE_WARM;
  struct cost_model *cost = build();
  assert_int_equal(cost_find(cost, "matmul.f16", REGIME_DECODE)->n, 2);
  struct kernel_case kase = synthetic_matmul(1, 2048, 2048);
  assert_ptr_equal(predict(cost, &kase).row, &made.rows[2]);
  cost_free(cost);
}

/* Which row counts of one shape's, given as factor and half width in percent; the first is noisy, the others ok. The
 * rows are tried in every rotation. */
static size_t counts(size_t n, const double factor[], const double half[]) {
  size_t found[3];
  struct kernel_case kase = synthetic_matmul(1, 2048, 2048);
  for (size_t from = 0; from < n; from++) {
    start();
    for (size_t i = 0; i < n; i++) {
      const size_t which = (from + i) % n;
      struct result_row *row = add(1, 2048, 2048, factor[which]);
      row->time.lo = row->time.median * (1 - half[which] / 100);
      row->time.hi = row->time.median * (1 + half[which] / 100);
      if (which == 0) row->status = STATUS_NOISY;
    }
    struct cost_model *cost = build();
    found[from] = ((size_t)(predict(cost, &kase).row - made.rows) + from) % n;
    assert_int_equal(found[from], found[0]);
    cost_free(cost);
  }
  return found[0];
}

static void an_ok_row_counts_before_a_noisy_one_only_where_they_overlap(void **state) {
  (void)state;
  assert_int_equal(counts(2, (double[]){1, 2.3}, (double[]){20, 5}), 0);     /* clearly slower, however well known */
  assert_int_equal(counts(2, (double[]){1, 1.2}, (double[]){20, 5}), 1);
  assert_int_equal(counts(2, (double[]){1, 0.9}, (double[]){20, 5}), 1);
  assert_int_equal(counts(3, (double[]){1, 1.2, 1.1}, (double[]){20, 5, 5}), 2);   /* the fastest that overlaps */
  assert_int_equal(counts(3, (double[]){1, 1.35, 1.3}, (double[]){20, 15, 5}), 1);   /* the third is not one of them */
  assert_int_equal(counts(2, (double[]){1, 1.05}, (double[]){NAN, 5}), 0);   /* an unknown interval overlaps nothing */
}

static void a_noisy_row_serves_where_there_is_no_other(void **state) {
  (void)state;
  start();
  add(1, 1024, 1024, 1)->status = STATUS_NOISY;
  struct cost_model *cost = build();
  struct kernel_case kase = synthetic_matmul(1, 1024, 1024);
  assert_true(predict(cost, &kase).measured);
  cost_free(cost);
}

/* A damaged or hostile file: the variant of another op must never be asked about this one, nor run with tuning it
 * does not know. */
static void a_row_whose_names_disagree_is_not_used(void **state) {
  (void)state;
  start();
  add(1, 1024, 1024, 1), add(1, 4096, 4096, 1);
  add(1, 2048, 2048, 0.1)->variant = "attention.flash_f16.base";
  add(1, 2048, 2048, 0.1)->variant = "matmul.int8_g32.gemv";
  add(1, 2048, 2048, 0.1)->variant = "matmul.f16.of_another_build";
  made.rows[0].tuning_names[0] = made.rows[1].tuning_names[0] = "rows";
  made.rows[0].tuning[0] = 0, made.rows[1].tuning[0] = -7;
  made.rows[0].n_tuning = made.rows[1].n_tuning = 1;
  struct cost_model *cost = build();
  assert_int_equal(cost_find(cost, "matmul.f16", REGIME_DECODE)->n, 2);
  struct kernel_case kase = synthetic_matmul(1, 2048, 2048);
  assert_false(predict(cost, &kase).measured);
  cost_free(cost);
}

static void too_few_rows_are_not_extended_to_other_shapes(void **state) {
  (void)state;
  start();
  add(1, 1024, 1024, 1);
  struct cost_model *cost = build();
  struct kernel_case other = synthetic_matmul(1, 2048, 2048), prefill = synthetic_matmul(64, 1024, 1024);
  struct cost_estimate e;
  struct error err = {0};
  assert_false(cost_predict(cost, "matmul.f16", &other, &e, &err));
  assert_non_null(strstr(err.text, "1 decode row"));
  assert_false(cost_predict(cost, "matmul.f16", &prefill, &e, &err));
  assert_non_null(strstr(err.text, "prefill"));
  assert_false(cost_predict(cost, "matmul.int8_g32", &other, &e, &err));
  cost_free(cost);
}

static void the_error_of_one_matrix_is_unknown_not_zero(void **state) {
  (void)state;
  start();
  add(1, 1024, 1024, 1), add(4, 1024, 1024, 1), add(8, 1024, 1024, 1);
  struct cost_model *cost = build();
  struct kernel_case kase = synthetic_matmul(2, 1024, 1024);
  struct cost_estimate e = predict(cost, &kase);
  assert_true(isfinite(e.ns) && isnan(e.lo) && isnan(e.hi));
  cost_free(cost);
}

static void scratch_is_what_the_kernel_plans(void **state) {
  (void)state;
  struct error err = {0};
  struct result *golden = result_read(SOURCE_DIR "/tests/golden/result.json", &err);
  if (!golden) fail_msg("%s", err.text);
  struct cost_model *cost = cost_build(golden, &err);
  const struct model model = {.heads = 32, .kv_heads = 8, .head_dim = 128};
  struct kernel_case kase;
  struct cost_estimate e;
  assert_true(ops_attention_case(&model, 1, 512, 1024, &kase, &err));
  assert_true(cost_predict(cost, "attention.naive_f16", &kase, &e, &err));
  assert_true(e.scratch_bytes >= 4.0 * 32 * 512 * 1024);
  assert_true(cost_predict(cost, "attention.flash_f16", &kase, &e, &err));
  assert_float_equal(e.scratch_bytes, 0, 0);
  cost_free(cost);
  result_free(golden);
}

/* ---- families beside matmul */

static struct kernel_case case_of(const char *family, const int64_t *dim, size_t n) {
  struct kernel_case kase = {.family = family_find(family)};
  assert_non_null(kase.family);
  memcpy(kase.dim, dim, n * sizeof *dim);
  return kase;
}
#define CASE(family, ...) case_of(family, (int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static struct result_row *add_case(const struct kernel_case kase, char *technique, char *variant, double factor) {
  return synthetic_add(&made, &kase, technique, variant, factor * true_time(&kase, technique));
}

static void each_family_has_its_regimes(void **state) {
  (void)state;
  const struct { struct kernel_case kase; enum regime regime, law; } known[] = {
    {CASE("matmul", 8, 64, 64), REGIME_DECODE, REGIME_ANY}, {CASE("matmul", 9, 64, 64), REGIME_PREFILL, REGIME_ANY},
    {CASE("moe", 8, 8, 2, 64, 64), REGIME_DECODE, REGIME_ANY},
    {CASE("moe", 9, 8, 2, 64, 64), REGIME_PREFILL, REGIME_ANY},
    {CASE("attention", 8, 1, 64, 2, 1, 64, 1), REGIME_DECODE, REGIME_DECODE},
    {CASE("attention", 1, 2, 64, 2, 1, 64, 1), REGIME_PREFILL, REGIME_PREFILL},
    {CASE("block", 1, 64), REGIME_ANY, REGIME_ANY}, {CASE("block", 512, 64), REGIME_ANY, REGIME_ANY},
    {CASE("kv_cache", 1, 512, 0, 512, 1, 64), REGIME_ANY, REGIME_ANY},
    {CASE("router", 1, 8, 2), REGIME_ANY, REGIME_ANY},
  };
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    assert_int_equal(cost_regime(&known[i].kase), known[i].regime);
    assert_int_equal(cost_law_regime(&known[i].kase), known[i].law);
  }
}

/* One fit for one row and for hundreds; each shape is left out alone. */
static void small_ops_are_fitted_over_all_rows(void **state) {
  (void)state;
  start();
  for (int64_t r = 1; r <= 256; r *= 16) add_case(CASE("block", r, 576), "block.rms_norm", "block.rms_norm.base", 1);
  struct cost_model *cost = build();
  assert_int_equal(cost_find(cost, "block.rms_norm", REGIME_ANY)->n, 3);
  const struct kernel_case asked = CASE("block", 512, 576);
  struct cost_estimate e;
  struct error err = {0};
  assert_true(cost_predict(cost, "block.rms_norm", &asked, &e, &err));
  assert_float_equal(e.ns / true_time(&asked, "block.rms_norm"), 1, 1e-6);
  assert_true(isfinite(e.lo));
  cost_free(cost);
}

/* Where a cache is written and how long it is, or how large a vocabulary: the same row answers. */
static void what_does_not_alter_the_time_is_not_asked_for(void **state) {
  (void)state;
  start();
  add_case(CASE("kv_cache", 1, 1, 4000, 8192, 8, 128), "kv_cache.append_f16", "kv_cache.append_f16.base", 1);
  add_case(CASE("block", 1, 576, 0, 0, 4096), "block.embed", "block.embed.base", 1);
  struct cost_model *cost = build();
  const struct kernel_case cache = CASE("kv_cache", 1, 1, 0, 700, 8, 128), embed = CASE("block", 1, 576, 0, 0, 49152);
  struct cost_estimate e;
  struct error err = {0};
  assert_true(cost_predict(cost, "kv_cache.append_f16", &cache, &e, &err) && e.measured);
  assert_true(cost_predict(cost, "block.embed", &embed, &e, &err) && e.measured);
  cost_free(cost);
}

static void skewed_loads_are_studies_and_do_not_count(void **state) {
  (void)state;
  start();
  add_case(CASE("moe", 64, 8, 2, 64, 64, 0, 2), "moe.grouped_f16", "moe.grouped_f16.tiled", 0.5);
  add_case(CASE("moe", 64, 8, 2, 64, 64, 0, 0), "moe.grouped_f16", "moe.grouped_f16.tiled", 1);
  struct cost_model *cost = build();
  assert_int_equal(cost_find(cost, "moe.grouped_f16", REGIME_PREFILL)->n, 1);
  cost_free(cost);
}

/* Before any formula of a room sees it. */
static void a_dimension_out_of_range_is_refused_by_name(void **state) {
  (void)state;
  start();
  add_case(CASE("block", 1, 576), "block.rms_norm", "block.rms_norm.base", 1);
  struct cost_model *cost = build();
  struct cost_estimate e;
  struct error err = {0};
  const struct kernel_case wide = CASE("block", 1, (int64_t)1 << 40), odd = CASE("block", 1, 577);
  assert_false(cost_predict(cost, "block.rms_norm", &wide, &e, &err));
  assert_non_null(strstr(err.text, "width of block"));
  assert_false(cost_predict(cost, "block.rms_norm", &odd, &e, &err));
  assert_non_null(strstr(err.text, "multiple of 8"));
  assert_true(isnan(cost_stream_bytes(&wide, technique_find("block.rms_norm"))));
  cost_free(cost);
}

static void a_result_without_a_usable_row_is_refused(void **state) {
  (void)state;
  start();
  add(1, 1024, 1024, 1)->status = STATUS_WRONG;
  struct error err = {0};
  assert_null(cost_build(&made.result, &err));
  assert_non_null(strstr(err.text, "vkpareto run"));
}

static void the_order_of_rows_does_not_matter(void **state) {
  (void)state;
  start();
  add(1, 1024, 1024, 1.1), add(8, 1024, 1024, 0.9), add(1, 4096, 4096, 1), add(8, 4096, 4096, 1.05);
  struct kernel_case kase = synthetic_matmul(4, 2048, 2048);
  struct cost_model *cost = build();
  double before = predict(cost, &kase).ns;
  cost_free(cost);
  for (size_t i = 0; i < 2; i++) {
    struct result_row swap = made.rows[i];
    made.rows[i] = made.rows[3 - i];
    made.rows[3 - i] = swap;
  }
  cost = build();
  assert_float_equal(predict(cost, &kase).ns / before, 1, 1e-9);
  cost_free(cost);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_shape_between_the_measured_ones_is_predicted),
    cmocka_unit_test(a_measured_shape_is_answered_by_its_row),
    cmocka_unit_test(a_measured_shape_is_not_taken_for_its_transpose),
    cmocka_unit_test(far_outside_is_marked_extrapolated),
    cmocka_unit_test(the_fastest_proved_row_of_a_shape_counts),
    cmocka_unit_test(an_ok_row_counts_before_a_noisy_one_only_where_they_overlap),
    cmocka_unit_test(a_noisy_row_serves_where_there_is_no_other),
    cmocka_unit_test(a_row_whose_names_disagree_is_not_used),
    cmocka_unit_test(too_few_rows_are_not_extended_to_other_shapes),
    cmocka_unit_test(the_error_of_one_matrix_is_unknown_not_zero),
    cmocka_unit_test(scratch_is_what_the_kernel_plans),
    cmocka_unit_test(each_family_has_its_regimes),
    cmocka_unit_test(small_ops_are_fitted_over_all_rows),
    cmocka_unit_test(what_does_not_alter_the_time_is_not_asked_for),
    cmocka_unit_test(skewed_loads_are_studies_and_do_not_count),
    cmocka_unit_test(a_dimension_out_of_range_is_refused_by_name),
    cmocka_unit_test(a_result_without_a_usable_row_is_refused),
    cmocka_unit_test(the_order_of_rows_does_not_matter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
