/* What a user measured of a model's layers: what is taken is within its ranges, and a recommendation by it ends. */
#include <math.h>
#include <string.h>

#include "fuzz.h"
#include "sensitivity.h"

static void check_tables(const struct sensitivity *s) {
  PROMISE(s->layers > 0 && s->n_tables > 0 && s->model[0] && s->source[0]);
  for (size_t t = 0; t < s->n_tables; t++) {
    const struct sensitivity_table *table = &s->tables[t];
    const struct quality_estimate published = {.nats = 0.05, .lo = 0.02, .hi = 0.08};
    const struct quality_estimate whole = sensitivity_of_class(s, table->class_, table->format, &published);
    double sum = 0;
    PROMISE(sensitivity_covers(s, table->class_) && s->relative == !table->format[0]);
    for (size_t l = 0; l < s->layers; l++) {
      const double nats = sensitivity_of_layer(s, table->class_, table->format, &whole, l);
      PROMISE(nats >= 0 || whole.too_large);
      sum += nats;
    }
    PROMISE(whole.too_large || fabs(sum - whole.nats) <= 1e-9);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct error err = {0};
  struct sensitivity *s = sensitivity_parse((const char *)data, size, &err);
  fuzz_check_error(s != NULL, &err);
  if (!s) return 0;
  check_tables(s);
  const bool small = s->layers == 4;   /* the model beside the seeds */
  sensitivity_free(s);
  if (!small) return 0;
  const char *words[] = {"recommend", "--result", SOURCE_DIR "/tests/golden/result.json", "--model",
                         SOURCE_DIR "/tests/fixtures/four-layers.json", "--task", "chat", "--sensitivities",
                         fuzz_file(0, data, size), "--emit", size % 2 ? "json" : "llama.cpp"};
  const int status = fuzz_program(words, sizeof words / sizeof words[0]);
  PROMISE(status == EXIT_DONE || status == EXIT_INPUT || status == EXIT_WRONG);
  return 0;
}
