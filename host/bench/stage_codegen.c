/* The last stage of a run: what the driver's compiler says of the pipelines that were timed. Each is made once more for
 * it, after the timing and thrown away at once, so that no time is disturbed; a compiler that crashes over it costs the
 * facts and no row. */
#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "recipes.h"
#include "session.h"

enum { COMPILE_SECONDS = 60 };   /* it compiled before: more is a hang */

struct told { struct codegen codegen; char reason[128]; };   /* reason: why it is not known */

static bool is_timed(const struct row *row) { return row->status == STATUS_OK && row->n; }

static bool add_recipes(const struct session *session, const struct row *row, struct recipes *recipes,
                        struct error *err) {
  const struct plan_row *planned = row->planned;
  return recipes_add(recipes, planned->variant, &planned->kase, &session->client.caps, planned->tuning, err);
}

static bool ask(struct session *session, const struct recipe *recipe, struct told *told, struct error *err) {
  struct job job = {.kind = JOB_COMPILE, .recipe = *recipe};
  char key[300];
  int used = snprintf(key, sizeof key, "compile %s %u %u", recipe->spirv->name, recipe->bindings, recipe->push_bytes);
  for (uint32_t s = 0; s < recipe->n_spec; s++)
    used += snprintf(key + used, sizeof key - (size_t)used, " %u", recipe->spec[s]);
  *told = (struct told){codegen_unknown(), "budget"};
  if (session_late(session)) return true;
  if (!session_ask(session, key, &job, COMPILE_SECONDS, err)) return false;
  const struct answer *answer = &session->answer;
  if (answer->status == STATUS_OK) told->codegen = answer->code.codegen;
  snprintf(told->reason, sizeof told->reason, "%s",
           answer->status == STATUS_OK ? "the driver tells nothing of this pipeline" : answer->reason);
  return true;
}

/* The worst of the row's pipelines; one that is not known leaves it unknown. */
static bool judge(const struct session *session, struct row *row, const struct recipes *all, const struct told *told,
                  struct error *err) {
  struct recipes own = {0};
  bool ok = add_recipes(session, row, &own, err);
  for (size_t i = 0; ok && i < own.n; i++) {
    const struct told *one = &told[recipes_find(all, &own.list[i].recipe)];
    if (i == 0 || !codegen_known(&one->codegen) || codegen_worse(&one->codegen, &row->codegen))
      row->codegen = one->codegen;
    snprintf(row->codegen_reason, sizeof row->codegen_reason, "%s", one->reason);
    if (!codegen_known(&one->codegen)) break;
  }
  recipes_free(&own);
  return ok;
}

bool stage_codegen(struct session *session, struct error *err) {
  if (!(session->client.caps.features & FEATURE_EXECUTABLE_PROPERTIES)) {
    for (size_t i = 0; i < session->n_rows; i++)
      snprintf(session->rows[i].codegen_reason, sizeof session->rows[i].codegen_reason,
               "the driver has no VK_KHR_pipeline_executable_properties");
    return true;
  }
  struct recipes all = {0};
  bool ok = true;
  for (size_t i = 0; ok && i < session->n_rows; i++)
    if (is_timed(&session->rows[i])) ok = add_recipes(session, &session->rows[i], &all, err);
  struct told *told = ok ? calloc(all.n + 1, sizeof *told) : NULL;
  if (ok && !told) ok = error_set(err, ERROR_MEMORY, "out of memory for %zu pipelines", all.n);
  for (size_t i = 0; ok && i < all.n; i++) {
    log_progress("%s: asking for the code of pipeline %zu of %zu", session->client.caps.name, i + 1, all.n);
    ok = ask(session, &all.list[i].recipe, &told[i], err);
  }
  for (size_t i = 0; ok && i < session->n_rows; i++)
    if (is_timed(&session->rows[i])) ok = judge(session, &session->rows[i], &all, told, err);
  free(told);
  recipes_free(&all);
  return ok;
}
