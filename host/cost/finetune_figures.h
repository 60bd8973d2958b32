/* What fine-tuning costs and is worth, from published figures (suites/finetune). Another device's speed is not this
 * one's, and a task's accuracy is no perplexity: both are shown with their source, and nothing is computed from
 * them. */
#ifndef FINETUNE_FIGURES_H
#define FINETUNE_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct finetune_speed {
  char method[16], model[64], device[32], source[256], note[256];
  double params;                  /* of the model, count */
  int64_t tokens;                 /* a sample has at most */
  double samples_per_s, memory;   /* bytes; either NAN: not said */
};

/* `value` of the method against `base` of the baseline, in the unit of the metric. */
struct finetune_accuracy {
  char method[16], baseline[32], model[64], metric[24], dataset[96], source[256];
  double params, base, value;
};

struct finetune_figures {
  struct finetune_speed *speeds;
  struct finetune_accuracy *accuracies;
  size_t n_speeds, n_accuracies;
};

/* The figures built into the program. NULL when they contradict themselves. Free with finetune_figures_free. */
struct finetune_figures *finetune_figures_load(struct error *);
void finetune_figures_free(struct finetune_figures *);
/* One file's text; adds to what is there, which the caller zeroes first and frees with finetune_figures_clear. */
bool finetune_figures_parse(struct finetune_figures *, const char *text, size_t bytes, struct error *);
void finetune_figures_clear(struct finetune_figures *);

/* A figure of a model of another size says nothing: the range of model sizes is that of quality.h. */

/* Of the models nearest in size the one with the nearest samples; NULL: nothing was published for method and size. */
const struct finetune_speed *finetune_speed_near(const struct finetune_figures *, const char *method, double params,
                                                 int64_t tokens);
/* The i-th figure of the method; NULL past the last. */
const struct finetune_accuracy *finetune_accuracy_at(const struct finetune_figures *, const char *method, double params,
                                                     size_t i);

#endif
