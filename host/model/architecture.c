#include "architecture.h"

#include <stdio.h>
#include <string.h>

static const char softcap[] = "soft caps of attention scores and of logits";
static const char sinks[] = "attention sinks, the clamp in the activation, biases behind attention, router and experts";

static const struct architecture known[] = {
  {.hf = "LlamaForCausalLM", .gguf = "llama"},
  {.hf = "MistralForCausalLM", .gguf = "llama", .windows = WINDOW_ALL},
  {.hf = "MixtralForCausalLM", .gguf = "llama", .windows = WINDOW_ALL, .experts = "num_local_experts",
   .expert_ffn = "intermediate_size"},
  {.hf = "Qwen2ForCausalLM", .gguf = "qwen2", .qkv_bias = true},
  {.hf = "Qwen2_5_VLForConditionalGeneration", .gguf = "qwen2vl", .qkv_bias = true,
   .not_costed = "the three position axes of RoPE (timed as one)"},
  {.hf = "Qwen3ForCausalLM", .gguf = "qwen3", .qk_norm = QK_NORM_HEAD},
  {.hf = "Qwen3MoeForCausalLM", .gguf = "qwen3moe", .qk_norm = QK_NORM_HEAD, .experts = "num_experts",
   .expert_ffn = "moe_intermediate_size"},
  {.hf = "OlmoeForCausalLM", .gguf = "olmoe", .qk_norm = QK_NORM_WHOLE, .experts = "num_experts",
   .expert_ffn = "intermediate_size"},
  {.hf = "Gemma2ForCausalLM", .gguf = "gemma2", .activation = ACTIVATION_GEGLU, .block = BLOCK_SANDWICH,
   .windows = WINDOW_HALF, .tied = true, .not_costed = softcap},
  {.hf = "Gemma3ForCausalLM", .gguf = "gemma3", .activation = ACTIVATION_GEGLU, .block = BLOCK_SANDWICH,
   .qk_norm = QK_NORM_HEAD, .windows = WINDOW_FIVE_OF_SIX, .tied = true},
  {.hf = "Phi3ForCausalLM", .gguf = "phi3", .windows = WINDOW_ALL},
  {.hf = "FalconForCausalLM", .gguf = "falcon", .activation = ACTIVATION_GELU, .block = BLOCK_PARALLEL,
   .norm = NORM_LAYER, .tied = true},
  {.hf = "DeepseekV2ForCausalLM", .gguf = "deepseek2", .rope = ROPE_PAIRS, .experts = "n_routed_experts",
   .expert_ffn = "moe_intermediate_size"},
  {.hf = "GptOssForCausalLM", .gguf = "gpt-oss", .qkv_bias = true, .windows = WINDOW_HALF,
   .experts = "num_local_experts", .expert_ffn = "intermediate_size", .not_costed = sinks},
};
enum { KNOWN = sizeof known / sizeof known[0] };

static const char *name_in(const struct architecture *a, bool hf) { return hf ? a->hf : a->gguf; }

static const struct architecture *find(const char *name, bool hf, struct error *err) {
  for (size_t i = 0; i < KNOWN; i++)
    if (strcmp(name_in(&known[i], hf), name) == 0) return &known[i];
  char list[400] = "";
  for (size_t i = 0, used = 0; i < KNOWN && used < sizeof list - 1; i++) {
    if (i > 0 && strcmp(name_in(&known[i], hf), name_in(&known[i - 1], hf)) == 0) continue;
    const int wrote = snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", name_in(&known[i], hf));
    used += wrote > 0 ? (size_t)wrote : 0;
  }
  error_set(err, ERROR_UNSUPPORTED, "architecture '%.64s' is not known; there are %s; another can be described in a "
            "file of our own (schemas/model.schema.json)", name, list);
  return NULL;
}

const struct architecture *architecture_of_hf(const char *name, struct error *err) { return find(name, true, err); }
const struct architecture *architecture_of_gguf(const char *name, struct error *err) { return find(name, false, err); }

void architecture_apply(const struct architecture *a, struct model *m) {
  m->activation = a->activation;
  m->gated_ffn = a->activation != ACTIVATION_GELU;
  m->qk_norm = a->qk_norm;
  m->block = a->block;
  m->norm = a->norm;
  m->rope = a->rope;
  if (a->not_costed) model_note(m, a->not_costed);
}

int64_t architecture_windows(const struct architecture *a, int64_t layers) {
  switch (a->windows) {
    case WINDOW_ALL: return layers;
    case WINDOW_HALF: return (layers + 1) / 2;   /* the first has one */
    case WINDOW_FIVE_OF_SIX: return layers - layers / 6;
    case WINDOW_NEVER: break;
  }
  return 0;
}
