#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "text.h"

static void sizes_take_binary_and_decimal_units(void **state) {
  (void)state;
  static const struct { const char *text; uint64_t bytes; } good[] = {
    {"8GiB", 8ull << 30}, {"6.5GB", 6500000000}, {"512MiB", 512ull << 20}, {"1kib", 1024}, {"3 MB", 3000000},
    {"2KB", 2000}, {"17B", 17}, {"0.5GiB", 1ull << 29}, {"0B", 0},
  };
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    struct error err = {0};
    uint64_t bytes = 1;
    assert_true(text_parse_size(good[i].text, &bytes, &err));
    assert_true(bytes == good[i].bytes);
  }
}

static void nonsense_is_no_size(void **state) {
  (void)state;
  static const char *const bad[] = {
    "", "8", "GiB", "-8GiB", "+8GiB", " 8GiB", "8GiBs", "8G", "nanGiB", "infGiB", "0x8GiB", "1e3GiB", "8.GiB", ".5GiB",
    "1.2.3GiB", "99999999999999999999GiB", "17179869184GiB", "8,5GiB",
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct error err = {0};
    uint64_t bytes;
    if (text_parse_size(bad[i], &bytes, &err)) fail_msg("'%s' was taken for a size", bad[i]);
    assert_int_equal(err.kind, ERROR_USAGE);
    assert_true(strstr(err.text, "GiB") != NULL);   /* the remedy */
  }
}

static void whole_numbers_are_checked(void **state) {
  (void)state;
  struct error err = {0};
  uint64_t value;
  assert_true(text_parse_u64("18446744073709551615", 0, UINT64_MAX, &value, &err) && value == UINT64_MAX);
  assert_true(text_parse_u64("007", 7, 7, &value, &err) && value == 7);
  static const char *const bad[] = {
    "", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x10", "18446744073709551616", "99999999999999999999999", "5",
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_false(text_parse_u64(bad[i], 6, UINT64_MAX, &value, &err));
}

static void numbers_are_checked(void **state) {
  (void)state;
  struct error err = {0};
  double value;
  assert_true(text_parse_double("-1.5e-3", -1, 1, &value, &err) && value == -1.5e-3);
  static const char *const bad[] = {"", "nan", "inf", "1e999", "0x1p3", "1.5ms", "--1", "e", ".", " 1", "11", "-11"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (text_parse_double(bad[i], -10, 10, &value, &err)) fail_msg("'%s' was taken for a number", bad[i]);
}

static void globs_match_whole_texts(void **state) {
  (void)state;
  assert_true(text_glob("*", ""));
  assert_true(text_glob("matmul/*/int4*", "matmul/m1-n4096/int4_g32.dot/cold"));
  assert_true(text_glob("m?tmul*", "matmul"));
  assert_true(text_glob("*a*b*c", "xxaxbxbxc"));
  assert_true(text_glob("[a]", "[a]"));
  assert_false(text_glob("matmul", "matmul/"));
  assert_false(text_glob("?", ""));
  assert_false(text_glob("*cold", "x/cold/warm"));
  assert_false(text_glob("", "a"));
}

static void hostile_globs_end(void **state) {
  (void)state;
  char text[4001], pattern[] = "*a*a*a*a*a*a*a*a*a*a*a*a*b";
  memset(text, 'a', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  assert_false(text_glob(pattern, text));
}

static void nearest_finds_the_slip(void **state) {
  (void)state;
  static const char *const names[] = {"quick", "standard", "full", "llama-3.1-8b", "qwen2.5-7b"};
  assert_string_equal(text_nearest("qiuck", names, 5), "quick");
  assert_string_equal(text_nearest("QUICK", names, 5), "quick");
  assert_string_equal(text_nearest("standart", names, 5), "standard");
  assert_string_equal(text_nearest("llama-3-8b", names, 5), "llama-3.1-8b");
  assert_null(text_nearest("mistral", names, 5));
  assert_null(text_nearest("", names, 5));
  assert_null(text_nearest("quick", names, 0));
  static const char *const six = "abcdef", *const five = "abcde";   /* two slips in six are a third, in five more */
  assert_string_equal(text_nearest("abXYef", &six, 1), six);
  assert_null(text_nearest("abXYe", &five, 1));
  char lengthy[5000];
  memset(lengthy, 'q', sizeof lengthy - 1);
  lengthy[sizeof lengthy - 1] = '\0';
  assert_null(text_nearest(lengthy, names, 5));
}

static void slugs_are_safe_file_names(void **state) {
  (void)state;
  static const struct { const char *text, *slug; } cases[] = {
    {"NVIDIA GeForce RTX 4090", "nvidia-geforce-rtx-4090"},
    {"llvmpipe (LLVM 15.0.6, 256 bits)", "llvmpipe-llvm-15.0.6-256-bits"},
    {"../../etc/passwd", "etc-passwd"},
    {"..", "device"},
    {"", "device"},
    {"  ", "device"},
    {"\xc3\xa9", "device"},
    {"a--b", "a-b"},
    {".hidden.", "hidden"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char slug[64], again[64];
    text_slug(cases[i].text, slug, sizeof slug);
    assert_string_equal(slug, cases[i].slug);
    text_slug(slug, again, sizeof again);
    assert_string_equal(again, slug);
  }
  char tiny[4];
  text_slug("ab cd", tiny, sizeof tiny);
  assert_string_equal(tiny, "ab");
}

static void numbers_print_with_three_digits(void **state) {
  (void)state;
  char text[32];
  static const struct { double ns; const char *text; } durations[] = {
    {0, "0.00 ns"}, {1, "1.00 ns"}, {999.4, "999 ns"}, {999.6, "1.00 us"}, {1234567, "1.23 ms"}, {12.345e9, "12.3 s"},
    {99.96, "100 ns"}, {9.996, "10.0 ns"}, {599e9, "599 s"}, {600e9, "10.0 min"}, {5e12, "1.39 h"},
  };
  for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
    text_duration(durations[i].ns, text, sizeof text);
    assert_string_equal(text, durations[i].text);
  }
  text_duration(NAN, text, sizeof text);
  assert_string_equal(text, "-");
  text_bytes(8.5 * 1024 * 1024 * 1024, text, sizeof text);
  assert_string_equal(text, "8.50 GiB");
  text_bytes(1023.9, text, sizeof text);
  assert_string_equal(text, "1.00 KiB");
}

static void utf8_is_that_of_rfc_3629(void **state) {
  (void)state;
  assert_int_equal(text_utf8_length("a"), 1);
  assert_int_equal(text_utf8_length("\xc3\xa9"), 2);
  assert_int_equal(text_utf8_length("\xe2\x82\xac"), 3);
  assert_int_equal(text_utf8_length("\xf0\x9f\x98\x80"), 4);
  static const char *const bad[] = {
    "", "\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
    "\xf5\x80\x80\x80", "\xff", "\xe2\x82", "\xc3",
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_int_equal(text_utf8_length(bad[i]), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(sizes_take_binary_and_decimal_units),
    cmocka_unit_test(nonsense_is_no_size),
    cmocka_unit_test(whole_numbers_are_checked),
    cmocka_unit_test(numbers_are_checked),
    cmocka_unit_test(globs_match_whole_texts),
    cmocka_unit_test(hostile_globs_end),
    cmocka_unit_test(nearest_finds_the_slip),
    cmocka_unit_test(slugs_are_safe_file_names),
    cmocka_unit_test(numbers_print_with_three_digits),
    cmocka_unit_test(utf8_is_that_of_rfc_3629),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
