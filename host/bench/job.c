#include "job.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "energy_json.h"
#include "memory_json.h"

const char *const job_names[JOB_KINDS] = {"prove",    "verify",  "sample", "submit", "upload",
                                          "download", "compile", "energy", "memory"};

static bool get_u32(const cJSON *json, const char *name, uint32_t *out, struct error *err) {
  int64_t value;
  if (!json_int_or(json, name, 0, UINT32_MAX, 0, &value, err)) return false;
  *out = (uint32_t)value;
  return true;
}

/* Numbers that may be infinite or NaN (an error against a NaN output) travel as null and come back as infinity. */
static bool get_number(const cJSON *json, const char *name, double *out, struct error *err) {
  if (!cJSON_HasObjectItem(json, name)) {
    *out = 0;
    return true;
  }
  if (!json_number_or_nan(json, name, 0, INFINITY, out, err)) return false;
  if (isnan(*out)) *out = INFINITY;
  return true;
}

static int find_name(const char *name, const char *const *names, int n) {
  for (int i = 0; name && i < n; i++)
    if (strcmp(name, names[i]) == 0) return i;
  return -1;
}

static void add_words(cJSON *json, const char *name, const uint32_t *words, uint32_t n) {
  cJSON *list = cJSON_AddArrayToObject(json, name);
  for (uint32_t i = 0; i < n; i++) cJSON_AddItemToArray(list, cJSON_CreateNumber(words[i]));
}

static cJSON *add_recipe(cJSON *json, const struct recipe *recipe) {
  cJSON_AddStringToObject(json, "shader", recipe->spirv->name);
  add_words(json, "spec", recipe->spec, recipe->n_spec);
  cJSON_AddNumberToObject(json, "bindings", recipe->bindings);
  cJSON_AddNumberToObject(json, "push_bytes", recipe->push_bytes);
  return json;
}

static bool get_recipe(const cJSON *json, struct recipe *recipe, struct error *err) {
  const char *shader = json_string(json, "shader", 200, err);
  const cJSON *spec = shader ? json_array(json, "spec", err) : NULL, *word;
  if (!spec) return false;
  recipe->spirv = spirv_find(shader);
  if (!recipe->spirv) return error_set(err, ERROR_INPUT, "unknown shader '%s'", shader);
  cJSON_ArrayForEach(word, spec) {
    if (recipe->n_spec == KERNEL_SPEC || !cJSON_IsNumber(word) || word->valuedouble < 0 ||
        word->valuedouble > UINT32_MAX)
      return error_set(err, ERROR_INPUT, "field 'spec' must be a list of at most %d 32-bit words", KERNEL_SPEC);
    recipe->spec[recipe->n_spec++] = (uint32_t)word->valuedouble;
  }
  return get_u32(json, "bindings", &recipe->bindings, err) && get_u32(json, "push_bytes", &recipe->push_bytes, err);
}

static bool times_transfers(enum job_kind kind) {
  return kind == JOB_SUBMIT || kind == JOB_UPLOAD || kind == JOB_DOWNLOAD;
}

bool job_is_bare(enum job_kind kind) { return times_transfers(kind) || kind == JOB_MEMORY; }
bool job_takes_samples(enum job_kind kind) { return kind == JOB_SAMPLE || times_transfers(kind); }

