#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "args.h"
#include "cli.h"
#include "compile.h"
#include "device_select.h"
#include "json.h"
#include "log.h"
#include "plan.h"
#include "table.h"
#include "text.h"

static const struct args_verb verb = {
  .name = "codegen",
  .about = "What the driver's compiler makes of every kernel: registers, spills, occupancy, compile time. Compiles\n"
           "the pipelines that the standard suite's shapes ask for and runs none of them.",
  .options = {
    {"device", "SEL", "which device: index, UUID or part of a name (default: the best)"},
    {"filter", "GLOB", "only variants whose id matches, as 'matmul.*'"},
    {"tunings", "default|all", "all: every combination of tunables, not only the default"},
    {"format", "table|md|json", "json has every statistic of the driver, in its own words (default: table)"},
    {"no-spills", NULL, "a spill or scratch memory is a failure: exit status 4"},
    {"validation", NULL, "with the Vulkan validation layers"},
  },
  .example = "vkpareto codegen --device 0 --filter 'attention.*'",
};

enum format { FORMAT_TABLE, FORMAT_MD, FORMAT_JSON, FORMATS };
static const char *const format_names[FORMATS] = {"table", "md", "json"};
static const char *const tunings_names[] = {"default", "all"};

struct counts { size_t compiled, failed, spilled, absent; };

static struct counts count(const struct compiled_list *list) {
  struct counts counts = {0};
  for (size_t i = 0; i < list->n; i++) {
    const struct compiled *row = &list->rows[i];
    if (!row->recipe.spirv) counts.absent++;
    else if (row->status != STATUS_OK) counts.failed++;
    else counts.compiled++;
    if (row->recipe.spirv && row->status == STATUS_OK) counts.spilled += codegen_spills(&row->code.codegen);
  }
  return counts;
}

/* ---- printing */

static void tuning_text(const struct compiled *row, char *out, size_t size) {
  size_t used = 0;
  snprintf(out, size, "-");
  for (size_t t = 0; t < row->variant->n_tunables && used < size; t++)
    used += (size_t)snprintf(out + used, size - used, "%s%s=%d", t ? " " : "", row->variant->tunables[t].name,
                             (int)row->tuning[t]);
}

static void add_number(struct table *table, double value) {
  if (isnan(value)) table_cell(table, "-");
  else table_cell(table, "%.0f", value);
}

static void add_line(struct table *table, const struct compiled *row) {
  table_cell(table, "%s", row->variant->id);
  if (!row->recipe.spirv || row->status != STATUS_OK) {
    table_cell(table, "%s%s%s: %s", row->recipe.spirv ? row->recipe.spirv->name : "", row->recipe.spirv ? " " : "",
               status_names[row->status], row->reason);
    for (size_t c = 0; c < CODEGEN_FIELDS + 2; c++) table_cell(table, "%s", "");
    return;
  }
  char text[160];
  tuning_text(row, text, sizeof text);
  table_cell(table, "%s", row->recipe.spirv->name);
  table_cell(table, "%s", text);
  for (size_t f = 0; f < CODEGEN_FIELDS; f++) add_number(table, codegen_value(&row->code.codegen, f));
  text_duration((double)row->code.compile_ns, text, sizeof text);
  table_cell(table, "%s", text);
}

static bool print_table(const struct compiled_list *list, enum table_format format, struct error *err) {
  static const char *const headings[] = {"variant",  "shader", "tuning", ">registers", ">scalar",   ">spills",
                                         ">scratch", ">shared", ">code",  ">waves",     ">subgroup", ">compiled in"};
  enum { COLUMNS = sizeof headings / sizeof headings[0] };
  _Static_assert(COLUMNS == CODEGEN_FIELDS + 4, "a column for each field");
  struct table *table = table_create(headings, COLUMNS);
  if (!table) return error_set(err, ERROR_MEMORY, "out of memory for a table");
  for (size_t i = 0; i < list->n; i++) add_line(table, &list->rows[i]);
  bool printed = table_print(table, format, stdout);
  table_free(table);
  return printed || ferror(stdout) || error_set(err, ERROR_MEMORY, "out of memory for a table");
}

