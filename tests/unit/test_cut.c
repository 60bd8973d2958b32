/* One dimension cut into windows: they follow each other, hold whole units but for the end, are as many as asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "cut.h"

static void windows_cover_everything_in_whole_units(void **state) {
  (void)state;
  for (uint64_t size = 1; size < 70; size++)
    for (uint64_t unit = 1; unit < 20; unit += 3)
      for (uint64_t most = 1; most < 80; most += 5) {
        struct cut cut;
        bool fits = most >= unit || most >= size;
        assert_int_equal(cut_make(&cut, size, unit, most), fits);
        if (!fits) continue;
        assert_int_equal(cut_begin(&cut, 0), 0);
        assert_int_equal(cut_begin(&cut, cut.windows), size);
        for (uint64_t i = 0; i < cut.windows; i++) {
          uint64_t begin = cut_begin(&cut, i), end = cut_begin(&cut, i + 1);
          assert_int_equal(begin % unit, 0);
          assert_in_range(end, begin + 1, begin + (most < size ? most : size));
        }
      }
}

static void more_windows_are_made_until_units_run_out(void **state) {
  (void)state;
  struct cut cut;
  assert_true(cut_make(&cut, 100, 8, 1000));
  assert_int_equal(cut.windows, 1);
  cut_raise(&cut, 3);
  assert_int_equal(cut.windows, 3);
  cut_raise(&cut, 2);
  assert_int_equal(cut.windows, 3);
  cut_raise(&cut, 1000);
  assert_int_equal(cut.windows, 13);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(windows_cover_everything_in_whole_units),
    cmocka_unit_test(more_windows_are_made_until_units_run_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
