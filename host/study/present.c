#include "present.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

static const double GIB = 1024.0 * 1024 * 1024;

const char *const study_format_names[STUDY_FORMATS] = {"table", "md", "json"};

/* "A" to "Z", then "A1": what a result is called in the tables. */
static void label_of(size_t result, char out[8]) {
  if (result < 26) snprintf(out, 8, "%c", (char)('A' + result));
  else snprintf(out, 8, "%c%zu", (char)('A' + result % 26), (result / 26) % 1000);
}

static void factor_cell(struct table *table, double value) {
  if (isfinite(value)) table_cell(table, "%.2fx", value);
  else table_cell(table, "-");
}

/* A mean and of how many. */
static void mean_cell(struct table *table, const struct geometric *mean) {
  if (mean->n) table_cell(table, "%.2fx (%zu)", geometric_mean(mean), mean->n);
  else table_cell(table, "-");
}

static bool finish(struct table *table, enum table_format format, FILE *out) {
  const bool ok = table_print(table, format, out) || ferror(out);
  table_free(table);
  return ok;
}

static void heading(enum table_format format, FILE *out, const char *text) {
  fprintf(out, format == TABLE_MARKDOWN ? "\n## %s\n\n" : "\n%s\n\n", text);
}

static bool print_results(const struct study *study, enum table_format format, FILE *out) {
  static const char *const headings[] = {"", "device", "driver", "suite"};
  struct table *table = table_create(headings, 4);
  if (!table) return false;
  for (size_t r = 0; r < study->n_results; r++) {
    const struct result *result = study->results[r];
    char label[8];
    label_of(r, label);
    table_cell(table, "%s", label);
    table_cell(table, "%s", result->caps.name);
    table_cell(table, "%s %s", result->caps.driver_name, result->caps.driver_info);
    table_cell(table, "%s", result->run.suite);
  }
  return finish(table, format, out);
}

/* ---- the headline */

static void headline_row(const struct study *study, struct table *table, const struct study_summary *s, size_t result) {
  const double gain = geometric_mean(&s->gain[PICK_JOINT]), goal = study->baselines.goal[s->group];
  char label[8];
  label_of(result, label);
  table_cell(table, "%s", label);
  table_cell(table, "%s", study_group_names[s->group]);
  table_cell(table, "%zu", s->cases);
  table_cell(table, "%zu", s->by_status[CASE_FITS]);
  factor_cell(table, gain);
  if (isfinite(gain)) table_cell(table, "%.2f to %.2f", s->least, s->most);
  else table_cell(table, "-");
  table_cell(table, "%.1fx %s", goal, isnan(gain) ? "-" : gain >= goal ? "reached" : "missed");
  for (int kind = PICK_NAIVE; kind <= PICK_RANKED; kind++) {
    const double mean = geometric_mean(&s->gain[kind]);
    if (isnan(mean)) table_cell(table, "-");
    else if (s->lossy[kind]) table_cell(table, "%.2fx (%zu of %zu lossy)", mean, s->lossy[kind], s->gain[kind].n);
    else table_cell(table, "%.2fx (%zu)", mean, s->gain[kind].n);
  }
  table_cell(table, "%zu", s->by_status[CASE_ONLY_TUNED]);
  mean_cell(table, &s->only_tuned);
  mean_cell(table, &s->tuned_over_hosted);
  table_cell(table, "%zu", s->by_status[CASE_ONLY_HOSTED]);
  mean_cell(table, &s->only_hosted);
}

