/* The contract of a room: what a family of kernels tells the rest of the program. No Vulkan in it.
 *
 * A family computes one op. A technique is a choice the user sees (weight format, algorithm); a variant is
 * one implementation of a technique; a tuning is one value for each of its tunables. The planner, the
 * verifier, the tuner and the benchmark walk the same tables, so a variant that is not tested cannot exist.
 *
 * Everything here is static data or a pure function of its arguments. */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "caps.h"
#include "error.h"

enum {
  KERNEL_DIMS = 8,      /* dimensions of an op's shape */
  KERNEL_TENSORS = 12,  /* tensors of an op, scratch included */
  KERNEL_BINDINGS = 8,  /* storage buffers of one dispatch */
  KERNEL_SCRATCH = 3,   /* scratch tensors of one plan */
  KERNEL_TUNABLES = 4,  /* tunables of one variant */
  KERNEL_VALUES = 8,    /* candidate values of one tunable */
  KERNEL_SHADERS = 6,   /* SPIR-V modules of one variant */
  KERNEL_SPEC = 12,     /* specialisation constants; constant_id = index */
  KERNEL_PUSH = 128,    /* bytes of push constants: what Vulkan guarantees */
};

/* What streams from memory in inference (weights, KV cache) is cold by default: it rotates over more copies
 * than the last-level cache holds. Ops without such tensors know only `resident`. */
enum kernel_mode { MODE_COLD, MODE_WARM, MODE_RESIDENT, MODE_COUNT };
extern const char *const kernel_mode_names[MODE_COUNT];

struct family;

/* One op with its shape: what the suite asks for. dim[i] belongs to family->dims[i]. */
struct kernel_case {
  const struct family *family;
  int64_t dim[KERNEL_DIMS];
  enum kernel_mode mode;
};

struct dim_def {
  const char *name;      /* in JSON: "kv_heads" */
  const char *token;     /* in row ids: "g", giving "g8" */
  int64_t min, max;      /* accepted range, both inclusive */
  int64_t preset;        /* taken when the suite does not name it; < min: must be named */
};

enum tensor_role {
  TENSOR_STREAM,   /* read, rotates when cold: weights, scales, K, V */
  TENSOR_INPUT,    /* read, stays where it is: activations, queries */
  TENSOR_OUTPUT,   /* there is exactly one: 32-bit floats, all of them written by every run (else see `decode`) */
  TENSOR_SCRATCH,  /* intermediate, private to a variant */
};

struct tensor {
  const char *name;
  enum tensor_role role;
  uint64_t bytes;   /* a multiple of 4 */
};

/* The tensors of an op in binding-independent order. Scratch of a variant follows from index `n` on. */
struct tensor_list {
  struct tensor tensor[KERNEL_TENSORS];
  size_t n;
};

/* Test data. EXACT: small integers and powers of two, chosen so that every partial sum is representable in
 * the kernel's accumulator (compared with ==). RANDOM: seeded, the distribution that inference sees; the data
 * that is timed. EXTREME: zeros, largest codes, alternating signs, one huge among small. */
enum fill { FILL_EXACT, FILL_RANDOM, FILL_EXTREME, FILL_COUNT };
extern const char *const fill_names[FILL_COUNT];

/* One dispatch. The executor binds tensor bytes [offset, offset + size) to binding i and writes into push
 * word i (bytes 4i..4i+3) where that range begins inside what it bound, in 4-byte words: a push block always
 * opens with one such word per binding. offset must be a multiple of 16. A barrier follows every pass. */
struct pass {
  uint32_t shader;                  /* index into variant->shaders */
  uint32_t spec[KERNEL_SPEC];
  uint32_t n_spec;
  struct { uint32_t tensor; uint64_t offset, size; } binding[KERNEL_BINDINGS];
  uint32_t n_bindings;
  unsigned char push[KERNEL_PUSH];  /* words 0..n_bindings-1 are the executor's */
  uint32_t push_bytes;
  uint32_t groups[3];
  double work;                      /* operations that its workgroups carry out, what fills their tiles up included (as
                                       many as are expected where data decides); 0: little, or nobody counts */
};

/* A whole run of an op: passes in order. Owned by the caller; free with dispatch_plan_free. */
struct dispatch_plan {
  struct pass *pass;
  size_t n, capacity;
  uint64_t scratch[KERNEL_SCRATCH];  /* bytes each; tensor indices list.n, list.n + 1, ... */
  size_t n_scratch;
  uint32_t windows;                  /* parts the op was split into; 1 = not split */
};

/* Appends a zeroed pass; NULL (and the error set) when memory runs out. The pointer is valid until the next add. */
struct pass *dispatch_plan_add(struct dispatch_plan *plan, struct error *err);
void dispatch_plan_free(struct dispatch_plan *plan);

struct technique {
  const char *id;          /* "matmul.int4_g32" */
  const char *title;       /* one line for tables */
  const char *what;        /* what it is */
  const char *source;      /* paper or specification */
  const char *wins;        /* when it should win */
  const char *costs;       /* what it costs: memory, quality, code */
};

struct tunable {
  const char *name;
  int32_t values[KERNEL_VALUES];  /* candidates; values[0] is the default */
  size_t n;
};

/* How right and how fast a variant may be where its arithmetic is another than its family's functions of these names
 * allow for, as operands rounded to f16 for a matrix unit. */
