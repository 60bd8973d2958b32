/* Where the weights of a class lie, and what of them is copied to the device. Pure.
 *
 * With an offload, the weights of the last n layers lie in the host's memory. In every pass, each of these layers is
 * copied to the device before it runs, into room for one layer that all of them share; nothing is copied meanwhile, so
 * that the time is bytes / speed on top of the rest. Of n layers the device then holds the room instead of n: one less
 * saves nothing.
 *
 * With an offload of experts only those matrices lie there. The router's choice is read back, which is one submission
 * more in each of these layers, and only the experts that it names are copied: of E experts, k to a token, r tokens
 * name E (1 - (1 - k / E)^r) on average when all are equally likely, which is also how the kernels were timed. */
#ifndef PLACEMENT_H
#define PLACEMENT_H

#include "kernel.h"
#include "ops.h"
#include "result.h"

struct placement {
  double device, host;           /* bytes: resident on the device, room included; in the host's memory */
  double copied[PHASE_COUNT];    /* bytes copied in the whole prefill, in a decode step */
};

/* Of the matrices of a class in the format of a matmul technique, under the setting's offload. */
struct placement placement_of(const struct setting *, const struct workload *, enum tensor_class,
                              const struct technique *);
/* Bytes that the host has for weights, of a device that may use `device`: where the two share one memory, the rest of
 * it. INFINITY where the result does not say. */
double placement_host_memory(const struct result *, double device);
/* Submissions more than without the offload, in the whole prefill or a decode step. */
double placement_submissions(const struct setting *, const struct workload *, enum phase);

#endif
