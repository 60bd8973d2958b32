#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "energy_json.h"
#include "file.h"
#include "log.h"
#include "drift_json.h"
#include "lasting_json.h"
#include "machine_json.h"
#include "result.h"

enum { FILE_MAX = 32 << 20, ID_MAX = 255, REASON_MAX = 4095 };
static const double largest = 1e30;   /* of any count or rate: sums and products of a few stay finite */

/* Copies a string into a field of fixed size; an absent one gives "" unless it is required. */
static bool read_text(const cJSON *from, const char *name, bool required, char *out, size_t size, struct error *err) {
  const char *text;
  if (!json_string_or(from, name, size - 1, "", &text, err)) return false;
  if (required && !*text) return error_set(err, ERROR_INPUT, "field '%s' is missing or empty", name);
  strcpy(out, text);
  return true;
}
#define READ_TEXT(from, name, required, field, err) read_text(from, name, required, field, sizeof (field), err)

static bool copy_text(const char *text, char **out, struct error *err) {
  *out = strdup(text);
  return *out || error_set(err, ERROR_MEMORY, "out of memory reading a result; close other programs");
}

static bool read_owned(const cJSON *from, const char *name, size_t max, char **out, struct error *err) {
  const char *text = json_string(from, name, max, err);
  return text && copy_text(text, out, err);
}

static bool read_u32(const cJSON *from, const char *name, uint32_t *out, struct error *err) {
  int64_t value;
  if (!json_int(from, name, 0, UINT32_MAX, &value, err)) return false;
  *out = (uint32_t)value;
  return true;
}

static bool read_count(const cJSON *from, const char *name, double *out, struct error *err) {
  return json_number_or_nan(from, name, 0, largest, out, err);
}

static bool read_host(const cJSON *root, struct result *result, struct error *err) {
  const cJSON *host = json_object(root, "host", err);
  return host && READ_TEXT(host, "os", false, result->host.os, err) &&
         READ_TEXT(host, "kernel", false, result->host.kernel, err) &&
         READ_TEXT(host, "cpu", false, result->host.cpu, err) &&
         json_u64_or(host, "memory", 0, &result->host.memory, err);
}

static bool read_tool(const cJSON *root, struct result *result, struct error *err) {
  const cJSON *tool = json_object(root, "tool", err);
  return tool && READ_TEXT(tool, "version", true, result->tool.version, err) &&
         READ_TEXT(tool, "git", false, result->tool.git, err) &&
         READ_TEXT(tool, "glslc", false, result->tool.glslc, err) &&
         READ_TEXT(tool, "shaders_sha256", false, result->tool.shaders_sha256, err);
}

static bool read_device(const cJSON *root, struct result *result, struct error *err) {
  const cJSON *device = json_object(root, "device", err);
  return device && caps_from_json(device, &result->caps, err) &&
         READ_TEXT(device, "llc_source", false, result->llc_source, err);
}

static bool read_bandwidth(const cJSON *ceilings, const char *name, double *memory, double *llc, struct error *err) {
  const cJSON *bandwidth = json_object(ceilings, name, err);
  return bandwidth && read_count(bandwidth, "memory", memory, err) && read_count(bandwidth, "llc", llc, err);
}

static bool read_flops(const cJSON *ceilings, struct result *result, struct error *err) {
  const cJSON *flops = json_object(ceilings, "flops", err), *item;
  cJSON_ArrayForEach(item, flops) {
    size_t i = result->ceilings.n_flops;
    if (i == RESULT_CEILINGS || strlen(item->string) >= sizeof result->ceilings.flops[i].name)
      return error_set(err, ERROR_INPUT, "field 'flops' has more than %d members or a name that is too long",
                       RESULT_CEILINGS);
    strcpy(result->ceilings.flops[i].name, item->string);
    if (!read_count(flops, item->string, &result->ceilings.flops[i].value, err)) return false;
    result->ceilings.n_flops++;
  }
  return flops != NULL;
}

static bool read_ceilings(const cJSON *root, struct result *result, struct error *err) {
  const cJSON *ceilings = json_object(root, "ceilings", err);
  return ceilings &&
         read_bandwidth(ceilings, "read_bytes_per_s", &result->ceilings.read_memory, &result->ceilings.read_llc, err) &&
         read_bandwidth(ceilings, "copy_bytes_per_s", &result->ceilings.copy_memory, &result->ceilings.copy_llc, err) &&
         read_flops(ceilings, result, err) && read_count(ceilings, "dispatch_ns", &result->ceilings.dispatch_ns, err) &&
         read_count(ceilings, "submit_ns", &result->ceilings.submit_ns, err) &&
         read_count(ceilings, "upload_bytes_per_s", &result->ceilings.upload, err) &&
         read_count(ceilings, "download_bytes_per_s", &result->ceilings.download, err) &&
         lasting_from_json(ceilings, result, err);
}

