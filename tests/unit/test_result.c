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
#include "result.h"
#include "rng.h"

static char folder[] = "/tmp/test_result_XXXXXX";
static char path[64];

static int make_folder(void **state) {
  (void)state;
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/result.json", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

/* ---- an example with every field set to something of its own */

static void fill_caps(struct caps *caps) {
  strcpy(caps->name, "Example \"GPU\"");
  strcpy(caps->slug, "example-gpu");
  strcpy(caps->driver_slug, "example-1.2");
  caps->type = DEVICE_INTEGRATED;
  caps->vendor_id = 0x10de;
  caps->device_id = 0x2684;
  strcpy(caps->uuid, "00112233445566778899aabbccddeeff");
  strcpy(caps->pci, "0000:01:00.0");
  strcpy(caps->driver_id, "UNKNOWN_99");
  strcpy(caps->driver_name, "example");
  strcpy(caps->driver_info, "1.2 (beta)");
  caps->driver_version = 0xfedcba98;
  strcpy(caps->conformance, "1.3.1.0");
  strcpy(caps->pipeline_cache_uuid, "ffeeddccbbaa99887766554433221100");
  caps->api_version = 1u << 22 | 3u << 12 | 204;
  caps->subgroup.size = 32;
  caps->subgroup.min = 8;
  caps->subgroup.max = 64;
  caps->features = FEATURE_SUBGROUP_BASIC | FEATURE_INT_DOT_FAST | 1u << (FEATURE_COUNT - 1);
  caps->limits.storage_range = 1ull << 27;
  caps->limits.allocation = UINT64_MAX;   /* over 2^53: travels as a string */
  caps->limits.storage_align = 64;
  caps->limits.shared_memory = 32768;
  caps->limits.invocations = 1024;
  for (uint32_t d = 0; d < 3; d++) {
    caps->limits.group_size[d] = 1024 - d;
    caps->limits.group_count[d] = UINT32_MAX - d;
  }
  caps->limits.push_constants = 128;
  caps->n_heaps = 2;
  caps->heap[0].size = 8ull << 30;
  caps->heap[0].budget = 7ull << 30;
  caps->heap[0].used = 12345;
  caps->heap[0].device_local = true;
  caps->heap[1].size = 1ull << 62;
  caps->timestamps.valid_bits = 36;
  caps->timestamps.period_ns = 52.083;
  caps->llc_bytes = 32 << 20;
}

static struct result_row example_row(const char *id, enum status status) {
  struct result_row row = {
    .id = strdup(id), .op = strdup("matmul"), .technique = strdup("matmul.int4_g32"), .variant = strdup("matmul.int4_g32.gemv"),
    .family = family_find("matmul"), .mode = MODE_COLD, .tuning_names = {strdup("rows"), strdup("subgroups")},
    .tuning = {4, -2}, .n_tuning = 2, .tuned = true, .status = status, .windows = 3, .flops = 117440512, .bytes = 33030144,
    .roofline = NAN, .error = {.nmse = NAN, .max_abs = NAN, .tolerance = NAN},
    .time = {.median = NAN, .p10 = NAN, .p90 = NAN, .lo = NAN, .hi = NAN},
  };
  for (size_t d = 0; d < row.family->n_dims; d++) {
    const struct dim_def *def = &row.family->dims[d];
    row.dim[d] = def->min + (int64_t)d <= def->max ? def->min + (int64_t)d : def->max;
  }
  if (!status_has_time(status)) {
    row.reason = strdup("because of \"this\"");
    return row;
  }
  row.time = (struct sample_summary){.median = 13200.5, .p10 = 13000.25, .p90 = 13900, .lo = 13100, .hi = 13350.125,
                                     .samples = 60, .rounds = 5, .gpu_clock = true};
  row.roofline = 0.87;
  row.memory_bound = true;
  row.error = (struct result_error){.nmse = 1.1e-7, .max_abs = 0.0021, .tolerance = 0.0101, .elements = 1024};
  row.memory = 33062912;
  row.compile_ns = 8100000;
  return row;
}

static struct result *example(void) {
  struct result *result = calloc(1, sizeof *result);
  assert_non_null(result);
  strcpy(result->run_id, "0123456789abcdef0123456789abcdef");
  strcpy(result->created, "2026-11-22T12:00:00Z");
  strcpy(result->tool.version, "0.1.0");
  strcpy(result->tool.git, "abc1234");
  strcpy(result->tool.glslc, "shaderc 2023.2");
  memset(result->tool.shaders_sha256, 'a', 64);
  strcpy(result->host.os, "Debian GNU/Linux 12");
  strcpy(result->host.kernel, "6.1.0");
  strcpy(result->host.cpu, "Example CPU");
  result->host.memory = 25769803776;
  fill_caps(&result->caps);
  strcpy(result->clock_verdict, "agrees with the host clock");
  result->ceilings.read_memory = 3.0123456789e12;
  result->ceilings.read_llc = NAN;
  result->ceilings.copy_memory = 2.5e12;
  result->ceilings.copy_llc = 5e12;
  strcpy(result->ceilings.flops[0].name, "f32");
  result->ceilings.flops[0].value = 6.0e13;
  strcpy(result->ceilings.flops[1].name, "f16");
  result->ceilings.flops[1].value = NAN;
  result->ceilings.n_flops = 2;
  result->ceilings.dispatch_ns = 900.5;
  result->ceilings.submit_ns = 21000;
  strcpy(result->run.suite, "standard");
  memset(result->run.suite_sha256, 'b', 64);
  strcpy(result->run.seed, "18446744073709551615");
  result->run.budget_s = 600;
  result->run.seconds = 812.25;
  result->n_rows = STATUS_COUNT;
  result->rows = calloc(result->n_rows, sizeof *result->rows);
  assert_non_null(result->rows);
  for (int s = 0; s < STATUS_COUNT; s++) {
    char id[64];
    snprintf(id, sizeof id, "matmul/example/%s", status_names[s]);
    result->rows[s] = example_row(id, (enum status)s);
  }
  result->rows[STATUS_NOISY].reason = strdup("spread of 12 %");
  return result;
}

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
  assert_true(a->memory == b->memory && a->compile_ns == b->compile_ns);
}

