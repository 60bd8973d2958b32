#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "embed.h"
#include "json.h"
#include "kernel.h"
#include "model.h"
#include "suite.h"
#include "table.h"
#include "text.h"
#include "variant_text.h"

enum { COLUMNS = 7 };

/* One thing that can be listed: `fill` adds an object per entry, of which the table shows `columns`. */
struct listing {
  const char *name;
  bool (*fill)(cJSON *rows, struct error *);
  const char *columns[COLUMNS];
};

static cJSON *add_row(cJSON *rows, struct error *err) {
  cJSON *row = cJSON_CreateObject();
  if (!row || !cJSON_AddItemToArray(rows, row)) error_set(err, ERROR_MEMORY, "out of memory making a list");
  return row;
}

static bool fill_techniques(cJSON *rows, struct error *err) {
  for (size_t f = 0; f < n_families; f++)
    for (size_t t = 0; t < families[f]->n_techniques; t++) {
      const struct technique *technique = &families[f]->techniques[t];
      cJSON *row = add_row(rows, err);
      if (!row) return false;
      cJSON_AddStringToObject(row, "technique", technique->id);
      cJSON_AddStringToObject(row, "op", families[f]->name);
      cJSON_AddStringToObject(row, "title", technique->title);
      cJSON_AddStringToObject(row, "source", technique->source);
    }
  return true;
}

static bool fill_variants(cJSON *rows, struct error *err) {
  for (size_t f = 0; f < n_families; f++)
    for (size_t v = 0; v < families[f]->n_variants; v++) {
      const struct variant *variant = &families[f]->variants[v];
      const char *not_built = variant_not_built(variant);
      char requires[512];
      variant_requires_text(variant, requires, sizeof requires);
      cJSON *row = add_row(rows, err);
      if (!row) return false;
      cJSON_AddStringToObject(row, "variant", variant->id);
      cJSON_AddStringToObject(row, "technique", variant->technique);
      cJSON_AddStringToObject(row, "requires", requires);
      cJSON_AddStringToObject(row, "built", not_built ? not_built : "yes");
    }
  return true;
}

/* Calls `add` with the name of each embedded file of the folder: "quick" for "quick.json" in "". */
static bool each_embedded(const char *folder, bool (*add)(const char *, cJSON *, struct error *), cJSON *rows,
                          struct error *err) {
  size_t length = strlen(folder);
  for (size_t i = 0; i < n_embedded_files; i++) {
    const char *path = embedded_files[i].path;
    if (strncmp(path, folder, length) != 0 || strchr(path + length, '/')) continue;
    char name[128];
    const char *dot = strrchr(path, '.');
    snprintf(name, sizeof name, "%.*s", (int)(dot - path - (long)length), path + length);
    if (!add(name, rows, err)) return false;
  }
  return true;
}

static bool add_suite(const char *name, cJSON *rows, struct error *err) {
  struct suite *suite = suite_load(name, err);
  cJSON *row = suite ? add_row(rows, err) : NULL;
  if (row) {
    cJSON_AddStringToObject(row, "suite", name);
    cJSON_AddNumberToObject(row, "cases", (double)suite->n_cases);
    cJSON_AddStringToObject(row, "description", suite->description);
  }
  suite_free(suite);
  return row != NULL;
}

/* "GQA 32/8", "MQA 71/1", "MHA 32/32", "MLA 16"; ", window" where layers have one, ", vision" with an encoder. */
static void kind_text(const struct model *m, char *out, size_t size) {
  const char *windows = m->window_layers ? ", window" : "", *vision = m->vision.layers ? ", vision" : "";
  const long long heads = m->heads, kv_heads = m->kv_heads;
  if (m->mla.kv_rank)
    snprintf(out, size, "MLA %lld%s%s", heads, windows, vision);
  else
    snprintf(out, size, "%s %lld/%lld%s%s", heads == kv_heads ? "MHA" : kv_heads == 1 ? "MQA" : "GQA", heads, kv_heads,
             windows, vision);
}

static void add_count(cJSON *row, const char *name, double count) {
  char text[32];
  snprintf(text, sizeof text, "%.3g billion", count / 1e9);
  cJSON_AddStringToObject(row, name, text);
}

static bool add_model(const char *name, cJSON *rows, struct error *err) {
  struct model *model = model_load(name, err);
  cJSON *row = model ? add_row(rows, err) : NULL;
  if (row) {
    char kind[64];
    kind_text(model, kind, sizeof kind);
    cJSON_AddStringToObject(row, "model", model->id);
    cJSON_AddStringToObject(row, "name", model->name);
    add_count(row, "parameters", model->params);
    add_count(row, "active", model->active_params);
    cJSON_AddNumberToObject(row, "layers", (double)model->layers);
    cJSON_AddStringToObject(row, "attention", kind);
    cJSON_AddNumberToObject(row, "context", (double)model->context);
    cJSON_AddStringToObject(row, "unverified", model->unverified);
    cJSON_AddStringToObject(row, "source", model->source);
  }
  free(model);
  return row != NULL;
}

/* "512", or "256 to 4096" over the task's lengths. */
static void span_text(int64_t least, int64_t most, char *out, size_t size) {
  if (least == most) snprintf(out, size, "%lld", (long long)least);
  else snprintf(out, size, "%lld to %lld", (long long)least, (long long)most);
}

