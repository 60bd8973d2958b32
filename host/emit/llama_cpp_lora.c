#include "llama_cpp_lora.h"

#include <math.h>
#include <string.h>

static const struct finetune *chosen(const struct recommendation *r) { return &r->space->setting.finetune; }

const char *llama_cpp_lora_lost(const struct space_option *o) {
  return strncmp(o->technique[PHASE_DECODE]->id, "adapter.dora_", 13) == 0
         ? "llama.cpp has no DoRA beside the weights: its converter knows no magnitudes; merged it can be held" : NULL;
}

void llama_cpp_lora_comment(FILE *out, const struct recommendation *r) {
  const struct finetune *f = chosen(r);
  if (!finetune_is_live(f)) return;
  if (f->method == FINETUNE_DORA) fprintf(out, "# Lost: the live DoRA; the server below runs without it\n");
  if (finetune_adapters(r->task) > 1)
    fprintf(out, "# Lost: one batch for all adapters; llama-server decodes the sequences of each adapter apart\n");
}

/* FILE, or what gives RSLoRA the scale that it was trained with. */
static void write_file(FILE *out, const struct finetune *f, const char *name, long long number) {
  fprintf(out, "%s-lora", name);
  if (number > 0) fprintf(out, "-%lld", number);
  fprintf(out, ".gguf");
  if (f->method == FINETUNE_RSLORA) fprintf(out, ":%.6g", sqrt((double)f->rank));
}

static const char *option_of(const struct finetune *f) {
  return f->method == FINETUNE_RSLORA ? "--lora-scaled" : "--lora";
}

void llama_cpp_lora_merge(FILE *out, const struct recommendation *r, const char *name, char *merged, size_t size) {
  const struct finetune *f = chosen(r);
  if (f->method == FINETUNE_NONE || f->form == FINETUNE_LIVE) {
    snprintf(merged, size, "%s", name);
    return;
  }
  snprintf(merged, size, "%s-merged", name);
  if (f->method == FINETUNE_DORA) {
    fprintf(out, "# %s-f16.gguf: the adapter is merged where it was trained (merge_and_unload of PEFT), and the\n"
                 "# model then converted by convert_hf_to_gguf.py; llama-export-lora knows no DoRA.\n", merged);
    return;
  }
  fprintf(out, "# %s-lora.gguf comes from convert_lora_to_gguf.py.\n"
               "llama-export-lora -m %s-f16.gguf %s ", name, name, option_of(f));
  write_file(out, f, name, 0);
  fprintf(out, " -o %s-f16.gguf\n", merged);
}

static bool is_served(const struct finetune *f) { return finetune_is_live(f) && f->method != FINETUNE_DORA; }

void llama_cpp_lora_files(FILE *out, const struct recommendation *r, const char *name) {
  if (!is_served(chosen(r))) return;
  if (finetune_adapters(r->task) == 1)
    fprintf(out, "# %s-lora.gguf comes from convert_lora_to_gguf.py.\n", name);
  else
    fprintf(out, "# %s-lora-1.gguf and the others come from convert_lora_to_gguf.py; a request names its own in "
                 "\"lora\".\n", name);
}

void llama_cpp_lora_options(FILE *out, const struct recommendation *r, const char *name) {
  const struct finetune *f = chosen(r);
  const long long n = (long long)finetune_adapters(r->task);
  if (!is_served(f)) return;
  fprintf(out, " \\\n  %s ", option_of(f));
  for (long long i = 1; i <= n; i++) {
    write_file(out, f, name, n > 1 ? i : 0);
    if (i < n) fprintf(out, ",");
  }
  if (n > 1) fprintf(out, " --lora-init-without-apply");
}
