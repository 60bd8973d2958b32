#include <math.h>

#include "drift_json.h"
#include "machine_json.h"
#include "energy_json.h"
#include "lasting_json.h"
#include "result.h"

static void add_number_or_null(cJSON *to, const char *name, double value, bool known) {
  json_add_number(to, name, known ? value : NAN);
}

static void add_tool(cJSON *root, const struct result *result) {
  cJSON *tool = cJSON_AddObjectToObject(root, "tool");
  cJSON_AddStringToObject(tool, "version", result->tool.version);
  cJSON_AddStringToObject(tool, "git", result->tool.git);
  cJSON_AddStringToObject(tool, "glslc", result->tool.glslc);
  cJSON_AddStringToObject(tool, "shaders_sha256", result->tool.shaders_sha256);
}

static void add_host(cJSON *root, const struct result *result) {
  cJSON *host = cJSON_AddObjectToObject(root, "host");
  cJSON_AddStringToObject(host, "os", result->host.os);
  cJSON_AddStringToObject(host, "kernel", result->host.kernel);
  cJSON_AddStringToObject(host, "cpu", result->host.cpu);
  add_number_or_null(host, "memory", (double)result->host.memory, result->host.memory);
}

static void add_device(cJSON *root, const struct result *result) {
  cJSON *device = caps_to_json(&result->caps);
  if (result->llc_source[0]) cJSON_AddStringToObject(device, "llc_source", result->llc_source);
  cJSON_AddItemToObject(root, "device", device);
}

static void add_bandwidth(cJSON *ceilings, const char *name, double memory, double llc) {
  cJSON *bandwidth = cJSON_AddObjectToObject(ceilings, name);
  json_add_number(bandwidth, "memory", memory);
  json_add_number(bandwidth, "llc", llc);
}

static void add_ceilings(cJSON *root, const struct result *result) {
  cJSON *ceilings = cJSON_AddObjectToObject(root, "ceilings");
  add_bandwidth(ceilings, "read_bytes_per_s", result->ceilings.read_memory, result->ceilings.read_llc);
  add_bandwidth(ceilings, "copy_bytes_per_s", result->ceilings.copy_memory, result->ceilings.copy_llc);
  cJSON *flops = cJSON_AddObjectToObject(ceilings, "flops");
  for (size_t i = 0; i < result->ceilings.n_flops; i++)
    json_add_number(flops, result->ceilings.flops[i].name, result->ceilings.flops[i].value);
  json_add_number(ceilings, "dispatch_ns", result->ceilings.dispatch_ns);
  json_add_number(ceilings, "submit_ns", result->ceilings.submit_ns);
  json_add_number(ceilings, "upload_bytes_per_s", result->ceilings.upload);
  json_add_number(ceilings, "download_bytes_per_s", result->ceilings.download);
  lasting_to_json(ceilings, result);
}

static void add_run(cJSON *root, const struct result *result) {
  cJSON *run = cJSON_AddObjectToObject(root, "run");
  cJSON_AddStringToObject(run, "suite", result->run.suite);
  cJSON_AddStringToObject(run, "suite_sha256", result->run.suite_sha256);
  cJSON_AddStringToObject(run, "seed", result->run.seed);
  add_number_or_null(run, "budget_s", result->run.budget_s, result->run.budget_s > 0);
  json_add_number(run, "seconds", result->run.seconds);
  if (result->run.unfinished[0]) cJSON_AddStringToObject(run, "unfinished", result->run.unfinished);
}

static void add_shape(cJSON *to, const struct result_row *row) {
  cJSON *shape = cJSON_AddObjectToObject(to, "shape");
  for (size_t d = 0; row->family && d < row->family->n_dims; d++)
    json_add_int(shape, row->family->dims[d].name, row->dim[d]);
}

static void add_tuning(cJSON *to, const struct result_row *row) {
  cJSON *tuning = cJSON_AddObjectToObject(to, "tuning");
  for (size_t i = 0; i < row->n_tuning; i++) json_add_int(tuning, row->tuning_names[i], row->tuning[i]);
  cJSON_AddBoolToObject(to, "tuned", row->tuned);
}

