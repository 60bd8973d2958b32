/* What a device can do, as plain data: filled by host/vk from the driver, or read from a result or a test
 * fixture. The planner and the rooms decide from this alone. */
#ifndef CAPS_H
#define CAPS_H

#include <stdbool.h>
#include <stdint.h>

/* Features a variant may require. The order is that of feature_names (caps.c), which is what JSON carries. */
enum feature {
  FEATURE_SUBGROUP_BASIC      = 1u << 0,   /* in compute: elect, barriers */
  FEATURE_SUBGROUP_ARITHMETIC = 1u << 1,   /* subgroupAdd, subgroupMax */
  FEATURE_SUBGROUP_SHUFFLE    = 1u << 2,   /* subgroupShuffle, subgroupShuffleXor */
  FEATURE_SUBGROUP_BALLOT     = 1u << 3,   /* subgroupBroadcast */
  FEATURE_SUBGROUP_CLUSTERED  = 1u << 4,
  FEATURE_STORAGE_16BIT       = 1u << 5,   /* storageBuffer16BitAccess */
  FEATURE_STORAGE_8BIT        = 1u << 6,   /* storageBuffer8BitAccess */
  FEATURE_FLOAT16             = 1u << 7,   /* shaderFloat16 */
  FEATURE_INT8                = 1u << 8,   /* shaderInt8 */
  FEATURE_INT16               = 1u << 9,   /* shaderInt16 */
  FEATURE_INT64               = 1u << 10,  /* shaderInt64 */
  FEATURE_INT_DOT             = 1u << 11,  /* shaderIntegerDotProduct (1.3 or VK_KHR_shader_integer_dot_product) */
  FEATURE_INT_DOT_FAST        = 1u << 12,  /* integerDotProduct4x8BitPackedSignedAccelerated */
  FEATURE_SUBGROUP_SIZE_CONTROL = 1u << 13,
  FEATURE_BUFFER_ADDRESS      = 1u << 14,  /* bufferDeviceAddress */
  FEATURE_VULKAN_MEMORY_MODEL = 1u << 15,
  FEATURE_COOPMAT             = 1u << 16,  /* VK_KHR_cooperative_matrix */
  FEATURE_MEMORY_BUDGET       = 1u << 17,  /* VK_EXT_memory_budget */
  FEATURE_EXECUTABLE_PROPERTIES = 1u << 18,/* VK_KHR_pipeline_executable_properties */
  FEATURE_CREATION_FEEDBACK = 1u << 19,    /* VK_EXT_pipeline_creation_feedback or 1.3 */
  FEATURE_COUNT = 20,
};
extern const char *const feature_names[FEATURE_COUNT];

enum device_type { DEVICE_DISCRETE, DEVICE_INTEGRATED, DEVICE_VIRTUAL, DEVICE_CPU, DEVICE_OTHER, DEVICE_TYPES };
extern const char *const device_type_names[DEVICE_TYPES];   /* "discrete", ... in the order of preference */

/* Component types of cooperative matrices; the values are Vulkan's VkComponentTypeKHR, and a result may hold one that
 * has no name here. */
enum component {
  COMPONENT_F16 = 0, COMPONENT_F32 = 1, COMPONENT_F64 = 2, COMPONENT_I8 = 3, COMPONENT_I16 = 4, COMPONENT_I32 = 5,
  COMPONENT_I64 = 6, COMPONENT_U8 = 7, COMPONENT_U16 = 8, COMPONENT_U32 = 9, COMPONENT_U64 = 10,
  COMPONENT_BF16 = 1000141000, COMPONENT_F8E4M3 = 1000491002, COMPONENT_F8E5M2 = 1000491003,
};
/* "f16"; NULL for a value without a name. */
const char *component_name(uint32_t);
bool component_find(const char *name, uint32_t *component);

/* Whose matrices these are; the values are Vulkan's VkScopeKHR. */
enum coopmat_scope { SCOPE_DEVICE = 1, SCOPE_WORKGROUP = 2, SCOPE_SUBGROUP = 3, SCOPE_QUEUE_FAMILY = 5 };
const char *coopmat_scope_name(uint32_t);   /* "subgroup"; NULL for a value without a name */
bool coopmat_scope_find(const char *name, uint32_t *scope);

/* One multiplication that the device's matrix unit makes: result[m, n] = sum over k of a[m, k] b[k, n] + c[m, n]. */
struct coopmat {
  uint32_t m, n, k;
  uint32_t a, b, c, result;   /* enum component */
  uint32_t scope;             /* enum coopmat_scope */
  bool saturating;            /* accumulates with saturation */
};

