/* The control row. Best are chains of arithmetic in registers: nothing but the device's clock enters their time. */
#include <math.h>
#include <stdio.h>

#include "ceilings_of.h"
#include "session.h"
#include "stats.h"
#include "stretch.h"

enum { SAMPLES = 5, SECONDS = 30, PATIENCE = 10 };

static bool fits_better(const struct row *row, const struct row *than) {
  if (!than) return true;
  bool ruler = ceilings_family_is(row->planned->kase.family);
  bool its_ruler = ceilings_family_is(than->planned->kase.family);
  if (ruler != its_ruler) return ruler;
  bool computes = row->planned->kase.family->flops(&row->planned->kase) > 0;
  bool its_computes = than->planned->kase.family->flops(&than->planned->kase) > 0;
  if (computes != its_computes) return computes;
  return row->op_ns < than->op_ns;
}

static void choose(struct session *session) {
  for (size_t i = 0; i < session->n_rows; i++) {
    struct row *row = &session->rows[i];
    if (row->status == STATUS_OK && fits_better(row, session->control.row)) session->control.row = row;
  }
  if (session->control.row) session->control.id = session->control.row->planned->id;
}

/* Leaves the samples in session->answer; false in *ok when the row is lost for the run, as by any other sample. */
static bool ask(struct session *session, const char *key, const struct job *job, bool *ok, struct error *err) {
  struct row *row = session->control.row;
  if (!session_ask(session, key, job, SECONDS + PATIENCE * row->estimate_s, err)) return false;
  *ok = session->answer.status == STATUS_OK;
  if (*ok) return true;
  row_drop(row, session->answer.status, session->answer.reason);
  session->control.row = NULL;
  return true;
}

bool stage_control(struct session *session, struct error *err) {
  choose(session);
  struct control *control = &session->control;
  if (!control->row || session->client.caps.type == DEVICE_CPU) return true;
  struct row *row = control->row;
  if (!stretch_row(session, row, "sustained", &control->short_ns, &control->sustained_ns, err)) return false;
  if (row->status != STATUS_OK) control->row = NULL;
  return true;
}

bool control_sample(struct session *session, uint32_t round, bool end, struct error *err) {
  struct control *control = &session->control;
  if (!control->row || control->row->status != STATUS_OK || session_late(session)) return true;
  struct job job = session_case_job(session, control->row, JOB_SAMPLE);
  job.round = round;
  job.samples = SAMPLES;
  char key[64];
  snprintf(key, sizeof key, "control %u %s", round, end ? "end" : "begin");
  bool ok;
  if (!ask(session, key, &job, &ok, err)) return false;
  if (ok) control->times[2 * round + end] = stats_median(session->answer.ns, session->answer.n_samples);
  return true;
}
