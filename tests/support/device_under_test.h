/* The device that the tests of tests/kernels and tests/broken run on, opened with the validation layers, whose silence
 * is part of every test; and what a test makes on it without a word of its own where that fails. */
#ifndef DEVICE_UNDER_TEST_H
#define DEVICE_UNDER_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gpu.h"

/* Its index in `vkpareto devices`: VKPARETO_TEST_DEVICE, default 0. */
size_t test_device(void);

struct gpu *test_open(bool staging);   /* staging: as on a device whose memory the host cannot reach */

/* Setup and teardown of a group of tests whose state is the struct gpu. The teardown fails when the layers said
 * something or memory is left. */
int test_open_mapped(void **state);
int test_open_staging(void **state);
int test_close(void **state);

struct gpu_buffer *test_buffer(struct gpu *, uint64_t bytes);
/* With a workgroup of that size as the one specialisation constant. */
struct gpu_pipeline *test_pipeline(struct gpu *, const char *shader, uint32_t bindings, uint32_t push_bytes,
                                   uint32_t group);
unsigned char *test_bytes(size_t bytes);   /* random; free with free() */

#define OK(call) do { if (!(call)) fail_msg("%s: %s", #call, err.text); } while (0)

#endif
