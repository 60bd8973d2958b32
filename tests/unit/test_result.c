#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "file.h"
#include "host_info.h"
#include "result_example.h"

/* ---- comparing */

static void same_number(double a, double b) { assert_true(a == b || (isnan(a) && isnan(b))); }

static void same_text(const char *a, const char *b) {
  if (a && b) assert_string_equal(a, b);
  else assert_true(a == b);
}

static void same_caps(const struct caps *a, const struct caps *b) {
  assert_memory_equal(a, b, sizeof *a);   /* both were zeroed first, text fields included */
}

static void same_row(const struct result_row *a, const struct result_row *b) {
  same_text(a->id, b->id);
  same_text(a->op, b->op);
  same_text(a->technique, b->technique);
  same_text(a->variant, b->variant);
  same_text(a->reason, b->reason);
  assert_memory_equal(a->dim, b->dim, sizeof a->dim);
  assert_ptr_equal(a->family, b->family);
  assert_int_equal(a->mode, b->mode);
  assert_int_equal(a->n_tuning, b->n_tuning);
  for (size_t i = 0; i < a->n_tuning; i++) {
    same_text(a->tuning_names[i], b->tuning_names[i]);
    assert_int_equal(a->tuning[i], b->tuning[i]);
  }
  assert_int_equal(a->tuned, b->tuned);
  assert_int_equal(a->status, b->status);
  assert_int_equal(a->windows, b->windows);
  same_number(a->time.median, b->time.median);
  same_number(a->time.p10, b->time.p10);
  same_number(a->time.p90, b->time.p90);
  same_number(a->time.lo, b->time.lo);
  same_number(a->time.hi, b->time.hi);
  assert_int_equal(a->time.samples, b->time.samples);
  assert_int_equal(a->time.rounds, b->time.rounds);
  assert_int_equal(a->time.gpu_clock, b->time.gpu_clock);
  same_number(a->flops, b->flops);
  same_number(a->bytes, b->bytes);
  same_number(a->roofline, b->roofline);
  assert_int_equal(a->memory_bound, b->memory_bound);
  same_number(a->error.nmse, b->error.nmse);
  same_number(a->error.max_abs, b->error.max_abs);
  same_number(a->error.tolerance, b->error.tolerance);
  assert_true(a->error.elements == b->error.elements);
  assert_true(a->memory == b->memory && a->compile.ns == b->compile.ns && a->compile.cached == b->compile.cached);
  for (size_t f = 0; f < CODEGEN_FIELDS; f++) same_number(codegen_value(&a->codegen, f), codegen_value(&b->codegen, f));
  if (a->codegen_reason) same_text(a->codegen_reason, b->codegen_reason);
  else assert_null(b->codegen_reason);
  same_number(a->energy.gross, b->energy.gross);
  same_number(a->energy.gross_error, b->energy.gross_error);
  same_number(a->energy.net, b->energy.net);
  same_number(a->energy.net_error, b->energy.net_error);
  same_number(a->energy.idle_watts, b->energy.idle_watts);
  same_number(a->energy.run_ns, b->energy.run_ns);
  assert_int_equal(a->energy.windows, b->energy.windows);
  same_text(a->energy.meter, b->energy.meter);
  same_text(a->energy_reason, b->energy_reason);
}

static void same_state(const struct machine_state *a, const struct machine_state *b) {
  same_number(a->busy, b->busy);
  same_text(a->governor, b->governor);
  same_text(a->profile, b->profile);
  assert_int_equal(a->source, b->source);
  same_number(a->device_celsius, b->device_celsius);
  same_number(a->device_clock_hz, b->device_clock_hz);
  same_number(a->device_power_limit_w, b->device_power_limit_w);
  assert_int_equal(a->n_heaps, b->n_heaps);
  assert_memory_equal(a->heap, b->heap, a->n_heaps * sizeof a->heap[0]);
  same_text(a->heaps_reason, b->heaps_reason);
}

static void same_drift(const struct drift *a, const struct drift *b) {
  same_text(a->row, b->row);
  same_number(a->first_ns, b->first_ns);
  same_number(a->last_ns, b->last_ns);
  same_number(a->largest, b->largest);
  assert_int_equal(a->rounds, b->rounds);
  assert_int_equal(a->drifted, b->drifted);
  same_number(a->short_ns, b->short_ns);
  same_number(a->sustained_ns, b->sustained_ns);
}

