/* The worker's side of the device: what stays between jobs. */
#ifndef RIG_H
#define RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "dataset.h"
#include "error.h"
#include "execute.h"
#include "gpu.h"
#include "pipelines.h"

struct rig {
  struct gpu *gpu;
  struct pipelines *pipelines;
  struct dataset *data;   /* the last that rig_data made: variants of one technique are measured one after the other */
  struct arena arena;     /* of that data, when it is measured */
  uint32_t round;         /* that the arena was made in */
};

bool rig_open(struct rig *, size_t device, bool validation, struct error *);
void rig_close(struct rig *);   /* a zeroed rig is fine */
/* Owned by the rig, until the next call; the arena does not hold it yet when it is new. */
const struct dataset *rig_data(struct rig *, const struct kernel_case *, const struct technique *, enum fill,
                               uint64_t seed, struct error *);
/* The arena's buffer is released when this is another round than that of the last call. */
void rig_begin_round(struct rig *, uint32_t round);
double rig_now(void);           /* seconds of a clock that never steps back */

#endif
