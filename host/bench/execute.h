/* One op on the device: its tensors in guarded buffers, its passes as dispatches.
 *
 * Every tensor lies between two guards of KERNEL_GUARD bytes, inside the range that a dispatch binds: a stray write
 * lands in a guard, which execution_guards reads back, and a stray read brings a NaN. What streams lies in one arena,
 * `copies` times, so that a cold run rotates over more than the caches hold. */
#ifndef EXECUTE_H
#define EXECUTE_H

#include <stdint.h>

#include "dataset.h"
#include "error.h"
#include "gpu.h"
#include "kernel.h"
#include "pipelines.h"

/* How long one dispatch and one submission may take: operating systems reset a GPU that is busy for longer, and a
 * software driver that spins cannot be interrupted but by killing it. */
struct watchdog { double dispatch_ns, submission_ns; };
struct watchdog execution_watchdog(const struct caps *);

/* No driver may ask for more in minStorageBufferOffsetAlignment (Vulkan specification, required limits). */
enum { PLACE_ALIGN = 256 };

/* What streams of one dataset, `copies` times; the variants of a technique may share it, and the next dataset its
 * buffer where that is large enough. Zeroed: nothing yet. */
struct arena {
  struct gpu_buffer *buffer;              /* NULL: nothing streams, or nothing yet */
  uint64_t bytes;                         /* of the buffer */
  uint64_t stride;                        /* between copies */
  uint32_t copies;
  bool loaded;
};
void arena_release(struct arena *, struct gpu *);   /* a zeroed one is fine */

struct execution {
  struct gpu *gpu;
  const struct variant *variant;
  struct tensor_list tensors;             /* those of the op, then scratch */
  size_t n_given, output;                 /* tensors of the op; index of its output */
  struct dispatch_plan plan;
  struct arena own, *arena;               /* arena: own, or the caller's */
  struct { struct gpu_buffer *buffer; uint64_t offset, bytes; } place[KERNEL_TENSORS];   /* both guards included */
  struct gpu_dispatch *dispatches;        /* plan.n of copy 0, then of copy 1, ... */
  struct compile_time compile;            /* making the pipelines */
  bool fresh;                             /* one of them has not run yet */
  uint64_t memory;                        /* device bytes */
  double slack_ns;                        /* granted to a submission over gpu_patience_ns; grows with what they take */
  bool ran;                               /* once: the driver has compiled what it compiles late */
};

/* The copies that a cold run of the case rotates over: 4 last-level caches of streaming bytes (the device's, else
 * llc_bytes, else, at 0, the largest known), within a quarter of the device's memory and its largest allocation; 1 for
 * the other modes. */
uint32_t execution_copies(const struct kernel_case *, const struct tensor_list *, const struct caps *,
                          uint64_t llc_bytes);

/* Buffers, pipelines and dispatches; min_windows and the tuning are the plan's. `shared` (NULL: none) is used as it is
 * if it has this many copies, else set up for them; it must outlive the execution. NULL with the reason. */
struct execution *execution_create(struct gpu *, struct pipelines *, const struct kernel_case *, const struct variant *,
                                   const int32_t *tuning, uint32_t min_windows, uint32_t copies, struct arena *shared,
                                   struct error *);
void execution_destroy(struct execution *);   /* NULL is fine */

/* Writes guards, every copy of the data (unless a shared arena holds it), and poison (NaN) into output and scratch. */
bool execution_load(struct execution *, const struct dataset *, struct error *);
bool execution_poison(struct execution *, struct error *);
/* Runs the op `repeats` times, each on the next copy from `first` on, in submissions of at most max_dispatches
 * (0: one submission). *time is the sum over submissions. */
bool execution_run(struct execution *, uint32_t first, uint32_t repeats, size_t max_dispatches, struct gpu_time *time,
                   struct error *);
/* Dispatches that one submission may hold when the op takes op_ns. */
size_t execution_batch(const struct execution *, double op_ns);
/* Making its pipelines and, where one of them was fresh, what the op's first run took longer than its second: drivers
 * that compile when a pipeline is first dispatched do it there. By the host's clock, since a GPU's may not see it. */
struct compile_time execution_compile(const struct execution *, uint64_t first_host_ns, uint64_t second_host_ns);
/* The GPU's clock where it has one, else the host's; at least 1. */
double execution_ns(const struct gpu_time *);
/* Dispatches [begin, begin + n) of the op on copy 0, in one submission. */
bool execution_run_part(struct execution *, size_t begin, size_t n, struct gpu_time *time, struct error *);
bool execution_output(struct execution *, float *out, struct error *);
/* Are all guards, and all inputs unless NULL, as they were loaded? Else what was written where, in `what`. False with
 * err: reading failed. */
bool execution_guards(struct execution *, const struct dataset *inputs, char *what, size_t size, bool *intact,
                      struct error *);
/* A 64-bit hash of an output's bytes, for comparing runs. */
uint64_t execution_hash(const float *output, uint64_t n);

#endif
