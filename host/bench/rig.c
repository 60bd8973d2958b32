#include "rig.h"

#include "platform.h"

bool rig_open(struct rig *rig, size_t device, bool validation, struct error *err) {
  *rig = (struct rig){0};
  rig->gpu = gpu_open(device, &(struct gpu_options){.validation = validation}, err);
  if (rig->gpu && gpu_test_clock(rig->gpu, err)) rig->pipelines = pipelines_create(rig->gpu, err);
  if (rig->pipelines) return true;
  rig_close(rig);
  return false;
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
