/* Synthetic devices that run so many workgroups side by side: how many is found from times alone, and with it what
 * shapes take that leave some of the cores without work. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "demand.h"
#include "synthetic.h"

static struct synthetic made;

static void start(void) { synthetic_start(&made); }

static double loss = 1;   /* what idle cores cost, see demand.h */

/* 4 us, 400 GB/s, 20 T operations/s by all cores together. */
static double true_ns(const struct result_row *row, const struct kernel_case *kase, double cores) {
  struct demand demand;
  assert_true(demand_of(row, kase, &made.result.caps, (struct cores){cores, loss}, &demand));
  return 4000 * demand.amount[FIT_LAUNCH] + demand.amount[FIT_BYTE] / 400 + demand.amount[FIT_OPERATION] / 20000;
}

static struct result_row *add_as(int64_t m, int64_t n, int64_t k, char *technique, char *variant, double cores) {
  const struct kernel_case kase = synthetic_matmul(m, n, k);
  struct result_row *row = synthetic_add(&made, &kase, technique, variant, 1);
  row->time.median = true_ns(row, &kase, cores);
  return row;
}

static struct result_row *add(int64_t m, int64_t n, int64_t k, char *variant, double cores) {
  return add_as(m, n, k, "matmul.f16", variant, cores);
}

static struct cost_model *build(void) { return synthetic_build(&made); }

static struct cost_estimate predict(const struct cost_model *cost, const struct kernel_case *kase) {
  return synthetic_predict(cost, "matmul.f16", kase);
}

/* Tiles of 64 x 64: n / 64 workgroups. */
static void how_many_run_side_by_side_is_found(void **state) {
  (void)state;
  static const struct cores known[] = {{1, 0}, {2, 1}, {2, 0.5}, {3, 1}, {8, 0.5}, {48, 1}, {128, 1}};
  for (size_t c = 0; c < sizeof known / sizeof known[0]; c++) {
    start();
    loss = known[c].loss;
    static const int64_t tiles[] = {1, 2, 3, 5, 7, 9, 11, 40, 100, 130, 200};
    for (size_t t = 0; t < sizeof tiles / sizeof tiles[0]; t++) {
      add(64, 64 * tiles[t], 512, "matmul.f16.tiled", known[c].n);
      add(64, 64 * tiles[t], 2048, "matmul.f16.tiled", known[c].n);
    }
    struct cost_model *cost = build();
    assert_float_equal(cost->cores.n, known[c].n, 0);
    assert_float_equal(cost->cores.loss, known[c].loss, 0);
    for (int64_t n = 64; n <= 64 * 60; n += 64 * 13) {
      const struct kernel_case kase = synthetic_matmul(64, n, 1024);
      assert_float_equal(predict(cost, &kase).ns / true_ns(&made.rows[0], &kase, known[c].n), 1, 1e-6);
    }
    cost_free(cost);
  }
}

/* 68 rows of x fill two tiles of 64, or 17 times 4 columns. Where nothing is wasted `tiled` is the faster one here. */
static void the_kernel_that_wastes_least_is_predicted(void **state) {
  (void)state;
  const double slower = 1.05;
  start();
  for (int64_t k = 512; k <= 4096; k *= 2) {
    add(64, 1024, k, "matmul.f16.tiled", 1), add(256, 1024, k, "matmul.f16.tiled", 1);
    for (int64_t m = 12; m <= 40; m += 28) add(m, 1024, k, "matmul.f16.rows", 1)->time.median *= slower;
  }
  struct cost_model *cost = build();
  const struct kernel_case ragged = synthetic_matmul(68, 1024, 1024), full = synthetic_matmul(64, 1024, 1536);
  assert_string_equal(predict(cost, &ragged).row->variant, "matmul.f16.rows");
  assert_float_equal(predict(cost, &ragged).ns / true_ns(&made.rows[2], &ragged, 1), slower, 1e-6);
  assert_string_equal(predict(cost, &full).row->variant, "matmul.f16.tiled");
  cost_free(cost);
}

