/* The stages of a run: every variant is proved, every case verified at its timed shape, then all timed in rounds. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ceilings_of.h"
#include "log.h"
#include "race.h"
#include "rig.h"
#include "rng.h"
#include "session.h"
#include "stats.h"
#include "text.h"

/* Clock limits of jobs, far above what they take: they end a hang, not a slow machine. */
enum { PROVE_SECONDS = 300, VERIFY_SECONDS = 60, SAMPLE_SECONDS = 30, PATIENCE = 10 };

/* The share of a budget that may pass before the rounds begin. */
static const double BUDGET_BEFORE_ROUNDS = 0.5;

static void show_progress(const struct session *session, const char *what, size_t done, size_t all, double since) {
  char left[32] = "";
  double passed = rig_now() - since;
  if (done && passed > 1) text_duration(1e9 * passed * (double)(all - done) / (double)done, left, sizeof left);
  log_progress("%s: %s %zu of %zu%s%s", session->client.caps.name, what, done + 1, all, *left ? ", time left " : "",
               left);
}

/* ---- proof */

static void take_proof(struct proof *proof, const struct answer *answer) {
  proof->status = answer->status;
  snprintf(proof->reason, sizeof proof->reason, "%s", answer->reason);
  proof->speed = answer->speed;
  proof->compile = answer->compile;
}

static bool prove(struct session *session, struct proof *proof, const char *question, struct error *err) {
  struct job job = {.kind = JOB_PROVE, .variant = proof->variant, .seed = session->options->seed};
  memcpy(job.tuning, proof->tuning, sizeof job.tuning);
  char key[300];
  int used = snprintf(key, sizeof key, "%s %s", question, proof->variant->id);
  for (size_t t = 0; t < proof->variant->n_tunables; t++)
    used += snprintf(key + used, sizeof key - (size_t)used, " %d", (int)proof->tuning[t]);
  if (!session_ask(session, key, &job, PROVE_SECONDS, err)) return false;
  take_proof(proof, &session->answer);
  if (proof->status == STATUS_WRONG) log_warn("%s is wrong: %s", proof->variant->id, proof->reason);
  return true;
}

/* Did the machine fail rather than the variant? */
static bool was_disturbed(const struct proof *proof) {
  return proof->status == STATUS_LOST || proof->status == STATUS_TIMEOUT || proof->status == STATUS_FAILED;
}

/* A proof serves all rows of a variant, but what disturbs it may cost one: that row is dropped, and the proof is tried
 * once more for the others. */
static bool prove_again(struct session *session, struct proof *proof, struct error *err) {
  struct row *first = NULL;
  size_t users = 0;
  for (size_t i = session->n_rows; i-- > 0;) {
    struct row *row = &session->rows[i];
    if (row->status != STATUS_OK || &session->proofs[row->proof] != proof) continue;
    first = row;
    users++;
  }
  if (users < 2) return true;
  log_warn("%s: %s; its proof is tried once more", proof->variant->id, proof->reason);
  row_drop(first, proof->status, proof->reason);
  return prove(session, proof, "prove again", err);
}

bool stage_prove(struct session *session, struct error *err) {
  double since = rig_now();
  for (size_t p = 0; p < session->n_proofs; p++) {
    struct proof *proof = &session->proofs[p];
    if (session_late(session)) break;
    show_progress(session, "proving variant", p, session->n_proofs, since);
    if (!prove(session, proof, "prove", err) || (was_disturbed(proof) && !prove_again(session, proof, err)))
      return false;
  }
  for (size_t i = 0; i < session->n_rows; i++) {
    struct row *row = &session->rows[i];
    const struct proof *proof = &session->proofs[row->proof];
    if (row->status != STATUS_OK) continue;
    row->compile = proof->compile;
    if (proof->status != STATUS_OK) row_drop(row, proof->status, proof->reason);
  }
  return true;
}

/* ---- verification */

struct job session_case_job(const struct session *session, const struct row *row, enum job_kind kind) {
  const struct plan_row *planned = row->planned;
  struct job job = {
      .kind = kind,
      .variant = planned->variant,
      .seed = session->options->seed,
      .kase = planned->kase,
      .speed = session->proofs[row->proof].speed,
      .case_seconds = session->suite->case_seconds,
      .rounds = session->suite->rounds,
      .samples = session->suite->samples,
      .sample_seconds = session->suite->sample_seconds,
      .min_windows = row->min_windows,
      .op_ns = row->op_ns,
      .hash = row->hash,
      .llc_bytes = session->llc_bytes,
  };
  memcpy(job.tuning, planned->tuning, sizeof job.tuning);
  return job;
}

