/* How long do the ceilings last that all other times are a share of? On GPUs the best row of each kind runs for longer
 * than a second at a stretch, before the rounds: about a second and a half a kind, of which there are three to five. */
#include <stdio.h>
#include <string.h>

#include "ceilings_of.h"
#include "log.h"
#include "session.h"
#include "stretch.h"

static double rate(const struct row *row) {
  const struct plan_row *planned = row->planned;
  const struct family *family = planned->kase.family;
  double flops = family->flops(&planned->kase);
  return (flops > 0 ? flops : family->bytes(&planned->kase, planned->technique)) / row->op_ns;
}

static struct row *best_of(const struct session *session, const char *kind) {
  struct row *best = NULL;
  for (size_t i = 0; i < session->n_rows; i++) {
    struct row *row = &session->rows[i];
    const char *its = ceilings_kind(row->planned->kase.family, row->planned->technique->id, row->planned->kase.mode);
    if (row->status == STATUS_OK && its && strcmp(its, kind) == 0 && (!best || rate(row) > rate(best))) best = row;
  }
  return best;
}

static bool has_kind(const struct session *session, const char *kind) {
  for (size_t i = 0; i < session->n_lasting; i++)
    if (strcmp(session->lasting[i].kind, kind) == 0) return true;
  return false;
}

static bool stretch(struct session *session, const char *kind, struct error *err) {
  struct row *row = best_of(session, kind);
  struct lasting *lasting = &session->lasting[session->n_lasting];
  char key[64];
  if (!row) return true;
  *lasting = (struct lasting){0};
  snprintf(lasting->kind, sizeof lasting->kind, "%s", kind);
  snprintf(lasting->row, sizeof lasting->row, "%s", row->planned->id);
  snprintf(key, sizeof key, "sustained %s", kind);
  if (!stretch_row(session, row, key, &lasting->short_ns, &lasting->sustained_ns, err)) return false;
  session->n_lasting++;
  if (result_lasts(lasting)) return true;
  log_warn("the device throttles: its ceiling %s takes %.0f %% longer after a second of nothing else; cool it better "
           "or raise its power limit, and compare it with devices in the same state", kind,
           100 * (lasting->sustained_ns / lasting->short_ns - 1));
  return true;
}

bool stage_sustained(struct session *session, struct error *err) {
  if (session->client.caps.type == DEVICE_CPU) return true;
  for (size_t i = 0; i < session->n_rows && session->n_lasting < RESULT_CEILINGS && !session_late(session); i++) {
    const struct plan_row *planned = session->rows[i].planned;
    const char *kind = ceilings_kind(planned->kase.family, planned->technique->id, planned->kase.mode);
    if (kind && !has_kind(session, kind) && !stretch(session, kind, err)) return false;
  }
  return true;
}