static cJSON *row_json(const struct compiled *row) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "variant", row->variant->id);
  cJSON_AddStringToObject(json, "status", status_names[row->status]);
  if (row->status != STATUS_OK) cJSON_AddStringToObject(json, "reason", row->reason);
  if (!row->recipe.spirv) return json;
  cJSON_AddStringToObject(json, "shader", row->recipe.spirv->name);
  cJSON *tuning = cJSON_AddObjectToObject(json, "tuning");
  for (size_t t = 0; t < row->variant->n_tunables; t++)
    json_add_int(tuning, row->variant->tunables[t].name, row->tuning[t]);
  cJSON *constants = cJSON_AddArrayToObject(json, "constants");
  for (uint32_t s = 0; s < row->recipe.n_spec; s++)
    cJSON_AddItemToArray(constants, cJSON_CreateNumber(row->recipe.spec[s]));
  if (row->status != STATUS_OK) return json;
  cJSON_AddItemToObject(json, "codegen", codegen_to_json(&row->code.codegen));
  json_add_u64(json, "compile_ns", row->code.compile_ns);
  cJSON *all = cJSON_AddObjectToObject(json, "statistics");
  for (uint32_t i = 0; i < row->code.n; i++)
    json_add_number(all, row->code.statistic[i].name, row->code.statistic[i].value);
  return json;
}

static bool print_json(const struct compiled_list *list, struct error *err) {
  cJSON *root = cJSON_CreateObject();
  cJSON_AddStringToObject(root, "schema", "vkpareto.codegen/1");
  cJSON_AddStringToObject(root, "device", list->caps.name);
  cJSON_AddStringToObject(root, "driver", list->caps.driver_slug);
  cJSON *rows = cJSON_AddArrayToObject(root, "pipelines");
  for (size_t i = 0; i < list->n; i++) cJSON_AddItemToArray(rows, row_json(&list->rows[i]));
  char *text = json_text(root, JSON_WIDTH);
  cJSON_Delete(root);
  if (!text) return error_set(err, ERROR_MEMORY, "out of memory printing the pipelines");
  puts(text);
  free(text);
  return true;
}

/* ---- verdict */

static int judge(const struct compiled_list *list, bool no_spills) {
  struct counts counts = count(list);
  log_info("%s (%s): %zu pipelines compiled, %zu did not, %zu spill; %zu variants cannot run here", list->caps.name,
           list->caps.driver_slug, counts.compiled, counts.failed, counts.spilled, counts.absent);
  if (counts.compiled && !(list->caps.features & FEATURE_EXECUTABLE_PROPERTIES))
    log_warn("this driver has no VK_KHR_pipeline_executable_properties: that they compile is all that can be said");
  if (counts.failed) log_error("codegen: %zu pipelines do not compile; the table says of each why", counts.failed);
  if (no_spills && counts.spilled) log_error("codegen: %zu pipelines spill", counts.spilled);
  if (counts.failed || (no_spills && counts.spilled)) return EXIT_WRONG;
  if (counts.compiled) return EXIT_DONE;
  log_error("codegen: nothing could be compiled; the table says of each variant why");
  return EXIT_NO_ROWS;
}

int cli_codegen(int argc, char **argv) {
  struct args args;
  struct error err = {0};
  int status;
  if (!args_parse(&verb, argc, argv, &args, &status)) return status;
  struct compile_options options = {.filter = args_text(&args, "filter"), .validation = args_flag(&args, "validation")};
  struct selection selection;
  size_t format = FORMAT_TABLE, tunings = 0;
  if (!args_choice(&args, "format", format_names, FORMATS, &format, &err) ||
      !args_choice(&args, "tunings", tunings_names, 2, &tunings, &err) || !plan_check_filter(options.filter, &err) ||
      !device_select_here(args_text(&args, "device"), &selection, &err))
    return args_fail(&args, &err);
  if (selection.n > 1) {
    error_set(&err, ERROR_USAGE, "one device at a time; `vkpareto devices` lists them");
    return args_fail(&args, &err);
  }
  options.device = selection.device[0].index;
  options.uuid = selection.device[0].uuid;
  options.all_tunings = tunings == 1;
  struct compiled_list list = {0};
  bool ok = compile_all(&options, &list, &err) &&
            (format == FORMAT_JSON ? print_json(&list, &err)
                                   : print_table(&list, format == FORMAT_MD ? TABLE_MARKDOWN : TABLE_TEXT, &err));
  status = ok ? judge(&list, args_flag(&args, "no-spills")) : args_fail(&args, &err);
  compile_free(&list);
  return status;
}
