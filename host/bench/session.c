#include "session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "rig.h"

static size_t find_proof(const struct session *session, const struct plan_row *planned) {
  size_t p = 0;
  while (p < session->n_proofs && !(session->proofs[p].variant == planned->variant &&
                                    memcmp(session->proofs[p].tuning, planned->tuning, sizeof planned->tuning) == 0))
    p++;
  return p;
}

bool session_prepare(struct session *session, struct error *err) {
  size_t n = session->plan->n;
  uint32_t ends = 2 * session->suite->rounds;
  session->rows = calloc(n ? n : 1, sizeof *session->rows);
  session->proofs = calloc(n ? n : 1, sizeof *session->proofs);
  session->control.times = malloc(ends * sizeof *session->control.times);
  session->submit_ns = session->upload = session->download = NAN;
  session->control.short_ns = session->control.sustained_ns = NAN;
  if (!session->rows || !session->proofs || !session->control.times)
    return error_set(err, ERROR_MEMORY, "out of memory for %zu rows", n);
  session->n_rows = n;
  for (uint32_t i = 0; i < ends; i++) session->control.times[i] = NAN;
  for (size_t i = 0; i < n; i++) {
    const struct plan_row *planned = &session->plan->rows[i];
    struct row *row = &session->rows[i];
    row->planned = planned;
    row->codegen = codegen_unknown();
    row->energy = result_energy_unknown;
    row_drop(row, planned->status, planned->reason ? planned->reason : "");
    if (planned->status != STATUS_OK) continue;
    row->proof = find_proof(session, planned);
    if (row->proof < session->n_proofs) continue;
    struct proof *proof = &session->proofs[session->n_proofs++];
    proof->variant = planned->variant;
    memcpy(proof->tuning, planned->tuning, sizeof proof->tuning);
  }
  return true;
}

void session_free(struct session *session) {
  for (size_t i = 0; i < session->n_rows; i++) {
    free(session->rows[i].ns);
    free(session->rows[i].host_ns);
    free(session->rows[i].round);
  }
  free(session->rows);
  free(session->proofs);
  free(session->control.times);
}

/* What the validation layers complained about is no measurement. */
static void judge_validation(struct session *session) {
  struct answer *answer = &session->answer;
  bool talked = answer->validation > session->client.messages;
  session->client.messages = answer->validation;
  if (!talked || answer->status != STATUS_OK) return;
  answer->status = STATUS_FAILED;
  if (!*answer->reason) snprintf(answer->reason, sizeof answer->reason, "the validation layers complain");
  if (!session->complained) log_warn("%s", answer->reason);
  session->complained = true;
}

bool session_ask(struct session *session, const char *key, const struct job *job, double seconds, struct error *err) {
  if (session->journal && journal_find(session->journal, key, &session->answer)) return true;
  log_detail("asked: %s", key);
  if (!client_ask(&session->client, job, seconds, &session->answer, err)) return false;
  judge_validation(session);
  return (!session->journal || journal_add(session->journal, key, &session->answer, err));
}

bool session_late(const struct session *session) { return rig_now() > session->deadline; }

bool row_same_group(const struct row *a, const struct row *b) {
  const struct plan_row *pa = a->planned, *pb = b->planned;
  return pa->technique == pb->technique && pa->kase.mode == pb->kase.mode &&
         memcmp(pa->kase.dim, pb->kase.dim, sizeof pa->kase.dim) == 0;
}

void row_drop(struct row *row, enum status status, const char *reason) {
  row->status = status;
  snprintf(row->reason, sizeof row->reason, "%s", reason);
}

static bool reserve(struct row *row, size_t more, struct error *err) {
  if (row->n + more <= row->capacity) return true;
  size_t wanted = 2 * (row->n + more);
  double *ns = realloc(row->ns, wanted * sizeof *ns);
  if (ns) row->ns = ns;
  double *host_ns = realloc(row->host_ns, wanted * sizeof *host_ns);
  if (host_ns) row->host_ns = host_ns;
  uint32_t *round = realloc(row->round, wanted * sizeof *round);
  if (round) row->round = round;
  if (!ns || !host_ns || !round) return error_set(err, ERROR_MEMORY, "out of memory for %zu samples", wanted);
  row->capacity = wanted;
  return true;
}

bool row_add_samples(struct row *row, const struct answer *answer, uint32_t round, struct error *err) {
  if (!reserve(row, answer->n_samples, err)) return false;
  row->gpu_clock = answer->gpu_clock && (row->gpu_clock || !row->n);
  for (uint32_t s = 0; s < answer->n_samples; s++) {
    row->ns[row->n] = answer->ns[s];
    row->host_ns[row->n] = answer->host_ns[s];
    row->round[row->n++] = round;
  }
  row->rounds = round + 1;
  row->windows = answer->windows;
  row->memory = answer->memory;
  return true;
}
