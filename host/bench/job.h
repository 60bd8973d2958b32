/* What the parent asks of the worker and what it answers: one line of JSON each (the journal keeps the answers as
 * they came).
 *   worker -> parent, first:  {"caps": {...}} or {"error": {"kind": 3, "text": "..."}}
 *   parent -> worker:         a job and its number, {"id": 7, "job": "sample", ...}
 *   worker -> parent:         an answer to each job, in order, with the job's number
 * A worker without a device lists those there are, {"devices": [...]} or an error, and ends. */
#ifndef JOB_H
#define JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "gpu.h"
#include "json.h"
#include "kernel.h"
#include "result.h"

enum {
  JOB_SAMPLES = 1000,             /* of one job at most */
  JOB_TRANSFER_BYTES = 32 << 20,  /* at 25 GB/s 1.3 ms, beside which starting the copy is nothing */
};

enum job_kind {
  JOB_PROVE,     /* variant and tuning on the proof shapes of its family */
  JOB_VERIFY,    /* a case at its timed shape; how long it takes */
  JOB_SAMPLE,    /* times a verified case: a round's samples */
  JOB_SUBMIT,    /* times submissions of nothing */
  JOB_UPLOAD,    /* times copies of JOB_TRANSFER_BYTES from the host's memory to the device's */
  JOB_DOWNLOAD,  /* and back */
  JOB_COMPILE,   /* one pipeline, made to ask the driver what became of it */
  JOB_ENERGY,    /* joules of a verified case; takes half a minute */
  JOB_MEMORY,    /* the heaps now; with `samples` the limits are tried before */
  JOB_KINDS,
};
extern const char *const job_names[JOB_KINDS];

/* What a pipeline is made of. */
struct recipe {
  const struct spirv *spirv;
  uint32_t spec[KERNEL_SPEC], n_spec, bindings, push_bytes;
};

struct job {
  enum job_kind kind;
  const struct variant *variant;        /* JOB_PROVE, JOB_VERIFY, JOB_SAMPLE, JOB_ENERGY */
  int32_t tuning[KERNEL_TUNABLES];
  uint64_t seed;
  struct kernel_case kase;              /* JOB_VERIFY, JOB_SAMPLE, JOB_ENERGY */
  double speed; /* JOB_VERIFY: flops plus bytes per second on the proof shapes, too low; 0 unknown */
  double case_seconds;                  /* JOB_VERIFY: more is not spent on the case in all */
  uint32_t rounds, samples;             /* samples: of this job; rounds: JOB_VERIFY, for the estimate */
  double sample_seconds;
  uint32_t round;                       /* JOB_SAMPLE: buffers are kept within one, made anew for the next */
  uint32_t min_windows;                 /* JOB_SAMPLE, JOB_ENERGY: what JOB_VERIFY found */
  double op_ns;
  uint64_t hash;
  uint64_t llc_bytes;                   /* last-level cache, where only the parent knows it; else 0 */
  struct recipe recipe;                 /* JOB_COMPILE */
};

struct answer {
  enum status status;                   /* ok, or why not with the reason */
  char reason[512];
  double ratio;                         /* prove, verify: largest |error| / bound */
  struct result_error error;
  struct compile_time compile;          /* making the pipelines and, where drivers compile late, their first run */
  uint64_t memory, hash;
  double speed;                         /* prove: flops plus bytes per second, at best */
  uint32_t shapes;                      /* prove: shapes proved */
  uint32_t min_windows, windows;        /* verify: parts asked for, parts the op was split into */
  double op_ns, estimate_s;             /* verify: one run; the whole row */
  bool gpu_clock;                       /* ns are all of the GPU's clock */
  uint32_t n_samples;
  double ns[JOB_SAMPLES];               /* sample, submit, transfers: per run */
  double host_ns[JOB_SAMPLES];          /* the host's time of the same submissions, likewise */
  struct gpu_code code;                 /* compile */
  struct tried_limits tried;            /* memory */
  struct heap_use heap[CAPS_HEAPS];     /* memory; n_heaps 0: the driver does not tell */
  uint32_t n_heaps;
  struct result_energy energy;          /* energy: 0 windows where there is none, with the reason */
  uint32_t validation;                  /* messages of the validation layers since the worker began */
};

/* Jobs that name nothing that is to be done, and those that answer with samples. */
bool job_is_bare(enum job_kind);
bool job_takes_samples(enum job_kind);
cJSON *job_to_json(const struct job *);
bool job_from_json(const cJSON *, struct job *, struct error *);
cJSON *answer_to_json(const struct answer *);
bool answer_from_json(const cJSON *, struct answer *, struct error *);
/* Does an answer `ok` hold what the job asks for, in numbers that can be? */
bool answer_fits(const struct answer *, const struct job *, struct error *);
/* The status of a row whose work ended in this error. */
enum status job_status(const struct error *);

#endif
