/* A Vulkan device, ready to run dispatch plans. No Vk type leaves this folder. One thread, one device. */
#ifndef GPU_H
#define GPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "caps.h"
#include "codegen.h"
#include "error.h"
#include "kernel.h"

enum { GPU_MAX_DEVICES = 32 };

/* All devices in a stable order: type (discrete, integrated, virtual, CPU, other), PCI address, name, UUID.
 * Zero devices is success with *n == 0; no loader is ERROR_NO_DEVICE with the remedy. */
bool gpu_list(struct caps *out, size_t max, size_t *n, struct error *);
/* The error of a machine without a device, with the remedy. Returns false. */
bool gpu_none(struct error *);

struct gpu_options {
  bool validation;   /* Khronos validation with synchronization validation; fails when the layer is absent */
  bool staging;      /* transfers go through staging also where memory could be mapped: for tests */
};

struct gpu;          /* an open device: instance, device, queue, command pool, staging */
struct gpu *gpu_open(size_t index, const struct gpu_options *, struct error *);   /* index in gpu_list */
void gpu_close(struct gpu *);                                                     /* NULL is fine */
const struct caps *gpu_caps(const struct gpu *);
/* Measures the device's timestamps against the host's clock, in about 0.1 s, and writes into the caps what was found:
 * gpu_run uses them only where they are good. Until then they are taken for good. False: the device failed. */
bool gpu_test_clock(struct gpu *, struct error *);
/* What was tried of its limits: from now on they are what works (caps_take_trial). */
void gpu_take_trial(struct gpu *, const struct tried_limits *);
/* Of an earlier process: no limit is over these. */
void gpu_lower_limits(struct gpu *, uint64_t allocation, uint64_t storage_range);
/* Reads budget and use of the heaps into the caps once more. */
void gpu_read_heaps(struct gpu *);
/* Messages of the validation layers so far (warnings and errors); the first one's text in `first` if not NULL. */
unsigned gpu_validation_messages(const struct gpu *, const char **first);

/* ---- memory: buffers in device-local memory, reached through staging (or mapped where the device is a CPU or UMA) */
struct gpu_buffer;
struct gpu_buffer *gpu_buffer_create(struct gpu *, uint64_t bytes, struct error *);   /* ERROR_MEMORY: too large */
/* In the host's memory, which the device reaches over its bus; where both share one memory, a buffer like any other. */
struct gpu_buffer *gpu_buffer_create_host(struct gpu *, uint64_t bytes, struct error *);
void gpu_buffer_destroy(struct gpu *, struct gpu_buffer *);                            /* NULL is fine */
bool gpu_upload(struct gpu *, struct gpu_buffer *, uint64_t offset, const void *, uint64_t bytes, struct error *);
bool gpu_download(struct gpu *, struct gpu_buffer *, uint64_t offset, void *, uint64_t bytes, struct error *);
bool gpu_fill(struct gpu *, struct gpu_buffer *, uint64_t offset, uint64_t bytes, uint32_t word, struct error *);
struct gpu_time;
/* *time of the copy: NULL for those who do not ask. */
bool gpu_copy(struct gpu *, struct gpu_buffer *to, uint64_t to_offset, struct gpu_buffer *from, uint64_t from_offset,
              uint64_t bytes, struct gpu_time *time, struct error *);
/* Memory that this process holds of gpu_buffer_create's. */
uint64_t gpu_memory_used(const struct gpu *);

/* ---- pipelines */
struct gpu_pipeline;
/* Compute pipeline, entry point "main", `bindings` storage buffers in set 0, push_bytes of push constants.
 * *time (may be NULL): host time of the creation. ERROR_UNSUPPORTED / ERROR_DRIVER when the driver refuses. */
struct gpu_pipeline *gpu_pipeline_create(struct gpu *, const struct spirv *, uint32_t bindings, uint32_t push_bytes,
                                         const uint32_t *spec, uint32_t n_spec, struct compile_time *time,
                                         struct error *);
void gpu_pipeline_destroy(struct gpu *, struct gpu_pipeline *);

/* ---- what the driver would keep of pipelines until the next process
 * From now on pipelines are looked up in a cache that begins with these bytes, which gpu_cache_data gave for this very
 * device and driver: drivers are known to trust them. NULL, 0: it begins empty. A driver that can make no cache does
 * without. Once for a device. */
void gpu_cache_begin(struct gpu *, const void *data, size_t bytes);
/* What to begin with the next time. NULL: the driver keeps nothing (lavapipe and SwiftShader give the header alone), or
 * over `most` bytes; *bytes is how many it would be. Free with free(). */
void *gpu_cache_data(struct gpu *, size_t most, size_t *bytes);

enum { GPU_STATISTICS = 64 };
struct gpu_statistic { char name[64]; double value; };
struct gpu_code {
  struct codegen codegen;                           /* all NAN where the driver tells nothing */
  struct gpu_statistic statistic[GPU_STATISTICS];   /* everything it tells, in its own words */
  uint32_t n;
  uint64_t compile_ns;                              /* host time of the creation: being asked lengthens it, a driver's
                                                       cache shortens it */
};
/* Makes such a pipeline once more, to ask the driver what became of the shader, and destroys it. What it asks with,
 * VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR, must not change the code but may switch caches off or lengthen the
 * creation otherwise (Vulkan specification 1.3, VkPipelineCreateFlagBits), so pipelines that are timed are made without
 * it. Of several executables of one pipeline the worst counts. Without FEATURE_EXECUTABLE_PROPERTIES it compiles and
 * tells nothing. */
bool gpu_compile(struct gpu *, const struct spirv *, uint32_t bindings, uint32_t push_bytes, const uint32_t *spec,
                 uint32_t n_spec, struct gpu_code *, struct error *);
/* Where the driver's statistic belongs in our words, if anywhere (the table of names is in codegen_names.c). */
void gpu_codegen_take(struct codegen *, const char *name, const char *description, double value);

/* ---- running */
struct gpu_dispatch {
  struct gpu_pipeline *pipeline;
  struct {
    struct gpu_buffer *buffer;
    uint64_t offset, size;   /* offset: a multiple of limits.storage_align */
  } binding[KERNEL_BINDINGS];
  const void *push;
  uint32_t groups[3];
};
struct gpu_time {
  uint64_t gpu_ns;    /* between timestamps round the list; 0 when the queue has none that are trusted */
  uint64_t host_ns;   /* from submit to the end of the wait */
};
/* A submission that is this much later than it should be has hung. Windows resets a GPU after 2 s (TdrDelay), amdgpu
 * after 10 s, in the newest kernels after 2 s, in some older ones on compute queues after 60 s or never
 * (lockup_timeout). What is due and comes later than 15 s hardly comes, what comes sooner waited for its turn. */
static const uint64_t gpu_patience_ns = 15000000000;
/* Runs the list in order in one submission, a full compute barrier after each dispatch, and waits for at most
 * timeout_ns. An empty list measures a submission. Past the timeout the device is in an unknown state: ERROR_TIMEOUT,
 * close it. */
bool gpu_run(struct gpu *, const struct gpu_dispatch *, size_t n, uint64_t timeout_ns, struct gpu_time *,
             struct error *);

#endif
