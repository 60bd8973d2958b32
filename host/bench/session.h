/* A run in progress: what is to be measured, what is known so far, the worker and the journal it is known through. */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client.h"
#include "interrupt.h"
#include "job.h"
#include "journal.h"
#include "plan.h"
#include "run.h"
#include "suite.h"

/* A variant with a tuning, proved once for all rows that use it. */
struct proof {
  const struct variant *variant;
  int32_t tuning[KERNEL_TUNABLES];
  enum status status;
  char reason[512];
  double speed;                 /* flops plus bytes per second on its proof shapes */
  struct compile_time compile;
};

struct row {
  const struct plan_row *planned;
  enum status status;           /* STATUS_OK: still in the run */
  char reason[512];
  size_t proof;                 /* index, where the plan has it measured */
  bool verified;
  uint32_t min_windows, windows;
  double op_ns, estimate_s;
  uint64_t hash, memory;
  struct compile_time compile;
  struct result_error error;
  double *ns, *host_ns;         /* samples by the best clock and by the host's, and the round of each */
  uint32_t *round;
  size_t n, capacity;
  uint32_t rounds;
  bool gpu_clock;               /* ns are all of the GPU's clock */
  struct codegen codegen;       /* of the worst pipeline */
  char codegen_reason[128];     /* why it is unknown */
  struct result_energy energy;
  char energy_reason[512];      /* why there is none; "" before stage_energy */
};

/* The row that is sampled at both ends of each round (stage_control.c). */
struct control {
  struct row *row;              /* NULL: none, or none any more */
  const char *id;               /* of that which was; NULL: none was */
  double *times;                /* two a round, as drift.h takes them */
  double short_ns, sustained_ns;   /* NAN unknown */
};

struct session {
  const struct run_options *options;
  const struct suite *suite;
  struct plan *plan;
  struct interrupt interrupt;
  struct client client;
  struct journal *journal;      /* NULL: none is kept */
  struct proof *proofs;
  size_t n_proofs;
  struct row *rows;             /* rows[i] of plan->rows[i] */
  size_t n_rows;
  struct control control;
  const char *run_id;           /* the journal's */
  double begin, deadline;       /* of rig_now; deadline may be INFINITY */
  double submit_ns;             /* NAN until measured */
  double upload, download;      /* bytes per second between host and device; NAN until measured */
  uint64_t llc_bytes;           /* last-level cache as stage_llc saw it; 0: it did not */
  bool complained;              /* the validation layers did, and it was said */
  struct machine_state before, after;   /* the run; of `after` the heaps alone */
  bool again;                   /* the ceilings were measured a second time */
  struct lasting lasting[RESULT_CEILINGS];
  size_t n_lasting;
  struct answer answer;         /* of the last job (large, so kept here) */
};

/* Rows and proofs of the plan; the session is zeroed but for options, suite, plan, begin and deadline. */
bool session_prepare(struct session *, struct error *);
void session_free(struct session *);   /* rows and proofs, no more */

/* Asks the journal, else the worker, whose answer goes into the journal. */
bool session_ask(struct session *, const char *key, const struct job *, double seconds, struct error *);
bool session_late(const struct session *);   /* the budget is used up */

/* Two rows of one technique at one shape: they share their data and are measured one after the other. */
bool row_same_group(const struct row *, const struct row *);
void row_drop(struct row *, enum status, const char *reason);
bool row_add_samples(struct row *, const struct answer *, uint32_t round, struct error *);

/* What a job of the row's case needs, from what is known of it. */
struct job session_case_job(const struct session *, const struct row *, enum job_kind);

/* The stages, in order. False: interrupted or nothing can go on; rows keep what they have. */
bool stage_prove(struct session *, struct error *);
/* Sees the size of the last-level cache where nothing tells it (llc.h): what is cold later rotates over more. */
bool stage_llc(struct session *, struct error *);
bool stage_verify(struct session *, struct error *);
bool stage_measure(struct session *, struct error *);
/* Fresh rounds of the rows of the family, for ceilings that a row has passed: the better of old and fresh stays, so
 * that what was disturbed once recovers. Sets `again` when there was time for all. */
bool stage_again(struct session *, const struct family *, struct error *);
/* Before the rounds: chooses the control row and, on a GPU, runs it for more than a second. */
bool stage_control(struct session *, struct error *);
/* Samples it at the begin or the end of a round. */
bool control_sample(struct session *, uint32_t round, bool end, struct error *);
/* On a GPU: the best ceiling of each kind for more than a second. */
bool stage_sustained(struct session *, struct error *);
bool stage_codegen(struct session *, struct error *);

#endif
