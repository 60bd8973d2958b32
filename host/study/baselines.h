/* What the study compares with, as data: suites/study/baselines.json, each entry with its source. */
#ifndef BASELINES_H
#define BASELINES_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "model.h"

enum { BASELINE_BANDS = 8, BASELINE_TECHNIQUES = 8 };

/* The models that a study was about: EfficientLLM's technique of the lowest mean rank, and our nearest format. */
struct baseline_band {
  char name[48];                    /* "inference/7B-8B" */
  double params_min, params_max;    /* count */
  char technique[32], ours[48];     /* "int4", "int4_g32" */
  double mean_rank;
};

enum study_group_kind { GROUP_ALL, GROUP_LARGE, GROUP_VISION, GROUP_COUNT };
extern const char *const study_group_names[GROUP_COUNT];   /* "all", "30B and more", "vision-language" */

struct baselines {
  double quality_nats;              /* the loss that may be given up: ln of a ratio of perplexities */
  double goal[GROUP_COUNT];         /* gains that AE-LLM reports */
  double large_params;              /* a model of so many parameters counts as large */
  char manual[CLASS_COUNT][48];     /* our format of each tensor class */
  struct baseline_band bands[BASELINE_BANDS];
  size_t n_bands;
};

/* Those built into the program. */
bool baselines_load(struct baselines *, struct error *);
/* The same from text. */
bool baselines_parse(const char *text, size_t bytes, struct baselines *, struct error *);
/* The band that holds a model of so many parameters; NULL: none was studied. */
const struct baseline_band *baselines_band(const struct baselines *, double params);

#endif
