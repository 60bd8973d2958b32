#include "assemble.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ceilings_of.h"
#include "drift.h"
#include "host_info.h"
#include "rig.h"
#include "stats.h"

enum { ROUNDS_AT_LEAST = 2 };           /* fewer give no interval */
static const double NOISY = 0.10;       /* half the interval over the median */

static struct sample_summary summarise(const struct row *row, bool gpu_clock, uint64_t seed) {
  const double *ns = gpu_clock ? row->ns : row->host_ns;
  struct interval interval = stats_bootstrap(ns, row->round, row->n, row->rounds, seed);
  return (struct sample_summary){
    .median = stats_median(ns, row->n),
    .p10 = stats_quantile(ns, row->n, 0.1),
    .p90 = stats_quantile(ns, row->n, 0.9),
    .lo = fmax(interval.lo, 0), .hi = interval.hi,   /* two wild rounds reach below 0; no time does */
    .samples = (uint32_t)row->n, .rounds = row->rounds, .gpu_clock = gpu_clock,
  };
}

static const char *quieten(bool cpu) {
  return cpu ? "stop other programs on this machine" : "lock the clocks and close other programs on this device";
}

static void describe_noise(const struct result_row *row, bool cpu, char *out, size_t size) {
  snprintf(out, size, "interval +-%.0f %% of the median; %s, or take more rounds",
           50 * (row->time.hi - row->time.lo) / row->time.median,
           quieten(cpu));
}

static void set_status(const struct session *session, const struct row *from, bool gpu_clock, const char *why_not,
                       struct result_row *row, char *reason, size_t size) {
  row->status = from->status;
  snprintf(reason, size, "%s", from->reason);
  if (row->status != STATUS_OK) return;
  if (from->rounds < ROUNDS_AT_LEAST) {
    row->status = STATUS_SKIPPED;
    snprintf(reason, size, "%s", why_not);
    return;
  }
  row->time = summarise(from, gpu_clock, session->options->seed);
  if (from->rounds < session->suite->rounds) {
    row->status = STATUS_NOISY;
    snprintf(reason, size, "%u of %u rounds: %s", from->rounds, session->suite->rounds, why_not);
  } else if ((row->time.hi - row->time.lo) / 2 > NOISY * row->time.median) {
    row->status = STATUS_NOISY;
    describe_noise(row, session->client.caps.type == DEVICE_CPU, reason, size);
  } else if (drift_spoils(session->control.times, session->suite->rounds, from->rounds)) {
    row->status = STATUS_NOISY;
    snprintf(reason, size, "the machine drifted: %s took another time in half of the rounds or more; let it reach a "
             "steady temperature, and %s", session->control.id, quieten(session->client.caps.type == DEVICE_CPU));
  }
}

/* NULL stays NULL; false when memory ran out. */
static bool copy_text(char **to, const char *from) {
  *to = from ? strdup(from) : NULL;
  return !from || *to;
}

/* Why nothing is known of the code of a row that was timed. */
static const char *explain_codegen(const struct row *from, enum status status, const char *why_not) {
  if (!status_has_time(status) || codegen_known(&from->codegen)) return NULL;
  return *from->codegen_reason ? from->codegen_reason : why_not;
}

static bool fill_row(const struct session *session, const struct row *from, bool gpu_clock, const char *why_not,
                     struct result_row *row) {
  const struct plan_row *planned = from->planned;
  const struct variant *variant = planned->variant;
  char reason[512];
  set_status(session, from, gpu_clock, why_not, row, reason, sizeof reason);
  row->family = planned->kase.family;
  row->mode = planned->kase.mode;
  memcpy(row->dim, planned->kase.dim, sizeof row->dim);
  row->windows = from->windows ? from->windows : 1;
  row->flops = row->family->flops(&planned->kase);
  row->bytes = row->family->bytes(&planned->kase, planned->technique);
  row->roofline = NAN;
  row->error = from->error;
  row->memory = from->memory;
  row->compile = from->compile;
  row->codegen = from->codegen;
  row->energy = from->energy;
  row->n_tuning = variant->n_tunables;
  bool ok = copy_text(&row->id, planned->id) && copy_text(&row->op, row->family->name) &&
            copy_text(&row->technique, variant->technique) && copy_text(&row->variant, variant->id) &&
            copy_text(&row->reason, *reason ? reason : NULL) &&
            copy_text(&row->codegen_reason, explain_codegen(from, row->status, why_not)) &&
            copy_text(&row->energy_reason, from->energy.windows    ? NULL
                                           : *from->energy_reason ? from->energy_reason
                                                                  : why_not);
  for (size_t t = 0; ok && t < row->n_tuning; t++) {
    row->tuning[t] = planned->tuning[t];
    ok = copy_text(&row->tuning_names[t], variant->tunables[t].name);
  }
  return ok;
}