static void same_result(const struct result *a, const struct result *b) {
  same_text(a->run_id, b->run_id);
  same_text(a->created, b->created);
  assert_memory_equal(&a->tool, &b->tool, sizeof a->tool);
  assert_memory_equal(&a->host, &b->host, sizeof a->host);
  same_caps(&a->caps, &b->caps);
  same_text(a->clock_verdict, b->clock_verdict);
  same_number(a->ceilings.read_memory, b->ceilings.read_memory);
  same_number(a->ceilings.read_llc, b->ceilings.read_llc);
  same_number(a->ceilings.copy_memory, b->ceilings.copy_memory);
  same_number(a->ceilings.copy_llc, b->ceilings.copy_llc);
  assert_int_equal(a->ceilings.n_flops, b->ceilings.n_flops);
  for (size_t i = 0; i < a->ceilings.n_flops; i++) {
    same_text(a->ceilings.flops[i].name, b->ceilings.flops[i].name);
    same_number(a->ceilings.flops[i].value, b->ceilings.flops[i].value);
  }
  same_number(a->ceilings.dispatch_ns, b->ceilings.dispatch_ns);
  same_number(a->ceilings.submit_ns, b->ceilings.submit_ns);
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
  struct result *written = example();
  unlink(path);
  if (!result_write(written, path, &err)) fail_msg("%s", err.text);
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
  struct result *result = example();
  unlink(path);
  assert_true(result_write(result, path, &err));
  assert_false(result_write(result, path, &err));
  assert_int_equal(err.kind, ERROR_INPUT);
  result_free(result);
}

static cJSON *example_json(void) {
  struct error err = {0};
  struct result *result = example();
  unlink(path);
  assert_true(result_write(result, path, &err));
  result_free(result);
  cJSON *root = json_parse_file(path, 1 << 20, &err);
  assert_non_null(root);
  return root;
}