static bool read_run(const cJSON *root, struct result *result, struct error *err) {
  const cJSON *run = json_object(root, "run", err);
  return run && READ_TEXT(run, "suite", true, result->run.suite, err) &&
         READ_TEXT(run, "suite_sha256", false, result->run.suite_sha256, err) &&
         READ_TEXT(run, "seed", false, result->run.seed, err) &&
         read_count(run, "budget_s", &result->run.budget_s, err) &&
         read_count(run, "seconds", &result->run.seconds, err) &&
         READ_TEXT(run, "unfinished", false, result->run.unfinished, err);
}

/* Dimensions younger than the file take their presets. */
static bool read_shape(const cJSON *from, struct result_row *row, struct error *err) {
  const cJSON *shape = json_object(from, "shape", err);
  if (!shape) return false;
  row->family = family_find(row->op);
  for (size_t d = 0; row->family && d < row->family->n_dims; d++) {
    const struct dim_def *def = &row->family->dims[d];
    bool read = def->preset >= def->min
                    ? json_int_or(shape, def->name, def->min, def->max, def->preset, &row->dim[d], err)
                    : json_int(shape, def->name, def->min, def->max, &row->dim[d], err);
    if (!read) return error_prefix(err, "shape: ");
  }
  return true;
}

static bool read_tuning(const cJSON *from, struct result_row *row, struct error *err) {
  const cJSON *tuning = json_object(from, "tuning", err), *item;
  cJSON_ArrayForEach(item, tuning) {
    size_t i = row->n_tuning;
    int64_t value;
    if (i == KERNEL_TUNABLES)
      return error_set(err, ERROR_INPUT, "field 'tuning' has more than %d members", KERNEL_TUNABLES);
    if (!json_int(tuning, item->string, INT32_MIN, INT32_MAX, &value, err) ||
        !copy_text(item->string, &row->tuning_names[i], err))
      return false;
    row->tuning[i] = (int32_t)value;
    row->n_tuning++;
  }
  return tuning && json_bool_or(from, "tuned", false, &row->tuned, err);
}

static bool read_mode(const cJSON *from, struct result_row *row, struct error *err) {
  const char *mode = json_string(from, "mode", 32, err);
  for (int m = 0; mode && m < MODE_COUNT; m++)
    if (strcmp(mode, kernel_mode_names[m]) == 0) {
      row->mode = (enum kernel_mode)m;
      return true;
    }
  return mode && error_set(err, ERROR_INPUT, "field 'mode' is '%s', not cold, warm or resident", mode);
}

/* A status of a later program has no time that this one could trust: failed. */
static bool read_status(const cJSON *from, struct result_row *row, struct error *err) {
  const char *status = json_string(from, "status", 32, err), *reason;
  if (!status || !json_string_or(from, "reason", REASON_MAX, NULL, &reason, err)) return false;
  row->status = STATUS_FAILED;
  for (int s = 0; s < STATUS_COUNT; s++)
    if (strcmp(status, status_names[s]) == 0) row->status = (enum status)s;
  if (!reason && !status_has_time(row->status)) reason = "no reason given";
  return !reason || copy_text(reason, &row->reason, err);
}

static bool read_time(const cJSON *from, struct result_row *row, struct error *err) {
  struct sample_summary *time = &row->time;
  *time = (struct sample_summary){.median = NAN, .p10 = NAN, .p90 = NAN, .lo = NAN, .hi = NAN};
  if (!status_has_time(row->status)) return true;
  const cJSON *object = json_object(from, "time_ns", err);
  const char *clock;
  if (!object) return false;
  if (!json_number(object, "median", 1e-3, 1e18, &time->median, err) ||
      !json_number(object, "p10", 0, 1e18, &time->p10, err) || !json_number(object, "p90", 0, 1e18, &time->p90, err) ||
      !json_number_or_nan(object, "lo", 0, 1e18, &time->lo, err) ||
      !json_number_or_nan(object, "hi", 0, 1e18, &time->hi, err) || !read_u32(object, "samples", &time->samples, err) ||
      !read_u32(object, "rounds", &time->rounds, err) || !(clock = json_string(object, "clock", 8, err)))
    return error_prefix(err, "time_ns: ");
  if (time->lo > time->hi || time->p10 > time->p90)
    return error_set(err, ERROR_INPUT, "time_ns: lo and hi (%g, %g) or p10 and p90 (%g, %g) contradict each other",
                     time->lo, time->hi, time->p10, time->p90);
  time->gpu_clock = strcmp(clock, "gpu") == 0;
  return true;
}

static bool read_error(const cJSON *from, struct result_row *row, struct error *err) {
  const cJSON *object = cJSON_GetObjectItemCaseSensitive(from, "error");
  row->error = (struct result_error){.nmse = NAN, .max_abs = NAN, .tolerance = NAN};
  if (!object || cJSON_IsNull(object)) return true;
  return json_number_or_nan(object, "nmse", 0, INFINITY, &row->error.nmse, err) &&
         json_number_or_nan(object, "max_abs", 0, INFINITY, &row->error.max_abs, err) &&
         json_number_or_nan(object, "tolerance", 0, INFINITY, &row->error.tolerance, err) &&
         json_u64_or(object, "elements", 0, &row->error.elements, err);
}

