/* The energy model, and what an op is said to take, on joules that a person chose. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cost.h"
#include "rng.h"

/* A device of 30 W, 60 pJ a byte, 2 pJ an operation, 500 GB/s and 10 Tflop/s; from 1 MB to 100 MB, 0.1 to 1000
 * operations a byte. */
enum { UNITS = 6, PER_UNIT = 3, N = UNITS * PER_UNIT };
static const double WATTS = 30, BYTE = 60e-12, OPERATION = 2e-12;

static void make(struct energy_point points[N], double noise, struct rng *rng) {
  for (size_t i = 0; i < N; i++) {
    const double bytes = 1e6 * pow(100, (double)(i / PER_UNIT) / (UNITS - 1));
    const double flops = bytes * pow(10, 2 * (double)(i % PER_UNIT) - 1);
    const double seconds = 4e-6 + bytes / 500e9 + flops / 10e12;
    const double joules = WATTS * seconds + BYTE * bytes + OPERATION * flops;
    points[i] = (struct energy_point){bytes, flops, 1e9 * seconds, joules * (1 + noise * rng_normal(rng)),
                                      i / PER_UNIT};
  }
}

static void known_coefficients_are_found(void **state) {
  (void)state;
  struct energy_point points[N];
  struct rng rng = rng_make(1);
  struct energy_fit fit;
  make(points, 0, &rng);
  assert_true(energy_fit_solve(points, N, UNITS, &fit));
  assert_true(fabs(fit.idle_watts / WATTS - 1) < 1e-6 && fabs(fit.joules_per_byte / BYTE - 1) < 1e-6);
  assert_true(fabs(fit.joules_per_flop / OPERATION - 1) < 1e-6 && fit.error < 1e-6 && fit.n == N);
  for (size_t i = 0; i < N; i++)
    assert_float_equal(energy_fit_at(&fit, points[i].bytes, points[i].flops, points[i].ns) / points[i].joules, 1, 1e-6);
}

static void error_is_that_of_what_was_left_out(void **state) {
  (void)state;
  struct energy_point points[N];
  struct rng rng = rng_make(2);
  struct energy_fit fit;
  make(points, 0.05, &rng);
  assert_true(energy_fit_solve(points, N, UNITS, &fit));
  assert_true(fit.error > 0.02 && fit.error < 0.15);
  assert_true(fit.idle_watts >= 0 && fit.joules_per_byte >= 0 && fit.joules_per_flop >= 0);
  for (size_t i = 0; i < N; i++) points[i].unit = 0;
  assert_true(energy_fit_solve(points, N, 1, &fit));
  assert_true(isnan(fit.error));   /* nothing could be left out */
}

static void too_few_points_fit_nothing(void **state) {
  (void)state;
  struct energy_point points[N];
  struct rng rng = rng_make(3);
  struct energy_fit fit;
  make(points, 0, &rng);
  assert_false(energy_fit_solve(points, ENERGY_MIN_POINTS - 1, 1, &fit));
  assert_false(energy_fit_solve(NULL, 0, 0, &fit));
  assert_true(energy_fit_solve(points, ENERGY_MIN_POINTS, 2, &fit));
}

/* Idle at 20 W for the 100 ns by which a run under load took longer than the op. */
static void joules_of_the_gaps_are_not_the_ops(void **state) {
  (void)state;
  struct error err = {0};
  struct result *read = result_read(SOURCE_DIR "/tests/golden/result.json", &err);
  assert_non_null(read);
  struct result_row *row = &read->rows[0];
  row->energy = (struct result_energy){.gross = 1e-5, .gross_error = 1e-7, .idle_watts = 20,
                                       .run_ns = row->time.median + 100, .windows = 3};
  struct cost_model *cost = cost_build(read, &err);
  struct kernel_case kase = {.family = row->family, .mode = row->mode};
  memcpy(kase.dim, row->dim, sizeof kase.dim);
  struct cost_estimate e;
  assert_true(cost_predict(cost, row->technique, &kase, &e, &err));
  assert_true(e.joules_measured && !cost->has_energy);
  assert_float_equal(e.joules, 1e-5 - 2e-6, 1e-12);
  assert_true(cost_predict(cost, read->rows[1].technique, &kase, &e, &err));
  assert_true(isnan(e.joules) && isnan(cost_idle_joules(cost, 1)));
  cost_free(cost);
  result_free(read);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(known_coefficients_are_found),
      cmocka_unit_test(error_is_that_of_what_was_left_out),
      cmocka_unit_test(too_few_points_fit_nothing),
      cmocka_unit_test(joules_of_the_gaps_are_not_the_ops),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
