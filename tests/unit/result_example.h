/* For the tests of reading and writing results; cmocka.h comes first. */
#ifndef RESULT_EXAMPLE_H
#define RESULT_EXAMPLE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "result.h"

/* ---- a folder of its own for each test program */

static char folder[] = "/tmp/test_result_XXXXXX";
static char path[64];

static inline int make_folder(void **state) {
  (void)state;
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/result.json", folder);
  return 0;
}

static inline int remove_folder(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

/* ---- a result with every field set to something of its own */

static inline void example_caps(struct caps *caps) {
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
  caps->limits.storage_align = 64;
  caps->limits.shared_memory = 32768;
  caps->limits.invocations = 1024;
  for (uint32_t d = 0; d < 3; d++) {
    caps->limits.group_size[d] = 1024 - d;
    caps->limits.group_count[d] = UINT32_MAX - d;
  }
  caps->limits.push_constants = 128;
  caps->tried.allocation = (struct limit_trial){.worked = 3ull << 30, .failed = 4ull << 30, .claimed = UINT64_MAX};
  /* the claim is over 2^53: travels as a string */
  caps->limits.allocation = 3ull << 30;
  caps->tried.storage_range.worked = 1ull << 27;
  caps->n_coopmats = 2;
  caps->coopmat[0] = (struct coopmat){16, 8, 16, COMPONENT_BF16, COMPONENT_F8E5M2, COMPONENT_F32, COMPONENT_F16,
                                      SCOPE_SUBGROUP, false};
  caps->coopmat[1] = (struct coopmat){64, 32, 32, 1000672002, COMPONENT_U8, COMPONENT_I32, COMPONENT_I32, 4000000000,
                                      true};   /* a type and a scope without names */
  caps->n_heaps = 2;
  caps->heap[0].size = 8ull << 30;
  caps->heap[0].budget = 7ull << 30;
  caps->heap[0].used = 12345;
  caps->heap[0].device_local = true;
  caps->heap[0].mappable = true;
  caps->heap[1].size = 1ull << 62;
  caps->timestamps.valid_bits = 36;
  caps->timestamps.period_ns = 52.083;
  caps->timestamps.resolution_ns = 104.166;
  caps->timestamps.rejected = true;
  strcpy(caps->timestamps.verdict, "agrees with the host clock");
  caps->llc_bytes = 32 << 20;
}

static inline struct result_row example_row(const char *id, enum status status) {
  struct result_row row = {
    .id = strdup(id),
    .op = strdup("matmul"),
    .technique = strdup("matmul.int4_g32"),
    .variant = strdup("matmul.int4_g32.gemv"),
    .family = family_find("matmul"),
    .mode = MODE_COLD,
    .tuning_names = {strdup("rows"), strdup("subgroups")},
    .tuning = {4, -2},
    .n_tuning = 2,
    .tuned = true,
    .status = status,
    .windows = 3,
    .flops = 117440512,
    .bytes = 33030144,
    .roofline = NAN,
    .error = {.nmse = NAN, .max_abs = NAN, .tolerance = NAN},
    .time = {.median = NAN, .p10 = NAN, .p90 = NAN, .lo = NAN, .hi = NAN},
    .codegen = codegen_unknown(),
  };
  row.energy = result_energy_unknown;
  for (size_t d = 0; d < row.family->n_dims; d++) {
    const struct dim_def *def = &row.family->dims[d];
    row.dim[d] = def->min + (int64_t)d <= def->max ? def->min + (int64_t)d : def->max;
  }
  if (status == STATUS_NOISY) row.codegen_reason = strdup("the driver does not tell");
  if (!status_has_time(status)) {
    row.reason = strdup("because of \"this\"");
    row.energy_reason = strdup("no meter: none");
    return row;
  }
  row.time = (struct sample_summary){.median = 13200.5, .p10 = 13000.25, .p90 = 13900, .lo = 13100, .hi = 13350.125,
                                     .samples = 60, .rounds = 5, .gpu_clock = true};
  row.roofline = 0.87;
  row.memory_bound = true;
  row.error = (struct result_error){.nmse = 1.1e-7, .max_abs = 0.0021, .tolerance = 0.0101, .elements = 1024};
  row.memory = 33062912;
  row.compile = (struct compile_time){8100000, CACHED_NO};
  if (status == STATUS_OK) row.codegen = (struct codegen){48, 106, 0, 0, 1024, 2252, NAN, 64};
  row.energy = (struct result_energy){.gross = 0.6, .gross_error = 0.01, .net = -0.001, .net_error = 0.02,
                                      .idle_watts = 20.5, .run_ns = 13300, .windows = 3,
                                      .meter = "NVML energy counter"};
  return row;
}

static inline struct result *example_result(void) {
  struct result *result = calloc(1, sizeof *result);
  if (!result) abort();
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
  result->before = (struct machine_state){.busy = 0.02, .governor = "performance", .profile = "balanced",
    .source = POWER_MAINS, .device_celsius = 41, .device_clock_hz = 2.5e9, .device_power_limit_w = 300,
    .heap = {{7ull << 30, 12345}, {1ull << 60, 0}}, .n_heaps = 2};
  result->after = (struct machine_state){.busy = NAN, .device_celsius = NAN, .device_clock_hz = NAN,
    .device_power_limit_w = NAN, .heaps_reason = "the run was not finished"};
  result->ceilings.n_lasting = 2;
  result->ceilings.lasting[0] = (struct lasting){"f32", "ceilings/example", 100, 111};
  result->ceilings.lasting[1] = (struct lasting){"read_memory", "ceilings/other", 100, NAN};
  result->drift = (struct drift){.row = "ceilings/example", .first_ns = 1000.5, .last_ns = 1200, .largest = 0.25,
                                 .rounds = 5, .drifted = 2, .short_ns = 990, .sustained_ns = NAN};
  example_caps(&result->caps);
  strcpy(result->llc_source, "sweep");
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
  result->ceilings.upload = 2.4e10;
  result->ceilings.download = NAN;
  strcpy(result->run.suite, "standard");
  memset(result->run.suite_sha256, 'b', 64);
  strcpy(result->run.seed, "18446744073709551615");
  result->run.budget_s = 600;
  result->run.seconds = 812.25;
  result->n_rows = STATUS_COUNT;
  result->rows = calloc(result->n_rows, sizeof *result->rows);
  if (!result->rows) abort();
  for (int s = 0; s < STATUS_COUNT; s++) {
    char id[64];
    snprintf(id, sizeof id, "matmul/example/%s.gemv/cold", status_names[s]);
    result->rows[s] = example_row(id, (enum status)s);
  }
  result->rows[STATUS_NOISY].reason = strdup("spread of 12 %");
  return result;
}

/* Written to path and read as JSON. */
static inline cJSON *example_json(void) {
  struct error err = {0};
  struct result *result = example_result();
  unlink(path);
  assert_true(result_write(result, path, false, &err));
  result_free(result);
  cJSON *root = json_parse_file(path, 1 << 20, &err);
  assert_non_null(root);
  return root;
}

/* Writes the tree in the place of the result and reads it. */
static inline struct result *reread(const cJSON *root, struct error *err) {
  char *text = json_text(root, SIZE_MAX);
  FILE *file = fopen(path, "w");
  assert_true(text && file && fputs(text, file) >= 0);
  fclose(file);
  free(text);
  return result_read(path, err);
}

#endif