static bool print_headline(const struct study *study, enum table_format format, FILE *out) {
  static const char *const headings[] = {"", "models", ">cases", ">fit", ">gain", ">range", "goal", ">naive",
                                         ">single stage", ">manual",
                                         ">EfficientLLM", ">only tuned fits", ">gain there", ">over hosted",
                                         ">only with host memory", ">over hosted"};
  struct table *table = table_create(headings, sizeof headings / sizeof headings[0]);
  if (!table) return false;
  for (size_t r = 0; r < study->n_results; r++)
    for (int g = 0; g < GROUP_COUNT; g++) {
      const struct study_summary s = study_summarise(study, r, (enum study_group_kind)g);
      headline_row(study, table, &s, r);
    }
  heading(format, out, "Headline");
  const double pct = 100 * expm1(study->baselines.quality_nats);
  fprintf(out,
          "The geometric mean of the gains in request time, memory and (where a device has it) energy over 16-bit\n"
          "weights and cache with flash attention, at no more than %.1f %% more perplexity, the model's architecture\n"
          "as it is. Over the model and task pairs whose default fits the device. The goals are AE-LLM's gains; how\n"
          "its paper defines and normalises them is not known to us. Lossy: over that limit, or of unknown loss. In\n"
          "brackets: pairs that have the number. The limit is held against the estimate of the loss. Over hosted:\n"
          "over the default with weights of layers in the host's memory, where it fits so; with host memory, the\n"
          "joint choice's too.\n",
          pct);
  if (isfinite(study->memory))
    fprintf(out, "Every device is taken to have %.1f GiB of memory, whatever it has.\n", study->memory / GIB);
  fputc('\n', out);
  return finish(table, format, out);
}

static void print_limits(const struct study *study, enum table_format format, FILE *out) {
  heading(format, out, "What limits it");
  for (size_t r = 0; r < study->n_results; r++)
    for (int g = 0; g < GROUP_COUNT; g++) {
      const struct study_summary s = study_summarise(study, r, (enum study_group_kind)g);
      const double gain = geometric_mean(&s.gain[PICK_JOINT]), goal = study->baselines.goal[g];
      char label[8], text[400];
      label_of(r, label);
      if (isnan(gain)) {
        fprintf(out,
                "- %s, %s: no case whose default fits and can be costed (%zu only fit when tuned, %zu only with "
                "weights in the host's memory, %zu fit in no way, %zu not costed)\n", label, study_group_names[g],
                s.by_status[CASE_ONLY_TUNED], s.by_status[CASE_ONLY_HOSTED], s.by_status[CASE_NOTHING_FITS],
                s.by_status[CASE_NOT_COSTED]);
        continue;
      }
      fprintf(out,
              "- %s, %s: %.2fx of %.1fx, %s; the loss is within the limit to the upper end of its interval in %zu of "
              "%zu\n", label, study_group_names[g], gain, goal, gain >= goal ? "reached" : "missed", s.surely_within,
              s.gain[PICK_JOINT].n);
      for (size_t i = 0; study_limit(&s, i, text, sizeof text); i++) fprintf(out, "  - %s\n", text);
    }
}

/* ---- the cases */

static void quality_cell(struct table *table, const struct study_pick *pick) {
  const struct range q = pick->quality_nats;
  if (isfinite(q.value))
    table_cell(table, "%.2f (%.2f to %.2f)", 100 * expm1(q.value), 100 * expm1(q.lo), 100 * expm1(q.hi));
  else
    table_cell(table, "unknown");
}

static void gain_cell(struct table *table, const struct study_pick *pick) {
  const char *lossy = pick->within_quality ? "" : " lossy", *large = pick->fits ? "" : " too large";
  if (!pick->known) table_cell(table, "-");
  else table_cell(table, "%.2fx%s%s", pick->gain.mean, lossy, large);
}

static void case_row(const struct study *study, struct table *table, const struct study_case *c) {
  const struct study_pick *joint = &c->picks[PICK_JOINT];
  table_cell(table, "%s", study->models[c->model].model->id);
  table_cell(table, "%s", study->tasks[c->task]->id);
  table_cell(table, "%s", study_status_names[c->status]);
  factor_cell(table, joint->known ? joint->gain.mean : NAN);
  factor_cell(table, joint->known ? joint->gain.time : NAN);
  factor_cell(table, joint->known ? joint->gain.memory : NAN);
  factor_cell(table, joint->known ? joint->gain.energy : NAN);
  factor_cell(table, c->over_hosted.mean);
  if (joint->known) quality_cell(table, joint);
  else table_cell(table, "-");
  gain_cell(table, &c->picks[PICK_NAIVE]);
  const struct study_pick *single = &c->picks[PICK_SINGLE];
  if (single->known) table_cell(table, "%.2fx %s", single->gain.mean, pick_stage_names[single->stage]);
  else table_cell(table, "-");
  gain_cell(table, &c->picks[PICK_MANUAL]);
  gain_cell(table, &c->picks[PICK_RANKED]);
  table_cell(table, "%s", joint->known ? joint->choice : "-");
}

