/* host/vk on a device: what devices there are, pipelines, runs, and what goes wrong; memory is in test_memory.c. The
 * runs twice, with mapped memory where the device has it and with staging. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "device_under_test.h"

static const uint64_t second = 1000000000u;

/* ---- devices */

static void same_devices_in_the_same_order(void **state) {
  (void)state;
  struct error err = {0};
  struct caps *one = calloc(2 * GPU_MAX_DEVICES, sizeof *one), *two = one + GPU_MAX_DEVICES;
  size_t n = 0, again = 0;
  OK(gpu_list(one, GPU_MAX_DEVICES, &n, &err));
  OK(gpu_list(two, GPU_MAX_DEVICES, &again, &err));
  assert_true(n > test_device());
  assert_int_equal(n, again);
  for (size_t i = 0; i < n; i++) {
    memcpy(two[i].heap, one[i].heap, sizeof one[i].heap);   /* what others use of it changes */
    assert_memory_equal(&one[i], &two[i], sizeof one[i]);
    assert_true(i == 0 || one[i - 1].type <= one[i].type);
    assert_true(one[i].name[0] && one[i].slug[0] && one[i].driver_slug[0] && strlen(one[i].uuid) == 32);
  }
  free(one);
}

static void no_device_at_an_index_beyond_the_last(void **state) {
  (void)state;
  struct error err = {0};
  assert_null(gpu_open(GPU_MAX_DEVICES, &(struct gpu_options){0}, &err));
  assert_int_equal(err.kind, ERROR_NO_DEVICE);
  assert_non_null(strstr(err.text, "vkpareto devices"));
}

static void limits_meet_the_vulkan_minima(void **state) {
  const struct caps *caps = gpu_caps(*state);
  assert_true(caps->limits.storage_range >= 1u << 27);
  assert_true(caps->limits.shared_memory >= 16384);
  assert_true(caps->limits.invocations >= 128);
  assert_true(caps->limits.push_constants >= KERNEL_PUSH);
  assert_true(caps->limits.group_count[0] >= 65535);
  assert_true(caps->limits.allocation >= 1u << 30);
  assert_true(caps->n_heaps > 0);
  assert_true(caps->subgroup.size && !(caps->subgroup.size & (caps->subgroup.size - 1)));
  assert_true(caps->subgroup.min <= caps->subgroup.size && caps->subgroup.size <= caps->subgroup.max);
  assert_true(caps->features & FEATURE_SUBGROUP_BASIC);
}

/* ---- pipelines and runs */

static void specialisation_constants_reach_the_shader(void **state) {
  struct gpu *gpu = *state;
  struct error err = {0};
  struct gpu_buffer *buffer = test_buffer(gpu, 256);
  for (uint32_t group = 4; group <= 64; group *= 4) {
    struct gpu_pipeline *pipeline = test_pipeline(gpu, "ceilings/empty.store", 1, 8, group);
    const uint32_t push[] = {0, 64};
    const struct gpu_dispatch dispatch = {pipeline, {{buffer, 0, 256}}, push, {1, 1, 1}};
    struct gpu_time time;
    float out[64];
    OK(gpu_fill(gpu, buffer, 0, 256, 0, &err));
    OK(gpu_run(gpu, &dispatch, 1, 20 * second, &time, &err));
    OK(gpu_download(gpu, buffer, 0, out, sizeof out, &err));
    for (uint32_t i = 0; i < 64; i++) assert_true(out[i] == (i < group ? (float)(i + 1) : 0));
    gpu_pipeline_destroy(gpu, pipeline);
  }
  gpu_buffer_destroy(gpu, buffer);
}

static void windows_bind_at_offsets(void **state) {
  struct gpu *gpu = *state;
  struct error err = {0};
  enum { BYTES = 64 << 10, TILE = 4096 };
  uint64_t start = 2 * TILE;   /* a multiple of every storage_align: Vulkan allows at most 256 */
  unsigned char *in = test_bytes(BYTES), *out = calloc(1, BYTES);
  struct gpu_buffer *from = test_buffer(gpu, BYTES), *to = test_buffer(gpu, BYTES);
  struct gpu_pipeline *pipeline = test_pipeline(gpu, "ceilings/stream.copy_columns", 2, 12, 64);
  OK(gpu_upload(gpu, from, 0, in, BYTES, &err));
  OK(gpu_fill(gpu, to, 0, BYTES, 0xeeeeeeee, &err));
  const uint32_t push[] = {TILE / 4, 16 / 4, 3};   /* one tile into its range; 16 bytes into its range; three tiles */
  const struct gpu_dispatch dispatch = {
    pipeline, {{from, start, 5 * TILE}, {to, start, 4 * TILE}}, push, {1, 1, 1}};
  struct gpu_time time;
  OK(gpu_run(gpu, &dispatch, 1, 20 * second, &time, &err));
  OK(gpu_download(gpu, to, 0, out, BYTES, &err));
  assert_memory_equal(out + start + 16, in + start + TILE, 3 * TILE);
  for (size_t i = 0; i < BYTES; i++)
    if (i < start + 16 || i >= start + 16 + 3 * TILE) assert_int_equal(out[i], 0xee);
  gpu_pipeline_destroy(gpu, pipeline);
  gpu_buffer_destroy(gpu, from);
  gpu_buffer_destroy(gpu, to);
  free(in);
  free(out);
}