static void same_result(const struct result *a, const struct result *b) {
  same_text(a->llc_source, b->llc_source);
  same_text(a->run_id, b->run_id);
  same_text(a->created, b->created);
  assert_memory_equal(&a->tool, &b->tool, sizeof a->tool);
  assert_memory_equal(&a->host, &b->host, sizeof a->host);
  same_state(&a->before, &b->before);
  same_drift(&a->drift, &b->drift);
  same_state(&a->after, &b->after);
  same_caps(&a->caps, &b->caps);
  same_number(a->ceilings.read_memory, b->ceilings.read_memory);
  same_number(a->ceilings.read_llc, b->ceilings.read_llc);
  same_number(a->ceilings.copy_memory, b->ceilings.copy_memory);
  assert_int_equal(a->ceilings.n_lasting, b->ceilings.n_lasting);
  for (size_t i = 0; i < a->ceilings.n_lasting; i++) {
    same_text(a->ceilings.lasting[i].kind, b->ceilings.lasting[i].kind);
    same_text(a->ceilings.lasting[i].row, b->ceilings.lasting[i].row);
    same_number(a->ceilings.lasting[i].short_ns, b->ceilings.lasting[i].short_ns);
    same_number(a->ceilings.lasting[i].sustained_ns, b->ceilings.lasting[i].sustained_ns);
  }
  same_number(a->ceilings.copy_llc, b->ceilings.copy_llc);
  assert_int_equal(a->ceilings.n_flops, b->ceilings.n_flops);
  for (size_t i = 0; i < a->ceilings.n_flops; i++) {
    same_text(a->ceilings.flops[i].name, b->ceilings.flops[i].name);
    same_number(a->ceilings.flops[i].value, b->ceilings.flops[i].value);
  }
  same_number(a->ceilings.dispatch_ns, b->ceilings.dispatch_ns);
  same_number(a->ceilings.submit_ns, b->ceilings.submit_ns);
  same_number(a->ceilings.upload, b->ceilings.upload);
  same_number(a->ceilings.download, b->ceilings.download);
  same_text(a->run.suite, b->run.suite);
  same_text(a->run.suite_sha256, b->run.suite_sha256);
  same_text(a->run.seed, b->run.seed);
  same_number(a->run.budget_s, b->run.budget_s);
  same_number(a->run.seconds, b->run.seconds);
  assert_int_equal(a->n_rows, b->n_rows);
  for (size_t i = 0; i < a->n_rows; i++) same_row(&a->rows[i], &b->rows[i]);
}

/* ---- tests */

static void what_is_written_is_read(void **state) {
  (void)state;
  struct error err = {0};
  struct result *written = example_result();
  unlink(path);
  if (!result_write(written, path, false, &err)) fail_msg("%s", err.text);
  struct result *read = result_read(path, &err);
  if (!read) fail_msg("%s", err.text);
  same_result(written, read);
  assert_string_equal(read->path, path);
  size_t bytes;
  char hash[65], *text = file_read(path, 1 << 20, &bytes, &err);
  sha256_hex(text, bytes, hash);
  assert_string_equal(read->sha256, hash);
  free(text);
  result_free(read);
  result_free(written);
}

static void a_result_is_never_overwritten(void **state) {
  (void)state;
  struct error err = {0};
  struct result *result = example_result();
  unlink(path);
  assert_true(result_write(result, path, false, &err));
  assert_false(result_write(result, path, false, &err));
  assert_int_equal(err.kind, ERROR_INPUT);
  result_free(result);
}

static void the_file_has_the_form_of_the_design(void **state) {
  (void)state;
  cJSON *root = example_json();
  const cJSON *rows = json_array(root, "rows", NULL), *ok = cJSON_GetArrayItem(rows, STATUS_OK),
              *lost = cJSON_GetArrayItem(rows, STATUS_LOST);
  assert_true(cJSON_IsNull(json_member(lost, "time_ns", NULL)));
  assert_string_equal(json_string(lost, "reason", 99, NULL), "because of \"this\"");
  assert_true(cJSON_IsNull(json_member(lost, "energy", NULL)) && cJSON_IsNull(json_member(lost, "codegen", NULL)));
  assert_int_equal(json_member(json_object(ok, "codegen", NULL), "registers", NULL)->valuedouble, 48);
  assert_true(cJSON_IsNull(json_member(json_object(ok, "codegen", NULL), "occupancy", NULL)));
  assert_string_equal(json_string(lost, "energy_reason", 99, NULL), "no meter: none");
  assert_string_equal(json_string(json_object(ok, "energy", NULL), "meter", 99, NULL), "NVML energy counter");
  assert_true(cJSON_IsNull(json_member(ok, "energy_reason", NULL)));
  assert_true(cJSON_IsNull(json_member(lost, "memory", NULL)) && cJSON_IsNull(json_member(lost, "error", NULL)));
  assert_string_equal(json_string(json_object(root, "run", NULL), "seed", 99, NULL), "18446744073709551615");
  const cJSON *device = json_object(root, "device", NULL);
  assert_string_equal(json_string(device, "vendor_id", 99, NULL), "0x10de");
  assert_string_equal(json_string(device, "api", 99, NULL), "1.3.204");
  const cJSON *features = json_object(device, "features", NULL);
  assert_int_equal(cJSON_GetArraySize(features), FEATURE_COUNT);
  assert_true(cJSON_IsTrue(json_member(features, "int_dot_fast", NULL)));
  const cJSON *ceilings = json_object(root, "ceilings", NULL);
  assert_true(cJSON_IsNull(json_member(json_object(ceilings, "read_bytes_per_s", NULL), "llc", NULL)));
  cJSON_Delete(root);
}

