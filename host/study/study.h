/* Every model x task x result against what one would run otherwise, and what the order of techniques is on each device.
 * Pure: results in, numbers out.
 *
 * Gains are over the default (16-bit weights and cache, flash attention), as pick.h defines them. A case whose default
 * does not fit the device has gains over what could not run there: they are shown and counted apart, beside those over
 * the default with weights in the host's memory. Where the joint choice needs those too it only has the latter. */
#ifndef STUDY_H
#define STUDY_H

#include "baselines.h"
#include "pick.h"

enum study_pick_kind {
  PICK_DEFAULT, PICK_NAIVE,      /* the default; the same with naive attention */
  PICK_SINGLE,                   /* the best that deviates from the default in one stage only, within the limits */
  PICK_MANUAL, PICK_RANKED,      /* what people choose by hand; what EfficientLLM's ranks say: whatever the limits */
  PICK_JOINT,                    /* the best of all stages together, within the limits */
  PICK_FREE,                     /* the same, had no technique any loss of quality: what the limit on it costs */
  PICK_HOSTED,                   /* the default with the fewest layers, or experts of layers, in the host's memory with
                                    which it fits; only where it does not fit without */
  PICK_COUNT,
};
extern const char *const study_pick_names[PICK_COUNT];   /* "default", "naive", "single stage", "manual", ... */

struct study_pick {
  bool known;                    /* else `reason` says why there is no such configuration */
  bool fits, within_quality;     /* the device's memory; the loss is known and within the limit */
  enum pick_stage stage;         /* of PICK_SINGLE */
  char reason[320], choice[320]; /* "int8_g32, ...; flash int8": "qkv int8_g32, ..." where classes differ;
                                    "; micro-batch 64" where the setting is not the plain one */
  double memory, request_half;   /* bytes on the device; half width of request_ns, NAN unknown */
  double host_bytes;             /* weights in the host's memory */
  struct range request_ns, ttft_ns, tpot_ns, quality_nats, token_joules;
  struct gain gain;              /* over the default; NAN with weights in the host's memory */
};

enum study_status {
  CASE_FITS,            /* the default fits */
  CASE_ONLY_TUNED,      /* it does not, but the joint choice does */
  CASE_ONLY_HOSTED,     /* the joint choice does with weights in the host's memory */
  CASE_NOTHING_FITS,    /* within the limits */
  CASE_NOT_COSTED,      /* too long for the model, or the result lacks rows: `reason` */
  CASE_STATUSES,
};
extern const char *const study_status_names[CASE_STATUSES];   /* "fits", "only tuned fits", ... */

/* Who is faster of two techniques that differ in one decision only: uniform weights, or one attention algorithm and
 * cache. */
enum { STUDY_TECHNIQUES = 32 };
struct study_order {
  char (*name)[64];              /* "weights int8_g32", "attention flash int8" */
  /* [a][b]: -2 a is faster than b, 2 slower, beyond the errors; -1, 1: by the estimates, an error is unknown; 0: not
   * told apart, or not of one decision */
  int8_t (*faster)[STUDY_TECHNIQUES];
  size_t n;
};

struct study_case {
  size_t result, model, task;    /* indices in the study */
  enum study_status status;
  char reason[512];
  struct study_pick picks[PICK_COUNT];
  struct gain over_hosted;       /* of the joint choice over PICK_HOSTED, where that is known */
  bool time_is_tie;              /* the joint choice's time cannot be told from the default's */
  double prefill_share;          /* of the default's request time */
  bool prefill_by_arithmetic;    /* the default's largest multiplication of the prompt: its row is bound so */
  double prefill_rate;           /* and reaches this share of the device's arithmetic; NAN unknown, or not bound so */
  double read_share[2];          /* of the memory's bandwidth, the largest multiplication of a decoded token: of the
                                    default, of the joint choice; NAN: not bound by reading, or unknown */
  double rest_share;             /* of the joint choice's: what no choice touches */
  size_t n_unknown;              /* options of unknown quality */
  size_t n_uncosted;             /* ops that only count by their launches */
  struct study_order order;
};

struct study_model { struct model *model; bool vision; };

struct study_options {
  const char *models, *tasks;    /* patterns of ids; NULL: all built-in ones */
  double memory;                 /* bytes that each device is taken to have; NAN: what its result says */
};

struct study {
  const struct result *const *results;
  size_t n_results;
  double memory;                 /* of the options */
  struct study_model *models;
  size_t n_models;
  struct task **tasks;
  size_t n_tasks;
  struct baselines baselines;
  struct study_case *cases;      /* results x models x tasks, in that order */
  size_t n_cases;
};

/* ERROR_USAGE when no model or no task matches. The results are kept and must live longer. Free with study_free. */
struct study *study_make(const struct result *const *results, size_t n, const struct study_options *, struct error *);
void study_free(struct study *);

/* One case of the study, whose result, model and task *out names; the rest is made here. ERROR_MEMORY only, what else
 * fails is its status. */
bool study_case_make(const struct study *, const struct cost_model *, const struct quality *, struct study_case *out,
                     struct error *);

#endif