cJSON *job_to_json(const struct job *job) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "job", job_names[job->kind]);
  cJSON_AddNumberToObject(json, "samples", job->samples);
  if (job_is_bare(job->kind)) return json;
  if (job->kind == JOB_COMPILE) return add_recipe(json, &job->recipe);
  cJSON_AddStringToObject(json, "variant", job->variant->id);
  cJSON *tuning = cJSON_AddArrayToObject(json, "tuning");
  for (size_t t = 0; t < job->variant->n_tunables; t++)
    cJSON_AddItemToArray(tuning, cJSON_CreateNumber(job->tuning[t]));
  json_add_u64(json, "seed", job->seed);
  if (job->kind == JOB_PROVE) return json;
  cJSON_AddStringToObject(json, "mode", kernel_mode_names[job->kase.mode]);
  cJSON *dim = cJSON_AddArrayToObject(json, "dim");
  for (size_t d = 0; d < job->kase.family->n_dims; d++)
    cJSON_AddItemToArray(dim, cJSON_CreateNumber((double)job->kase.dim[d]));
  cJSON_AddNumberToObject(json, "speed", job->speed);
  cJSON_AddNumberToObject(json, "case_seconds", job->case_seconds);
  cJSON_AddNumberToObject(json, "rounds", job->rounds);
  cJSON_AddNumberToObject(json, "round", job->round);
  cJSON_AddNumberToObject(json, "sample_seconds", job->sample_seconds);
  cJSON_AddNumberToObject(json, "min_windows", job->min_windows);
  cJSON_AddNumberToObject(json, "op_ns", job->op_ns);
  json_add_u64(json, "hash", job->hash);
  if (job->llc_bytes) json_add_u64(json, "llc_bytes", job->llc_bytes);
  return json;
}

/* One of the candidates, as every tuning has been so far: plans divide by it. */
static bool get_tunable(const struct tunable *tunable, const cJSON *item, int32_t *out, struct error *err) {
  int64_t value;
  if (!json_item_int(item, tunable->name, INT32_MIN, INT32_MAX, &value, err)) return false;
  *out = (int32_t)value;
  for (size_t v = 0; v < tunable->n; v++)
    if (tunable->values[v] == *out) return true;
  return error_set(err, ERROR_INPUT, "%d is no candidate for '%s'", (int)*out, tunable->name);
}

static bool get_variant(const cJSON *json, struct job *job, struct error *err) {
  const char *id = json_string(json, "variant", 200, err);
  if (!id) return false;
  job->variant = variant_find(id);
  if (!job->variant) return error_set(err, ERROR_INPUT, "unknown variant '%s'", id);
  const cJSON *tuning = json_array(json, "tuning", err);
  if (!tuning) return false;
  if ((size_t)cJSON_GetArraySize(tuning) != job->variant->n_tunables)
    return error_set(err, ERROR_INPUT, "%s has %zu tunables", id, job->variant->n_tunables);
  for (size_t t = 0; t < job->variant->n_tunables; t++)
    if (!get_tunable(&job->variant->tunables[t], cJSON_GetArrayItem(tuning, (int)t), &job->tuning[t], err))
      return false;
  return json_u64_or(json, "seed", 0, &job->seed, err);
}

static bool get_case(const cJSON *json, struct job *job, struct error *err) {
  job->kase.family = family_of_technique(job->variant->technique);
  const char *mode = json_string(json, "mode", 16, err);
  const cJSON *dim = mode ? json_array(json, "dim", err) : NULL;
  if (!dim) return false;
  int found = find_name(mode, kernel_mode_names, MODE_COUNT);
  if (found < 0) return error_set(err, ERROR_INPUT, "unknown mode '%s'", mode);
  job->kase.mode = (enum kernel_mode)found;
  if (!job->kase.family || (size_t)cJSON_GetArraySize(dim) != job->kase.family->n_dims)
    return error_set(err, ERROR_INPUT, "a shape of %d dimensions", cJSON_GetArraySize(dim));
  for (size_t d = 0; d < job->kase.family->n_dims; d++) {
    const struct dim_def *def = &job->kase.family->dims[d];
    if (!json_item_int(cJSON_GetArrayItem(dim, (int)d), def->name, def->min, def->max, &job->kase.dim[d], err))
      return false;
  }
  return true;
}