static void unknown_is_nan(void **state) {
  (void)state;
  struct result *result = example_result();
  result->run.budget_s = NAN;
  result->host.memory = 0;
  result->caps.llc_bytes = 0;
  result->caps.heap[0].budget = result->caps.heap[0].used = 0;
  result->rows[STATUS_OK].time.lo = -INFINITY;   /* fewer than two rounds */
  result->rows[STATUS_OK].time.hi = INFINITY;
  unlink(path);
  assert_true(result_write(result, path, false, NULL));
  struct result *read = result_read(path, NULL);
  assert_non_null(read);
  assert_true(isnan(read->run.budget_s) && isnan(read->ceilings.read_llc) && isnan(result_flops_ceiling(read, "f16")));
  assert_true(isnan(read->rows[STATUS_OK].time.lo) && isnan(read->rows[STATUS_OK].time.hi));
  same_caps(&result->caps, &read->caps);
  assert_true(read->host.memory == 0);
  result_free(read);
  result->run.budget_s = 0;   /* no budget was given */
  unlink(path);
  assert_true(result_write(result, path, false, NULL));
  read = result_read(path, NULL);
  assert_true(read && isnan(read->run.budget_s));
  result_free(read);
  result_free(result);
}

static void ceilings_are_found_by_name(void **state) {
  (void)state;
  struct result *result = example_result();
  assert_true(result_flops_ceiling(result, "f32") == 6.0e13);
  assert_true(isnan(result_flops_ceiling(result, "f3")));
  result_free(result);
}

static void what_a_later_version_adds_is_bearable(void **state) {
  (void)state;
  struct error err = {0};
  cJSON *root = example_json(), *row = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "rows"), STATUS_OK);
  cJSON_AddStringToObject(root, "new_field", "x");
  cJSON_AddObjectToObject(row, "new_field");
  cJSON_SetValuestring(cJSON_GetObjectItem(row, "status"), "xx");   /* shorter: cJSON 1.7.15 copies in place */
  cJSON_SetValuestring(cJSON_GetObjectItem(row, "op"), "conv");
  struct result *result = reread(root, &err);
  if (!result) fail_msg("%s", err.text);
  assert_int_equal(result->rows[STATUS_OK].status, STATUS_FAILED);
  assert_non_null(result->rows[STATUS_OK].reason);
  assert_true(isnan(result->rows[STATUS_OK].time.median));
  assert_null(result->rows[STATUS_OK].family);
  assert_non_null(result->rows[STATUS_NOISY].family);
  result_free(result);
  cJSON_Delete(root);
}

static void messages_name_file_place_and_field(void **state) {
  (void)state;
  struct error err = {0};
  cJSON *root = example_json(), *row = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "rows"), 1);
  cJSON_ReplaceItemInObject(cJSON_GetObjectItem(row, "time_ns"), "median", cJSON_CreateString("fast"));
  assert_null(reread(root, &err));
  char expected[256];
  snprintf(expected, sizeof expected, "%s: rows[1]: time_ns: field 'median' must be a number, not a string", path);
  assert_string_equal(err.text, expected);
  cJSON_Delete(root);
  assert_null(result_read("/nonexistent/result.json", &err));
  assert_true(strstr(err.text, "/nonexistent/result.json") != NULL);
}

static void caps_make_the_round_trip_alone(void **state) {
  (void)state;
  struct caps caps = {0}, again;
  struct error err = {0};
  example_caps(&caps);
  cJSON *json = caps_to_json(&caps);
  if (!caps_from_json(json, &again, &err)) fail_msg("%s", err.text);
  same_caps(&caps, &again);
  cJSON_Delete(json);
  assert_false(caps_from_json(NULL, &again, &err));
}

static void the_host_tells_about_itself(void **state) {
  (void)state;
  struct result *result = calloc(1, sizeof *result);
  assert_non_null(result);
  host_info_fill(result);
  assert_true(result->host.os[0] && result->host.kernel[0] && !strchr(result->host.os, '"'));
  assert_true(result->host.memory > 64 << 20);
  result_free(result);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_written_is_read),
    cmocka_unit_test(a_result_is_never_overwritten),
    cmocka_unit_test(the_file_has_the_form_of_the_design),
    cmocka_unit_test(unknown_is_nan),
    cmocka_unit_test(ceilings_are_found_by_name),
    cmocka_unit_test(what_a_later_version_adds_is_bearable),
    cmocka_unit_test(messages_name_file_place_and_field),
    cmocka_unit_test(caps_make_the_round_trip_alone),
    cmocka_unit_test(the_host_tells_about_itself),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
