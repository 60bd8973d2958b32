#include "setting.h"

#include <stdio.h>

struct setting setting_plain(const struct model *model) {
  return (struct setting){.model = model, .micro_batch = MICRO_BATCH};
}

size_t setting_departs(const struct setting *s) {
  const struct offload *o = &s->offload;
  return (size_t)(s->micro_batch != MICRO_BATCH) + (s->adapter != NULL) + (o->layers > 0) + (o->expert_layers > 0);
}

void setting_text(const struct setting *s, char *out, size_t size) {
  const struct offload *o = &s->offload;
  const int64_t layers = o->layers + o->expert_layers;
  const int wrote = snprintf(out, size, "micro-batch %lld", (long long)s->micro_batch);
  if (layers == 0 || wrote < 0 || (size_t)wrote >= size) return;
  snprintf(out + wrote, size - (size_t)wrote, ", %s%lld layer%s in host memory", o->layers ? "" : "experts of ",
           (long long)layers, layers == 1 ? "" : "s");
}
