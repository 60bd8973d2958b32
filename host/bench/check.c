/* The verb `check`: every variant of every family on its proof shapes, one line each. */
#include <stdio.h>

#include "client.h"
#include "device_lock.h"
#include "interrupt.h"
#include "job.h"
#include "log.h"
#include "plan.h"
#include "run.h"
#include "text.h"

enum { PROVE_SECONDS = 600 };   /* ends a hang, not a slow machine */

struct check {
  const struct run_options *options;
  struct interrupt interrupt;
  struct client client;
  struct answer answer;
  size_t n_ok, n_wrong, n_absent;
  uint32_t validation;          /* messages of the worker so far */
};

static void print_line(const char *status, const struct variant *variant, const char *text) {
  printf("%-12s %-36s %s\n", status, variant->id, text);
  fflush(stdout);   /* a proof takes seconds; whoever watches sees each */
}

static void judge_answer(struct check *check, const struct variant *variant) {
  const struct answer *answer = &check->answer;
  char text[600], took[32];
  bool talked = answer->validation > check->validation;
  check->validation = answer->validation;
  text_duration((double)answer->compile.ns, took, sizeof took);
  if (answer->status == STATUS_OK && !talked) {
    snprintf(text, sizeof text, "%u shapes, %llu elements, worst error %.2g of the bound, %s in %s",
             answer->shapes, (unsigned long long)answer->error.elements, answer->ratio,
             answer->compile.cached == CACHED_YES ? "from the cache" : "compiled", took);
    check->n_ok++;
  } else if (answer->status == STATUS_UNSUPPORTED) {
    snprintf(text, sizeof text, "%s", answer->reason);
    check->n_absent++;
  } else {
    snprintf(text, sizeof text, "%s", *answer->reason ? answer->reason : "the validation layers complain");
    check->n_wrong++;
  }
  print_line(talked && answer->status == STATUS_OK ? "validation" : status_names[answer->status], variant, text);
}

static bool check_variant(struct check *check, const struct variant *variant, struct error *err) {
  struct job job = {.kind = JOB_PROVE, .variant = variant, .seed = check->options->seed};
  enum status status;
  char reason[512];
  bool runnable = plan_runnable(variant, &check->client.caps, &status, reason, sizeof reason);
  const char *why_not = runnable ? plan_proof_tuning(variant, &check->client.caps, job.tuning) : reason;
  if (why_not) {
    print_line(status_names[runnable ? STATUS_UNSUPPORTED : status], variant, why_not);
    check->n_absent++;
    return true;
  }
  log_progress("proving %s", variant->id);
  if (!client_ask(&check->client, &job, PROVE_SECONDS, &check->answer, err)) return false;
  log_progress("%s", "");
  judge_answer(check, variant);
  return true;
}

static bool check_all(struct check *check, struct error *err) {
  for (size_t f = 0; f < n_families; f++)
    for (size_t v = 0; v < families[f]->n_variants; v++) {
      const struct variant *variant = &families[f]->variants[v];
      if (plan_is_asked_for(variant, check->options->filter) && !check_variant(check, variant, err)) return false;
    }
  return true;
}

bool bench_check(const struct run_options *options, size_t *n_ok, size_t *n_wrong, struct error *err) {
  struct check check = {.options = options};
  interrupt_begin(&check.interrupt);
  int lock = -1;
  bool ok = client_start(&check.client, options->device, options->uuid, options->validation, &check.interrupt, err) &&
            device_lock(&check.client.caps, true, &lock, err);
  if (ok) {
    printf("%s (%s)\n", check.client.caps.name, check.client.caps.driver_slug);
    ok = check_all(&check, err);
    printf("%zu ok, %zu wrong, %zu cannot run here%s\n", check.n_ok, check.n_wrong, check.n_absent,
           ok ? "" : "; not finished");
  }
  client_stop(&check.client);
  device_unlock(lock);
  ok = interrupt_end(&check.interrupt, ok, err);
  *n_ok = check.n_ok;
  *n_wrong = check.n_wrong;
  return ok;
}
