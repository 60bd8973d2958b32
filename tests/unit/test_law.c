/* Synthetic devices that run so many workgroups side by side: how many is found from times alone, and with it what shapes
 * take that leave some of the cores without work. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cost.h"
#include "demand.h"

enum { MOST = 64 };
static struct result_row rows[MOST];
static struct result result;

static void start(void) {
  result = (struct result){.rows = rows};
  struct caps *caps = &result.caps;
  caps->limits.storage_range = caps->limits.allocation = 1u << 31;
  caps->limits.shared_memory = 32768;
  caps->limits.invocations = 1024;
  for (int i = 0; i < 3; i++) caps->limits.group_size[i] = 1024, caps->limits.group_count[i] = 65535;
  caps->subgroup.size = caps->subgroup.min = caps->subgroup.max = 32;
}

static struct kernel_case matmul(int64_t m, int64_t n, int64_t k) {
  return (struct kernel_case){.family = family_find("matmul"), .dim = {m, n, k}, .mode = MODE_COLD};
}

/* 4 us, 400 GB/s, 20 T operations/s by all cores together. */
static double true_ns(const struct result_row *row, const struct kernel_case *kase, double cores) {
  struct demand demand;
  assert_true(demand_of(row, kase, &result.caps, cores, &demand));
  return 4000 * demand.amount[FIT_LAUNCH] + demand.amount[FIT_BYTE] / 400 + demand.amount[FIT_OPERATION] / 20000;
}

static struct result_row *add(int64_t m, int64_t n, int64_t k, char *variant, double cores) {
  const struct kernel_case kase = matmul(m, n, k);
  struct result_row *row = &rows[result.n_rows++];
  assert_true(result.n_rows <= MOST);
  *row = (struct result_row){.op = "matmul", .technique = "matmul.f16", .variant = variant, .family = kase.family, .mode = MODE_COLD,
                             .status = STATUS_OK};
  memcpy(row->dim, kase.dim, sizeof row->dim);
  const double ns = true_ns(row, &kase, cores);
  row->time = (struct sample_summary){.median = ns, .lo = 0.99 * ns, .hi = 1.01 * ns};
  return row;
}

static struct cost_model *build(void) {
  struct error err = {0};
  struct cost_model *cost = cost_build(&result, &err);
  if (!cost) fail_msg("%s", err.text);
  return cost;
}

static struct cost_estimate predict(const struct cost_model *cost, const struct kernel_case *kase) {
  struct cost_estimate e;
  struct error err = {0};
  if (!cost_predict(cost, "matmul.f16", kase, &e, &err)) fail_msg("%s", err.text);
  return e;
}

/* Tiles of 64 x 64: n / 64 workgroups. */
static void how_many_run_side_by_side_is_found(void **state) {
  (void)state;
  static const double known[] = {1, 2, 3, 8, 48, 128};
  for (size_t c = 0; c < sizeof known / sizeof known[0]; c++) {
    start();
    static const int64_t tiles[] = {1, 2, 3, 5, 7, 9, 11, 40, 100, 130, 200};
    for (size_t t = 0; t < sizeof tiles / sizeof tiles[0]; t++) {
      add(64, 64 * tiles[t], 512, "matmul.f16.tiled", known[c]);
      add(64, 64 * tiles[t], 2048, "matmul.f16.tiled", known[c]);
    }
    struct cost_model *cost = build();
    assert_float_equal(cost->cores, known[c], 0);
    for (int64_t n = 64; n <= 64 * 60; n += 64 * 13) {
      const struct kernel_case kase = matmul(64, n, 1024);
      assert_float_equal(predict(cost, &kase).ns / true_ns(&rows[0], &kase, known[c]), 1, 1e-6);
    }
    cost_free(cost);
  }
}

/* 68 rows of x fill two tiles of 64, or 17 times 4 columns. */
static void the_kernel_that_wastes_least_is_predicted(void **state) {
  (void)state;
  start();
  for (int64_t k = 512; k <= 4096; k *= 2) {
    add(64, 1024, k, "matmul.f16.tiled", 1);
    add(12, 1024, k, "matmul.f16.rows", 1);
  }
  struct cost_model *cost = build();
  const struct kernel_case ragged = matmul(68, 1024, 1024), full = matmul(64, 1024, 1024);
  assert_string_equal(predict(cost, &ragged).row->variant, "matmul.f16.rows");
  assert_float_equal(predict(cost, &ragged).ns / true_ns(&rows[1], &ragged, 1), 1, 1e-6);
  assert_string_equal(predict(cost, &full).row->variant, "matmul.f16.tiled");
  cost_free(cost);
}

static void a_row_is_predicted_from_the_others(void **state) {
  (void)state;
  start();
  for (int64_t n = 1024; n <= 8192; n *= 2) add(64, n, 1024, "matmul.f16.tiled", 1);
  rows[2].time.median *= 3;
  struct cost_model *cost = build();
  const struct cost_group *group = cost_find(cost, "matmul.f16", REGIME_PREFILL);
  struct cost_estimate e;
  assert_true(cost_left_out(group, 2, &e));
  assert_ptr_equal(e.row, &rows[2]);
  assert_float_equal(3 * e.ns / rows[2].time.median, 1, 0.05);
  assert_true(e.lo < e.ns && e.ns < e.hi && e.hi > rows[2].time.median / 2);
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

/* What is empty takes an empty dispatch, though nothing that small was measured. */
static void the_empty_dispatch_is_a_point(void **state) {
  (void)state;
  start();
  for (int64_t n = 1024; n <= 8192; n *= 2) add(64, n, 1024, "matmul.f16.tiled", 1)->time.median *= n % 3 == 1 ? 1.05 : 0.95;
  const struct kernel_case small = matmul(64, 64, 32);
  double off[2];
  for (int known = 0; known < 2; known++) {
    result.ceilings.dispatch_ns = known ? 4000 : NAN;
    struct cost_model *cost = build();
    off[known] = fabs(predict(cost, &small).ns / true_ns(&rows[0], &small, 1) - 1);
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
    if (which == 0) result.caps.limits.storage_range = 1 << 20;
    else result.caps.limits.group_count[1] = 1;
    struct error err = {0};
    assert_null(cost_build(&result, &err));
    assert_non_null(strstr(err.text, "device.limits"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(how_many_run_side_by_side_is_found),
    cmocka_unit_test(the_kernel_that_wastes_least_is_predicted),
    cmocka_unit_test(a_row_is_predicted_from_the_others),
    cmocka_unit_test(one_unit_cannot_be_left_out),
    cmocka_unit_test(the_empty_dispatch_is_a_point),
    cmocka_unit_test(impossible_limits_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