static void fill_identity(const struct session *session, struct result *result) {
  snprintf(result->run_id, sizeof result->run_id, "%s", session->run_id);
  time_t now = time(NULL);
  struct tm utc;
  strftime(result->created, sizeof result->created, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
  snprintf(result->tool.version, sizeof result->tool.version, "%s", VKPARETO_VERSION);
  snprintf(result->tool.git, sizeof result->tool.git, "%s", VKPARETO_GIT);
  snprintf(result->tool.glslc, sizeof result->tool.glslc, "%s", spirv_compiler);
  snprintf(result->run.suite, sizeof result->run.suite, "%s", session->suite->name);
  snprintf(result->run.suite_sha256, sizeof result->run.suite_sha256, "%s", session->suite->sha256);
  snprintf(result->run.seed, sizeof result->run.seed, "%" PRIu64, session->options->seed);
  result->run.budget_s = session->options->budget_s;
  result->run.seconds = rig_now() - session->begin;
}

static void fill_drift(const struct session *session, struct drift *drift) {
  drift_judge(session->control.times, session->suite->rounds, drift);
  snprintf(drift->row, sizeof drift->row, "%s", session->control.id ? session->control.id : "");
  drift->short_ns = session->control.short_ns;
  drift->sustained_ns = session->control.sustained_ns;
}

/* What the system tells of the cache stands; else what reading showed. */
static void fill_llc(const struct session *session, struct result *result) {
  bool told = result->caps.llc_bytes != 0;
  if (!told) result->caps.llc_bytes = session->llc_bytes;
  snprintf(result->llc_source, sizeof result->llc_source, "%s", told ? "system" : session->llc_bytes ? "sweep" : "");
}

/* One clock for all rows: the GPU's where it was good for every one. */
static bool is_gpu_clock(const struct session *session) {
  const struct caps *caps = &session->client.caps;
  bool good = caps->timestamps.valid_bits && !caps->timestamps.rejected;
  for (size_t i = 0; i < session->n_rows; i++) good = good && (session->rows[i].gpu_clock || !session->rows[i].n);
  return good;
}

static void fill_caps(const struct session *session, bool gpu_clock, struct caps *caps) {
  *caps = session->client.caps;
  if (gpu_clock || !caps->timestamps.valid_bits || caps->timestamps.rejected) return;
  caps->timestamps.rejected = true;
  snprintf(caps->timestamps.verdict, sizeof caps->timestamps.verdict,
           "good before the run, in the run timestamps stood still or counted more time than the host's clock round "
           "them; times are of the host's clock and hold the submission too");
}

struct result *assemble_result(const struct session *session, const char *why_not, struct error *err) {
  struct result *result = calloc(1, sizeof *result);
  if (result) result->rows = calloc(session->n_rows + 1, sizeof *result->rows);
  bool ok = result && result->rows, gpu_clock = is_gpu_clock(session);
  for (size_t i = 0; ok && i < session->n_rows; i++) {
    result->n_rows++;
    ok = fill_row(session, &session->rows[i], gpu_clock, why_not, &result->rows[i]);
  }
  if (!ok) error_set(err, ERROR_MEMORY, "out of memory for the result");
  if (!ok || !spirv_sha256(result->tool.shaders_sha256, err)) {
    result_free(result);
    return NULL;
  }
  fill_identity(session, result);
  host_info_fill(result);
  result->before = session->before;
  fill_drift(session, &result->drift);
  fill_caps(session, gpu_clock, &result->caps);
  fill_llc(session, result);
  ceilings_fill(result);
  result->ceilings.submit_ns = session->submit_ns;
  result->ceilings.upload = session->upload;
  result->ceilings.download = session->download;
  result->ceilings.n_lasting = session->n_lasting;
  memcpy(result->ceilings.lasting, session->lasting, sizeof result->ceilings.lasting);
  for (size_t i = 0; i < result->n_rows; i++) ceilings_rate(result, &result->rows[i]);
  return result;
}

bool assemble_samples(const struct session *session, const struct result *result, const char *path, bool replace,
                      struct error *err) {
  const bool gpu_clock = result->caps.timestamps.valid_bits && !result->caps.timestamps.rejected;
  cJSON *root = cJSON_CreateObject();
  cJSON_AddStringToObject(root, "schema", "vkpareto.samples/1");
  cJSON_AddStringToObject(root, "run_id", result->run_id);
  cJSON *rows = cJSON_AddArrayToObject(root, "rows");
  for (size_t i = 0; i < session->n_rows; i++) {
    const struct row *row = &session->rows[i];
    if (!row->n) continue;
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "id", row->planned->id);
    cJSON_AddItemToObject(json, "ns", cJSON_CreateDoubleArray(gpu_clock ? row->ns : row->host_ns, (int)row->n));
    cJSON_AddItemToObject(json, "host_ns", cJSON_CreateDoubleArray(row->host_ns, (int)row->n));
    cJSON *round = cJSON_AddArrayToObject(json, "round");
    for (size_t s = 0; s < row->n; s++) cJSON_AddItemToArray(round, cJSON_CreateNumber(row->round[s]));
    cJSON_AddItemToArray(rows, json);
  }
  bool ok = json_write(path, root, replace, err);
  cJSON_Delete(root);
  return ok;
}