static void add_time(cJSON *to, const struct result_row *row) {
  if (!status_has_time(row->status)) {
    cJSON_AddNullToObject(to, "time_ns");
    return;
  }
  cJSON *time = cJSON_AddObjectToObject(to, "time_ns");
  json_add_number(time, "median", row->time.median);
  json_add_number(time, "p10", row->time.p10);
  json_add_number(time, "p90", row->time.p90);
  json_add_number(time, "lo", row->time.lo);
  json_add_number(time, "hi", row->time.hi);
  json_add_int(time, "samples", row->time.samples);
  json_add_int(time, "rounds", row->time.rounds);
  cJSON_AddStringToObject(time, "clock", row->time.gpu_clock ? "gpu" : "host");
}

static void add_error(cJSON *to, const struct result_row *row, const char *seed) {
  if (!row->error.elements) {
    cJSON_AddNullToObject(to, "error");
    return;
  }
  cJSON *error = cJSON_AddObjectToObject(to, "error");
  json_add_number(error, "nmse", row->error.nmse);
  json_add_number(error, "max_abs", row->error.max_abs);
  json_add_number(error, "tolerance", row->error.tolerance);
  json_add_u64(error, "elements", row->error.elements);
  cJSON_AddStringToObject(error, "seed", seed);
}

static void add_text_or_null(cJSON *to, const char *name, const char *text) {
  if (text) cJSON_AddStringToObject(to, name, text);
  else cJSON_AddNullToObject(to, name);
}

static void add_codegen(cJSON *to, const struct result_row *row) {
  bool known = codegen_known(&row->codegen);
  cJSON_AddItemToObject(to, "codegen", known ? codegen_to_json(&row->codegen) : cJSON_CreateNull());
  add_text_or_null(to, "codegen_reason", known ? NULL : row->codegen_reason);
}

static cJSON *row_to_json(const struct result_row *row, const char *seed) {
  cJSON *to = cJSON_CreateObject();
  cJSON_AddStringToObject(to, "id", row->id);
  cJSON_AddStringToObject(to, "op", row->op);
  add_shape(to, row);
  cJSON_AddStringToObject(to, "technique", row->technique);
  cJSON_AddStringToObject(to, "variant", row->variant);
  add_tuning(to, row);
  cJSON_AddStringToObject(to, "mode", kernel_mode_names[row->mode]);
  cJSON_AddStringToObject(to, "status", status_names[row->status]);
  add_text_or_null(to, "reason", row->reason);
  json_add_int(to, "windows", row->windows);
  add_time(to, row);
  json_add_number(to, "flops", row->flops);
  json_add_number(to, "bytes", row->bytes);
  json_add_number(to, "roofline", row->roofline);
  add_text_or_null(to, "bound", !status_has_time(row->status) ? NULL : row->memory_bound ? "memory" : "compute");
  add_error(to, row, seed);
  add_number_or_null(to, "memory", (double)row->memory, row->memory);
  energy_to_json(to, &row->energy, row->energy_reason);
  codegen_time_to_json(to, &row->compile);
  add_codegen(to, row);
  return to;
}

bool result_write(const struct result *result, const char *path, bool replace, struct error *err) {
  cJSON *root = cJSON_CreateObject();
  cJSON_AddStringToObject(root, "schema", "vkpareto.result/1");
  cJSON_AddStringToObject(root, "run_id", result->run_id);
  cJSON_AddStringToObject(root, "created", result->created);
  add_tool(root, result);
  add_host(root, result);
  machine_to_json(root, result);
  drift_to_json(root, &result->drift);
  add_device(root, result);
  add_ceilings(root, result);
  add_run(root, result);
  cJSON *rows = cJSON_AddArrayToObject(root, "rows");
  for (size_t i = 0; i < result->n_rows; i++)
    cJSON_AddItemToArray(rows, row_to_json(&result->rows[i], result->run.seed));
  bool done = json_write(path, root, replace, err);
  cJSON_Delete(root);
  return done;
}
