/* What the files of this folder share. Vulkan is reached through volk's global pointers, loaded from the
 * instance: they go through the loader, so several devices may be open at once. */
#ifndef VK_INTERNAL_H
#define VK_INTERNAL_H

#define VK_NO_PROTOTYPES
#include <volk.h>

#include "ext.h"
#include "gpu.h"

/* Runs a call that returns VkResult inside a function with `struct error *err` and a label `error:`. */
#define VK(call)                                               \
  do {                                                         \
    VkResult vk_result_ = (call);                              \
    if (vk_result_ < 0) {                                      \
      vk_failed(vk_result_, #call, __FILE__, __LINE__, err);   \
      goto error;                                              \
    }                                                          \
  } while (0)

/* Sets err to the call, its result and where it was made; the kind follows from the result. Returns false. */
bool vk_failed(VkResult, const char *call, const char *file, int line, struct error *);
const char *vk_result_name(VkResult);

/* The highest version whose rules this program follows: what newer devices offer beyond it comes as extensions. */
#define VK_TARGET_VERSION VK_API_VERSION_1_3
/* The lowest that can run the shaders, which are built for SPIR-V 1.5. */
#define VK_NEEDED_VERSION VK_API_VERSION_1_2

/* ---- instance.c */
struct instance {
  VkInstance handle;                    /* NULL: there is a loader but no driver */
  VkDebugUtilsMessengerEXT messenger;   /* with validation only */
  unsigned messages;
  char first_message[1024];
};
/* The address must stay the same until instance_close: the messenger holds it. */
bool instance_open(struct instance *, bool validation, struct error *);
void instance_close(struct instance *);

struct physical {
  VkPhysicalDevice handle;
  struct caps caps;
  uint32_t queue_family;   /* the one to run on; UINT32_MAX: none computes */
};
/* At most GPU_MAX_DEVICES, in the order of gpu_list. Free with free(). NULL with n == 0 and no error: no device. */
bool instance_devices(const struct instance *, struct physical **out, size_t *n, struct error *);

/* ---- features.c */
/* A struct of a pNext chain and whether the driver knows it; chain_link hangs those it knows onto the head. */
struct link { void *structure; bool known; };
void chain_link(void *head, const struct link *, size_t n);

struct feature_chain {
  VkPhysicalDeviceFeatures2 core;   /* head of the pNext chain */
  VkPhysicalDeviceVulkan11Features v11;
  VkPhysicalDeviceVulkan12Features v12;
  VkPhysicalDeviceShaderIntegerDotProductFeatures int_dot;
  VkPhysicalDeviceSubgroupSizeControlFeatures subgroup_size;
  VkPhysicalDeviceCooperativeMatrixFeaturesKHR coopmat;
  VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR executable;
};
struct extensions { VkExtensionProperties *list; uint32_t n; };
bool extensions_read(VkPhysicalDevice, struct extensions *, struct error *);   /* free .list with free() */
bool extensions_have(const struct extensions *, const char *name);
/* The features (enum feature bits) that a device of this version and these extensions might offer: those whose
 * structs the driver knows. */
uint64_t features_known(uint32_t api_version, const struct extensions *);
/* Those of them that the driver offers. */
uint64_t features_query(VkPhysicalDevice, uint64_t known);
/* What must be enabled at device creation for `features`, and nothing else. names has room for FEATURE_COUNT. */
void features_enable(uint64_t features, uint32_t api_version, struct feature_chain *, const char **names, uint32_t *n);

/* ---- caps.c */
bool caps_read(struct physical *, struct error *);   /* from physical->handle */
void caps_read_heaps(struct physical *);

/* ---- device.c */
struct gpu {
  struct instance instance;
  struct physical physical;
  bool staging_only;      /* gpu_options.staging */
  VkDevice device;
  VkQueue queue;
  VkCommandPool pool;     /* from here to queries: made by device_prepare, before the first submission */
  VkCommandBuffer commands;
  VkFence fence;
  VkQueryPool queries;    /* two timestamps; NULL where the queue has none */
  VkPhysicalDeviceMemoryProperties memory;
  struct gpu_buffer *staging;   /* made at the first use */
  uint64_t memory_used;
  VkPipelineCache cache;  /* NULL: none */
  bool cache_began_full;  /* with data of an earlier process */
  bool prepared;
  bool lost;              /* timed out or reported lost: no further work */
  bool stuck;             /* a submission may still be running: nothing it could use is destroyed */
  struct gpu *next;       /* see gpu_close */
};
bool gpu_usable(const struct gpu *, struct error *);   /* false with ERROR_LOST when it is not */
/* What submitting needs. Drivers without hardware (RADV's null device) compile but refuse to make a fence: they are
 * opened like any other and fail here. */
bool device_prepare(struct gpu *, struct error *);

/* ---- memory.c */
struct gpu_buffer {
  VkBuffer handle;
  VkDeviceMemory memory;
  uint64_t bytes;
  void *mapped;           /* NULL: reached through staging */
};
void memory_close(struct gpu *);   /* the staging buffer */
bool memory_check_range(const struct gpu_buffer *, uint64_t offset, uint64_t bytes, uint64_t multiple, struct error *);

/* ---- timer.c */
/* Timestamps round what is recorded between them: early at the top, late at the bottom, so that the interval leaves no
 * work out, and on an idle queue adds next to none. Nothing where the queue has none. */
void timer_begin(struct gpu *);
void timer_end(struct gpu *);
/* Sets gpu_ns from them, when the submission has finished and host_ns is known; 0 where the clock is not trusted, which
 * is so from the first time on that exceeds the host's. */
bool timer_read(struct gpu *, struct gpu_time *, struct error *);

/* ---- pipeline.c */
struct gpu_pipeline {
  VkShaderModule module;
  VkDescriptorSetLayout set_layout;
  VkPipelineLayout layout;
  VkPipeline handle;
  uint32_t bindings, push_bytes;
  char name[128];
};
/* cache: gpu->cache, or NULL. */
struct gpu_pipeline *pipeline_make(struct gpu *, const struct spirv *, uint32_t bindings, uint32_t push_bytes,
                                   const uint32_t *spec, uint32_t n_spec, VkPipelineCreateFlags, VkPipelineCache cache,
                                   struct compile_time *, struct error *);

/* ---- cache.c */
/* Asks the driver with a pipeline's creation whether it was in the cache. */
struct cache_question {
  VkPipelineCreationFeedbackCreateInfo info;   /* for the creation's pNext chain */
  VkPipelineCreationFeedback whole, stage;
};
/* What to chain; NULL where the driver does not answer such questions. */
const void *cache_ask(const struct gpu *, struct cache_question *);
/* After the creation; without an answer what the cache began with tells. */
enum cached cache_judge(const struct gpu *, VkPipelineCache, const struct cache_question *);
void cache_close(struct gpu *);

/* ---- queue.c */
bool queue_begin(struct gpu *, struct error *);   /* commands recorded next see everything that was done before */
/* A memory barrier over everything. */
void queue_barrier(struct gpu *, VkPipelineStageFlags from, VkAccessFlags writes, VkPipelineStageFlags to,
                   VkAccessFlags accesses);
/* Submits, waits, makes the writes visible to the host. *host_ns may be NULL. */
bool queue_finish(struct gpu *, uint64_t timeout_ns, uint64_t *host_ns, struct error *);

#endif