bool job_from_json(const cJSON *json, struct job *job, struct error *err) {
  *job = (struct job){0};
  const char *name = json_string(json, "job", 16, err);
  if (!name) return false;
  int kind = find_name(name, job_names, JOB_KINDS);
  if (kind < 0) return error_set(err, ERROR_INPUT, "unknown job '%s'", name);
  job->kind = (enum job_kind)kind;
  if (!get_u32(json, "samples", &job->samples, err)) return false;
  if (job->samples > JOB_SAMPLES) return error_set(err, ERROR_INPUT, "%u samples in one job", job->samples);
  if (job_is_bare(job->kind)) return true;
  if (job->kind == JOB_COMPILE) return get_recipe(json, &job->recipe, err);
  if (!get_variant(json, job, err)) return false;
  if (job->kind == JOB_PROVE) return true;
  return get_case(json, job, err) && get_number(json, "speed", &job->speed, err) &&
         get_number(json, "case_seconds", &job->case_seconds, err) && get_u32(json, "rounds", &job->rounds, err) &&
         get_u32(json, "round", &job->round, err) && get_number(json, "sample_seconds", &job->sample_seconds, err) &&
         get_u32(json, "min_windows", &job->min_windows, err) && get_number(json, "op_ns", &job->op_ns, err) &&
         json_u64_or(json, "hash", 0, &job->hash, err) && json_u64_or(json, "llc_bytes", 0, &job->llc_bytes, err);
}

static void add_code(cJSON *json, const struct gpu_code *code) {
  cJSON_AddItemToObject(json, "codegen", codegen_to_json(&code->codegen));
  cJSON *all = cJSON_AddObjectToObject(json, "statistics");
  for (uint32_t i = 0; i < code->n; i++) json_add_number(all, code->statistic[i].name, code->statistic[i].value);
}

static bool get_code(const cJSON *json, struct gpu_code *code, struct error *err) {
  const cJSON *codegen = cJSON_GetObjectItemCaseSensitive(json, "codegen"), *one;
  const cJSON *statistics = cJSON_GetObjectItemCaseSensitive(json, "statistics");
  code->codegen = codegen_unknown();
  if (codegen && !codegen_from_json(codegen, &code->codegen, err)) return false;
  if (statistics && !cJSON_IsObject(statistics))   /* the values of a list have no names */
    return error_set(err, ERROR_INPUT, "field 'statistics' must be an object");
  cJSON_ArrayForEach(one, statistics) {
    if (code->n == GPU_STATISTICS) return error_set(err, ERROR_INPUT, "more than %d statistics", GPU_STATISTICS);
    struct gpu_statistic *statistic = &code->statistic[code->n++];
    snprintf(statistic->name, sizeof statistic->name, "%s", one->string);
    statistic->value = cJSON_IsNumber(one) ? one->valuedouble : NAN;
  }
  return true;
}

static void add_samples(cJSON *json, const char *name, const double *ns, uint32_t n) {
  cJSON *list = cJSON_AddArrayToObject(json, name);
  for (uint32_t s = 0; s < n; s++) cJSON_AddItemToArray(list, cJSON_CreateNumber(ns[s]));
}

cJSON *answer_to_json(const struct answer *answer) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "status", status_names[answer->status]);
  if (answer->reason[0]) cJSON_AddStringToObject(json, "reason", answer->reason);
  json_add_number(json, "ratio", answer->ratio);
  json_add_number(json, "nmse", answer->error.nmse);
  json_add_number(json, "max_abs", answer->error.max_abs);
  json_add_number(json, "tolerance", answer->error.tolerance);
  json_add_u64(json, "elements", answer->error.elements);
  codegen_time_to_json(json, &answer->compile);
  json_add_u64(json, "memory", answer->memory);
  json_add_u64(json, "hash", answer->hash);
  json_add_number(json, "speed", answer->speed);
  cJSON_AddNumberToObject(json, "shapes", answer->shapes);
  cJSON_AddNumberToObject(json, "min_windows", answer->min_windows);
  cJSON_AddNumberToObject(json, "windows", answer->windows);
  json_add_number(json, "op_ns", answer->op_ns);
  json_add_number(json, "estimate_s", answer->estimate_s);
  cJSON_AddBoolToObject(json, "gpu_clock", answer->gpu_clock);
  cJSON_AddNumberToObject(json, "validation", answer->validation);
  if (codegen_known(&answer->code.codegen) || answer->code.n) add_code(json, &answer->code);
  if (answer->energy.windows) energy_to_json(json, &answer->energy, NULL);
  if (answer->tried.allocation.worked || *answer->tried.reason) tried_to_json(json, &answer->tried);
  if (answer->n_heaps) heaps_to_json(json, answer->heap, answer->n_heaps, NULL);
  add_samples(json, "ns", answer->ns, answer->n_samples);
  add_samples(json, "host_ns", answer->host_ns, answer->n_samples);
  return json;
}