static bool print_cases(const struct study *study, size_t result, enum table_format format, FILE *out) {
  static const char *const headings[] = {"model", "task", "default", ">gain", ">time", ">memory", ">energy",
                                         ">over hosted",
                                         ">more perplexity, %", ">naive",
                                         ">single stage", ">manual", ">EfficientLLM", "joint choice"};
  struct table *table = table_create(headings, sizeof headings / sizeof headings[0]);
  if (!table) return false;
  size_t n = 0;
  for (size_t i = 0; i < study->n_cases; i++)
    if (study->cases[i].result == result && study->cases[i].status != CASE_NOT_COSTED) {
      case_row(study, table, &study->cases[i]);
      n++;
    }
  if (n) return finish(table, format, out);
  table_free(table);
  fprintf(out, "No case could be costed.\n");
  return true;
}

static bool print_failures(const struct study *study, size_t result, FILE *out, struct error *err) {
  struct study_failure *list;
  size_t n;
  if (!study_failures(study, result, &list, &n, err)) return false;
  if (n) fprintf(out, "\nWithout a gain, by reason, each in the words of the first:\n\n");
  for (size_t i = 0; i < n; i++) {
    const struct study_case *c = &study->cases[list[i].first];
    fprintf(out, "- %zu %s (%s/%s%s): %.200s%s\n", list[i].n, study_status_names[list[i].status],
            study->models[c->model].model->id,
            study->tasks[c->task]->id, list[i].n > 1 ? ", ..." : "", list[i].reason,
            strlen(list[i].reason) > 200 ? "..." : "");
  }
  free(list);
  return true;
}

/* ---- where devices disagree */

static bool print_flips(const struct study *study, enum table_format format, FILE *out, struct error *err) {
  static const char *const headings[] = {"results", "faster on the first", "faster on the second", ">cases",
                                         ">beyond the errors", ">compared", "for example"};
  struct study_flip *list;
  size_t n, shown = 0;
  if (!study_flips(study, &list, &n, err)) return false;
  struct table *table = table_create(headings, sizeof headings / sizeof headings[0]);
  for (size_t i = 0; table && i < n && list[i].flips; i++, shown++) {
    const struct study_flip *f = &list[i];
    const struct study_case *c = &study->cases[f->example];
    char a[8], b[8];
    label_of(f->result[0], a);
    label_of(f->result[1], b);
    table_cell(table, "%s, %s", a, b);
    table_cell(table, "%s", f->faster);
    table_cell(table, "%s", f->slower);
    table_cell(table, "%zu", f->flips);
    table_cell(table, "%zu", f->sure);
    table_cell(table, "%zu", f->compared);
    table_cell(table, "%s/%s", study->models[c->model].model->id, study->tasks[c->task]->id);
  }
  free(list);
  if (!table) return error_set(err, ERROR_MEMORY, "out of memory printing a study");
  heading(format, out, "Where the order of techniques flips between devices");
  fprintf(out,
          "By the request times of two formats, or of two attention algorithms and caches: %zu of %zu pairs flip for\n"
          "some model and task. Ties are not compared; where the error of a time is unknown the estimates decide, and\n"
          "the flip is not beyond the errors.\n\n", shown, n);
  if (shown) return finish(table, format, out) || error_set(err, ERROR_MEMORY, "out of memory printing a study");
  table_free(table);
  return true;
}

bool study_print(const struct study *study, enum study_format kind, FILE *out, struct error *err) {
  if (kind == STUDY_JSON) return study_print_json(study, out, err);
  const enum table_format format = kind == STUDY_MD ? TABLE_MARKDOWN : TABLE_TEXT;
  bool ok = print_results(study, format, out) && print_headline(study, format, out);
  if (ok) print_limits(study, format, out);
  for (size_t r = 0; ok && r < study->n_results; r++) {
    char title[160], label[8];
    label_of(r, label);
    snprintf(title, sizeof title, "%s: %.140s", label, study->results[r]->caps.name);
    heading(format, out, title);
    ok = print_cases(study, r, format, out) && print_failures(study, r, out, err);
  }
  ok = ok && (study->n_results < 2 || print_flips(study, format, out, err));
  return ok || (err->text[0] ? false : error_set(err, ERROR_MEMORY, "out of memory printing a study"));
}
