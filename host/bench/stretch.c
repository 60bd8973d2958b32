#include "stretch.h"

#include <math.h>

#include "stats.h"

enum { SECONDS = 30, PATIENCE = 10 };
/* A second is what the power controllers of GPUs average over (NVML's reading does on Ampere); 20 ms, a submission. */
static const double SUSTAINED_S = 1.2, SUBMISSION_S = 0.02;
enum { EDGE = 5 };   /* samples at either end of the stretch that make its two numbers */

bool stretch_row(struct session *session, struct row *row, const char *key, double *short_ns, double *sustained_ns,
                 struct error *err) {
  const struct answer *answer = &session->answer;
  struct job job = session_case_job(session, row, JOB_SAMPLE);
  job.sample_seconds = SUBMISSION_S;
  job.samples = (uint32_t)(SUSTAINED_S / SUBMISSION_S);
  *short_ns = *sustained_ns = NAN;
  if (!session_ask(session, key, &job, SECONDS + PATIENCE * row->estimate_s, err)) return false;
  if (answer->status != STATUS_OK) {
    row_drop(row, answer->status, answer->reason);
  } else if (answer->n_samples >= 2 * EDGE) {
    *short_ns = stats_median(answer->ns, EDGE);
    *sustained_ns = stats_median(answer->ns + answer->n_samples - EDGE, EDGE);
  }
  return true;
}