/* Rows that lost their shape are rows of their kernel. Here `rows` does twice the operations of `tiled` in a second,
 * but takes 100 us to begin: which of them a shape will be given to follows from both laws. */
static void where_one_kernel_gives_way_to_another_follows_from_both(void **state) {
  (void)state;
  start();
  for (int64_t m = 4; m <= 256; m *= 4)
    for (int64_t n = 256; n <= 1024; n *= 2) {
      add(m, n, 1024, "matmul.f16.rows", 1)->time.median = 100000 + (double)(m * n) * 1024 / 20000;
      add(m, n, 1024, "matmul.f16.tiled", 1);
    }
  struct cost_model *cost = build();
  assert_int_equal(cost_find(cost, "matmul.f16", REGIME_PREFILL)->n, 9);
  assert_int_equal(cost_find(cost, "matmul.f16", REGIME_DECODE)->n, 3);
  const struct kernel_case few = synthetic_matmul(16, 512, 2048), many = synthetic_matmul(1024, 4096, 1024);
  assert_string_equal(predict(cost, &few).row->variant, "matmul.f16.tiled");
  assert_string_equal(predict(cost, &many).row->variant, "matmul.f16.rows");
  assert_float_equal(predict(cost, &few).ns / true_ns(&made.rows[1], &few, 1), 1, 0.01);
  cost_free(cost);
}

/* The law of a kernel holds for few rows of x and many: 32 are predicted by what 1 to 8 took, though tiles won at
 * 64. */
static void a_kernel_has_one_law_from_decode_to_prefill(void **state) {
  (void)state;
  start();
  for (int64_t n = 512; n <= 4096; n *= 2) {
    add(64, n, 1024, "matmul.f16.tiled", 1);
    add(4, n, 1024, "matmul.f16.rows", 1), add(8, n, 1024, "matmul.f16.rows", 1);
  }
  struct cost_model *cost = build();
  const struct kernel_case between = synthetic_matmul(32, 2048, 1024);
  assert_string_equal(predict(cost, &between).row->variant, "matmul.f16.rows");
  assert_float_equal(predict(cost, &between).ns / true_ns(&made.rows[1], &between, 1), 1, 1e-6);
  cost_free(cost);
}

static void a_row_is_predicted_from_the_others(void **state) {
  (void)state;
  start();
  for (int64_t n = 1024; n <= 8192; n *= 2) add(64, n, 1024, "matmul.f16.tiled", 1);
  made.rows[2].time.median *= 3;
  struct cost_model *cost = build();
  const struct cost_group *group = cost_find(cost, "matmul.f16", REGIME_PREFILL);
  struct cost_estimate e;
  assert_true(cost_left_out(group, 2, &e));
  assert_ptr_equal(e.row, &made.rows[2]);
  assert_float_equal(3 * e.ns / made.rows[2].time.median, 1, 0.05);
  assert_true(e.lo < e.ns && e.ns < e.hi && e.hi > made.rows[2].time.median / 2);
  assert_true(cost_left_out(group, 3, &e) && !e.extrapolated);   /* 8192 is twice 4096, and no more */
  cost_free(cost);
}

static void one_unit_cannot_be_left_out(void **state) {
  (void)state;
  start();
  for (int64_t m = 64; m <= 256; m *= 2) add(m, 1024, 1024, "matmul.f16.tiled", 1);
  struct cost_model *cost = build();
  struct cost_estimate e;
  assert_false(cost_left_out(cost_find(cost, "matmul.f16", REGIME_PREFILL), 0, &e));
  cost_free(cost);
}

/* Two formats at the same shapes. What a shape takes is not known from the other format either. */
static void a_unit_is_left_out_of_all_kernels(void **state) {
  (void)state;
  start();
  for (int64_t n = 1024; n <= 8192; n *= 2) {
    const double slow = n == 8192 ? 3 : 1;
    add(64, n, 1024, "matmul.f16.tiled", 1)->time.median *= slow;
    add_as(64, n, 1024, "matmul.f32", "matmul.f32.tiled", 1)->time.median *= 2 * slow;
  }
  struct cost_model *cost = build();
  for (size_t g = 0; g < 2; g++) {
    struct cost_estimate e;
    const struct cost_group *group = cost_find(cost, g == 0 ? "matmul.f16" : "matmul.f32", REGIME_PREFILL);
    assert_true(cost_left_out(group, 3, &e));
    assert_true(e.ns < 0.7 * group->rows[3]->time.median);
  }
  cost_free(cost);
}