static void take_verification(struct row *row, const struct answer *answer) {
  if (answer->status != STATUS_OK) row_drop(row, answer->status, answer->reason);
  row->verified = answer->status == STATUS_OK;
  row->min_windows = answer->min_windows;
  row->windows = answer->windows;
  row->op_ns = answer->op_ns;
  row->estimate_s = answer->estimate_s;
  row->hash = answer->hash;
  row->memory = answer->memory;
  row->error = answer->error;
  codegen_keep_time(&row->compile, answer->compile);
}

static bool verify(struct session *session, struct row *row, struct error *err) {
  char key[300];
  snprintf(key, sizeof key, "verify %s", row->planned->id);
  struct job job = session_case_job(session, row, JOB_VERIFY);
  if (!session_ask(session, key, &job, VERIFY_SECONDS + PATIENCE * session->suite->case_seconds, err)) return false;
  take_verification(row, &session->answer);
  if (row->status == STATUS_WRONG) log_warn("%s is wrong: %s", row->planned->id, row->reason);
  return true;
}

/* `question` tells this round from all others of the row in the journal. */
static void sample_key(const struct row *row, uint32_t question, char *key, size_t size) {
  snprintf(key, size, "sample %s %u", row->planned->id, question);
}

/* The share of a row's rounds that the journal of a run that goes on does not have yet. */
static double share_left(struct session *session, const struct row *row) {
  const uint32_t rounds = session->suite->rounds;
  uint32_t known = 0;
  char key[300];
  for (uint32_t r = 0; r < rounds && journal_answers(session->journal); r++) {
    sample_key(row, r, key, sizeof key);
    known += journal_find(session->journal, key, &session->answer);
  }
  return (double)(rounds - known) / rounds;
}

/* Rows whose rounds do not fit what is left of the budget are dropped, the last of the suite first; what a run that
 * goes on has measured of a row is kept, whatever the budget. */
static void drop_over_budget(struct session *session) {
  double left = session->deadline - rig_now();
  for (size_t i = 0; i < session->n_rows; i++) {
    struct row *row = &session->rows[i];
    if (row->status != STATUS_OK) continue;
    double share = row->verified ? share_left(session, row) : 1;
    if (row->verified) left -= share * row->estimate_s;
    if (!row->verified || (left < 0 && share == 1)) row_drop(row, STATUS_SKIPPED, "budget");
  }
}

bool stage_verify(struct session *session, struct error *err) {
  double since = rig_now(), end = session->begin + BUDGET_BEFORE_ROUNDS * (session->deadline - session->begin);
  for (size_t i = 0; i < session->n_rows && rig_now() <= end; i++) {
    if (session->rows[i].status != STATUS_OK) continue;
    show_progress(session, "verifying row", i, session->n_rows, since);
    if (!verify(session, &session->rows[i], err)) return false;
  }
  race_first_sight(session);
  drop_over_budget(session);
  return true;
}

/* ---- rounds */

static bool sample(struct session *session, struct row *row, uint32_t question, uint32_t round, struct error *err) {
  char key[300];
  sample_key(row, question, key, sizeof key);
  struct job job = session_case_job(session, row, JOB_SAMPLE);
  job.round = question;
  if (!session_ask(session, key, &job, SAMPLE_SECONDS + PATIENCE * row->estimate_s, err)) return false;
  if (session->answer.status != STATUS_OK) {
    row_drop(row, session->answer.status, session->answer.reason);
    return true;
  }
  return row_add_samples(row, &session->answer, round, err);
}

struct place { const struct row *row; uint64_t rank; size_t index; };

static int by_rank(const void *a, const void *b) {
  const struct place *x = a, *y = b;
  return x->rank != y->rank ? (x->rank < y->rank ? -1 : 1) : (x->index < y->index ? -1 : x->index > y->index);
}

