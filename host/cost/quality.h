/* What a technique costs in quality, from published figures (suites/quality): delta NLL in nats per token against
 * 16-bit weights and KV cache, ln(PPL / PPL_base).
 *
 * Which figure: perplexity before KL divergence, then those of similar model size (within QUALITY_SIZE_RANGE), then
 * the nearest technique (same, close, proxy), then the nearest size in log(parameters), then the larger loss; of
 * models that are not of similar size the nearest size goes before the nearest technique. Small models lose more.
 * Losses of independent small perturbations add to second order only, so every loss has an interval of +-50 %, and a
 * figure above QUALITY_LINEAR nats is not used at all: it is unknown. */
#ifndef QUALITY_H
#define QUALITY_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* From 8B to 70B the loss of q4_0 falls by 2.0 for 8.6x the size (0.072 to 0.035 nats): within 4x in size a figure
 * is off by less than its interval. */
#define QUALITY_SIZE_RANGE 4.0
#define QUALITY_LINEAR 0.1
#define QUALITY_INTERVAL 0.5

enum nearness { NEARNESS_SAME, NEARNESS_CLOSE, NEARNESS_PROXY, NEARNESS_COUNT };
extern const char *const nearness_names[NEARNESS_COUNT];

struct quality_figure {
  char technique[64], model[64], metric[24], dataset[96], source[256];
  double params;   /* count */
  double nats;     /* at least 0: a published gain is noise of the measurement */
};
struct quality_link { char ours[48], published[64]; enum nearness nearness; bool baseline; };

struct quality {
  struct quality_figure *figures;
  size_t n_figures;
  struct quality_link *links;
  size_t n_links;
};

/* The figures and the map built into the program. NULL when they contradict themselves. Free with quality_free. */
struct quality *quality_load(struct error *);
void quality_free(struct quality *);
/* The parts of it, for other text; they add to *q, which the caller zeroes first and frees with quality_clear. */
bool quality_parse_figures(struct quality *q, const char *text, size_t bytes, struct error *);
bool quality_parse_map(struct quality *q, const char *text, size_t bytes, struct error *);
void quality_clear(struct quality *);

struct quality_estimate {
  double nats, lo, hi;                   /* NAN: unknown */
  bool baseline;                         /* loses nothing by definition */
  const struct quality_figure *figure;   /* NULL: baseline, or nothing is published */
  enum nearness nearness;
  bool far;                              /* the figure's model is more than QUALITY_SIZE_RANGE away in size */
  bool too_large;                        /* unknown because the figure is above QUALITY_LINEAR */
};
/* ours: "matmul.int8_g32", "kv.int8"; params of the model that will run. */
struct quality_estimate quality_of(const struct quality *, const char *ours, double params);
/* One line: where the number comes from, or why there is none. */
void quality_text(const struct quality_estimate *, char *out, size_t size);

#endif
