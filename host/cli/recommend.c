#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "emit.h"
#include "file.h"
#include "log.h"
#include "steps.h"
#include "text.h"

static const struct args_verb verb = {
  .name = "recommend",
  .about = "Finds the Pareto-optimal configurations of a model for a task from a measured result, picks one and\n"
           "writes it as a config. Needs no GPU. Status 4 when no configuration is within the limits.",
  .options = {
    {"result", "RESULT", "what `vkpareto run` measured (required)"},
    {"model", "MODEL", "a built-in model (`vkpareto list models`), or a file: ours, config.json, GGUF (required)"},
    {"task", "TASK", "a built-in task (`vkpareto list tasks`) or a .json file (required)"},
    {"max-memory", "SIZE", "at most this much device memory, as 6GiB (default: what the device has)"},
    {"max-ttft", "MS", "time to first token at most"},
    {"max-tpot", "MS", "time per token at most"},
    {"min-throughput", "TOK/S", "at least so many decoded tokens per second, of all sequences together"},
    {"max-quality-loss", "PCT", "perplexity may rise by at most this much: 1% is a ratio of 1.01"},
    {"max-power", "W", "mean power over a request at most, where the result has energy"},
    {"prefer", "WHAT", "balanced (default), latency, memory, energy or quality"},
    {"allow-unknown-quality", NULL, "offer techniques whose quality nobody published; quality is then left out"},
    {"allow-architecture", NULL,
     "also say what each other built-in model would cost; it is another model, so none is chosen"},
    {"finetune", "METHOD", "with an adapter: none (default), lora, rslora, dora, qlora, or any of them"},
    {"rank", "N", "the adapter's rank (default: 16)"},
    {"adapt", "WHAT", "the adapter is on all linear layers (linear, the default) or on attention only (attention)"},
    {"live", NULL, "the adapter stays beside the weights; else it may be merged into them"},
    {"sensitivities", "FILE", "how much each layer loses by rounding (docs/files.md): formats may then differ by "
                              "layer"},
    {"any-format", NULL, "also what the target cannot hold; what is lost is listed"},
    {"emit", "FORMAT", "json (default) or llama.cpp"},
    {"out", "FILE", "write there instead of to stdout"},
  },
  .example = "vkpareto recommend --result results/DEVICE/DRIVER-quick.json --model llama-3.1-8b --task chat "
             "--max-memory 6GiB --emit llama.cpp",
};

static const double NS_PER_MS = 1e6;

static bool required(const struct args *args, const char *name, const char **out, struct error *err) {
  *out = args_text(args, name);
  return *out || error_set(err, ERROR_USAGE, "--%s is required", name);
}

static bool read_time(const struct args *args, const char *name, double *limit, struct error *err) {
  double ms = INFINITY;
  if (!args_double(args, name, 1e-6, 1e12, &ms, err)) return false;
  *limit = ms * NS_PER_MS;
  return true;
}

/* "1%" or "1": percent of perplexity, kept as nats. */
static bool read_quality(const struct args *args, double *limit, struct error *err) {
  const char *text = args_text(args, "max-quality-loss");
  if (!text) return true;
  char number[32];
  size_t n = strlen(text);
  if (n > 0 && text[n - 1] == '%') n--;
  snprintf(number, sizeof number, "%.*s", (int)(n < sizeof number ? n : sizeof number - 1), text);
  double percent;
  if (!text_parse_double(number, 0, 1000, &percent, err)) return error_prefix(err, "--max-quality-loss: ");
  *limit = log1p(percent / 100);
  return true;
}

/* Every step of decode gives each sequence one token. */
static bool read_throughput(const struct args *args, const struct task *task, struct limits *limits,
                            struct error *err) {
  double tokens = 0;
  if (!args_double(args, "min-throughput", 1e-6, 1e12, &tokens, err)) return false;
  const double tpot = tokens > 0 ? (double)task->concurrency * 1e9 / tokens : INFINITY;
  if (tpot >= limits->at[OBJECTIVE_TPOT]) return true;
  limits->at[OBJECTIVE_TPOT] = tpot;
  limits->tokens_per_s = tokens;
  return true;
}

