#include "rig.h"

#include <stdlib.h>

#include "log.h"
#include "platform.h"

/* Between two writings of the cache: what is compiled within it is lost with a process that is killed, and a file of
 * some MiB takes a hundredth of it to write. */
static const double KEEP_S = 5;

static void begin_cache(struct rig *rig, bool anew) {
  size_t bytes = 0;
  cache_folder_find(&rig->cache, gpu_caps(rig->gpu));
  if (!*rig->cache.path) return;
  void *data = anew ? NULL : cache_folder_load(&rig->cache, &bytes);
  gpu_cache_begin(rig->gpu, data, bytes);
  free(data);
}

bool rig_open(struct rig *rig, size_t device, bool validation, bool anew, struct error *err) {
  *rig = (struct rig){0};
  rig->gpu = gpu_open(device, &(struct gpu_options){.validation = validation}, err);
  if (rig->gpu && gpu_test_clock(rig->gpu, err)) rig->pipelines = pipelines_create(rig->gpu, err);
  if (rig->pipelines) {
    begin_cache(rig, anew);
    rig->kept_at = rig_now();
    return true;
  }
  rig_close(rig);
  return false;
}

void rig_keep_pipelines(struct rig *rig, bool last) {
  size_t made = pipelines_made(rig->pipelines), bytes;
  if (!*rig->cache.path || made == rig->kept || (!last && rig_now() < rig->kept_at + KEEP_S)) return;
  void *data = gpu_cache_data(rig->gpu, CACHE_FOLDER_MOST, &bytes);
  if (data) cache_folder_save(&rig->cache, data, bytes);
  else log_detail("of %zu pipelines the driver would keep %zu bytes: none are written", made, bytes);
  free(data);
  rig->kept = made;
  rig->kept_at = rig_now();
}

void rig_close(struct rig *rig) {
  if (rig->gpu) arena_release(&rig->arena, rig->gpu);
  dataset_free(rig->data);
  pipelines_destroy(rig->pipelines);
  gpu_close(rig->gpu);
  *rig = (struct rig){0};
}

const struct dataset *rig_data(struct rig *rig, const struct kernel_case *kase, const struct technique *technique,
                               enum fill fill, uint64_t seed, struct error *err) {
  if (!dataset_is(rig->data, kase, technique, fill, seed)) {
    rig->arena.copies = 0;
    rig->arena.loaded = false;
    dataset_free(rig->data);
    rig->data = dataset_create(kase, technique, fill, seed, err);
  }
  return rig->data;
}

void rig_begin_round(struct rig *rig, uint32_t round) {
  if (round != rig->round) arena_release(&rig->arena, rig->gpu);
  rig->round = round;
}

double rig_now(void) { return 1e-9 * (double)platform_clock_ns(); }