/* The order of a round: groups shuffled, rows within them too, the ceilings before all else. */
static struct place *round_order(const struct session *session, uint32_t round, struct error *err) {
  struct place *order = malloc((session->n_rows + 1) * sizeof *order);
  if (!order) {
    error_set(err, ERROR_MEMORY, "out of memory for %zu rows", session->n_rows);
    return NULL;
  }
  struct rng rng = rng_make(rng_derive(session->options->seed, 1000 + round));
  uint64_t rank = 0;
  for (size_t i = 0; i < session->n_rows; i++) {
    const struct row *row = &session->rows[i];
    bool ruler = ceilings_family_is(row->planned->kase.family);
    if (i == 0 || !row_same_group(row, &session->rows[i - 1])) rank = rng_next(&rng) >> 1;
    order[i] = (struct place){row, ruler ? rank >> 32 : rank | (1ull << 62), i};
  }
  qsort(order, session->n_rows, sizeof *order, by_rank);
  return order;
}

static bool measure_round(struct session *session, uint32_t round, double since, struct error *err) {
  struct place *order = round_order(session, round, err);
  bool ok = order != NULL;
  ok = ok && control_sample(session, round, false, err);
  for (size_t i = 0; ok && i < session->n_rows && !session_late(session); i++) {
    struct row *row = &session->rows[order[i].index];
    if (row->status != STATUS_OK) continue;
    show_progress(session, "measuring", round * session->n_rows + i, session->suite->rounds * session->n_rows, since);
    ok = sample(session, row, round, round, err);
  }
  free(order);
  return ok && control_sample(session, round, true, err);
}

static bool measure_submit(struct session *session, struct error *err) {
  struct job job = {.kind = JOB_SUBMIT, .samples = 101};
  if (!session_ask(session, "submit", &job, SAMPLE_SECONDS, err)) return false;
  if (session->answer.status == STATUS_OK)
    session->submit_ns = stats_median(session->answer.ns, session->answer.n_samples);
  return true;
}

static bool measure_transfer(struct session *session, enum job_kind kind, double *bytes_per_s, struct error *err) {
  struct job job = {.kind = kind, .samples = 9};
  if (!session_ask(session, job_names[kind], &job, SAMPLE_SECONDS, err)) return false;
  if (session->answer.status == STATUS_OK)
    *bytes_per_s = 1e9 * JOB_TRANSFER_BYTES / stats_median(session->answer.ns, session->answer.n_samples);
  return true;
}

bool stage_measure(struct session *session, struct error *err) {
  double since = rig_now();
  if (!measure_submit(session, err) || !measure_transfer(session, JOB_UPLOAD, &session->upload, err) ||
      !measure_transfer(session, JOB_DOWNLOAD, &session->download, err) || !stage_control(session, err) ||
      !stage_sustained(session, err))
    return false;
  for (uint32_t round = 0; round < session->suite->rounds && !session_late(session); round++) {
    if (!measure_round(session, round, since, err)) return false;
    if (session->suite->fastest_only && round + 1 == RACE_ROUNDS) race_rounds(session);
  }
  return true;
}

static void swap_samples(struct row *a, struct row *b) {
  struct row old = *a;
  a->ns = b->ns, a->host_ns = b->host_ns, a->round = b->round, a->n = b->n, a->capacity = b->capacity,
  a->rounds = b->rounds, a->gpu_clock = b->gpu_clock;
  b->ns = old.ns, b->host_ns = old.host_ns, b->round = old.round, b->n = old.n, b->capacity = old.capacity,
  b->rounds = old.rounds, b->gpu_clock = old.gpu_clock;
}

static bool sample_again(struct session *session, struct row *row, struct error *err) {
  uint32_t rounds = session->suite->rounds, done = 0;
  struct row old = {0};
  swap_samples(row, &old);
  bool ok = true;
  for (; ok && done < rounds && row->status == STATUS_OK && !session_late(session); done++)
    ok = sample(session, row, rounds + done, done, err);
  bool whole = ok && done == rounds && row->status == STATUS_OK;
  if (!whole || (old.n && stats_median(old.ns, old.n) <= stats_median(row->ns, row->n))) swap_samples(row, &old);
  free(old.ns);
  free(old.host_ns);
  free(old.round);
  return ok;
}

bool stage_again(struct session *session, const struct family *family, struct error *err) {
  for (size_t i = 0; i < session->n_rows; i++) {
    struct row *row = &session->rows[i];
    if (row->status == STATUS_OK && row->planned->kase.family == family && !sample_again(session, row, err))
      return false;
  }
  session->again = !session_late(session);
  return true;
}
