/* Sensitivities: what is read, how each kind of nonsense is refused, what they make of published losses. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sensitivity.h"

#define HEAD "{\"schema\": \"vkpareto.sensitivity/1\", \"model\": \"m\", \"layers\": 4, \"source\": \"s\", "
#define RELATIVE(classes) HEAD "\"unit\": \"relative\", \"classes\": {" classes "}}"
#define NATS(classes) HEAD "\"unit\": \"nats\", \"classes\": {" classes "}}"

static struct sensitivity *parse(const char *text) {
  struct error err = {0};
  struct sensitivity *s = sensitivity_parse(text, strlen(text), &err);
  if (!s) fail_msg("%s", err.text);
  return s;
}

static void relative_numbers_share_out_the_published_loss(void **state) {
  (void)state;
  struct sensitivity *s = parse(RELATIVE("\"qkv\": [10, 20, 30, 40]"));
  const struct quality_estimate published = {.nats = 0.02, .lo = 0.01, .hi = 0.03};
  assert_float_equal(sensitivity_of_class(s, CLASS_QKV, "int4_g32", &published).nats, 0.02, 0);
  double sum = 0;
  for (size_t l = 0; l < 4; l++) {
    const double nats = sensitivity_of_layer(s, CLASS_QKV, "int4_g32", &published, l);
    assert_float_equal(nats, 0.002 * (double)(l + 1), 1e-15);
    sum += nats;
  }
  assert_float_equal(sum, published.nats, 1e-15);
  assert_true(isnan(sensitivity_of_layer(s, CLASS_FFN_UP, "int4_g32", &published, 0)));
  assert_true(sensitivity_covers(s, CLASS_QKV));
  assert_false(sensitivity_covers(s, CLASS_FFN_UP));
  sensitivity_free(s);
}

static void nats_take_the_place_of_what_was_published(void **state) {
  (void)state;
  struct sensitivity *s = parse(NATS("\"ffn_down\": {\"int8_g32\": [0.001, 0, 0, 0.002], \"int4_g32\": [0.1, 0, 0, "
                                     "0.02]}"));
  const struct quality_estimate published = {.nats = 0.02, .lo = 0.01, .hi = 0.03}, base = {.baseline = true};
  const struct quality_estimate e = sensitivity_of_class(s, CLASS_FFN_DOWN, "int8_g32", &published);
  assert_float_equal(e.nats, 0.003, 1e-15);
  assert_float_equal(e.lo, 0.0015, 1e-15);
  assert_float_equal(e.hi, 0.0045, 1e-15);
  assert_non_null(e.figure);
  char text[1024];
  quality_text(&e, text, sizeof text);
  assert_non_null(strstr(text, "int8_g32 in ffn_down (same) on m: 0.003 nats in all"));
  assert_float_equal(sensitivity_of_layer(s, CLASS_FFN_DOWN, "int8_g32", &e, 3), 0.002, 0);
  /* over what adds up; of what nobody measured the published figure, of the whole class only; nothing is below the
   * base */
  assert_true(sensitivity_of_class(s, CLASS_FFN_DOWN, "int4_g32", &published).too_large);
  assert_float_equal(sensitivity_of_class(s, CLASS_FFN_DOWN, "int4z_g32", &published).nats, 0.02, 0);
  assert_true(isnan(sensitivity_of_layer(s, CLASS_FFN_DOWN, "int4z_g32", &published, 0)));
  assert_true(sensitivity_of_class(s, CLASS_FFN_DOWN, "f16", &base).baseline);
  assert_float_equal(sensitivity_of_layer(s, CLASS_FFN_DOWN, "f16", &base, 0), 0, 0);
  sensitivity_free(s);
}

