/* Published figures, and the map from our techniques to them: text that says which of the two it is by its schema. */
#include <math.h>

#include "fuzz.h"
#include "kernel.h"
#include "quality.h"

static void check_estimates(const struct quality *quality) {
  char text[1024];
  for (size_t i = 0; i < quality->n_links; i++) {
    struct quality_estimate estimate = quality_of(quality, quality->links[i].ours, 1e9);
    PROMISE(isnan(estimate.nats) || (estimate.lo <= estimate.nats && estimate.nats <= estimate.hi));
    quality_text(&estimate, text, sizeof text);
    PROMISE(text[0]);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct quality quality = {0};
  struct error err = {0}, other = {0};
  bool figures = quality_parse_figures(&quality, (const char *)data, size, &err);
  bool map = quality_parse_map(&quality, (const char *)data, size, &other);
  fuzz_check_error(figures, &err);
  fuzz_check_error(map, &other);
  PROMISE(!figures || !map);
  for (size_t i = 0; figures && i < quality.n_figures; i++)
    PROMISE(quality.figures[i].params > 0 && isfinite(quality.figures[i].params) && quality.figures[i].nats >= 0);
  check_estimates(&quality);
  quality_clear(&quality);
  return 0;
}
