#include "enumerate.h"

#include "ops.h"

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
