/* What is to be minded about the chosen adapter. */
#include <stdio.h>

#include "recommend.h"

static bool is_composed(const struct recommendation *r) {
  for (int c = 0; c < CLASS_COUNT; c++)
    if (r->space->slots[c].options[r->choice[c]].composed) return true;
  return false;
}

bool recommend_adapter_caveat(const struct recommendation *r, size_t index, char *out, size_t size) {
  const struct finetune *f = &r->space->setting.finetune;
  if (f->method == FINETUNE_NONE) return false;
  const struct finetune merged = {f->method, FINETUNE_MERGED, f->target, f->rank};
  const char *unmerged = finetune_refusal(&merged, r->task);
  const struct { bool applies; const char *text; } caveats[] = {
    {unmerged != NULL, unmerged},
    {f->form == FINETUNE_MERGED,
     "a merged adapter costs nothing at inference, but each one is a copy of the weights; it is merged into the 16-bit "
     "weights, before they are quantised"},
    {is_composed(r),
     "the adapter is timed as two matmuls and a sum beside the matrix, since the result has no rows of kernels that do "
     "it at once over this format; `vkpareto run --suite standard --filter 'adapter/*'` adds those there are (f16, "
     "int4_g32)"},
    {f->method == FINETUNE_RSLORA, "RSLoRA is LoRA with another scale: the kernels and all costs are LoRA's"},
    {f->method == FINETUNE_QLORA,
     "the quality of QLoRA is taken as that of its 4-bit weights without an adapter; int4_g32 stands for the paper's "
     "NF4"},
    {true,
     "quality losses were published for models that were not fine-tuned; what the adapter is worth is another column"},
    {true,
     "no kernel here trains: the memory of a tuning step is counted by formulas, its time is estimated as 3 forward "
     "passes, both from below"},
  };
  for (size_t i = 0; i < sizeof caveats / sizeof caveats[0]; i++)
    if (caveats[i].applies && index-- == 0) return snprintf(out, size, "%s", caveats[i].text), true;
  return false;
}
