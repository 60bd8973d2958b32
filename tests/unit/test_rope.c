#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>

#include "../golden/block_vectors.h"
#include "rope.h"

enum { HEAD = 64 };
static const double llama3 = 500000;

/* To half a unit in the last place of the float, and what a double loses of an angle of 131,071. */
static void assert_row(uint64_t position, const double *expected) {
  float row[HEAD];
  rope_angles(row, position, HEAD, llama3);
  for (int i = 0; i < HEAD; i++) assert_true(fabs(row[i] - expected[i]) <= fabs(expected[i]) * 0x1p-24 + 1e-10);
}

static void the_first_position_turns_nothing(void **state) {
  (void)state;
  float row[HEAD];
  rope_angles(row, 0, HEAD, llama3);
  for (int i = 0; i < HEAD; i += 2) assert_true(row[i] == 1 && row[i + 1] == 0);
  assert_row(0, rope_at_0);
}

static void far_positions_agree_with_numpy(void **state) {
  (void)state;
  assert_row(4095, rope_at_4095);
  assert_row(131071, rope_at_131071);
}

static void the_first_pair_turns_by_one_radian_a_position(void **state) {
  (void)state;
  float row[2];
  rope_angles(row, 3, 2, 10000);
  assert_true(row[0] == (float)cos(3) && row[1] == (float)sin(3));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_first_position_turns_nothing),
    cmocka_unit_test(far_positions_agree_with_numpy),
    cmocka_unit_test(the_first_pair_turns_by_one_radian_a_position),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