/* A limit that was put to the test, in bytes. */
struct limit_trial {
  uint64_t worked;    /* the most that did; 0: not tried */
  uint64_t failed;    /* the least that did not; 0: all that was tried did */
  uint64_t claimed;   /* what the driver says, where the limit was lowered to what worked; else 0 */
};
struct tried_limits {
  struct limit_trial allocation, storage_range;
  char reason[160];   /* why they were not tried; "" where they were, or nobody said */
};

/* Of one heap, at one time. */
struct heap_use { uint64_t budget, used; };

enum { CAPS_HEAPS = 16, CAPS_COOPMATS = 64 };

struct caps {
  char name[256];
  char slug[128];            /* of the device, [a-z0-9.-]: folder name of its results */
  char driver_slug[128];     /* of driver and version */
  enum device_type type;
  uint32_t vendor_id, device_id;
  char uuid[33];             /* 32 hex digits */
  char pci[16];              /* "0000:01:00.0", "" where the driver does not tell */
  char driver_id[48];        /* "NVIDIA_PROPRIETARY", "MESA_LLVMPIPE"; "UNKNOWN_<n>" for one newer than the headers */
  char driver_name[256], driver_info[256];
  uint32_t driver_version;
  char conformance[24];      /* "1.4.1.3" */
  char pipeline_cache_uuid[33];
  uint32_t api_version;      /* as Vulkan packs it */
  struct { uint32_t size, min, max; } subgroup;
  uint64_t features;         /* enum feature bits */
  struct {
    uint64_t storage_range;        /* maxStorageBufferRange, or what of it works (tried) */
    uint64_t allocation;           /* maxMemoryAllocationSize, likewise */
    uint64_t storage_align;        /* minStorageBufferOffsetAlignment */
    uint32_t shared_memory;        /* maxComputeSharedMemorySize, bytes */
    uint32_t invocations;          /* maxComputeWorkGroupInvocations */
    uint32_t group_size[3];        /* maxComputeWorkGroupSize */
    uint32_t group_count[3];       /* maxComputeWorkGroupCount */
    uint32_t push_constants;       /* bytes */
  } limits;
  struct tried_limits tried;
  struct {
    uint64_t size, budget, used;   /* budget 0: the driver does not tell */
    bool device_local;
    bool mappable;                 /* it has a memory type that is device-local and host-visible */
  } heap[CAPS_HEAPS];
  uint32_t n_heaps;
  struct coopmat coopmat[CAPS_COOPMATS];
  uint32_t n_coopmats;       /* 0 without FEATURE_COOPMAT */
  struct {
    uint32_t valid_bits;     /* 0: no GPU clock on the compute queue */
    double period_ns;
    double resolution_ns;    /* as measured; NAN unknown */
    bool rejected;           /* measured against the host's clock and not trusted: no time is the GPU's */
    char verdict[256];       /* what was found, "" not tested */
  } timestamps;
  uint64_t llc_bytes;        /* last-level cache; 0: nothing tells (GPUs) */
};

/* Bytes a program may use on the device: the budget of its largest device-local heap, its size where the driver
 * tells no budget; 0 unknown. */
uint64_t caps_memory(const struct caps *);

/* Takes what was tried; a limit within which something failed becomes what worked. Limits are the driver's claims. */
void caps_take_trial(struct caps *, const struct tried_limits *);

/* How the host reaches the memory of the device. */
enum memory_access {
  MEMORY_SEPARATE,   /* by copies */
  MEMORY_WINDOW,     /* a small heap of it is mapped, 256 MiB as a rule; the rest by copies */
  MEMORY_REBAR,      /* all of it is mapped through PCI (Resizable BAR) */
  MEMORY_UNIFIED,    /* it is the host's memory (UMA) */
  MEMORY_ACCESSES,
};
extern const char *const memory_access_names[MEMORY_ACCESSES];   /* "separate", "window", "rebar", "unified" */
/* By the device's type and which of its device-local heaps can be mapped (Vulkan specification, memory properties: on
 * UMA systems every heap is device-local). */
enum memory_access caps_memory_access(const struct caps *);

/* The multiplication of `inputs` (a and b) into `sums` (c and result) to build a kernel on: subgroup scope, not
 * saturating, the one with the most products, since one instruction then does the most; of equals the first that the
 * driver names. NULL: the device has none. */
const struct coopmat *caps_coopmat(const struct caps *, enum component inputs, enum component sums);

#endif