static void the_file_has_the_form_of_the_design(void **state) {
  (void)state;
  cJSON *root = example_json();
  const cJSON *rows = json_array(root, "rows", NULL), *ok = cJSON_GetArrayItem(rows, STATUS_OK), *lost = cJSON_GetArrayItem(rows, STATUS_LOST);
  assert_true(cJSON_IsNull(json_member(lost, "time_ns", NULL)));
  assert_string_equal(json_string(lost, "reason", 99, NULL), "because of \"this\"");
  assert_true(cJSON_IsNull(json_member(ok, "energy", NULL)) && cJSON_IsNull(json_member(ok, "codegen", NULL)));
  assert_string_equal(json_string(ok, "energy_reason", 99, NULL), "not measured in this version");
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
  struct result *result = example();
  result->run.budget_s = NAN;
  result->host.memory = 0;
  result->caps.llc_bytes = 0;
  result->caps.heap[0].budget = result->caps.heap[0].used = 0;
  result->rows[STATUS_OK].time.lo = -INFINITY;   /* fewer than two rounds */
  result->rows[STATUS_OK].time.hi = INFINITY;
  unlink(path);
  assert_true(result_write(result, path, NULL));
  struct result *read = result_read(path, NULL);
  assert_non_null(read);
  assert_true(isnan(read->run.budget_s) && isnan(read->ceilings.read_llc) && isnan(result_flops_ceiling(read, "f16")));
  assert_true(isnan(read->rows[STATUS_OK].time.lo) && isnan(read->rows[STATUS_OK].time.hi));
  same_caps(&result->caps, &read->caps);
  assert_true(read->host.memory == 0);
  result_free(read);
  result_free(result);
}

static void ceilings_are_found_by_name(void **state) {
  (void)state;
  struct result *result = example();
  assert_true(result_flops_ceiling(result, "f32") == 6.0e13);
  assert_true(isnan(result_flops_ceiling(result, "f3")));
  result_free(result);
}

