#include "device_under_test.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "rng.h"

size_t test_device(void) {
  const char *index = getenv("VKPARETO_TEST_DEVICE");
  return index ? strtoul(index, NULL, 10) : 0;
}

struct gpu *test_open(bool staging) {
  struct error err = {0};
  struct gpu *gpu = gpu_open(test_device(), &(struct gpu_options){.validation = true, .staging = staging}, &err);
  if (!gpu) fail_msg("%s", err.text);
  return gpu;
}

int test_open_mapped(void **state) { return (*state = test_open(false)) ? 0 : -1; }
int test_open_staging(void **state) { return (*state = test_open(true)) ? 0 : -1; }

int test_close(void **state) {
  struct gpu *gpu = *state;
  const char *first;
  unsigned messages = gpu_validation_messages(gpu, &first);
  if (messages) print_error("%u validation messages, the first: %s\n", messages, first);
  uint64_t leaked = gpu_memory_used(gpu);
  gpu_close(gpu);
  return messages || leaked ? -1 : 0;
}

struct gpu_buffer *test_buffer(struct gpu *gpu, uint64_t bytes) {
  struct error err = {0};
  struct gpu_buffer *buffer = gpu_buffer_create(gpu, bytes, &err);
  if (!buffer) fail_msg("%s", err.text);
  return buffer;
}

struct gpu_pipeline *test_pipeline(struct gpu *gpu, const char *shader, uint32_t bindings, uint32_t push_bytes,
                                   uint32_t group) {
  struct error err = {0};
  const struct spirv *spirv = spirv_find(shader);
  assert_non_null(spirv);
  struct compile_time time = {0};
  struct gpu_pipeline *pipeline = gpu_pipeline_create(gpu, spirv, bindings, push_bytes, &group, 1, &time, &err);
  if (!pipeline) fail_msg("%s", err.text);
  assert_true(time.ns > 0);
  return pipeline;
}

unsigned char *test_bytes(size_t bytes) {
  unsigned char *out = malloc(bytes);
  assert_non_null(out);
  struct rng rng = rng_make(bytes);
  rng_bytes(&rng, out, bytes);
  return out;
}