/* Each dispatch copies what the one before it wrote: without the barriers the end would be wrong. */
static void a_long_list_runs_in_order(void **state) {
  struct gpu *gpu = *state;
  struct error err = {0};
  enum { TILE = 4096, TILES = 16, RUNS = 3001 };
  unsigned char *in = test_bytes(TILE), out[TILE];
  struct gpu_buffer *buffer = test_buffer(gpu, TILES * TILE);
  struct gpu_pipeline *pipeline = test_pipeline(gpu, "ceilings/stream.copy_tiles", 2, 12, 8);
  OK(gpu_fill(gpu, buffer, 0, TILES * TILE, 0, &err));
  OK(gpu_upload(gpu, buffer, 0, in, TILE, &err));
  const uint32_t push[] = {0, 0, 1};
  struct gpu_dispatch *list = calloc(RUNS, sizeof *list);
  for (uint64_t i = 0; i < RUNS; i++)
    list[i] = (struct gpu_dispatch){
      pipeline, {{buffer, i % TILES * TILE, TILE}, {buffer, (i + 1) % TILES * TILE, TILE}}, push, {1, 1, 1}};
  struct gpu_time time = {0};
  OK(gpu_run(gpu, list, RUNS, 60 * second, &time, &err));
  OK(gpu_download(gpu, buffer, RUNS % TILES * TILE, out, TILE, &err));
  assert_memory_equal(in, out, TILE);
  assert_true(time.host_ns > 0);
  assert_true(gpu_caps(gpu)->timestamps.valid_bits ? time.gpu_ns > 0 && time.gpu_ns < 2 * time.host_ns : !time.gpu_ns);
  free(list);
  free(in);
  gpu_pipeline_destroy(gpu, pipeline);
  gpu_buffer_destroy(gpu, buffer);
}

static void an_empty_list_is_a_submission(void **state) {
  struct error err = {0};
  struct gpu_time time = {0};
  OK(gpu_run(*state, NULL, 0, 20 * second, &time, &err));
  assert_true(time.host_ns > 0);
}

static void dispatches_beyond_the_limits_are_refused(void **state) {
  struct gpu *gpu = *state;
  const struct caps *caps = gpu_caps(gpu);
  struct gpu_buffer *buffer = test_buffer(gpu, 4096);
  struct gpu_pipeline *pipeline = test_pipeline(gpu, "ceilings/empty.store", 1, 8, 64);
  const uint32_t push[] = {0, 64};
  const struct gpu_dispatch good = {pipeline, {{buffer, 0, 256}}, push, {1, 1, 1}};
  struct gpu_dispatch bad[6];
  for (size_t i = 0; i < 6; i++) bad[i] = good;
  bad[0].groups[1] = 0;
  bad[1].binding[0].size = 0;
  bad[2].binding[0].size = 4097;
  bad[3].binding[0].offset = 4096;
  bad[4].binding[0].size = caps->limits.storage_range + 1;
  bad[5].binding[0].offset = caps->limits.storage_align > 1 ? caps->limits.storage_align / 2 : UINT64_MAX;
  for (size_t i = 0; i < 6; i++) {
    struct error err = {0};
    struct gpu_time time;
    assert_false(gpu_run(gpu, &bad[i], 1, second, &time, &err));
    assert_true(err.kind == ERROR_UNSUPPORTED || err.kind == ERROR_INPUT);
    assert_non_null(strstr(err.text, "ceilings/empty.store"));
  }
  gpu_pipeline_destroy(gpu, pipeline);
  gpu_buffer_destroy(gpu, buffer);
}