/* Writes the tree in the place of the result and reads it. */
static struct result *reread(const cJSON *root, struct error *err) {
  char *text = json_text(root, SIZE_MAX);
  FILE *file = fopen(path, "w");
  assert_true(text && file && fputs(text, file) >= 0);
  fclose(file);
  free(text);
  return result_read(path, err);
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

/* Everything a result may be asked: values stay in the ranges that the header promises. */
static void examine(const struct result *result) {
  assert_true(result->caps.type < DEVICE_TYPES && result->caps.n_heaps <= CAPS_HEAPS);
  assert_true(result->caps.limits.storage_align > 0 && result->caps.subgroup.size > 0);
  assert_true(result->ceilings.n_flops <= RESULT_CEILINGS);
  for (size_t i = 0; i < result->n_rows; i++) {
    const struct result_row *row = &result->rows[i];
    assert_true(row->id && row->op && row->technique && row->variant);
    assert_true(row->status < STATUS_COUNT && row->mode < MODE_COUNT && row->n_tuning <= KERNEL_TUNABLES);
    assert_true(status_has_time(row->status) ? row->time.median > 0 : isnan(row->time.median) && row->reason);
    for (size_t d = 0; row->family && d < row->family->n_dims; d++)
      assert_true(row->dim[d] >= row->family->dims[d].min && row->dim[d] <= row->family->dims[d].max);
  }
}

static unsigned taken, refused;

static void try(struct result *result, const struct error *err) {
  if (result) {
    examine(result);
    taken++;
  } else {
    assert_true(err->kind != ERROR_NONE && strncmp(err->text, path, strlen(path)) == 0);
    refused++;
  }
  result_free(result);
}

/* Each value of the file replaced by each of these, and removed. */
static void any_value_may_be_anything(void **state) {
  (void)state;
  static const char *const hostile[] = {
    "null", "true", "-1", "0", "1.5", "1e308", "9007199254740993", "18446744073709551616", "\"\"", "\"..\"", "\"x\\u001b[2J\"",
    "\"18446744073709551615\"", "[]", "[1,2,3,4]", "[null]", "{}", "{\"a\":{\"b\":1}}",
  };
  cJSON *root = example_json();
  cJSON *rows = cJSON_GetObjectItem(root, "rows");
  while (cJSON_GetArraySize(rows) > 2) cJSON_DeleteItemFromArray(rows, 2);   /* ok and noisy have all fields */
  char lengthy[6000] = "\"";
  memset(lengthy + 1, 'x', sizeof lengthy - 3);
  lengthy[sizeof lengthy - 2] = '"';

  cJSON *stack[64] = {root->child};   /* depth first over all values */
  taken = refused = 0;
  for (int depth = 0; depth >= 0;) {
    cJSON *item = stack[depth];
    if (!item) {
      depth--;
      if (depth >= 0) stack[depth] = stack[depth]->next;
      continue;
    }
    cJSON saved = *item;
    for (size_t h = 0; h <= sizeof hostile / sizeof *hostile; h++) {
      bool last = h == sizeof hostile / sizeof *hostile;
      struct error err = {0};
      item->type = cJSON_Raw;
      item->child = NULL;
      item->valuestring = last ? lengthy : (char *)(uintptr_t)hostile[h];
      struct result *result = reread(root, &err);
      *item = saved;
      try(result, &err);
    }
    if (saved.string) {   /* a name nobody knows: the field is missing */
      struct error err = {0};
      item->string = (char *)(uintptr_t)"unheard";
      struct result *result = reread(root, &err);
      *item = saved;
      try(result, &err);
    }
    if (item->child) stack[++depth] = item->child;
    else stack[depth] = item->next;
  }
  assert_true(taken > 500 && refused > 1000);
  cJSON_Delete(root);
}

/* Bytes flipped, cut, doubled, removed. */
static void any_bytes_may_be_damaged(void **state) {
  (void)state;
  cJSON_Delete(example_json());
  size_t bytes;
  char *whole = file_read(path, 1 << 20, &bytes, NULL), *damaged = malloc(bytes);
  assert_true(whole && damaged);
  struct rng rng = rng_make(20);
  taken = refused = 0;
  for (int i = 0; i < 6000; i++) {
    memcpy(damaged, whole, bytes);
    size_t at = rng_below(&rng, bytes), length = rng_below(&rng, 30) + 1, now = bytes;
    if (at + length > bytes) length = bytes - at;
    switch (i % 4) {
      case 0: damaged[at] ^= (char)(1 << rng_below(&rng, 8)); break;
      case 1: now = at; break;
      case 2: memmove(damaged + at, damaged + at + length, bytes - at - length); now = bytes - length; break;
      default: memcpy(damaged + at, whole + rng_below(&rng, bytes - length + 1), length); break;
    }
    FILE *file = fopen(path, "w");
    assert_true(file && fwrite(damaged, 1, now, file) == now && fclose(file) == 0);
    struct error err = {0};
    struct result *result = result_read(path, &err);
    try(result, &err);
  }
  assert_true(taken > 100 && refused > 2000);
  free(damaged);
  free(whole);
}

static void caps_make_the_round_trip_alone(void **state) {
  (void)state;
  struct caps caps = {0}, again;
  struct error err = {0};
  fill_caps(&caps);
  cJSON *json = caps_to_json(&caps);
  if (!caps_from_json(json, &again, &err)) fail_msg("%s", err.text);
  same_caps(&caps, &again);
  cJSON_Delete(json);
  assert_false(caps_from_json(NULL, &again, &err));
}

static void senseless_caps_are_refused(void **state) {
  (void)state;
  static const struct { const char *object, *field, *value; } bad[] = {
    {"subgroup", "size", "24"}, {"subgroup", "min", "64"}, {"subgroup", "max", "0"}, {"limits", "storage_align", "48"},
    {"limits", "storage_range", "0"}, {"limits", "invocations", "0"}, {"limits", "group_size", "[1,2]"}, {"limits", "group_count", "[1,2,0]"},
    {NULL, "type", "\"quantum\""}, {NULL, "slug", "\"../x\""}, {"driver", "slug", "\"A b\""}, {NULL, "api", "\"1.3\""},
    {NULL, "api", "\"1.3.204x\""}, {NULL, "api", "\"-1.3.204\""}, {NULL, "vendor_id", "\"10de\""}, {NULL, "vendor_id", "\"0xfffffffff\""},
    {"clock", "valid_bits", "65"}, {NULL, "heaps", "[1]"}, {NULL, "heaps", "[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]"},
    {"features", "int8", "1"}, {NULL, "uuid", "\"00112233445566778899aabbccddeeff0\""},
  };
  struct caps caps = {0}, read;
  fill_caps(&caps);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct error err = {0};
    cJSON *json = caps_to_json(&caps), *object = bad[i].object ? cJSON_GetObjectItem(json, bad[i].object) : json;
    assert_true(cJSON_ReplaceItemInObject(object, bad[i].field, cJSON_Parse(bad[i].value)));
    if (caps_from_json(json, &read, &err)) fail_msg("%s = %s was taken", bad[i].field, bad[i].value);
    if (!strstr(err.text, bad[i].field) && !strstr(err.text, bad[i].object)) fail_msg("unclear: %s", err.text);
    cJSON_Delete(json);
  }
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
    cmocka_unit_test(any_value_may_be_anything),
    cmocka_unit_test(any_bytes_may_be_damaged),
    cmocka_unit_test(caps_make_the_round_trip_alone),
    cmocka_unit_test(senseless_caps_are_refused),
    cmocka_unit_test(the_host_tells_about_itself),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
