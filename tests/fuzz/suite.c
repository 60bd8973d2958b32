/* A suite: what is taken holds to what suite.h promises, whatever the bytes. */
#include "fuzz.h"
#include "suite.h"

static void check_case(const struct suite_case *c) {
  const struct family *family = c->kase.family;
  char text[256];
  PROMISE(family && c->kase.mode < MODE_COUNT);
  for (size_t d = 0; d < family->n_dims; d++)
    PROMISE(c->kase.dim[d] >= family->dims[d].min && c->kase.dim[d] <= family->dims[d].max);
  kernel_shape_text(&c->kase, text, sizeof text);
  PROMISE(text[0]);
  size_t served = 0;
  for (size_t t = 0; t < family->n_techniques; t++) served += suite_case_has(c, &family->techniques[t]);
  PROMISE(served > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct error err = {0};
  struct suite *suite = suite_parse((const char *)data, size, &err);
  fuzz_check_error(suite, &err);
  if (!suite) return 0;
  PROMISE(suite->rounds >= 5 && suite->samples >= 2 && suite->sample_seconds > 0 && suite->case_seconds > 0);
  for (size_t i = 0; i < suite->n_cases; i++) check_case(&suite->cases[i]);
  suite_free(suite);
  return 0;
}
