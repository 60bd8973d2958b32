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
  return placement_of(setting, &space->work, (enum tensor_class)slot, technique_find(technique)).device +
         o->adapter_bytes;
}

static bool is_16_bit(int slot, const struct space_option *o) {
  return strcmp(slot == SLOT_ATTENTION ? o->kv : o->name, "f16") == 0;
}

/* Which configurations are meant: any, one of 16 bits throughout, or this one. */
struct meant { bool only_16_bit; const uint8_t *choice; };

static bool is_meant(const struct meant *meant, int slot, size_t o, const struct space_option *option) {
  if (meant->choice) return meant->choice[slot] == o;
  return !meant->only_16_bit || is_16_bit(slot, option);
}

/* The least that one of them has on the device under the setting. Of several from below: the scratch of an option is
 * only looked at in its own slot. INFINITY: there is none. */
static double least_bytes(const struct space *space, const struct setting *setting, const struct meant *meant) {
  double bytes = space->fixed_bytes + space->activation_bytes, scratch = space->fixed_scratch_bytes;
  for (int s = 0; s < SLOT_COUNT; s++) {
    double least = INFINITY, least_scratch = INFINITY;
    const size_t n = space->slots[s].n - space->slots[s].n_mixed;   /* a mix has no less than its leanest part */
    for (size_t o = 0; o < n; o++) {
      const struct space_option *option = &space->slots[s].options[o];
      if (!is_meant(meant, s, o, option)) continue;
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

static int64_t all_layers(const struct model *model, bool experts) {
  return experts ? model->layers - model->dense_layers : model->layers;
}

/* The fewest layers with which it fits, by halving: more never need more. 0: not even with all. */
static int64_t fewest(const struct space *space, bool experts, double memory, const struct meant *meant) {
  const int64_t all = all_layers(space->setting.model, experts);
  int64_t low = 0, high = all + 1;   /* too few, enough */
  while (high - low > 1) {
    const int64_t middle = (low + high) / 2;
    const struct setting setting = with_offload(space, experts, middle);
    if (least_bytes(space, &setting, meant) <= memory) high = middle;
    else low = middle;
  }
  return high <= all ? high : 0;
}

bool enumerate_fewest(const struct space *space, bool experts, const uint8_t choice[SLOT_COUNT], double memory,
                      struct setting *out) {
  const struct meant meant = {.choice = choice};
  const int64_t layers = fewest(space, experts, memory, &meant);
  if (layers > 0) *out = with_offload(space, experts, layers);
  return layers > 0;
}

static void add_splits(const struct space *space, bool experts, int64_t largest, double memory,
                       struct setting_list *list) {
  const int64_t all = all_layers(space->setting.model, experts);
  const int64_t least = fewest(space, experts, memory, &(struct meant){0});
  const int64_t sixteen = fewest(space, experts, memory, &(struct meant){.only_16_bit = true});
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
