/* Where nothing tells how large the last-level cache is, it is seen: the read ceiling over growing working sets. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ceilings_of.h"
#include "llc.h"
#include "log.h"
#include "session.h"
#include "stats.h"
#include "text.h"

/* 512 MiB: four times the largest cache known in 2026, so that two sizes lie beyond any. */
static const uint64_t LEAST = 1 << 20, MOST = 512 << 20;
enum { SIZES = 10, SAMPLES = 5, SECONDS = 30, PATIENCE = 10 };
static const double SAMPLE_S = 0.01;

/* A row whose kernel reads and was proved. */
static const struct row *find_reader(const struct session *session) {
  for (size_t i = 0; i < session->n_rows; i++) {
    const struct row *row = &session->rows[i];
    if (row->status == STATUS_OK && ceilings_family_is(row->planned->kase.family) &&
        strcmp(row->planned->variant->technique, "ceilings.read") == 0)
      return row;
  }
  return NULL;
}

static bool set_bytes(struct kernel_case *kase, uint64_t bytes) {
  for (size_t d = 0; d < kase->family->n_dims; d++) {
    if (strcmp(kase->family->dims[d].name, "bytes") != 0) continue;
    kase->dim[d] = (int64_t)bytes;
    return true;
  }
  return false;
}

static uint64_t most_bytes(const struct caps *caps) {
  uint64_t most = MOST, quarter = caps_memory(caps) / 4;
  if (quarter < most) most = quarter;
  if (caps->limits.allocation && caps->limits.allocation < most) most = caps->limits.allocation;
  return caps->limits.storage_range < most ? caps->limits.storage_range : most;
}

static bool ask(struct session *session, struct job *job, enum job_kind kind, uint64_t bytes, struct error *err) {
  char key[64];
  job->kind = kind;
  snprintf(key, sizeof key, "llc %s %llu", job_names[kind], (unsigned long long)bytes);
  return session_ask(session, key, job, SECONDS + PATIENCE * job->case_seconds, err);
}

/* Bytes per second; NAN where this size cannot be measured. */
static bool read_rate(struct session *session, const struct row *reader, uint64_t bytes, double *rate,
                      struct error *err) {
  const struct answer *answer = &session->answer;
  struct job job = session_case_job(session, reader, JOB_VERIFY);
  *rate = NAN;
  job.kase.mode = MODE_WARM;
  job.samples = SAMPLES;
  job.sample_seconds = SAMPLE_S;
  if (!set_bytes(&job.kase, bytes)) return true;
  if (!ask(session, &job, JOB_VERIFY, bytes, err)) return false;
  if (answer->status != STATUS_OK) return true;
  job.min_windows = answer->min_windows;
  job.op_ns = answer->op_ns;
  job.hash = answer->hash;
  if (!ask(session, &job, JOB_SAMPLE, bytes, err)) return false;
  if (answer->status == STATUS_OK)
    *rate = 1e9 * job.kase.family->bytes(&job.kase, reader->planned->technique) /
            stats_median(answer->ns, answer->n_samples);
  return true;
}

bool stage_llc(struct session *session, struct error *err) {
  const struct caps *caps = &session->client.caps;
  const struct row *reader = caps->llc_bytes ? NULL : find_reader(session);
  uint64_t size[SIZES], most = most_bytes(caps);
  double rate[SIZES];
  size_t n = 0;
  for (uint64_t bytes = LEAST; reader && n < SIZES && bytes <= most && !session_late(session); bytes *= 2) {
    size[n] = bytes;
    if (!read_rate(session, reader, bytes, &rate[n], err)) return false;
    if (isnan(rate[n])) break;
    n++;
  }
  session->llc_bytes = llc_knee(size, rate, n);
  char text[32];
  text_bytes((double)session->llc_bytes, text, sizeof text);
  if (reader) log_detail("last-level cache, by reading: %s", session->llc_bytes ? text : "not seen");
  return true;
}
