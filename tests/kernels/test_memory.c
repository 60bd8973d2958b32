/* Memory of a device through host/vk: what is uploaded, filled, copied and counted. Twice, with mapped memory where the
 * device has it and with staging. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "device_under_test.h"

static void what_is_uploaded_comes_back(void **state) {
  struct gpu *gpu = *state;
  struct error err = {0};
  static const size_t sizes[] = {1, 5, 4096, (16 << 20) + 3};   /* the last takes two parts of staging */
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    size_t bytes = sizes[i];
    unsigned char *in = test_bytes(bytes), *out = calloc(1, bytes);
    struct gpu_buffer *buffer = test_buffer(gpu, bytes + 7);
    OK(gpu_upload(gpu, buffer, 3, in, bytes, &err));
    OK(gpu_download(gpu, buffer, 3, out, bytes, &err));
    assert_memory_equal(in, out, bytes);
    gpu_buffer_destroy(gpu, buffer);
    free(in);
    free(out);
  }
}

static void an_upload_leaves_its_neighbours_alone(void **state) {
  struct gpu *gpu = *state;
  struct error err = {0};
  unsigned char all[64], part[10];
  memset(all, 0xaa, sizeof all);
  memset(part, 0x55, sizeof part);
  struct gpu_buffer *buffer = test_buffer(gpu, sizeof all);
  OK(gpu_upload(gpu, buffer, 0, all, sizeof all, &err));
  OK(gpu_upload(gpu, buffer, 27, part, sizeof part, &err));
  memcpy(all + 27, part, sizeof part);
  unsigned char out[64];
  OK(gpu_download(gpu, buffer, 0, out, sizeof out, &err));
  assert_memory_equal(all, out, sizeof all);
  gpu_buffer_destroy(gpu, buffer);
}

static void a_fill_writes_its_words_and_no_others(void **state) {
  struct gpu *gpu = *state;
  struct error err = {0};
  uint32_t out[256];
  struct gpu_buffer *buffer = test_buffer(gpu, sizeof out);
  OK(gpu_fill(gpu, buffer, 0, sizeof out, 1, &err));
  OK(gpu_fill(gpu, buffer, 40, 80, 0xdeadbeef, &err));
  OK(gpu_download(gpu, buffer, 0, out, sizeof out, &err));
  for (size_t i = 0; i < 256; i++) assert_int_equal(out[i], i >= 10 && i < 30 ? 0xdeadbeef : 1);
  gpu_buffer_destroy(gpu, buffer);
}

static void a_copy_moves_bytes_between_buffers(void **state) {
  struct gpu *gpu = *state;
  struct error err = {0};
  enum { BYTES = 100000 };
  unsigned char *in = test_bytes(BYTES), *out = calloc(1, BYTES);
  struct gpu_buffer *from = test_buffer(gpu, BYTES), *to = test_buffer(gpu, BYTES);
  OK(gpu_upload(gpu, from, 0, in, BYTES, &err));
  OK(gpu_fill(gpu, to, 0, BYTES, 0, &err));
  OK(gpu_copy(gpu, to, 5, from, 1001, 70001, NULL, &err));
  OK(gpu_download(gpu, to, 0, out, BYTES, &err));
  assert_memory_equal(out + 5, in + 1001, 70001);
  assert_true(out[4] == 0 && out[5 + 70001] == 0);
  gpu_buffer_destroy(gpu, from);
  gpu_buffer_destroy(gpu, to);
  free(in);
  free(out);
}

static void ranges_outside_a_buffer_are_refused(void **state) {
  struct gpu *gpu = *state;
  unsigned char bytes[64] = {0};
  struct gpu_buffer *buffer = test_buffer(gpu, sizeof bytes);
  struct error err;
#define REFUSED(call) \
  do { err = (struct error){0}; assert_false(call); assert_int_equal(err.kind, ERROR_INPUT); } while (0)
  REFUSED(gpu_upload(gpu, buffer, 1, bytes, 64, &err));
  REFUSED(gpu_upload(gpu, buffer, UINT64_MAX, bytes, 2, &err));
  REFUSED(gpu_download(gpu, buffer, 65, bytes, 0, &err));
  REFUSED(gpu_fill(gpu, buffer, 0, 63, 0, &err));
  REFUSED(gpu_fill(gpu, buffer, 2, 4, 0, &err));
  REFUSED(gpu_copy(gpu, buffer, 0, buffer, 10, 20, NULL, &err));
#undef REFUSED
  gpu_buffer_destroy(gpu, buffer);
}

static void sizes_that_cannot_be_allocated_are_refused(void **state) {
  struct gpu *gpu = *state;
  const uint64_t sizes[] = {0, gpu_caps(gpu)->limits.allocation + 1, UINT64_MAX};
  for (size_t i = 0; i < 3; i++) {
    struct error err = {0};
    assert_null(gpu_buffer_create(gpu, sizes[i], &err));
    assert_int_equal(err.kind, ERROR_MEMORY);
  }
}

static void memory_is_counted(void **state) {
  struct gpu *gpu = *state;
  uint64_t before = gpu_memory_used(gpu);
  struct gpu_buffer *a = test_buffer(gpu, 1 << 20), *b = test_buffer(gpu, 1 << 19);
  assert_int_equal(gpu_memory_used(gpu) - before, (1 << 20) + (1 << 19));
  gpu_buffer_destroy(gpu, a);
  gpu_buffer_destroy(gpu, b);
  assert_int_equal(gpu_memory_used(gpu), before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_uploaded_comes_back),
    cmocka_unit_test(an_upload_leaves_its_neighbours_alone),
    cmocka_unit_test(a_fill_writes_its_words_and_no_others),
    cmocka_unit_test(a_copy_moves_bytes_between_buffers),
    cmocka_unit_test(ranges_outside_a_buffer_are_refused),
    cmocka_unit_test(sizes_that_cannot_be_allocated_are_refused),
    cmocka_unit_test(memory_is_counted),
  };
  return cmocka_run_group_tests_name("mapped", tests, test_open_mapped, test_close) +
         cmocka_run_group_tests_name("staging", tests, test_open_staging, test_close);
}