static bool read_costs(const cJSON *from, struct result_row *row, struct error *err) {
  const char *bound;
  if (!json_string_or(from, "bound", 16, "compute", &bound, err)) return false;
  row->memory_bound = strcmp(bound, "memory") == 0;
  return read_u32(from, "windows", &row->windows, err) && read_count(from, "flops", &row->flops, err) &&
         read_count(from, "bytes", &row->bytes, err) && read_count(from, "roofline", &row->roofline, err) &&
         json_u64_or(from, "memory", 0, &row->memory, err) && codegen_time_from_json(from, &row->compile, err);
}

static bool read_codegen(const cJSON *from, struct result_row *row, struct error *err) {
  const cJSON *codegen = cJSON_GetObjectItemCaseSensitive(from, "codegen");
  const char *reason;
  row->codegen = codegen_unknown();
  if (cJSON_IsObject(codegen) && !codegen_from_json(codegen, &row->codegen, err)) return error_prefix(err, "codegen: ");
  if (!json_string_or(from, "codegen_reason", REASON_MAX, NULL, &reason, err)) return false;
  return !reason || copy_text(reason, &row->codegen_reason, err);
}

static bool read_energy(const cJSON *from, struct result_row *row, struct error *err) {
  const char *reason;
  if (!energy_from_json(from, &row->energy, err) ||
      !json_string_or(from, "energy_reason", REASON_MAX, NULL, &reason, err))
    return false;
  return row->energy.windows || copy_text(reason ? reason : "not measured", &row->energy_reason, err);
}

static bool read_row(const cJSON *from, struct result_row *row, struct error *err) {
  return read_owned(from, "id", ID_MAX, &row->id, err) && read_owned(from, "op", ID_MAX, &row->op, err) &&
         read_owned(from, "technique", ID_MAX, &row->technique, err) &&
         read_owned(from, "variant", ID_MAX, &row->variant, err) && read_shape(from, row, err) &&
         read_tuning(from, row, err) && read_mode(from, row, err) && read_status(from, row, err) &&
         read_time(from, row, err) && read_error(from, row, err) && read_costs(from, row, err) &&
         read_codegen(from, row, err) && read_energy(from, row, err);
}

static bool read_rows(const cJSON *root, struct result *result, struct error *err) {
  const cJSON *rows = json_array(root, "rows", err), *row;
  if (!rows) return false;
  size_t n = (size_t)cJSON_GetArraySize(rows);
  result->rows = calloc(n ? n : 1, sizeof *result->rows);
  if (!result->rows) return error_set(err, ERROR_MEMORY, "out of memory for %zu rows; close other programs", n);
  cJSON_ArrayForEach(row, rows) {
    size_t i = result->n_rows++;   /* counted first: result_free then frees a half-read row too */
    if (!read_row(row, &result->rows[i], err)) return error_prefix(err, "rows[%zu]: ", i);
  }
  return true;
}

static bool read_root(const cJSON *root, struct result *result, struct error *err) {
  if (!json_check_schema(root, "vkpareto.result/1", err)) return false;
  if (!READ_TEXT(root, "run_id", true, result->run_id, err) || !READ_TEXT(root, "created", true, result->created, err))
    return false;
  if (!read_tool(root, result, err)) return error_prefix(err, "tool: ");
  if (!read_host(root, result, err)) return error_prefix(err, "host: ");
  if (!machine_from_json(root, result, err) || !drift_from_json(root, &result->drift, err)) return false;
  if (!read_device(root, result, err)) return error_prefix(err, "device: ");
  if (!read_ceilings(root, result, err)) return error_prefix(err, "ceilings: ");
  if (!read_run(root, result, err)) return error_prefix(err, "run: ");
  return read_rows(root, result, err);
}

struct result *result_read(const char *path, struct error *err) {
  struct result *result = calloc(1, sizeof *result);
  size_t bytes = 0;
  char *text = NULL;
  cJSON *root = NULL;
  if (!result || strlen(path) >= sizeof result->path) {
    error_set(err, result ? ERROR_INPUT : ERROR_MEMORY,
              result ? "the path of the result is too long" : "out of memory");
    goto error;
  }
  if (!(text = file_read(path, FILE_MAX, &bytes, err))) goto error;
  strcpy(result->path, path);
  sha256_hex(text, bytes, result->sha256);
  root = json_parse(text, bytes, err);
  if (!root || !read_root(root, result, err)) {
    error_prefix(err, "%s: ", path);
    goto error;
  }
  cJSON_Delete(root);
  free(text);
  if (result->run.unfinished[0])
    log_info("%s is partial (%s): rows may be missing or rest on few rounds; run --resume makes it whole", path,
             result->run.unfinished);
  return result;

error:
  cJSON_Delete(root);
  free(text);
  result_free(result);
  return NULL;
}
