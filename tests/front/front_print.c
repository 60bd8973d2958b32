/* front_print classes|layers COORDS SEED PERCENT: a space, its front and its supported points as JSON, for
 * scripts/compare-pymoo. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bound.h"
#include "instance.h"
#include "supported.h"

enum { WEIGHTINGS = 1000 };

static struct instance in;

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void print_cost(const struct front_cost *cost, bool first) {
  printf("%s[", first ? "" : ", ");
  for (size_t c = 0; c < in.algebra.n; c++) printf("%s%lld", c ? ", " : "", (long long)cost->at[c]);
  printf("]");
}

static void print_options(void) {
  printf("\"slots\": [");
  for (size_t s = 0; s < in.n_slots; s++) {
    printf("%s[", s ? ",\n" : "");
    for (size_t o = 0; o < in.slots[s].n; o++) print_cost(&in.slots[s].options[o], o == 0);
    printf("]");
  }
  printf("],\n");
}

/* That many percent of time, memory and energy, and as many times 1e-4 nats; 0 is exact. */
static struct bound_slack slack_of(double percent) {
  struct bound_slack slack = bound_exact();
  for (size_t c = 0; c < in.algebra.n; c++)
    if (c == 2) slack.absolute[c] = 1e5 * percent;
    else slack.relative[c] = percent / 100;
  return slack;
}

static void print_front(const struct bound *bound, double took) {
  printf("\"seconds\": %.6f,\n\"front\": [", took);
  for (size_t i = 0; i < bound_count(bound); i++) {
    const struct front_cost cost = bound_cost(bound, i);
    print_cost(&cost, i == 0);
  }
  printf("]");
}

static bool print_supported(const struct bound *bound, const struct bound_slack *slack, struct error *err) {
  const double start = seconds();
  struct supported found;
  if (!supported_build(&in.algebra, &in.base, in.slots, in.n_slots, WEIGHTINGS, 1, &found, err)) return false;
  printf("\"seconds\": %.6f, \"weightings\": %d,\n\"front\": [", seconds() - start, WEIGHTINGS);
  for (size_t i = 0; i < found.n; i++) {
    struct front_cost cost;
    memcpy(cost.at, found.points[i].at, sizeof cost.at);
    print_cost(&cost, i == 0);
  }
  const double gap = supported_gap(&found, &in.algebra, bound, slack);
  printf("]");
  if (isfinite(gap)) printf(", \"gap\": %.3f", gap);
  supported_free(&found);
  return true;
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: front_print classes|layers COORDS SEED PERCENT\n");
    return EXIT_FAILURE;
  }
  const bool layers = strcmp(argv[1], "layers") == 0;
  const size_t coords = strcmp(argv[2], "4") == 0 ? 4 : 3;
  const uint64_t seed = strtoull(argv[3], NULL, 10);
  if (layers) instance_layers(&in, coords, INSTANCE_LAYERS, seed);
  else instance_classes(&in, coords, seed);

  const struct bound_slack slack = slack_of(strtod(argv[4], NULL));
  struct error err = {0};
  const double start = seconds();
  struct bound *bound = bound_build(&in.algebra, &in.base, in.slots, in.n_slots, &slack, 1000000, &err);
  if (!bound) {
    fprintf(stderr, "error: %s\n", err.text);
    return EXIT_FAILURE;
  }
  const double took = seconds() - start;
  printf("{");
  print_options();
  print_front(bound, took);
  printf(",\n\"supported\": {");
  const bool ok = print_supported(bound, &slack, &err);
  printf("}}\n");
  bound_free(bound);
  if (!ok) fprintf(stderr, "error: %s\n", err.text);
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
