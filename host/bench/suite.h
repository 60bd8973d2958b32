/* A suite: which cases to measure and how long (suites/<name>.json, vkpareto.suite/1). */
#ifndef SUITE_H
#define SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "kernel.h"

struct suite_case {
  struct kernel_case kase;
  char **techniques;         /* names within the family ("int4_g32"); NULL: all */
  size_t n_techniques;
  bool energy;               /* of the subset whose joules are measured */
};

struct suite {
  char name[64];
  char description[512];
  char sha256[65];           /* of the file's bytes */
  uint32_t rounds;           /* >= 5 */
  uint32_t samples;          /* per round and row, >= 2 */
  double sample_seconds;     /* a sample repeats the op until about this long */
  double case_seconds;       /* a row that would take longer than this in all is skipped with the estimate */
  bool fastest_only;         /* of several variants of a technique at one shape, losers are not timed to the end */
  struct suite_case *cases;
  size_t n_cases;
};

/* name: embedded, or a path to a .json file (one with a slash or .json). */
struct suite *suite_load(const char *name, struct error *);
struct suite *suite_parse(const char *text, size_t bytes, struct error *);
void suite_free(struct suite *);
bool suite_case_has(const struct suite_case *, const struct technique *);

/* The file, in short:
 *   {"schema": "vkpareto.suite/1", "name": "quick", "description": "...", "rounds": 5, "samples": 3,
 *    "sample_seconds": 0.01, "case_seconds": 5, "fastest_only": true, "cases": [
 *      {"op": "matmul", "shape": {"m": [1, 8], "n": 576, "k": 1536}, "mode": "cold", "techniques": ["f16"]}]}
 * `fastest_only` is false unless given. A dimension with a list of values multiplies the case out. `mode` is cold where
 * something streams, else resident, unless given; `techniques` left out means all; `energy` (false unless given) has
 * joules measured too, of the fastest variant of each technique. */

#endif