static void add_spans(cJSON *row, const struct task *task) {
  struct task_length least = task_length_at(task, 0), most = least;
  char text[64];
  for (size_t i = 1; i < task_n_lengths(task); i++) {
    const struct task_length length = task_length_at(task, i);
    if (length.prompt < least.prompt) least.prompt = length.prompt;
    if (length.prompt > most.prompt) most.prompt = length.prompt;
    if (length.output < least.output) least.output = length.output;
    if (length.output > most.output) most.output = length.output;
  }
  span_text(least.prompt, most.prompt, text, sizeof text);
  cJSON_AddStringToObject(row, "prompt", text);
  span_text(least.output, most.output, text, sizeof text);
  cJSON_AddStringToObject(row, "output", text);
}

static bool add_task(const char *name, cJSON *rows, struct error *err) {
  struct task *task = task_load(name, err);
  cJSON *row = task ? add_row(rows, err) : NULL;
  if (row) {
    cJSON_AddStringToObject(row, "task", task->id);
    cJSON_AddStringToObject(row, "title", task->title);
    add_spans(row, task);
    cJSON_AddNumberToObject(row, "turns", (double)task->turns);
    cJSON_AddNumberToObject(row, "concurrency", (double)task->concurrency);
    cJSON_AddStringToObject(row, "arrivals", task->concurrency > 1 ? arrivals_names[task->arrivals] : "");
    cJSON_AddNumberToObject(row, "images", (double)task->images);
    json_add_number(row, "max_ttft_ms", task->max_ttft_ms);
    json_add_number(row, "max_tpot_ms", task->max_tpot_ms);
    json_add_number(row, "max_quality_loss_percent", task->max_quality_loss_percent);
    cJSON_AddStringToObject(row, "reason", task->reason);
  }
  free(task);
  return row != NULL;
}

static bool fill_suites(cJSON *rows, struct error *err) { return each_embedded("", add_suite, rows, err); }
static bool fill_models(cJSON *rows, struct error *err) { return each_embedded("models/", add_model, rows, err); }
static bool fill_tasks(cJSON *rows, struct error *err) { return each_embedded("tasks/", add_task, rows, err); }

static const struct listing listings[] = {
  {"techniques", fill_techniques, {"technique", "title"}},
  {"variants", fill_variants, {"variant", "requires", "built"}},
  {"suites", fill_suites, {"suite", "cases", "description"}},
  {"models", fill_models, {"model", "parameters", "active", "layers", "attention", "context"}},
  {"tasks", fill_tasks, {"task", "title", "prompt", "output", "turns", "concurrency", "arrivals"}},
};
enum { LISTINGS = sizeof listings / sizeof listings[0] };

static bool print_table(const struct listing *listing, const cJSON *rows, struct error *err) {
  size_t columns = 0;
  while (columns < COLUMNS && listing->columns[columns]) columns++;
  struct table *table = table_create(listing->columns, columns);
  if (!table) return error_set(err, ERROR_MEMORY, "out of memory for a table");
  const cJSON *row;
  cJSON_ArrayForEach(row, rows)
    for (size_t c = 0; c < columns; c++) {
      const cJSON *cell = cJSON_GetObjectItemCaseSensitive(row, listing->columns[c]);
      if (cJSON_IsNumber(cell)) table_cell(table, "%.0f", cell->valuedouble);
      else table_cell(table, "%s", cJSON_IsString(cell) ? cell->valuestring : "-");
    }
  bool printed = table_print(table, TABLE_TEXT, stdout);
  table_free(table);
  return printed || ferror(stdout) || error_set(err, ERROR_MEMORY, "out of memory for a table");
}

static bool print_json(const struct listing *listing, cJSON *rows, struct error *err) {
  cJSON *root = cJSON_CreateObject();
  cJSON_AddItemReferenceToObject(root, listing->name, rows);
  char *text = json_text(root, JSON_WIDTH);
  cJSON_Delete(root);
  if (!text) return error_set(err, ERROR_MEMORY, "out of memory printing a list");
  puts(text);
  free(text);
  return true;
}

static const struct listing *find_listing(const char *word, struct error *err) {
  const char *names[LISTINGS];
  for (size_t i = 0; i < LISTINGS; i++) {
    if (text_equal_nocase(word, listings[i].name)) return &listings[i];
    names[i] = listings[i].name;
  }
  args_unknown(err, "list", word, names, LISTINGS);
  return NULL;
}

static const struct args_verb verb = {
  .name = "list",
  .about = "Lists what this binary knows. Variants are shown with the device features they require and whether\n"
           "their shaders could be built.",
  .operands = "techniques|variants|suites|models|tasks",
  .min_operands = 1,
  .max_operands = 1,
  .options = {{"json", NULL, "as JSON, with every field"}},
  .example = "vkpareto list variants",
};

int cli_list(int argc, char **argv) {
  struct args args;
  int status;
  if (!args_parse(&verb, argc, argv, &args, &status)) return status;
  struct error err = {0};
  const struct listing *listing = find_listing(args.operands[0], &err);
  if (!listing) return args_fail(&args, &err);
  cJSON *rows = cJSON_CreateArray();
  bool ok = listing->fill(rows, &err) &&
            (args_flag(&args, "json") ? print_json(listing, rows, &err) : print_table(listing, rows, &err));
  cJSON_Delete(rows);
  return ok ? EXIT_DONE : args_fail(&args, &err);
}
