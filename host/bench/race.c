#include "race.h"

#include <math.h>
#include <stdio.h>

/* One run of a variant this many times slower than another is no noise: with four busy processes a core, intervals of
 * rows on lavapipe were up to +-120 % of the median (2026-11-22). */
static const double HOPELESS = 5;

/* One past the last row of the group that begins here. */
static size_t group_end(const struct session *session, size_t begin) {
  size_t end = begin + 1;
  while (end < session->n_rows && row_same_group(&session->rows[begin], &session->rows[end])) end++;
  return end;
}

static void drop_slower(struct row *row, double times, const struct row *best, const char *when) {
  char reason[300];
  snprintf(reason, sizeof reason, "%.1f times as long as %s %s", times, best->planned->variant->id, when);
  row_drop(row, STATUS_SKIPPED, reason);
}

static const struct row *quickest(const struct session *session, size_t begin, size_t end) {
  const struct row *best = NULL;
  for (size_t i = begin; i < end; i++) {
    const struct row *row = &session->rows[i];
    if (row->status == STATUS_OK && row->verified && (!best || row->op_ns < best->op_ns)) best = row;
  }
  return best;
}

void race_first_sight(struct session *session) {
  const double cheap = session->suite->fastest_only ? 0 : session->suite->case_seconds / 10;
  for (size_t begin = 0, end; begin < session->n_rows; begin = end) {
    end = group_end(session, begin);
    const struct row *best = quickest(session, begin, end);
    for (size_t i = begin; best && i < end; i++) {
      struct row *row = &session->rows[i];
      if (row->status == STATUS_OK && row->op_ns > HOPELESS * best->op_ns && row->estimate_s >= cheap)
        drop_slower(row, row->op_ns / best->op_ns, best, "at first sight");
    }
  }
}

void race_seconds(const struct session *session, double *least, double *most) {
  const double share = session->suite->fastest_only ? fmin(1, (double)RACE_ROUNDS / session->suite->rounds) : 1;
  *least = *most = 0;
  for (size_t begin = 0, end; begin < session->n_rows; begin = end) {
    end = group_end(session, begin);
    const struct row *best = quickest(session, begin, end);
    for (size_t i = begin; i < end; i++) {
      const struct row *row = &session->rows[i];
      if (row->status != STATUS_OK) continue;
      *most += row->estimate_s;
      *least += row == best ? row->estimate_s : share * row->estimate_s;
    }
  }
}

static double fastest(const struct row *row) {
  double ns = INFINITY;
  for (size_t s = 0; s < row->n; s++) ns = fmin(ns, row->ns[s]);
  return ns;
}

static double slowest(const struct row *row) {
  double ns = 0;
  for (size_t s = 0; s < row->n; s++) ns = fmax(ns, row->ns[s]);
  return row->n ? ns : INFINITY;
}

void race_rounds(struct session *session) {
  for (size_t begin = 0, end; begin < session->n_rows; begin = end) {
    const struct row *best = NULL;
    end = group_end(session, begin);
    for (size_t i = begin; i < end; i++) {
      const struct row *row = &session->rows[i];
      if (row->status == STATUS_OK && (!best || slowest(row) < slowest(best))) best = row;
    }
    for (size_t i = begin; best && i < end; i++) {
      struct row *row = &session->rows[i];
      if (row == session->control.row) continue;   /* sampled in every round, to show drift */
      if (row->status == STATUS_OK && row->n && fastest(row) > slowest(best))
        drop_slower(row, fastest(row) / slowest(best), best, "or longer in every sample of two rounds");
    }
  }
}