static void nonsense_is_refused_by_name(void **state) {
  (void)state;
  static const struct { const char *text, *words; } cases[] = {
    {"[]", "sensitivity/1"},
    {"{\"schema\": \"vkpareto.quality/1\"}", "sensitivity/1"},
    {RELATIVE(""), "has no class"},
    {HEAD "\"unit\": \"percent\", \"classes\": {\"qkv\": [1, 1, 1, 1]}}",
     "'unit' is 'percent'; there are nats, relative"},
    {HEAD "\"classes\": {\"qkv\": [1, 1, 1, 1]}}", "'unit'"},
    {HEAD "\"unit\": \"relative\"}", "'classes'"},
    {RELATIVE("\"qkv\": [1, 1, 1]"), "qkv: 3 numbers for 4 layers; give one for each layer, 0 to 3"},
    {RELATIVE("\"qkv\": [1, 1, 1, 1, 1]"), "5 numbers for 4 layers"},
    {RELATIVE("\"qkv\": [1, null, 1, 1]"), "layer 1 is no number"},
    {RELATIVE("\"qkv\": [1, \"1\", 1, 1]"), "layer 1 is no number"},
    {RELATIVE("\"qkv\": [1, 1, -0.5, 1]"), "layer 2 is -0.5, below 0"},
    {RELATIVE("\"qkv\": [1, 1, 1e10, 1]"), "layer 2 is 1e+10, over 1e+09"},
    {RELATIVE("\"qkv\": [1, 1, NaN, 1]"), "line"},
    {RELATIVE("\"qkv\": [0, 0, 0, 0]"), "every layer is 0"},
    {RELATIVE("\"qkv\": {\"int8_g32\": [1, 1, 1, 1]}"), "qkv: a list of numbers is wanted"},
    {RELATIVE("\"qkv\": [1, 1, 1, 1], \"qkv\": [1, 1, 1, 2]"), "qkv: is there twice"},
    {RELATIVE("\"wqkv\": [1, 1, 1, 1]"), "wqkv: is no class of weights; there are qkv"},
    {RELATIVE("\"logits\": [1, 1, 1, 1]"), "logits: belongs to no layer"},
    {NATS("\"qkv\": [1, 1, 1, 1]"), "qkv: in nats a class has a list for each format"},
    {NATS("\"qkv\": {}"), "qkv: has no format"},
    {NATS("\"qkv\": {\"q4_0\": [1, 1, 1, 1]}"), "no weight format is called 'q4_0'; there are f32, f16, int8_g32"},
    {NATS("\"qkv\": {\"f16\": [0, 0, 0, 0], \"f16\": [0, 0, 0, 0]}"), "qkv: f16: is there twice"},
    {NATS("\"qkv\": {\"f16\": [0, 0, 0, 0]}, \"qkv\": {\"f32\": [0, 0, 0, 0]}"), "qkv: is there twice"},
    {"{\"schema\": \"vkpareto.sensitivity/1\", \"model\": \"\", \"layers\": 1, \"source\": \"s\", \"unit\": \"nats\"}",
     "'model' is empty"},
    {"{\"schema\": \"vkpareto.sensitivity/1\", \"model\": \"m\", \"layers\": 1, \"source\": \"\", \"unit\": \"nats\"}",
     "'source' is empty"},
    {"{\"schema\": \"vkpareto.sensitivity/1\", \"model\": \"m\", \"layers\": 0, \"source\": \"s\", \"unit\": "
     "\"nats\"}", "'layers'"},
    {"{\"schema\": \"vkpareto.sensitivity/1\", \"model\": \"m\", \"layers\": 1e9, \"source\": \"s\", \"unit\": "
     "\"nats\"}", "'layers'"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct error err = {0};
    assert_null(sensitivity_parse(cases[i].text, strlen(cases[i].text), &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    if (!strstr(err.text, cases[i].words)) fail_msg("case %zu: '%s' is not in '%s'", i, cases[i].words, err.text);
  }
}

static void ten_megabytes_of_nested_arrays_are_refused(void **state) {
  (void)state;
  enum { BYTES = 10 << 20 };
  char *text = malloc(BYTES);
  memset(text, '[', BYTES);
  struct error err = {0};
  assert_null(sensitivity_parse(text, BYTES, &err));
  assert_non_null(strstr(err.text, "nested"));
  free(text);
}

static void another_models_layers_are_refused(void **state) {
  (void)state;
  struct sensitivity *s = parse(RELATIVE("\"qkv\": [1, 1, 1, 1]"));
  struct model model = {.id = "other", .layers = 4};
  struct error err = {0};
  assert_true(sensitivity_fits(s, &model, &err));
  model.layers = 5;
  assert_false(sensitivity_fits(s, &model, &err));
  assert_non_null(strstr(err.text, "of m with 4 layers, other has 5"));
  sensitivity_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(relative_numbers_share_out_the_published_loss),
        cmocka_unit_test(nats_take_the_place_of_what_was_published),
    cmocka_unit_test(nonsense_is_refused_by_name), cmocka_unit_test(ten_megabytes_of_nested_arrays_are_refused),
    cmocka_unit_test(another_models_layers_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