static bool read_finetune(const struct args *args, struct finetune_wish *wish, struct error *err) {
  const char *names[FINETUNE_METHODS + 1] = {[FINETUNE_METHODS] = "any"};
  for (int m = 0; m < FINETUNE_METHODS; m++) names[m] = finetune_method_names[m];
  size_t method = FINETUNE_NONE, target = FINETUNE_LINEAR;
  uint64_t rank = FINETUNE_RANK;
  if (!args_choice(args, "finetune", names, FINETUNE_METHODS + 1, &method, err)
      || !args_choice(args, "adapt", finetune_target_names, FINETUNE_TARGETS, &target, err)
      || !args_u64(args, "rank", 1, FINETUNE_MAX_RANK, &rank, err))
    return false;
  static const char *const details[] = {"rank", "adapt", "live"};
  for (size_t i = 0; method == FINETUNE_NONE && i < sizeof details / sizeof details[0]; i++)
    if (args_text(args, details[i]))
      return error_set(err, ERROR_USAGE, "--%s says something about an adapter; --finetune METHOD asks for one",
                       details[i]);
  const bool any = method == FINETUNE_METHODS;
  *wish = (struct finetune_wish){.any = any, .live = args_flag(args, "live"), .target = (enum finetune_target)target,
                                 .method = any ? FINETUNE_NONE : (enum finetune_method)method, .rank = (int64_t)rank};
  return true;
}

static bool read_sensitivities(const struct args *args, const struct model *model, struct sensitivity **out,
                               struct error *err) {
  const char *path = args_text(args, "sensitivities");
  if (!path) return true;
  *out = sensitivity_read(path, err);
  return *out && (sensitivity_fits(*out, model, err) || error_prefix(err, "%s: ", path));
}

static bool read_options(const struct args *args, struct recommend_options *options, struct error *err) {
  *options = (struct recommend_options){.allow_unknown_quality = args_flag(args, "allow-unknown-quality"),
                                        .architectures = args_flag(args, "allow-architecture")};
  double *limit = options->limits.at;
  for (int o = 0; o < OBJECTIVE_COUNT; o++) limit[o] = INFINITY;
  uint64_t memory = 0;
  size_t prefer = PREFER_BALANCED;
  if (!args_size(args, "max-memory", &memory, err) || !read_time(args, "max-ttft", &limit[OBJECTIVE_TTFT], err)
      || !read_time(args, "max-tpot", &limit[OBJECTIVE_TPOT], err)
      || !read_quality(args, &limit[OBJECTIVE_QUALITY], err)
      || !args_choice(args, "prefer", preference_names, PREFERENCE_COUNT, &prefer, err))
    return false;
  if (args_text(args, "max-memory")) limit[OBJECTIVE_MEMORY] = (double)memory;
  options->preference = (enum preference)prefer;
  if (options->allow_unknown_quality && isfinite(limit[OBJECTIVE_QUALITY]))
    return error_set(err, ERROR_USAGE, "--max-quality-loss cannot be kept with --allow-unknown-quality; give one "
                                       "of them");
  return read_finetune(args, &options->finetune, err)
      && args_double(args, "max-power", 1e-3, 1e6, &options->limits.watts, err);
}

/* ---- what is said on stderr */

static void say_bought(const struct recommendation *r, int decision) {
  struct step bought;
  char text[512];
  if (!steps_bought(r, decision, &bought)) return;
  steps_text(&bought, text, sizeof text);
  log_detail("    against %s: %s", bought.from, text);
}

