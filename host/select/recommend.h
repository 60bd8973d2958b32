/* From a result, a model and a task to one recommended configuration with its reasons. Pure. */
#ifndef RECOMMEND_H
#define RECOMMEND_H

#include "alternatives.h"
#include "enumerate.h"
#include "finetune_figures.h"
#include "finetune_step.h"
#include "outer.h"
#include "stability.h"

struct recommend_options {
  struct limits limits;        /* memory INFINITY: what the device has, by caps_memory */
  enum preference preference;
  bool allow_unknown_quality;
  bool architectures;          /* say what other models would cost */
  const char *(*lost)(const struct space_option *);   /* see space_request */
  struct finetune_wish finetune;
  const struct finetune_figures *figures;             /* of fine-tuning; NULL: none are shown. Kept. */
  const struct sensitivity *sensitivities;            /* NULL: all layers of a class have one format. Kept. */
};

struct recommendation {
  const struct result *result;
  const struct model *model;
  const struct task *task;
  struct cost_model *cost;
  struct outer outer;
  const struct space *space;         /* of the chosen setting */
  struct decision decision;
  uint8_t choice[SLOT_COUNT];        /* of its options */
  struct prediction predicted;
  struct stability stability;
  bool memory_limit_from_device;
  struct alternatives alternatives;  /* where it was asked for */
  char offload_note[128];            /* why the host's memory does not help, where nothing fits; "": not asked */
  bool has_plain;                    /* 16-bit weights and cache with one attention algorithm can be predicted */
  const struct space *plain_space;   /* of the plain setting */
  uint8_t plain[SLOT_COUNT];         /* that configuration: what one runs without choosing anything */
  struct prediction plain_predicted;
  const struct finetune_figures *figures;
  struct finetune_step step;         /* of the chosen adapter's tuning, where there is one */
  const struct sensitivity *sensitivities;
  bool has_uniform;                  /* where these are given: one format per class keeps the limits */
  struct front_point uniform;        /* what would be chosen of those, by the same limits and preference */
};

/* Keeps result, model and task; quality is only read. NULL with the error set (ERROR_INFEASIBLE for status 4). */
struct recommendation *recommend_build(const struct result *, const struct model *, const struct task *,
                                       const struct quality *, const struct recommend_options *, struct error *);
void recommend_free(struct recommendation *);

/* ---- why: what the emitters print */

enum verdict { VERDICT_OVER_LIMIT, VERDICT_DOMINATED, VERDICT_TIE, VERDICT_WORSE, VERDICT_COUNT };
extern const char *const verdict_names[VERDICT_COUNT];   /* "over_limit", "dominated", "tie", "worse" */

/* Option o of slot s in place of the chosen one, everything else as chosen: how it lost, with the numbers in `why`. */
enum verdict recommend_verdict(const struct recommendation *, int slot, size_t option, char *why, size_t size);
/* Any other choice, of any setting, in the place of the chosen one. */
enum verdict recommend_judge(const struct recommendation *, const struct front_point *, char *why, size_t size);
/* Another setting, of those in `outer`, in place of the chosen one, its options those of the same names; of those it
 * has not, the first. Over a limit, dominated and so on as before. */
enum verdict recommend_setting_verdict(const struct recommendation *, size_t setting, char *why, size_t size);
/* What the chosen setting means for passes and memory. */
void recommend_setting_evidence(const struct recommendation *, char *out, size_t size);
/* The chosen option of the slot: its part of the time and how sure that is, its part of the quality loss. */
void recommend_evidence(const struct recommendation *, int slot, char *out, size_t size);
/* "matmul 80 %, attention 12 %, rest 8 %" of the time to first token or per token. */
void recommend_shares(const struct recommendation *, enum phase, char *out, size_t size);
/* "17.3 s (error unknown)", "135 ms (94.8 ms to 193 ms)", "+0.14 % (+0.07 % to +0.21 %)". */
void recommend_range_text(enum objective, const struct range *, char *out, size_t size);
/* The published figures that the quality of a configuration rests on, each once; false past the last. */
bool recommend_source(const struct space *, const uint8_t choice[SLOT_COUNT], size_t index, char *out, size_t size);
/* What to mind about the chosen adapter; false past the last, and at once without one. */
bool recommend_adapter_caveat(const struct recommendation *, size_t index, char *out, size_t size);
/* What is to be said of choices per layer, line by line: how near the front is to the exact one, what they gained
 * against the best of one format per class, which classes could not differ; false past the last, and at once where no
 * sensitivities were given. */
bool recommend_layers(const struct recommendation *, size_t index, char *out, size_t size);
/* Over half of the predicted time is extrapolated, or a time is known to no better than +-50 %, or its error is not. */
bool recommend_is_rough(const struct recommendation *);
/* Line 0 names all ops that the result cannot cost and which run adds them, the others say why for each; false past the
 * last, and at once when there is none. */
bool recommend_uncosted(const struct recommendation *, size_t index, char *out, size_t size);
/* What is missing in the numbers, line by line, beginning with what is not costed; false past the last. */
bool recommend_caveat(const struct recommendation *, size_t index, char *out, size_t size);

#endif
