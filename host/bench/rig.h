/* The worker's side of the device: what stays between jobs. */
#ifndef RIG_H
#define RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "cache_folder.h"
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
  struct cache_folder cache;
  size_t kept;            /* pipelines that were made before the cache was written the last time */
  double kept_at;         /* when that was, by rig_now */
};

/* anew: with no pipelines of earlier processes, which may be what one before this died of. */
bool rig_open(struct rig *, size_t device, bool validation, bool anew, struct error *);
void rig_close(struct rig *);   /* a zeroed rig is fine */
/* Between jobs: writes what the driver would keep of its pipelines, if there are new ones; every few seconds, for who
 * is killed, and at the last. */
void rig_keep_pipelines(struct rig *, bool last);
/* Owned by the rig, until the next call; the arena does not hold it yet when it is new. */
const struct dataset *rig_data(struct rig *, const struct kernel_case *, const struct technique *, enum fill,
                               uint64_t seed, struct error *);
/* The arena's buffer is released when this is another round than that of the last call. */
void rig_begin_round(struct rig *, uint32_t round);
double rig_now(void);           /* seconds of a clock that never steps back */

#endif
