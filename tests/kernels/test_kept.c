/* What a driver keeps of pipelines, from one opening of a device to the next: it answers for the same shader and
 * constants and for no other. Drivers that keep nothing (lavapipe, SwiftShader) say so. Runs nothing, so also where
 * there is no hardware, and where there are no validation layers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "device_under_test.h"

enum { MOST = 1 << 20 };

static struct gpu *open_gpu(void) {
  struct error err = {0};
  struct gpu *gpu = gpu_open(test_device(), &(struct gpu_options){0}, &err);
  if (!gpu) fail_msg("%s", err.text);
  return gpu;
}

/* Of the first ceiling, which every device can run, with this workgroup. */
static enum cached make(struct gpu *gpu, uint32_t group) {
  struct error err = {0};
  struct compile_time time = {0};
  const struct spirv *spirv = spirv_find("ceilings/stream.read_tiles");
  assert_non_null(spirv);
  struct gpu_pipeline *pipeline =
      gpu_pipeline_create(gpu, spirv, 2, 12, (const uint32_t[]){group, 0}, 2, &time, &err);
  if (!pipeline) fail_msg("%s", err.text);
  gpu_pipeline_destroy(gpu, pipeline);
  assert_true(time.ns > 0);
  return time.cached;
}

static void without_a_cache_nothing_is_cached(void **state) {
  (void)state;
  size_t bytes;
  struct gpu *gpu = open_gpu();
  assert_int_equal(make(gpu, 64), CACHED_NO);
  assert_null(gpu_cache_data(gpu, MOST, &bytes));
  gpu_close(gpu);
}

static void what_was_kept_is_found_again(void **state) {
  (void)state;
  size_t bytes, ignored;
  struct gpu *gpu = open_gpu();
  bool tells = gpu_caps(gpu)->features & FEATURE_CREATION_FEEDBACK;
  gpu_cache_begin(gpu, NULL, 0);
  assert_int_equal(make(gpu, 64), CACHED_NO);
  void *data = gpu_cache_data(gpu, MOST, &bytes);
  assert_true(!data || bytes > 32);
  if (data) assert_null(gpu_cache_data(gpu, bytes - 1, &ignored));   /* more than was asked for is not given */
  gpu_close(gpu);
  if (!data) return;
  gpu = open_gpu();
  gpu_cache_begin(gpu, data, bytes);
  free(data);
  assert_int_equal(make(gpu, 64), tells ? CACHED_YES : CACHED_UNKNOWN);
  assert_int_equal(make(gpu, 32), tells ? CACHED_NO : CACHED_UNKNOWN);
  gpu_close(gpu);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(without_a_cache_nothing_is_cached),
    cmocka_unit_test(what_was_kept_is_found_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
