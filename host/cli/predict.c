#include <math.h>
#include <stdio.h>

#include "args.h"
#include "cli.h"
#include "cost.h"
#include "result_load.h"
#include "table.h"
#include "text.h"

static const struct args_verb verb = {
  .name = "predict",
  .about = "How far the cost model of a result is from what was measured: each row of MEASURED as RESULT's model\n"
           "predicts it; without MEASURED each of RESULT's own, predicted without its weight matrix, set of experts or\n"
           "head layout (leave-one-out). Needs no GPU.",
  .operands = "RESULT [MEASURED]",
  .min_operands = 1,
  .max_operands = 2,
  .options = {
    {"format", "FORMAT", "table or csv (default: table)"},
  },
  .example = "vkpareto predict results/DEVICE/DRIVER-quick.json results/DEVICE/DRIVER-standard.json",
};

static const char *const regime_names[REGIME_COUNT] = {"decode", "prefill", "any"};

/* Of one row that counts. */
struct line {
  const struct cost_group *group;
  const struct result_row *row;
  struct cost_estimate estimate;
  const char *basis;   /* what the estimate rests on */
};

static const char *basis_of(const struct cost_estimate *e) {
  return e->measured ? "row" : e->extrapolated ? "extrapolated" : "fit";
}

static struct line from_others(const struct cost_group *group, size_t i) {
  struct line line = {.group = group, .row = group->rows[i]};
  const bool known = cost_left_out(group, i, &line.estimate);
  line.basis = known ? basis_of(&line.estimate) : "none";
  return line;
}

static struct line from_model(const struct cost_model *model, const struct cost_group *group, size_t i) {
  struct line line = {.group = group, .row = group->rows[i]};
  struct error why = {0};
  const struct kernel_case kase = cost_case_of(line.row);
  const bool known = cost_predict(model, group->technique->id, &kase, &line.estimate, &why);
  line.basis = known ? basis_of(&line.estimate) : "none";
  return line;
}

static void add_text(struct table *table, const struct line *line) {
  const struct cost_estimate *e = &line->estimate;
  const bool known = e->ns > 0;
  char measured[32], predicted[32], lo[32], hi[32];
  text_duration(line->row->time.median, measured, sizeof measured);
  text_duration(known ? e->ns : NAN, predicted, sizeof predicted);
  text_duration(known ? e->lo : NAN, lo, sizeof lo);
  text_duration(known ? e->hi : NAN, hi, sizeof hi);
  table_cell(table, "%s", line->row->id);
  table_cell(table, "%s", measured);
  table_cell(table, "%s", predicted);
  table_cell(table, "%s", lo);
  table_cell(table, "%s", hi);
  if (known) table_cell(table, "%+.0f %%", 100 * (e->ns / line->row->time.median - 1));
  else table_cell(table, "-");
  table_cell(table, "%s", line->basis);
}

/* An unknown number is an empty cell. */
static void add_number(struct table *table, double value) {
  if (isfinite(value) && value > 0) table_cell(table, "%.1f", value);
  else table_cell(table, "%s", "");
}

static void add_csv(struct table *table, const struct line *line) {
  const struct cost_estimate *e = &line->estimate;
  table_cell(table, "%s", line->row->id);
  table_cell(table, "%s", line->group->family->name);
  table_cell(table, "%s", regime_names[line->group->regime]);
  table_cell(table, "%s", line->group->technique->id);
  const double numbers[] = {line->row->time.median, line->row->time.lo, line->row->time.hi, e->ns, e->lo, e->hi};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) add_number(table, numbers[i]);
  table_cell(table, "%s", line->basis);
}

static bool print(const struct cost_model *model, const struct cost_model *measured, bool csv, struct error *err) {
  static const char *const text_heads[] = {"row", ">measured", ">predicted", ">from", ">to", ">off", "by"};
  static const char *const csv_heads[] = {"id", "op", "regime", "technique", "measured_ns", "measured_lo",
                                          "measured_hi", "predicted_ns", "predicted_lo", "predicted_hi", "by"};
  struct table *table = csv ? table_create(csv_heads, sizeof csv_heads / sizeof csv_heads[0])
                            : table_create(text_heads, sizeof text_heads / sizeof text_heads[0]);
  const struct cost_model *asked = measured ? measured : model;
  for (size_t g = 0; table && g < asked->n; g++)
    for (size_t i = 0; i < asked->groups[g].n; i++) {
      const struct line line = measured ? from_model(model, &asked->groups[g], i) : from_others(&asked->groups[g], i);
      if (csv) add_csv(table, &line);
      else add_text(table, &line);
    }
  const bool ok = table && table_print(table, csv ? TABLE_CSV : TABLE_TEXT, stdout);
  table_free(table);
  return ok || error_set(err, ERROR_INPUT, "cannot print the predictions: out of memory, or the output was closed");
}

/* The model of the result at path; both are the caller's. */
static bool load(const char *path, struct result **result, struct cost_model **model, struct error *err) {
  if (!result_load(path, result, err)) return false;
  if (!*result) return error_set(err, ERROR_INPUT, "%s is no result; `vkpareto run` writes them", path);
  return (*model = cost_build(*result, err)) != NULL;
}

int cli_predict(int argc, char **argv) {
  static const char *const formats[] = {"table", "csv"};
  struct args args;
  int status;
  if (!args_parse(&verb, argc, argv, &args, &status)) return status;
  struct error err = {0};
  struct result *result[2] = {NULL};
  struct cost_model *model[2] = {NULL};
  size_t format = 0;
  bool ok = args_choice(&args, "format", formats, 2, &format, &err);
  for (size_t i = 0; ok && i < args.n_operands; i++) ok = load(args.operands[i], &result[i], &model[i], &err);
  ok = ok && print(model[0], model[1], format == 1, &err);
  for (size_t i = 0; i < 2; i++) {
    cost_free(model[i]);
    result_free(result[i]);
  }
  return ok ? EXIT_DONE : args_fail(&args, &err);
}