static void say_slot(const struct recommendation *r, int s) {
  char text[1024];
  const struct space_slot *slot = &r->space->slots[s];
  layers_text(slot, &slot->options[r->choice[s]], text, sizeof text);
  log_info("  %-10s %s", slot_names[s], text);
  recommend_evidence(r, s, text, sizeof text);
  log_detail("    %s", text);
  say_bought(r, s);
  for (size_t o = 0; o < slot->n - slot->n_mixed; o++) {
    if (o == r->choice[s]) continue;
    const enum verdict verdict = recommend_verdict(r, s, o, text, sizeof text);
    log_detail("    not %s (%s): %s", slot->options[o].name, verdict_names[verdict], text);
  }
  for (size_t o = 0; o < slot->n_refused; o++)
    log_detail("    not offered %s: %s", slot->refused[o].name, slot->refused[o].reason);
}

static void say_setting(const struct recommendation *r) {
  char name[128], text[1024];
  setting_text(&r->space->setting, name, sizeof name);
  log_info("  %-10s %s", "setting", name);
  recommend_setting_evidence(r, text, sizeof text);
  log_detail("    %s", text);
  say_bought(r, CHOICE_SETTING);
  for (size_t i = 0; i < r->outer.n; i++) {
    if (&r->outer.spaces[i] == r->space) continue;
    const enum verdict verdict = recommend_setting_verdict(r, i, text, sizeof text);
    setting_text(&r->outer.spaces[i].setting, name, sizeof name);
    log_detail("    not %s (%s): %s", name, verdict_names[verdict], text);
  }
  for (size_t i = 0; i < r->outer.n_refused; i++) {
    setting_text(&r->outer.refused[i].setting, name, sizeof name);
    log_detail("    not offered %s: %s", name, r->outer.refused[i].reason);
  }
}

static void say_layers(const struct recommendation *r) {
  char text[1024];
  for (size_t i = 0; recommend_layers(r, i, text, sizeof text); i++) log_info("  %s", text);
}

static void say_steps(const struct recommendation *r) {
  struct step steps[GAIN_COUNT];
  const size_t n = steps_away(r, steps);
  if (n > 0) log_info("  one decision away:");
  for (size_t i = 0; i < n; i++) {
    char gains[64], text[512];
    steps_gains(&steps[i], gains, sizeof gains);
    steps_text(&steps[i], text, sizeof text);
    log_info("    %s: %s at %s, not %s: %s", gains, steps[i].decision, steps[i].to, steps[i].from, text);
  }
}

static void say_costs(const struct recommendation *r) {
  const struct prediction *p = &r->predicted;
  char ttft[96], tpot[96], quality[96] = "unknown", memory[32], first[128], further[128];
  recommend_range_text(OBJECTIVE_TTFT, &p->ttft_ns, ttft, sizeof ttft);
  recommend_range_text(OBJECTIVE_TPOT, &p->tpot_ns, tpot, sizeof tpot);
  if (r->space->quality_known) recommend_range_text(OBJECTIVE_QUALITY, &p->quality_nats, quality, sizeof quality);
  objective_text(OBJECTIVE_MEMORY, p->memory, memory, sizeof memory);
  recommend_shares(r, PHASE_PREFILL, first, sizeof first);
  recommend_shares(r, PHASE_DECODE, further, sizeof further);
  log_info("  time to first token %s: %s", ttft, first);
  log_info("  time per token %s: %s", tpot, further);
  log_info("  memory %s, perplexity %s", memory, quality);
  if (r->space->energy_known)
    log_info("  %.3g J per token, %.3g W over a request, %.0f %% of it measured, the rest modelled",
             p->token_joules.value, p->watts, 100 * p->measured_share);
  if (r->stability.draws)
    log_info("  stays best in %.0f %% of %zu redraws of the errors%s, expected regret %.2g %%",
             100 * r->stability.best_share, r->stability.draws, r->stability.unknown_errors ? " that are known" : "",
             100 * r->stability.regret);
  if (r->has_plain)
    log_info("  against 16-bit weights and cache: request time %.2fx, memory %.2fx",
             p->request_ns / r->plain_predicted.request_ns, p->memory / r->plain_predicted.memory);
  log_info("  %.0f %% of the time rests on extrapolated rows; %zu Pareto-optimal configurations, %zu within the limits",
           100 * p->extrapolated_share, r->outer.front.n, r->decision.n_feasible);
}