/* The farther one shape lies off the law, the wider is the interval of all. */
static void a_shape_off_the_law_widens_the_error(void **state) {
  (void)state;
  double before = 1e-5;
  for (double factor = 1.2; factor < 5; factor *= 1.5) {
    start();
    for (int64_t n = 1024; n <= 6144; n += 1024) add(64, n, 1024, "matmul.f16.tiled", 1);
    made.rows[3].time.median *= factor;
    struct cost_model *cost = build();
    const double error = cost_find(cost, "matmul.f16", REGIME_PREFILL)->error;
    assert_true(error > before && exp(1.96 * error) > sqrt(factor));
    before = error;
    cost_free(cost);
  }
}

/* A technique whose three rows agree by chance is not surer than the others of its op allow. */
static void few_rows_share_the_error_of_their_op(void **state) {
  (void)state;
  start();
  for (int64_t n = 1024; n <= 8192; n += 1024)
    add(64, n, 1024, "matmul.f16.tiled", 1)->time.median *= n / 1024 % 2 ? 1.3 : 1 / 1.3;
  for (int64_t n = 2048; n <= 6144; n += 2048) add_as(64, n, 512, "matmul.f32", "matmul.f32.tiled", 1);
  struct cost_model *cost = build();
  const double many = cost_find(cost, "matmul.f16", REGIME_PREFILL)->error;
  const double few = cost_find(cost, "matmul.f32", REGIME_PREFILL)->error;
  assert_true(few > 0.1 && few < many);
  cost_free(cost);
}

/* What is empty takes an empty dispatch, though nothing that small was measured. */
static void the_empty_dispatch_is_a_point(void **state) {
  (void)state;
  start();
  for (int64_t n = 1024; n <= 8192; n *= 2)
    add(64, n, 1024, "matmul.f16.tiled", 1)->time.median *= n % 3 == 1 ? 1.05 : 0.95;
  const struct kernel_case small = synthetic_matmul(64, 64, 32);
  double off[2];
  for (int known = 0; known < 2; known++) {
    made.result.ceilings.dispatch_ns = known ? 4000 : NAN;
    struct cost_model *cost = build();
    off[known] = fabs(predict(cost, &small).ns / true_ns(&made.rows[0], &small, 1) - 1);
    cost_free(cost);
  }
  assert_true(off[1] < 0.05 && off[1] < off[0]);
}

/* A damaged or hostile file: no row may be cut into millions of windows. */
static void impossible_limits_are_refused(void **state) {
  (void)state;
  for (int which = 0; which < 2; which++) {
    start();
    for (int64_t k = 512; k <= 4096; k *= 2) add(64, 1024, k, "matmul.f16.tiled", 1);
    if (which == 0) made.result.caps.limits.storage_range = 1 << 20;
    else made.result.caps.limits.group_count[1] = 1;
    struct error err = {0};
    assert_null(cost_build(&made.result, &err));
    assert_non_null(strstr(err.text, "device.limits"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(how_many_run_side_by_side_is_found),
    cmocka_unit_test(the_kernel_that_wastes_least_is_predicted),
    cmocka_unit_test(where_one_kernel_gives_way_to_another_follows_from_both),
    cmocka_unit_test(a_kernel_has_one_law_from_decode_to_prefill),
    cmocka_unit_test(a_row_is_predicted_from_the_others),
    cmocka_unit_test(a_unit_is_left_out_of_all_kernels),
    cmocka_unit_test(a_shape_off_the_law_widens_the_error),
    cmocka_unit_test(few_rows_share_the_error_of_their_op),
    cmocka_unit_test(one_unit_cannot_be_left_out),
    cmocka_unit_test(the_empty_dispatch_is_a_point),
    cmocka_unit_test(impossible_limits_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