struct arithmetic {
  void (*reference)(const struct kernel_case *, const struct technique *, enum fill, const void *const *data,
                    const uint64_t *index, size_t n, double *value, double *bound);
  void (*whole)(const struct kernel_case *, const struct technique *, enum fill, const void *const *data,
                const float *output, uint64_t seed, double *residual, double *bound);
  const char *compute_ceiling;
};

struct variant {
  const char *id;                        /* "matmul.int4_g32.gemv": technique id, dot, implementation */
  const char *technique;                 /* "matmul.int4_g32" */
  const char *shaders[KERNEL_SHADERS];   /* names in the SPIR-V table: "matmul/gemv.int4_g32" */
  uint64_t requires;                     /* enum feature bits that the device must have */
  struct tunable tunables[KERNEL_TUNABLES];
  size_t n_tunables;

  /* NULL when this variant with this tuning can run this case on such a device, else why not (static text). */
  const char *(*valid)(const struct kernel_case *, const struct caps *, const int32_t *tuning);

  /* Fills `out` (zeroed by the caller). Splits the op's outermost independent dimension into at least
   * min_windows parts, and into as many as bindings of caps->limits.storage_range - 2 * guard bytes and the
   * workgroup count limits need. False with the reason in err when that is impossible. */
  bool (*plan)(const struct variant *, const struct kernel_case *, const struct caps *, const int32_t *tuning,
               uint32_t min_windows, struct dispatch_plan *out, struct error *err);

  /* NULL: that of the family. */
  const struct arithmetic *arithmetic;
};

/* Bytes the executor may need on either side of each bound range (guards, offset alignment). */
enum { KERNEL_GUARD = 4096 };
/* The word that fills outputs and scratch before a run: a NaN as a float and as two halves. */
enum { KERNEL_POISON = 0x7fff7fff };

struct family {
  const char *name;     /* "matmul": first part of every id */
  const char *summary;
  struct dim_def dims[KERNEL_DIMS];
  size_t n_dims;
  const struct technique *techniques;
  size_t n_techniques;
  const struct variant *variants;
  size_t n_variants;
  const char *compute_ceiling;   /* key in ceilings.flops that bounds this op: "f32"; NULL: it is a ceiling itself */

  /* The tensors of the case under this technique, without scratch. False with the reason when the shape is nonsense. */
  bool (*tensors)(const struct kernel_case *, const struct technique *, struct tensor_list *, struct error *);
  double (*flops)(const struct kernel_case *);
  /* Compulsory traffic: each weight, scale, activation and output byte once. */
  double (*bytes)(const struct kernel_case *, const struct technique *);

  /* Writes the stream and input tensors (data[i] for tensor i, NULL for the output). Same seed, same bytes. */
  void (*fill)(const struct kernel_case *, const struct technique *, enum fill, uint64_t seed, void *const *data);

  /* fp64 reference of the output elements index[0..n-1] from the stored (quantised) bytes, decoded by the
   * reference's own code. bound[i]: largest acceptable |kernel - value|, from tolerance.h; 0 means ==. */
  void (*reference)(const struct kernel_case *, const struct technique *, enum fill, const void *const *data,
                    const uint64_t *index, size_t n, double *value, double *bound);

  /* For outputs that are not floats one by one, such as a quantised cache of which a run writes a part: how many
   * values they stand for, and these values from the bytes of the output, where what nobody wrote is still
   * KERNEL_POISON. They are what `reference` is asked for, on the host and after the run: the op that is timed writes
   * its own format. Both NULL: the values are the floats of the output. */
  uint64_t (*values)(const struct kernel_case *, const struct technique *);
  void (*decode)(const struct kernel_case *, const struct technique *, const void *output, float *value);

  /* A check of the whole output of a linear op (Freivalds 1977): *residual must stay within *bound. NULL: none. */
  void (*whole)(const struct kernel_case *, const struct technique *, enum fill, const void *const *data,
                const float *output, uint64_t seed, double *residual, double *bound);

  /* Odd shapes and edge cases on which every variant is proved, every element; ended by a case with dim[0] == 0.
   * Shapes a variant is not valid for are passed over; each variant must be valid for at least two. */
  const int64_t (*proof_shapes)[KERNEL_DIMS];
};

/* registry: host/families.c */
extern const struct family *const families[];
extern const size_t n_families;
const struct family *family_find(const char *name);                       /* NULL when unknown */
const struct technique *technique_find(const char *id);                   /* over all families */
const struct variant *variant_find(const char *id);
const struct technique *technique_of(const struct family *, const struct variant *);
const struct family *family_of_technique(const char *technique_id);
/* The variant's own or its family's; variant may be NULL. */
struct arithmetic arithmetic_of(const struct family *, const struct variant *);

/* "m1-n4096-k14336" */
void kernel_shape_text(const struct kernel_case *, char *out, size_t size);
/* "matmul/m1-n4096-k14336/int4_g32.gemv/cold": what --filter matches and results carry */
void kernel_row_id(const struct kernel_case *, const struct variant *, char *out, size_t size);

/* SPIR-V table, generated by the build. words == NULL: not built, `reason` says why. */
struct spirv {
  const char *name;
  const uint32_t *words;
  size_t bytes;
  const char *reason;
};
const struct spirv *spirv_find(const char *name);   /* NULL when the build knows no such shader */
bool spirv_sha256(char out[65], struct error *);    /* of all modules, in table order */
extern const char spirv_compiler[];                 /* "shaderc 2023.2-1" */

#endif