static void energy_text(const struct finetune_step *step, char *out, size_t size) {
  if (step->energy_reason[0]) snprintf(out, size, "; its energy is unknown: %s", step->energy_reason);
  else if (isfinite(step->joules_error)) snprintf(out, size, ", %.3g J (+-%.2g J)", step->joules, step->joules_error);
  else snprintf(out, size, ", %.3g J (error unknown)", step->joules);
}

static void say_step(const struct recommendation *r, const struct finetune *f) {
  const struct finetune_step *step = &r->step;
  char memory[32], time[32], energy[192];
  text_bytes(step->memory, memory, sizeof memory);
  text_duration(step->ns, time, sizeof time);
  energy_text(step, energy, sizeof energy);
  if (step->reason[0])
    log_info("  %-10s %.4g million numbers; a step over %lld tokens needs at least %s; its time is unknown: %s",
             "tuning", 1e-6 * step->params, (long long)step->tokens, memory, step->reason);
  else
    log_info("  %-10s %.4g million numbers; a step over %lld tokens needs at least %s and, estimated, %s%s", "tuning",
             1e-6 * step->params, (long long)step->tokens, memory, time, energy);
  const char *method = finetune_method_names[f->method];
  const struct finetune_speed *speed =
    r->figures ? finetune_speed_near(r->figures, method, r->model->params, step->tokens) : NULL;
  if (!speed) return;
  text_bytes(speed->memory, memory, sizeof memory);
  log_info("  published, for %s on another device, %s: %.3g samples of at most %lld tokens a second in %s (%s)",
           speed->model, speed->device, speed->samples_per_s, (long long)speed->tokens, memory, speed->source);
}

static void say_adapter(const struct recommendation *r) {
  const struct finetune *f = &r->space->setting.finetune;
  if (f->method == FINETUNE_NONE) return;
  say_step(r, f);
  const struct finetune_accuracy *a;
  const char *method = finetune_method_names[f->method];
  for (size_t i = 0; r->figures && (a = finetune_accuracy_at(r->figures, method, r->model->params, i)); i++)
    log_detail("    published: %s %.4g against %.4g (%s), %s of %s on %s; %s", method, a->value, a->base, a->baseline,
               a->metric, a->model, a->dataset, a->source);
}

/* What the task says that people accept: shown, and warned about when it is missed, but no limit of the search, since
 * only the user knows whether less would do. */
static void say_accepted(const struct recommendation *r) {
  const struct task *task = r->task;
  const double loss = r->space->quality_known ? log1p(task->max_quality_loss_percent / 100) : NAN;
  const struct { enum objective objective; const char *name; double most; const char *remedy; } accepted[] = {
    {OBJECTIVE_TTFT, "time to first token", task->max_ttft_ms * NS_PER_MS, "--max-ttft"},
    {OBJECTIVE_TPOT, "time per token", task->max_tpot_ms * NS_PER_MS, "--max-tpot"},
    {OBJECTIVE_QUALITY, "quality loss", loss, "--max-quality-loss"},
  };
  for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
    const enum objective o = accepted[i].objective;
    const double value = prediction_objective(&r->predicted, o);
    char is[32], most[32];
    if (!isfinite(accepted[i].most)) continue;
    objective_text(o, value, is, sizeof is);
    objective_text(o, accepted[i].most, most, sizeof most);
    if (value > accepted[i].most)
      log_warn("%s of %s: for %s people accept %s; %s tells whether anything reaches it", accepted[i].name, is,
               task->id, most, accepted[i].remedy);
    else
      log_detail("  %s of %s is within what people accept for %s: %s", accepted[i].name, is, task->id, most);
  }
}

