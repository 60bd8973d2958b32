#include "setting.h"

#include <stdio.h>

struct setting setting_plain(const struct model *model) {
  return (struct setting){.model = model, .micro_batch = MICRO_BATCH};
}

size_t setting_departs(const struct setting *s) {
  const struct offload *o = &s->offload;
  return (size_t)(s->micro_batch != MICRO_BATCH) + finetune_departs(&s->finetune) + (o->layers > 0) +
         (o->expert_layers > 0);
}

void setting_text(const struct setting *s, char *out, size_t size) {
  const struct offload *o = &s->offload;
  const int64_t layers = o->layers + o->expert_layers;
  const bool adapted = s->finetune.method != FINETUNE_NONE;
  char adapter[64];
  finetune_text(&s->finetune, adapter, sizeof adapter);
  const int wrote = snprintf(out, size, "micro-batch %lld%s%s", (long long)s->micro_batch, adapted ? ", " : "",
                             adapted ? adapter : "");
  if (layers == 0 || wrote < 0 || (size_t)wrote >= size) return;
  snprintf(out + wrote, size - (size_t)wrote, ", %s%lld layer%s in host memory", o->layers ? "" : "experts of ",
           (long long)layers, layers == 1 ? "" : "s");
}
