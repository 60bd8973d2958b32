/* The indicators against moocore's, and the hypervolume against counting. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "indicator_vectors.h"
#include "indicators.h"
#include "rng.h"

static void assert_near(double value, double expected) { assert_true(fabs(value - expected) <= 1e-12 * fmax(1, fabs(expected))); }

static void are_those_of_moocore(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof indicator_vectors / sizeof indicator_vectors[0]; i++) {
    const size_t coords = indicator_vectors[i].coords;
    const struct indicator_set set = {indicator_vectors[i].set, indicator_vectors[i].n, coords};
    const struct indicator_set reference = {indicator_vectors[i].reference, indicator_vectors[i].n_reference, coords};
    struct error err = {0};
    double volume;
    assert_true(indicator_hypervolume(&set, indicator_vectors[i].corner, &volume, &err));
    assert_near(volume, indicator_vectors[i].hypervolume);
    assert_near(indicator_epsilon(&set, &reference), indicator_vectors[i].epsilon);
    assert_near(indicator_igd_plus(&set, &reference), indicator_vectors[i].igd_plus);
  }
}

/* Whole coordinates below 4: the volume is the number of unit cubes that a point is <= to. */
static double count_cubes(const double *at, size_t n, size_t coords) {
  size_t cubes = 0;
  for (size_t cell = 0; cell < (size_t)1 << (2 * coords); cell++) {
    bool inside = false;
    for (size_t i = 0; i < n && !inside; i++) {
      inside = true;
      for (size_t c = 0; c < coords; c++) inside &= at[i * coords + c] <= (double)(cell >> (2 * c) & 3);
    }
    cubes += inside;
  }
  return (double)cubes;
}

static void hypervolume_is_that_of_counting(void **state) {
  (void)state;
  struct rng rng = rng_make(3);
  const double corner[] = {4, 4, 4, 4, 4};
  for (int round = 0; round < 10000; round++) {
    const size_t coords = 2 + rng_below(&rng, 3), n = rng_below(&rng, 8);
    double at[8 * 4], volume;
    for (size_t i = 0; i < n * coords; i++) at[i] = (double)rng_below(&rng, 5);
    struct error err = {0};
    assert_true(indicator_hypervolume(&(struct indicator_set){at, n, coords}, corner, &volume, &err));
    assert_float_equal(volume, count_cubes(at, n, coords), 0);
  }
}

static void a_space_of_no_size_is_refused(void **state) {
  (void)state;
  const double at[] = {1}, corner[] = {2};
  double volume;
  struct error err = {0};
  assert_false(indicator_hypervolume(&(struct indicator_set){at, 1, 1}, corner, &volume, &err));
  assert_false(indicator_hypervolume(&(struct indicator_set){at, 1, INDICATOR_COORDS + 1}, corner, &volume, &err));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(are_those_of_moocore),
    cmocka_unit_test(hypervolume_is_that_of_counting),
    cmocka_unit_test(a_space_of_no_size_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