/* Another model's loss is against its own 16-bit weights: nothing here says how good those are. */
static void say_alternatives(const struct recommendation *r) {
  if (r->alternatives.n)
    log_info("  other models for this task, each at its own best; they are not compared in quality, and none is "
             "chosen:");
  for (size_t i = 0; i < r->alternatives.n; i++) {
    const struct alternative *a = &r->alternatives.at[i];
    char ttft[32], tpot[32], memory[32];
    text_duration(a->predicted.ttft_ns.value, ttft, sizeof ttft);
    text_duration(a->predicted.tpot_ns.value, tpot, sizeof tpot);
    text_bytes(a->predicted.memory, memory, sizeof memory);
    if (a->feasible)
      log_info("    %-18s %.3gB %s%s: ttft %s, tpot %s, memory %s", a->id, a->params / 1e9, a->attention,
               a->experts ? ", experts" : "", ttft, tpot, memory);
    else
      log_detail("    %-18s %s", a->id, a->reason);
  }
}

static void say(const struct recommendation *r) {
  log_detail("the model is from %s", r->model->source);
  log_info("%s for %s on %s%s:", r->model->name, r->task->id, r->result->caps.name,
           recommend_is_rough(r) ? " (rough)" : "");
  for (int s = 0; s < SLOT_COUNT; s++) say_slot(r, s);
  say_setting(r);
  say_adapter(r);
  say_costs(r);
  say_layers(r);
  say_steps(r);
  say_alternatives(r);
  char text[1024];
  if (recommend_uncosted(r, 0, text, sizeof text)) log_info("  %s", text);
  for (size_t i = 0; i < OP_NOTES && r->space->work.notes[i][0]; i++) log_info("  %s", r->space->work.notes[i]);
  say_accepted(r);
  for (size_t i = 0; recommend_caveat(r, i, text, sizeof text); i++) log_detail("  mind: %s", text);
}

static bool write_config(const struct recommendation *r, const struct emitter *emitter, const char *path,
                         struct error *err) {
  char *text = emitter->text(r, err);
  if (!text) return false;
  bool ok = true;
  if (path)
    ok = file_write(path, text, strlen(text), true, err);
  else
    fputs(text, stdout);
  free(text);
  return ok;
}

/* Someone may take the file of an earlier call for the answer to this one. */
static int fail(const struct args *args, const struct error *err) {
  const char *path = args_text(args, "out");
  const int status = args_fail(args, err);
  if (err->kind == ERROR_INFEASIBLE) log_info("no config is written%s%s", path ? " to " : "", path ? path : "");
  return status;
}

int cli_recommend(int argc, char **argv) {
  struct args args;
  int status;
  if (!args_parse(&verb, argc, argv, &args, &status)) return status;

  struct error err = {0};
  const char *result_path, *model_name, *task_name, *emit = args_text(&args, "emit");
  struct recommend_options options;
  struct result *result = NULL;
  struct model *model = NULL;
  struct task *task = NULL;
  struct quality *quality = NULL;
  struct finetune_figures *figures = NULL;
  struct sensitivity *sensitivities = NULL;
  struct recommendation *r = NULL;
  const struct emitter *emitter = emit_find(emit ? emit : "json", &err);
  bool ok = emitter && required(&args, "result", &result_path, &err) && required(&args, "model", &model_name, &err)
         && required(&args, "task", &task_name, &err) && read_options(&args, &options, &err)
         && (model = model_load(model_name, &err)) && (task = task_load(task_name, &err))
         && read_throughput(&args, task, &options.limits, &err) && (quality = quality_load(&err))
         && (figures = finetune_figures_load(&err)) && read_sensitivities(&args, model, &sensitivities, &err)
         && (result = result_read(result_path, &err));
  if (ok && !args_flag(&args, "any-format")) options.lost = emitter->lost;
  options.figures = figures;
  options.sensitivities = sensitivities;
  ok = ok && (r = recommend_build(result, model, task, quality, &options, &err));
  if (ok) say(r);
  ok = ok && write_config(r, emitter, args_text(&args, "out"), &err);

  recommend_free(r);
  sensitivity_free(sensitivities);
  finetune_figures_free(figures);
  quality_free(quality);
  free(task);
  free(model);
  result_free(result);
  return ok ? EXIT_DONE : fail(&args, &err);
}
