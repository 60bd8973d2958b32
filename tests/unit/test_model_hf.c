/* Models from config.json of Hugging Face: the fields that count, as those of the released models, and bad ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model_same.h"

static const struct { const char *config, *ours; } configs[] = {
  {"{\"architectures\": [\"LlamaForCausalLM\"], \"hidden_size\": 4096, \"intermediate_size\": 14336, "
   "\"num_hidden_layers\": 32, \"num_attention_heads\": 32, \"num_key_value_heads\": 8, \"vocab_size\": 128256, "
   "\"max_position_embeddings\": 131072, \"rope_scaling\": {\"factor\": 8.0}, \"tie_word_embeddings\": false}",
   "llama-3.1-8b"},
  {"{\"architectures\": [\"MistralForCausalLM\"], \"hidden_size\": 4096, \"intermediate_size\": 14336, "
   "\"num_hidden_layers\": 32, \"head_dim\": 128, \"num_attention_heads\": 32, \"num_key_value_heads\": 8, "
   "\"vocab_size\": 32768, \"max_position_embeddings\": 32768, \"sliding_window\": null}", "mistral-7b-v0.3"},
  {"{\"architectures\": [\"MixtralForCausalLM\"], \"hidden_size\": 4096, \"intermediate_size\": 14336, "
   "\"num_hidden_layers\": 32, \"num_attention_heads\": 32, \"num_key_value_heads\": 8, \"num_local_experts\": 8, "
   "\"num_experts_per_tok\": 2, \"vocab_size\": 32000, \"max_position_embeddings\": 32768, \"sliding_window\": null}",
   "mixtral-8x7b"},
  {"{\"architectures\": [\"Qwen2ForCausalLM\"], \"hidden_size\": 896, \"intermediate_size\": 4864, "
   "\"num_hidden_layers\": 24, \"num_attention_heads\": 14, \"num_key_value_heads\": 2, \"vocab_size\": 151936, "
   "\"max_position_embeddings\": 32768, \"sliding_window\": 32768, \"use_sliding_window\": false, "
   "\"tie_word_embeddings\": true}", "qwen2.5-0.5b"},
  {"{\"architectures\": [\"Qwen3MoeForCausalLM\"], \"hidden_size\": 2048, \"intermediate_size\": 6144, "
   "\"moe_intermediate_size\": 768, \"num_hidden_layers\": 48, \"num_attention_heads\": 32, "
   "\"num_key_value_heads\": 4, \"head_dim\": 128, \"num_experts\": 128, \"num_experts_per_tok\": 8, "
   "\"decoder_sparse_step\": 1, \"mlp_only_layers\": [], \"vocab_size\": 151936, \"max_position_embeddings\": 40960, "
   "\"attention_bias\": false, \"sliding_window\": null}", "qwen3-30b-a3b"},
  {"{\"architectures\": [\"OlmoeForCausalLM\"], \"hidden_size\": 2048, \"intermediate_size\": 1024, "
   "\"num_hidden_layers\": 16, \"num_attention_heads\": 16, \"num_key_value_heads\": 16, \"num_experts\": 64, "
   "\"num_experts_per_tok\": 8, \"vocab_size\": 50304, \"max_position_embeddings\": 4096}", "olmoe-1b-7b"},
  {"{\"architectures\": [\"Gemma2ForCausalLM\"], \"hidden_size\": 2304, \"intermediate_size\": 9216, "
   "\"num_hidden_layers\": 26, \"num_attention_heads\": 8, \"num_key_value_heads\": 4, \"head_dim\": 256, "
   "\"vocab_size\": 256000, \"max_position_embeddings\": 8192, \"sliding_window\": 4096}", "gemma-2-2b"},
  {"{\"architectures\": [\"Gemma3ForCausalLM\"], \"hidden_size\": 640, \"intermediate_size\": 2048, "
   "\"num_hidden_layers\": 18, \"num_attention_heads\": 4, \"num_key_value_heads\": 1, \"head_dim\": 256, "
   "\"vocab_size\": 262144, \"max_position_embeddings\": 32768, \"sliding_window\": 512}", "gemma-3-270m"},
  {"{\"architectures\": [\"Phi3ForCausalLM\"], \"hidden_size\": 3072, \"intermediate_size\": 8192, "
   "\"num_hidden_layers\": 32, \"num_attention_heads\": 32, \"num_key_value_heads\": 32, \"vocab_size\": 32064, "
   "\"max_position_embeddings\": 4096, \"sliding_window\": 2047, \"original_max_position_embeddings\": 4096, "
   "\"rope_scaling\": null, \"tie_word_embeddings\": false}", "phi-3-mini-4k"},
  {"{\"architectures\": [\"Phi3ForCausalLM\"], \"attention_bias\": false, \"hidden_size\": 5120, "
   "\"intermediate_size\": 17920, \"max_position_embeddings\": 16384, \"num_attention_heads\": 40, "
   "\"num_hidden_layers\": 40, \"num_key_value_heads\": 10, \"original_max_position_embeddings\": 16384, "
   "\"rope_scaling\": null, \"sliding_window\": 16384, \"tie_word_embeddings\": false, \"vocab_size\": 100352}",
   "phi-4"},
  {"{\"architectures\": [\"FalconForCausalLM\"], \"hidden_size\": 4544, \"num_hidden_layers\": 32, "
   "\"num_attention_heads\": 71, \"multi_query\": true, \"new_decoder_architecture\": false, \"parallel_attn\": true, "
   "\"vocab_size\": 65024}", "falcon-7b"},
  {"{\"architectures\": [\"DeepseekV2ForCausalLM\"], \"hidden_size\": 2048, \"intermediate_size\": 10944, "
   "\"moe_intermediate_size\": 1408, \"num_hidden_layers\": 27, \"num_attention_heads\": 16, "
   "\"num_key_value_heads\": 16, \"n_routed_experts\": 64, \"n_shared_experts\": 2, \"num_experts_per_tok\": 6, "
   "\"first_k_dense_replace\": 1, \"q_lora_rank\": null, \"kv_lora_rank\": 512, \"qk_nope_head_dim\": 128, "
   "\"qk_rope_head_dim\": 64, \"v_head_dim\": 128, \"vocab_size\": 102400, \"max_position_embeddings\": 163840}",
   "deepseek-v2-lite"},
  {"{\"architectures\": [\"GptOssForCausalLM\"], \"hidden_size\": 2880, \"intermediate_size\": 2880, "
   "\"num_hidden_layers\": 24, \"num_attention_heads\": 64, \"num_key_value_heads\": 8, \"head_dim\": 64, "
   "\"num_local_experts\": 32, \"num_experts_per_tok\": 4, \"vocab_size\": 201088, "
   "\"max_position_embeddings\": 131072, \"sliding_window\": 128}", "gpt-oss-20b"},
  {"{\"architectures\": [\"Qwen2_5_VLForConditionalGeneration\"], \"hidden_size\": 3584, \"intermediate_size\": 18944, "
   "\"num_hidden_layers\": 28, \"num_attention_heads\": 28, \"num_key_value_heads\": 4, \"vocab_size\": 152064, "
   "\"max_position_embeddings\": 128000, \"use_sliding_window\": false, \"sliding_window\": 32768, "
   "\"vision_config\": {\"depth\": 32, \"hidden_size\": 1280, \"intermediate_size\": 3420, \"num_heads\": 16, "
   "\"out_hidden_size\": 3584, \"patch_size\": 14, \"spatial_merge_size\": 2, \"temporal_patch_size\": 2, "
   "\"window_size\": 112, \"fullatt_block_indexes\": [7, 15, 23, 31]}}", "qwen2.5-vl-7b"},
  {"{\"architectures\": [\"Qwen2_5_VLForConditionalGeneration\"], \"tie_word_embeddings\": true, "
   "\"text_config\": {\"hidden_size\": 2048, \"intermediate_size\": 11008, \"num_hidden_layers\": 36, "
   "\"num_attention_heads\": 16, \"num_key_value_heads\": 2, \"vocab_size\": 151936, "
   "\"max_position_embeddings\": 128000, \"max_window_layers\": 70, \"sliding_window\": null, "
   "\"use_sliding_window\": false}, \"vision_config\": {\"depth\": 32, \"hidden_size\": 1280, "
   "\"intermediate_size\": 3420, \"num_heads\": 16, \"out_hidden_size\": 2048, \"patch_size\": 14, "
   "\"spatial_merge_size\": 2, \"temporal_patch_size\": 2, \"window_size\": 112, "
   "\"fullatt_block_indexes\": [7, 15, 23, 31]}}", "qwen2.5-vl-3b"},
};

static void configs_lead_to_the_built_in_models(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
    struct error err = {0};
    struct model got, *ours = model_load(configs[i].ours, &err);
    if (!ours || !model_parse(configs[i].config, strlen(configs[i].config), &got, &err))
      fail_msg("%s: %s", configs[i].ours, err.text);
    assert_same_model(&got, ours);
    free(ours);
  }
}

/* Qwen's windows: in the layers from max_window_layers on, where they are used at all. */
static void windows_above_a_layer_are_counted(void **state) {
  (void)state;
  static const struct { const char *used, *from; int layers; } cases[] = {
    {"true", "24", 4}, {"true", "0", 28}, {"true", "28", 0}, {"true", "70", 0}, {"true", "null", 0},
    {"false", "24", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char text[512];
    struct model m;
    struct error err = {0};
    snprintf(text, sizeof text, "{\"architectures\": [\"Qwen2ForCausalLM\"], \"hidden_size\": 3584, "
             "\"intermediate_size\": 18944, \"num_hidden_layers\": 28, \"num_attention_heads\": 28, "
             "\"num_key_value_heads\": 4, \"vocab_size\": 152064, \"max_position_embeddings\": 131072, "
             "\"sliding_window\": 32768, \"use_sliding_window\": %s, \"max_window_layers\": %s}",
             cases[i].used, cases[i].from);
    if (!model_parse(text, strlen(text), &m, &err)) fail_msg("%s: %s", text, err.text);
    assert_int_equal(m.window_layers, cases[i].layers);
    assert_int_equal(m.window, cases[i].layers ? 32768 : 0);
  }
}

static void config_refused(const char *text, const char *says) {
  struct model model;
  struct error err = {0};
  if (model_parse(text, strlen(text), &model, &err)) fail_msg("accepted: %s", text);
  if (!strstr(err.text, says)) fail_msg("'%s' does not say '%s'", err.text, says);
}

static void bad_configs_are_refused(void **state) {
  (void)state;
#define LLAMA \
  "\"architectures\": [\"LlamaForCausalLM\"], \"intermediate_size\": 64, \"num_hidden_layers\": 2, " \
  "\"vocab_size\": 100, \"max_position_embeddings\": 128, "
  config_refused("{\"architectures\": [\"MambaForCausalLM\"]}", "LlamaForCausalLM");
  config_refused("{\"architectures\": [\"MambaForCausalLM\"]}", "schemas/model.schema.json");
  config_refused("{\"architectures\": []}", "architectures");
  config_refused("{\"architectures\": 7}", "architectures");
  config_refused("{\"model_type\": \"llama\"}", "architectures");
  config_refused("{" LLAMA "\"hidden_size\": 64, \"num_attention_heads\": 3}", "multiple");
  config_refused("{" LLAMA "\"hidden_size\": 64, \"num_attention_heads\": 4, \"num_key_value_heads\": 3}", "kv_heads");
  config_refused("{" LLAMA "\"hidden_size\": 64, \"num_attention_heads\": 0}", "num_attention_heads");
  config_refused("{" LLAMA "\"num_attention_heads\": 4}", "hidden_size");
  config_refused("{\"architectures\": [\"MixtralForCausalLM\"], \"hidden_size\": 64, \"intermediate_size\": 64, "
                 "\"num_hidden_layers\": 2, \"num_attention_heads\": 4, \"num_local_experts\": 4, "
                 "\"num_experts_per_tok\": 5, \"vocab_size\": 100,"
                 " \"max_position_embeddings\": 128}", "num_experts_per_tok");
#undef LLAMA
  for (size_t n = 0; n < strlen(configs[11].config); n++) {
    struct model model;
    struct error err = {0};
    assert_false(model_parse(configs[11].config, n, &model, &err));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(configs_lead_to_the_built_in_models),
    cmocka_unit_test(windows_above_a_layer_are_counted),
    cmocka_unit_test(bad_configs_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
