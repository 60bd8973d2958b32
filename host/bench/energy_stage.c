#include "energy_stage.h"

#include <stdio.h>
#include <string.h>

#include "energy_case.h"
#include "log.h"
#include "rig.h"
#include "stats.h"
#include "text.h"

/* What the schedule takes, with a meter that looks back for a second; and how much longer before the worker is
 * killed. */
enum {
  MEASURE_SECONDS = ENERGY_REPEATS * (ENERGY_LOAD_S + ENERGY_IDLE_S + ENERGY_SETTLE_S + 2) + ENERGY_IDLE_S + 2,
  PATIENCE = 90,
};

static double median(const struct row *row) { return stats_median(row->ns, row->n); }

/* Is another row of the same technique and case faster? */
static bool is_beaten(const struct session *session, const struct row *row) {
  for (size_t i = 0; i < session->n_rows; i++) {
    const struct row *other = &session->rows[i];
    if (other != row && other->status == STATUS_OK && other->n && row_same_group(row, other) &&
        (median(other) < median(row) || (median(other) == median(row) && other < row)))
      return true;
  }
  return false;
}

static const char *why_not(const struct session *session, const struct row *row) {
  if (row->status != STATUS_OK || !row->n) return "it has no time";
  if (!row->planned->energy) return "not of the suite's subset for energy";
  if (is_beaten(session, row)) return "another variant of the technique is faster here";
  return NULL;
}

static void set_reason(struct row *row, const char *reason) {
  snprintf(row->energy_reason, sizeof row->energy_reason, "%s", reason);
}

static size_t choose(struct session *session) {
  size_t n = 0;
  for (size_t i = 0; i < session->n_rows; i++) {
    const char *reason = why_not(session, &session->rows[i]);
    set_reason(&session->rows[i], reason ? reason : "");
    n += !reason;
  }
  return n;
}

static bool ask(struct session *session, struct row *row, struct error *err) {
  char key[300];
  struct job job = session_case_job(session, row, JOB_ENERGY);
  snprintf(key, sizeof key, "energy %s", row->planned->id);
  if (!session_ask(session, key, &job, MEASURE_SECONDS + PATIENCE, err)) return false;
  const struct answer *answer = &session->answer;
  row->energy = answer->energy;
  if (!answer->energy.windows) set_reason(row, *answer->reason ? answer->reason : "it could not be measured");
  if (answer->status == STATUS_WRONG) row_drop(row, STATUS_WRONG, answer->reason);
  return true;
}

/* Of the rows without a reason; `none`: why the device has no meter, found out by asking for the first. */
static bool measure_chosen(struct session *session, size_t n, struct error *err) {
  char none[sizeof session->answer.reason] = "";
  size_t done = 0;
  for (size_t i = 0; i < session->n_rows; i++) {
    struct row *row = &session->rows[i];
    if (*row->energy_reason) continue;
    if (*none || rig_now() + MEASURE_SECONDS > session->deadline) {
      set_reason(row, *none ? none : "budget");
      continue;
    }
    log_progress("%s: energy of row %zu of %zu", session->client.caps.name, ++done, n);
    if (!ask(session, row, err)) return false;
    if (session->answer.status != STATUS_UNSUPPORTED) continue;
    snprintf(none, sizeof none, "%s", session->answer.reason);
    log_info("%s", none);
  }
  return true;
}

bool stage_energy(struct session *session, struct error *err) {
  size_t n = choose(session);
  char time[32];
  if (!n) return true;
  text_duration(1e9 * (double)n * MEASURE_SECONDS, time, sizeof time);
  log_info("energy of %zu rows: about %s where the device has a meter", n, time);
  return measure_chosen(session, n, err);
}
