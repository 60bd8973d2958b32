#include "enumerate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "placement.h"

struct setting_list enumerate_micro_batches(const struct model *model, const struct task *task) {
  struct setting_list list = {{setting_plain(model)}, 1};
  const int64_t longest = ops_longest_prompt(model, task);
  for (int64_t size = MICRO_BATCH_LEAST; size <= MICRO_BATCH_MOST; size *= 2) {
    if (size == MICRO_BATCH || size / 2 >= longest || size < task->concurrency) continue;
    struct setting setting = setting_plain(model);
    setting.micro_batch = size;
    list.at[list.n++] = setting;
  }
  return list;
}

struct setting_list enumerate_adapters(const struct setting_list *settings, const struct finetune_wish *wish,
                                       const struct task *task) {
  struct finetune adapters[FINETUNE_MOST];
  const size_t n = finetune_list(wish, task, adapters);
  struct setting_list out = {.n = 0};
  for (size_t a = 0; a < n; a++)
    for (size_t s = 0; s < settings->n && out.n < ENUMERATE_MOST; s++) {
      out.at[out.n] = settings->at[s];
      out.at[out.n++].finetune = adapters[a];
    }
  return out;
}

/* ---- offload */

/* Bytes on the device of a slot's option, whatever it is of the two. */
static double option_bytes(const struct space *space, const struct setting *setting, int slot,
                           const struct space_option *o) {
  if (slot == SLOT_ATTENTION) return o->kv_bytes;
  char technique[sizeof o->name + sizeof "matmul."];
  snprintf(technique, sizeof technique, "matmul.%s", o->name);
  return placement_of(setting, &space->work, (enum tensor_class)slot, technique_find(technique)).device + o->adapter_bytes;
}

static bool is_16_bit(int slot, const struct space_option *o) {
  return strcmp(slot == SLOT_ATTENTION ? o->kv : o->name, "f16") == 0;
}

/* The least that any configuration has on the device under the setting, or one of 16 bits throughout. From below: the
 * scratch of an option is only looked at in its own slot. INFINITY: there is none. */
static double least_bytes(const struct space *space, const struct setting *setting, bool only_16_bit) {
  double bytes = space->fixed_bytes + space->activation_bytes, scratch = space->fixed_scratch_bytes;
  for (int s = 0; s < SLOT_COUNT; s++) {
    double least = INFINITY, least_scratch = INFINITY;
    for (size_t o = 0; o < space->slots[s].n - space->slots[s].n_mixed; o++) {   /* a mix has no less than its leanest part */
      const struct space_option *option = &space->slots[s].options[o];
      if (only_16_bit && !is_16_bit(s, option)) continue;
      least = fmin(least, option_bytes(space, setting, s, option));
      least_scratch = fmin(least_scratch, option->scratch_bytes);
    }
    bytes += least;
    scratch = fmax(scratch, least_scratch);
  }
  return bytes + scratch;
}

static struct setting with_offload(const struct space *space, bool experts, int64_t layers) {
  struct setting setting = space->setting;
  setting.offload = experts ? (struct offload){.expert_layers = layers} : (struct offload){.layers = layers};
  return setting;
}

/* The fewest layers with which it fits, by halving: more never need more. 0: not even with all. */
static int64_t fewest(const struct space *space, bool experts, int64_t all, double memory, bool only_16_bit) {
  int64_t low = 0, high = all + 1;   /* too few, enough */
  while (high - low > 1) {
    const int64_t middle = (low + high) / 2;
    const struct setting setting = with_offload(space, experts, middle);
    if (least_bytes(space, &setting, only_16_bit) <= memory) high = middle;
    else low = middle;
  }
  return high <= all ? high : 0;
}

static void add_splits(const struct space *space, bool experts, int64_t largest, double memory,
                       struct setting_list *list) {
  const struct model *model = space->setting.model;
  const int64_t all = experts ? model->layers - model->dense_layers : model->layers;
  const int64_t least = fewest(space, experts, all, memory, false), sixteen = fewest(space, experts, all, memory, true);
  const int64_t from = least ? least : all, to = sixteen ? sixteen : all;
  int64_t before = 0;
  for (int i = 0; i < OFFLOAD_SPLITS; i++) {
    struct setting setting = with_offload(space, experts, from + (to - from) * i / (OFFLOAD_SPLITS - 1));
    const int64_t layers = setting.offload.layers + setting.offload.expert_layers;
    if (layers == before || list->n + 2 > ENUMERATE_MOST) continue;
    before = layers;
    list->at[list->n++] = setting;
    if (largest == setting.micro_batch) continue;
    setting.micro_batch = largest;
    list->at[list->n++] = setting;
  }
}

void enumerate_offloads(const struct space *space, int64_t largest, double memory, struct setting_list *list) {
  add_splits(space, false, largest, memory, list);
  if (space->setting.model->experts) add_splits(space, true, largest, memory, list);
}
