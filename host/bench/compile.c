#include "compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "device_lock.h"
#include "interrupt.h"
#include "log.h"
#include "plan.h"
#include "recipes.h"
#include "suite.h"

enum { COMPILE_SECONDS = 300 };   /* ends a hang, not a slow compiler */

struct compiler {
  const struct compile_options *options;
  struct suite *suite;
  struct interrupt interrupt;
  struct client client;
  struct answer answer;
  struct compiled_list *list;
};

static struct compiled *add_row(struct compiled_list *list, const struct variant *variant, struct error *err) {
  if (list->n == list->capacity) {
    size_t wanted = list->capacity ? 2 * list->capacity : 64;
    struct compiled *grown = realloc(list->rows, wanted * sizeof *grown);
    if (!grown) {
      error_set(err, ERROR_MEMORY, "out of memory for %zu pipelines", wanted);
      return NULL;
    }
    list->rows = grown;
    list->capacity = wanted;
  }
  struct compiled *row = &list->rows[list->n++];
  *row = (struct compiled){.variant = variant};
  return row;
}

static bool add_absent(struct compiler *compiler, const struct variant *variant, enum status status,
                       const char *reason, struct error *err) {
  struct compiled *row = add_row(compiler->list, variant, err);
  if (!row) return false;
  row->status = status;
  snprintf(row->reason, sizeof row->reason, "%s", reason);
  return true;
}

/* ---- which pipelines */

/* A case that the variant cannot do leaves the reason and no error. */
static bool collect_tuning(struct compiler *compiler, struct recipes *recipes, const struct variant *variant,
                           const struct kernel_case *kase, const int32_t *tuning, char *reason, size_t size,
                           struct error *err) {
  struct error why = {0};
  if (recipes_add(recipes, variant, kase, &compiler->client.caps, tuning, &why)) return true;
  snprintf(reason, size, "%s", why.text);
  if (why.kind != ERROR_MEMORY) return true;
  *err = why;
  return false;
}

static bool collect_case(struct compiler *compiler, struct recipes *recipes, const struct variant *variant,
                         const struct kernel_case *kase, char *reason, size_t size, struct error *err) {
  const struct caps *caps = &compiler->client.caps;
  int32_t tuning[KERNEL_TUNABLES] = {0};
  struct tensor_list tensors = {0};
  struct error why = {0};
  if (!kase->family->tensors(kase, technique_of(kase->family, variant), &tensors, &why)) {
    snprintf(reason, size, "%s", why.text);
    return true;
  }
  if (!compiler->options->all_tunings) {
    const char *invalid = plan_tuning(variant, kase, caps, tuning);
    if (!invalid) return collect_tuning(compiler, recipes, variant, kase, tuning, reason, size, err);
    snprintf(reason, size, "%s", invalid);
    return true;
  }
  size_t at[KERNEL_TUNABLES] = {0};
  do {
    const char *invalid = plan_take_tuning(variant, at, kase, caps, tuning);
    if (invalid) snprintf(reason, size, "%s", invalid);
    else if (!collect_tuning(compiler, recipes, variant, kase, tuning, reason, size, err)) return false;
  } while (plan_next_tuning(variant, at));
  return true;
}

static bool collect(struct compiler *compiler, struct recipes *recipes, const struct variant *variant, char *reason,
                    size_t size, struct error *err) {
  const struct family *family = family_of_technique(variant->technique);
  const struct suite *suite = compiler->suite;
  for (size_t c = 0; c < suite->n_cases; c++)
    if (suite->cases[c].kase.family == family && suite_case_has(&suite->cases[c], technique_of(family, variant)) &&
        !collect_case(compiler, recipes, variant, &suite->cases[c].kase, reason, size, err))
      return false;
  for (size_t s = 0; !recipes->n && family->proof_shapes[s][0] != 0; s++) {
    struct kernel_case kase = {.family = family, .mode = MODE_WARM};
    memcpy(kase.dim, family->proof_shapes[s], sizeof kase.dim);
    if (!collect_case(compiler, recipes, variant, &kase, reason, size, err)) return false;
  }
  return true;
}

/* ---- what becomes of them */

static bool compile_one(struct compiler *compiler, const struct variant *variant, const struct planned_recipe *planned,
                        struct error *err) {
  struct answer *answer = &compiler->answer;
  struct job job = {.kind = JOB_COMPILE, .recipe = planned->recipe};
  log_progress("compiling %s for %s", planned->recipe.spirv->name, variant->id);
  if (!client_ask(&compiler->client, &job, COMPILE_SECONDS, answer, err)) return false;
  struct compiled *row = add_row(compiler->list, variant, err);
  if (!row) return false;
  row->recipe = planned->recipe;
  memcpy(row->tuning, planned->tuning, sizeof row->tuning);
  row->status = answer->status;
  snprintf(row->reason, sizeof row->reason, "%s", answer->reason);
  row->code = answer->code;
  row->code.compile_ns = answer->compile.ns;
  return true;
}

static bool compile_variant(struct compiler *compiler, const struct variant *variant, struct error *err) {
  enum status status;
  char reason[512] = "no shape that it could run";
  if (!plan_runnable(variant, &compiler->client.caps, &status, reason, sizeof reason))
    return add_absent(compiler, variant, status, reason, err);
  struct recipes recipes = {0};
  bool ok = collect(compiler, &recipes, variant, reason, sizeof reason, err);
  if (ok && !recipes.n) ok = add_absent(compiler, variant, STATUS_UNSUPPORTED, reason, err);
  for (size_t i = 0; ok && i < recipes.n; i++) ok = compile_one(compiler, variant, &recipes.list[i], err);
  recipes_free(&recipes);
  return ok;
}

static bool compile_matching(struct compiler *compiler, struct error *err) {
  for (size_t f = 0; f < n_families; f++)
    for (size_t v = 0; v < families[f]->n_variants; v++) {
      const struct variant *variant = &families[f]->variants[v];
      if (plan_is_asked_for(variant, compiler->options->filter) && !compile_variant(compiler, variant, err))
        return false;
    }
  return true;
}

bool compile_all(const struct compile_options *options, struct compiled_list *list, struct error *err) {
  struct compiler compiler = {.options = options, .list = list, .suite = suite_load("standard", err)};
  if (!compiler.suite) return false;
  interrupt_begin(&compiler.interrupt);
  int lock = -1;
  bool ok = client_start(&compiler.client, options->device, options->uuid, options->validation, &compiler.interrupt,
                         err) &&
            device_lock(&compiler.client.caps, true, &lock, err);   /* compilers disturb what is measured meanwhile */
  if (ok) {
    list->caps = compiler.client.caps;
    ok = compile_matching(&compiler, err);
  }
  log_progress("%s", "");
  client_stop(&compiler.client);
  device_unlock(lock);
  ok = interrupt_end(&compiler.interrupt, ok, err);
  suite_free(compiler.suite);
  return ok;
}

void compile_free(struct compiled_list *list) {
  free(list->rows);
  *list = (struct compiled_list){0};
}