static void a_shader_that_was_not_built_says_why(void **state) {
  const struct spirv absent = {"room/file.build", NULL, 0, "the compiler does not know GL_X"};
  struct error err = {0};
  assert_null(gpu_pipeline_create(*state, &absent, 1, 8, NULL, 0, NULL, &err));
  assert_int_equal(err.kind, ERROR_UNSUPPORTED);
  assert_non_null(strstr(err.text, "does not know GL_X"));
}

/* ---- what goes wrong */

static void validation_hears_a_mistake(void **state) {
  (void)state;
  struct gpu *gpu = test_open(false);
  /* The shader has a binding that the layout leaves out: wrong by the rules, heard by the layers of 1.3.239 and 1.4.309
   * (push constants that are left out only by the first), harmless to drivers. */
  struct gpu_pipeline *pipeline = test_pipeline(gpu, "ceilings/empty.store", 0, 8, 64);
  const char *first = "";
  assert_true(gpu_validation_messages(gpu, &first) > 0);
  assert_non_null(strstr(first, "VUID"));
  gpu_pipeline_destroy(gpu, pipeline);
  gpu_close(gpu);
}

static void a_run_past_its_timeout_loses_the_device(void **state) {
  (void)state;
  struct gpu *gpu = test_open(false);
  struct error err = {0};
  enum { ELEMENTS = 1 << 14, RUNS = 8 };
  struct gpu_buffer *start = test_buffer(gpu, ELEMENTS * 4), *factors = test_buffer(gpu, 16);
  struct gpu_buffer *out = test_buffer(gpu, ELEMENTS * 4);
  struct gpu_pipeline *pipeline = test_pipeline(gpu, "ceilings/chains.muladd_f32_narrow", 3, 20, 64);
  OK(gpu_fill(gpu, start, 0, ELEMENTS * 4, 0, &err));
  OK(gpu_fill(gpu, factors, 0, 16, 0, &err));
  const uint32_t push[] = {0, 0, 0, ELEMENTS, 4000};
  struct gpu_dispatch list[RUNS];
  for (int i = 0; i < RUNS; i++)
    list[i] = (struct gpu_dispatch){
      pipeline, {{start, 0, ELEMENTS * 4}, {factors, 0, 16}, {out, 0, ELEMENTS * 4}}, push, {ELEMENTS / 64, 1, 1}};
  struct gpu_time time;
  assert_false(gpu_run(gpu, list, RUNS, 1, &time, &err));
  assert_int_equal(err.kind, ERROR_TIMEOUT);
  err = (struct error){0};
  assert_false(gpu_run(gpu, list, 1, second, &time, &err));
  assert_int_equal(err.kind, ERROR_LOST);
  float word;
  assert_false(gpu_download(gpu, out, 0, &word, 4, &err));
  assert_null(gpu_buffer_create(gpu, 4, &err));
  gpu_buffer_destroy(gpu, start);
  gpu_buffer_destroy(gpu, factors);
  gpu_buffer_destroy(gpu, out);
  gpu_pipeline_destroy(gpu, pipeline);
  gpu_close(gpu);

  gpu = test_open(false);
  OK(gpu_run(gpu, NULL, 0, 60 * second, &time, &err));
  gpu_close(gpu);
}

int main(void) {
  const struct CMUnitTest devices[] = {
    cmocka_unit_test(same_devices_in_the_same_order),
    cmocka_unit_test(no_device_at_an_index_beyond_the_last),
    cmocka_unit_test(validation_hears_a_mistake),
  };
  const struct CMUnitTest runs[] = {
    cmocka_unit_test(specialisation_constants_reach_the_shader),
    cmocka_unit_test(windows_bind_at_offsets),
    cmocka_unit_test(a_long_list_runs_in_order),
  };
  const struct CMUnitTest limits[] = {
    cmocka_unit_test(limits_meet_the_vulkan_minima),
    cmocka_unit_test(an_empty_list_is_a_submission),
    cmocka_unit_test(dispatches_beyond_the_limits_are_refused),
    cmocka_unit_test(a_shader_that_was_not_built_says_why),
  };
  const struct CMUnitTest trouble[] = {cmocka_unit_test(a_run_past_its_timeout_loses_the_device)};
  return cmocka_run_group_tests_name("devices", devices, NULL, NULL) +
         cmocka_run_group_tests_name("runs, mapped", runs, test_open_mapped, test_close) +
         cmocka_run_group_tests_name("runs, staging", runs, test_open_staging, test_close) +
         cmocka_run_group_tests_name("limits", limits, test_open_mapped, test_close) +
         cmocka_run_group_tests_name("trouble", trouble, NULL, NULL);
}