static bool get_times(const cJSON *json, const char *name, double *ns, uint32_t *n, struct error *err) {
  const cJSON *list = json_array(json, name, err), *item;
  if (!list) return false;
  *n = 0;
  cJSON_ArrayForEach(item, list) {
    if (*n == JOB_SAMPLES || !cJSON_IsNumber(item) || !(item->valuedouble > 0))
      return error_set(err, ERROR_INPUT, "field '%s' must be a list of at most %d positive times", name, JOB_SAMPLES);
    ns[(*n)++] = item->valuedouble;
  }
  return true;
}

static bool get_samples(const cJSON *json, struct answer *answer, struct error *err) {
  uint32_t n;
  if (!get_times(json, "ns", answer->ns, &answer->n_samples, err) ||
      !get_times(json, "host_ns", answer->host_ns, &n, err))
    return false;
  return n == answer->n_samples || error_set(err, ERROR_INPUT, "fields 'ns' and 'host_ns' differ in length");
}

bool answer_from_json(const cJSON *json, struct answer *answer, struct error *err) {
  *answer = (struct answer){0};
  const char *status = json_string(json, "status", 24, err), *reason;
  if (!status || !json_string_or(json, "reason", sizeof answer->reason - 1, "", &reason, err)) return false;
  int found = find_name(status, status_names, STATUS_COUNT);
  answer->status = found < 0 ? STATUS_FAILED : (enum status)found;
  snprintf(answer->reason, sizeof answer->reason, "%s", reason);
  return get_number(json, "ratio", &answer->ratio, err) && get_number(json, "nmse", &answer->error.nmse, err) &&
         get_number(json, "max_abs", &answer->error.max_abs, err) &&
         get_number(json, "tolerance", &answer->error.tolerance, err) &&
         json_u64_or(json, "elements", 0, &answer->error.elements, err) &&
         codegen_time_from_json(json, &answer->compile, err) &&
         json_u64_or(json, "memory", 0, &answer->memory, err) && json_u64_or(json, "hash", 0, &answer->hash, err) &&
         get_number(json, "speed", &answer->speed, err) && get_u32(json, "shapes", &answer->shapes, err) &&
         get_u32(json, "min_windows", &answer->min_windows, err) && get_u32(json, "windows", &answer->windows, err) &&
         get_number(json, "op_ns", &answer->op_ns, err) && get_number(json, "estimate_s", &answer->estimate_s, err) &&
         get_u32(json, "validation", &answer->validation, err) &&
         json_bool_or(json, "gpu_clock", false, &answer->gpu_clock, err) && get_samples(json, answer, err) &&
         get_code(json, &answer->code, err) && energy_from_json(json, &answer->energy, err) &&
         tried_from_json(json, &answer->tried, err) &&
         heaps_from_json(json, answer->heap, &answer->n_heaps, NULL, 0, err);
}

static bool is_time(double value) { return value > 0 && isfinite(value); }

bool answer_fits(const struct answer *answer, const struct job *job, struct error *err) {
  if (answer->status != STATUS_OK) return true;
  if (job_takes_samples(job->kind) && (answer->n_samples == 0 || answer->n_samples > job->samples))
    return error_set(err, ERROR_INPUT, "%u samples where %u were asked for", answer->n_samples, job->samples);
  for (uint32_t s = 0; s < answer->n_samples; s++)
    if (!is_time(answer->ns[s])) return error_set(err, ERROR_INPUT, "a sample of %g ns", answer->ns[s]);
  if (job->kind == JOB_VERIFY && !(is_time(answer->op_ns) && isfinite(answer->estimate_s)))
    return error_set(err, ERROR_INPUT, "a run of %g ns, %g s in all", answer->op_ns, answer->estimate_s);
  return true;
}

enum status job_status(const struct error *err) {
  switch (err->kind) {
  case ERROR_LOST: return STATUS_LOST;
  case ERROR_TIMEOUT: return STATUS_TIMEOUT;
  case ERROR_UNSUPPORTED: return STATUS_UNSUPPORTED;
  default: return STATUS_FAILED;
  }
}
