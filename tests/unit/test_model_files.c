/* Models from files of others: config.json of Hugging Face, GGUF headers, whole and damaged. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "file.h"
#include "gguf.h"
#include "model.h"

/* ---- config.json: the fields that count, as those of the released models */

static const struct { const char *config, *ours; } configs[] = {
  {"{\"architectures\": [\"LlamaForCausalLM\"], \"hidden_size\": 4096, \"intermediate_size\": 14336, \"num_hidden_layers\": 32,"
   " \"num_attention_heads\": 32, \"num_key_value_heads\": 8, \"vocab_size\": 128256, \"max_position_embeddings\": 131072,"
   " \"rope_scaling\": {\"factor\": 8.0}, \"tie_word_embeddings\": false}", "llama-3.1-8b"},
  {"{\"architectures\": [\"MistralForCausalLM\"], \"hidden_size\": 4096, \"intermediate_size\": 14336, \"num_hidden_layers\": 32, \"head_dim\": 128,"
   " \"num_attention_heads\": 32, \"num_key_value_heads\": 8, \"vocab_size\": 32768, \"max_position_embeddings\": 32768, \"sliding_window\": null}",
   "mistral-7b-v0.3"},
  {"{\"architectures\": [\"MixtralForCausalLM\"], \"hidden_size\": 4096, \"intermediate_size\": 14336, \"num_hidden_layers\": 32,"
   " \"num_attention_heads\": 32, \"num_key_value_heads\": 8, \"num_local_experts\": 8, \"num_experts_per_tok\": 2, \"vocab_size\": 32000,"
   " \"max_position_embeddings\": 32768, \"sliding_window\": null}", "mixtral-8x7b"},
  {"{\"architectures\": [\"Qwen2ForCausalLM\"], \"hidden_size\": 896, \"intermediate_size\": 4864, \"num_hidden_layers\": 24,"
   " \"num_attention_heads\": 14, \"num_key_value_heads\": 2, \"vocab_size\": 151936, \"max_position_embeddings\": 32768,"
   " \"sliding_window\": 32768, \"use_sliding_window\": false, \"tie_word_embeddings\": true}", "qwen2.5-0.5b"},
  {"{\"architectures\": [\"Qwen3MoeForCausalLM\"], \"hidden_size\": 2048, \"intermediate_size\": 6144, \"moe_intermediate_size\": 768,"
   " \"num_hidden_layers\": 48, \"num_attention_heads\": 32, \"num_key_value_heads\": 4, \"head_dim\": 128, \"num_experts\": 128,"
   " \"num_experts_per_tok\": 8, \"decoder_sparse_step\": 1, \"mlp_only_layers\": [], \"vocab_size\": 151936,"
   " \"max_position_embeddings\": 40960, \"attention_bias\": false, \"sliding_window\": null}", "qwen3-30b-a3b"},
  {"{\"architectures\": [\"OlmoeForCausalLM\"], \"hidden_size\": 2048, \"intermediate_size\": 1024, \"num_hidden_layers\": 16,"
   " \"num_attention_heads\": 16, \"num_key_value_heads\": 16, \"num_experts\": 64, \"num_experts_per_tok\": 8, \"vocab_size\": 50304,"
   " \"max_position_embeddings\": 4096}", "olmoe-1b-7b"},
  {"{\"architectures\": [\"Gemma2ForCausalLM\"], \"hidden_size\": 2304, \"intermediate_size\": 9216, \"num_hidden_layers\": 26,"
   " \"num_attention_heads\": 8, \"num_key_value_heads\": 4, \"head_dim\": 256, \"vocab_size\": 256000, \"max_position_embeddings\": 8192,"
   " \"sliding_window\": 4096}", "gemma-2-2b"},
  {"{\"architectures\": [\"Gemma3ForCausalLM\"], \"hidden_size\": 640, \"intermediate_size\": 2048, \"num_hidden_layers\": 18,"
   " \"num_attention_heads\": 4, \"num_key_value_heads\": 1, \"head_dim\": 256, \"vocab_size\": 262144, \"max_position_embeddings\": 32768,"
   " \"sliding_window\": 512}", "gemma-3-270m"},
  {"{\"architectures\": [\"Phi3ForCausalLM\"], \"hidden_size\": 3072, \"intermediate_size\": 8192, \"num_hidden_layers\": 32,"
   " \"num_attention_heads\": 32, \"num_key_value_heads\": 32, \"vocab_size\": 32064, \"max_position_embeddings\": 4096,"
   " \"sliding_window\": 2047, \"original_max_position_embeddings\": 4096, \"rope_scaling\": null, \"tie_word_embeddings\": false}",
   "phi-3-mini-4k"},
  {"{\"architectures\": [\"Phi3ForCausalLM\"], \"attention_bias\": false, \"hidden_size\": 5120, \"intermediate_size\": 17920,"
   " \"max_position_embeddings\": 16384, \"num_attention_heads\": 40, \"num_hidden_layers\": 40, \"num_key_value_heads\": 10,"
   " \"original_max_position_embeddings\": 16384, \"rope_scaling\": null, \"sliding_window\": 16384, \"tie_word_embeddings\": false,"
   " \"vocab_size\": 100352}", "phi-4"},
  {"{\"architectures\": [\"FalconForCausalLM\"], \"hidden_size\": 4544, \"num_hidden_layers\": 32, \"num_attention_heads\": 71,"
   " \"multi_query\": true, \"new_decoder_architecture\": false, \"parallel_attn\": true, \"vocab_size\": 65024}", "falcon-7b"},
  {"{\"architectures\": [\"DeepseekV2ForCausalLM\"], \"hidden_size\": 2048, \"intermediate_size\": 10944, \"moe_intermediate_size\": 1408,"
   " \"num_hidden_layers\": 27, \"num_attention_heads\": 16, \"num_key_value_heads\": 16, \"n_routed_experts\": 64, \"n_shared_experts\": 2,"
   " \"num_experts_per_tok\": 6, \"first_k_dense_replace\": 1, \"q_lora_rank\": null, \"kv_lora_rank\": 512, \"qk_nope_head_dim\": 128,"
   " \"qk_rope_head_dim\": 64, \"v_head_dim\": 128, \"vocab_size\": 102400, \"max_position_embeddings\": 163840}", "deepseek-v2-lite"},
  {"{\"architectures\": [\"GptOssForCausalLM\"], \"hidden_size\": 2880, \"intermediate_size\": 2880, \"num_hidden_layers\": 24,"
   " \"num_attention_heads\": 64, \"num_key_value_heads\": 8, \"head_dim\": 64, \"num_local_experts\": 32, \"num_experts_per_tok\": 4,"
   " \"vocab_size\": 201088, \"max_position_embeddings\": 131072, \"sliding_window\": 128}", "gpt-oss-20b"},
  {"{\"architectures\": [\"Qwen2_5_VLForConditionalGeneration\"], \"hidden_size\": 3584, \"intermediate_size\": 18944, \"num_hidden_layers\": 28,"
   " \"num_attention_heads\": 28, \"num_key_value_heads\": 4, \"vocab_size\": 152064, \"max_position_embeddings\": 128000,"
   " \"use_sliding_window\": false, \"sliding_window\": 32768, \"vision_config\": {\"depth\": 32, \"hidden_size\": 1280,"
   " \"intermediate_size\": 3420, \"num_heads\": 16, \"out_hidden_size\": 3584, \"patch_size\": 14, \"spatial_merge_size\": 2,"
   " \"temporal_patch_size\": 2, \"window_size\": 112, \"fullatt_block_indexes\": [7, 15, 23, 31]}}", "qwen2.5-vl-7b"},
  {"{\"architectures\": [\"Qwen2_5_VLForConditionalGeneration\"], \"tie_word_embeddings\": true, \"text_config\": {\"hidden_size\": 2048,"
   " \"intermediate_size\": 11008, \"num_hidden_layers\": 36, \"num_attention_heads\": 16, \"num_key_value_heads\": 2, \"vocab_size\": 151936,"
   " \"max_position_embeddings\": 128000, \"max_window_layers\": 70, \"sliding_window\": null, \"use_sliding_window\": false},"
   " \"vision_config\": {\"depth\": 32, \"hidden_size\": 1280, \"intermediate_size\": 3420, \"num_heads\": 16, \"out_hidden_size\": 2048,"
   " \"patch_size\": 14, \"spatial_merge_size\": 2, \"temporal_patch_size\": 2, \"window_size\": 112,"
   " \"fullatt_block_indexes\": [7, 15, 23, 31]}}", "qwen2.5-vl-3b"},
};

/* Everything that a cost depends on. */
static void assert_same_model(const struct model *got, const struct model *ours) {
#define SAME(field) \
  if (got->field != ours->field) fail_msg("%s: " #field " is %lld, not %lld", ours->id, (long long)got->field, (long long)ours->field)
  SAME(hidden); SAME(layers); SAME(heads); SAME(kv_heads); SAME(head_dim); SAME(vocab); SAME(context);
  SAME(ffn); SAME(dense_layers); SAME(experts); SAME(experts_per_token); SAME(expert_ffn); SAME(shared_ffn);
  SAME(window); SAME(window_layers); SAME(tied_embeddings); SAME(gated_ffn); SAME(qkv_bias);
  SAME(qk_norm); SAME(rope); SAME(activation); SAME(norm); SAME(block);
  SAME(mla.q_rank); SAME(mla.kv_rank); SAME(mla.nope); SAME(mla.rope); SAME(mla.v);
  SAME(vision.layers); SAME(vision.window); SAME(vision.window_layers); SAME(vision.merge); SAME(vision.n_projector);
  SAME(params); SAME(active_params);
#undef SAME
}

static void configs_lead_to_the_built_in_models(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
    struct error err = {0};
    struct model got, *ours = model_load(configs[i].ours, &err);
    if (!ours || !model_parse(configs[i].config, strlen(configs[i].config), &got, &err)) fail_msg("%s: %s", configs[i].ours, err.text);
    assert_same_model(&got, ours);
    free(ours);
  }
}

/* Qwen's windows: in the layers from max_window_layers on, where they are used at all. */
static void windows_above_a_layer_are_counted(void **state) {
  (void)state;
  static const struct { const char *used, *from; int layers; } cases[] = {
    {"true", "24", 4}, {"true", "0", 28}, {"true", "28", 0}, {"true", "70", 0}, {"true", "null", 0}, {"false", "24", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char text[512];
    struct model m;
    struct error err = {0};
    snprintf(text, sizeof text, "{\"architectures\": [\"Qwen2ForCausalLM\"], \"hidden_size\": 3584, \"intermediate_size\": 18944, "
             "\"num_hidden_layers\": 28, \"num_attention_heads\": 28, \"num_key_value_heads\": 4, \"vocab_size\": 152064, "
             "\"max_position_embeddings\": 131072, \"sliding_window\": 32768, \"use_sliding_window\": %s, \"max_window_layers\": %s}",
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
#define LLAMA "\"architectures\": [\"LlamaForCausalLM\"], \"intermediate_size\": 64, \"num_hidden_layers\": 2, \"vocab_size\": 100, " \
              "\"max_position_embeddings\": 128, "
  config_refused("{\"architectures\": [\"MambaForCausalLM\"]}", "LlamaForCausalLM");
  config_refused("{\"architectures\": [\"MambaForCausalLM\"]}", "schemas/model.schema.json");
  config_refused("{\"architectures\": []}", "architectures");
  config_refused("{\"architectures\": 7}", "architectures");
  config_refused("{\"model_type\": \"llama\"}", "architectures");
  config_refused("{" LLAMA "\"hidden_size\": 64, \"num_attention_heads\": 3}", "multiple");
  config_refused("{" LLAMA "\"hidden_size\": 64, \"num_attention_heads\": 4, \"num_key_value_heads\": 3}", "kv_heads");
  config_refused("{" LLAMA "\"hidden_size\": 64, \"num_attention_heads\": 0}", "num_attention_heads");
  config_refused("{" LLAMA "\"num_attention_heads\": 4}", "hidden_size");
  config_refused("{\"architectures\": [\"MixtralForCausalLM\"], \"hidden_size\": 64, \"intermediate_size\": 64, \"num_hidden_layers\": 2,"
                 " \"num_attention_heads\": 4, \"num_local_experts\": 4, \"num_experts_per_tok\": 5, \"vocab_size\": 100,"
                 " \"max_position_embeddings\": 128}", "num_experts_per_tok");
#undef LLAMA
  for (size_t n = 0; n < strlen(configs[11].config); n++) {
    struct model model;
    struct error err = {0};
    assert_false(model_parse(configs[11].config, n, &model, &err));
  }
}

/* ---- GGUF, written as docs/gguf.md says */

struct bytes { unsigned char at[1 << 16]; size_t n; };

static void put(struct bytes *b, const void *data, size_t n) {
  assert_true(b->n + n <= sizeof b->at);
  memcpy(b->at + b->n, data, n);
  b->n += n;
}
static void put_int(struct bytes *b, uint64_t value, unsigned n) {
  for (unsigned i = 0; i < n; i++) put(b, &(unsigned char){(unsigned char)(value >> (8 * i))}, 1);
}
static void put_text(struct bytes *b, const char *text) {
  put_int(b, strlen(text), 8);
  put(b, text, strlen(text));
}
static void put_u32(struct bytes *b, const char *key, uint32_t value) { put_text(b, key); put_int(b, 4, 4); put_int(b, value, 4); }
static void put_string(struct bytes *b, const char *key, const char *value) { put_text(b, key); put_int(b, 8, 4); put_text(b, value); }
static void put_tensor(struct bytes *b, const char *name, uint64_t columns, uint64_t rows, uint32_t type) {
  put_text(b, name);
  put_int(b, rows ? 2 : 1, 4);
  put_int(b, columns, 8);
  if (rows) put_int(b, rows, 8);
  put_int(b, type, 4);
  put_int(b, 0, 8);
}
static void put_head(struct bytes *b, uint32_t version, uint64_t tensors, uint64_t keys) {
  b->n = 0;
  put(b, "GGUF", 4);
  put_int(b, version, 4);
  put_int(b, tensors, 8);
  put_int(b, keys, 8);
}

enum { Q4_0 = 2, F32 = 0, Q8_0 = 8 };

/* Two layers of hidden 64, 4 heads and 2 KV heads of 16, FFN 128, 100 tokens, tied: what llama.cpp would write. */
static struct bytes *small_llama(void) {
  static struct bytes b;
  put_head(&b, 3, 1 + 2 * 9 + 1, 11);
  put_string(&b, "general.architecture", "llama");
  put_string(&b, "general.name", "Small Llama");
  put_u32(&b, "llama.block_count", 2);
  put_u32(&b, "llama.context_length", 512);
  put_u32(&b, "llama.embedding_length", 64);
  put_u32(&b, "llama.feed_forward_length", 128);
  put_u32(&b, "llama.attention.head_count", 4);
  put_text(&b, "llama.attention.head_count_kv"), put_int(&b, 9, 4), put_int(&b, 5, 4), put_int(&b, 2, 8), put_int(&b, 2, 4), put_int(&b, 2, 4);
  put_text(&b, "tokenizer.ggml.tokens"), put_int(&b, 9, 4), put_int(&b, 8, 4), put_int(&b, 3, 8);
  put_text(&b, "a"), put_text(&b, ""), put_text(&b, "\n");
  put_text(&b, "nested"), put_int(&b, 9, 4), put_int(&b, 9, 4), put_int(&b, 1, 8), put_int(&b, 0, 4), put_int(&b, 2, 8), put_int(&b, 0xffff, 2);
  put_text(&b, "llama.rope.freq_base"), put_int(&b, 6, 4), put(&b, &(float){10000}, 4);
  put_tensor(&b, "token_embd.weight", 64, 100, Q8_0);
  for (int layer = 0; layer < 2; layer++) {
    static const struct { const char *name; uint64_t columns, rows; uint32_t type; } tensors[] = {
      {"attn_norm", 64, 0, F32}, {"attn_q", 64, 64, Q4_0}, {"attn_k", 64, 32, Q4_0}, {"attn_v", 64, 32, Q4_0}, {"attn_output", 64, 64, Q4_0},
      {"ffn_norm", 64, 0, F32}, {"ffn_gate", 64, 128, Q4_0}, {"ffn_up", 64, 128, Q4_0}, {"ffn_down", 128, 64, Q4_0}};
    for (size_t t = 0; t < sizeof tensors / sizeof tensors[0]; t++) {
      char name[64];
      snprintf(name, sizeof name, "blk.%d.%s.weight", layer, tensors[t].name);
      put_tensor(&b, name, tensors[t].columns, tensors[t].rows, tensors[t].type);
    }
  }
  put_tensor(&b, "output_norm.weight", 64, 0, F32);
  return &b;
}

static bool parse_gguf(const struct bytes *b, struct gguf *g, struct error *err) {
  *err = (struct error){0};
  return gguf_parse(b->at, b->n, g, err);
}

static void a_header_becomes_a_model(void **state) {
  (void)state;
  static struct gguf g;
  struct model m;
  struct error err;
  const double q4 = 2 * (2.0 * 64 * 64 + 2 * 32 * 64 + 3 * 64 * 128), params = 100 * 64 + q4 + 5 * 64;
  if (!parse_gguf(small_llama(), &g, &err) || !gguf_model(&g, &m, &err)) fail_msg("%s", err.text);
  assert_float_equal(g.params, params, 0);
  assert_float_equal(g.bytes, 100.0 * 64 / 32 * 34 + q4 / 32 * 18 + 5.0 * 64 * 4, 0);
  assert_float_equal(m.params, params, 0);
  assert_float_equal(m.published_params, params, 0);
  assert_int_equal(m.kv_heads, 2);
  assert_int_equal(m.head_dim, 16);
  assert_int_equal(m.vocab, 100);
  assert_int_equal(m.context, 512);
  assert_true(m.tied_embeddings && !m.qkv_bias && m.gated_ffn);
  assert_string_equal(m.id, "small-llama");
  assert_non_null(strstr(m.source, "Q4_0"));
  assert_string_equal(m.not_costed[0], "");
  assert_int_equal(gguf_find(&g, "tokenizer.ggml.tokens")->count, 3);
}

/* tests/fixtures/make_gguf.py has llama.cpp's own package write it, and prints these counts. */
static void what_llama_cpp_writes_is_read(void **state) {
  (void)state;
  static struct gguf g;
  struct error err = {0};
  struct model *ours = model_load("olmoe-1b-7b", &err), *m = model_load(SOURCE_DIR "/tests/fixtures/olmoe-1b-7b.gguf", &err);
  if (!m || !gguf_read(SOURCE_DIR "/tests/fixtures/olmoe-1b-7b.gguf", &g, &err)) fail_msg("%s", err.text);
  assert_same_model(m, ours);
  assert_float_equal(m->published_params, 6919161856, 0);
  assert_float_equal(g.params, 6919161856, 0);
  assert_float_equal(g.bytes, 3899695104, 0);
  free(m);
  free(ours);
}

static void a_file_is_told_by_its_content(void **state) {
  (void)state;
  static const char *const path = "test_model_files.tmp.json";
  struct error err = {0};
  const struct bytes *b = small_llama();
  assert_true(file_write(path, b->at, b->n, true, &err));
  struct model *m = model_load(path, &err);
  if (!m) fail_msg("%s", err.text);
  assert_string_equal(m->name, "Small Llama");
  free(m);
  assert_true(file_write(path, b->at, 100, true, &err));
  assert_null(model_load(path, &err));
  assert_non_null(strstr(err.text, "ends within"));
  assert_non_null(strstr(err.text, path));
  remove(path);
}

/* Cut anywhere, it is refused; with any one byte changed it is read or refused, and nothing worse. */
static void damaged_headers_are_survived(void **state) {
  (void)state;
  static struct gguf g;
  static struct bytes copy;
  struct error err;
  struct model m;
  copy = *small_llama();
  const size_t whole = copy.n;
  for (copy.n = 0; copy.n < whole; copy.n++) assert_false(parse_gguf(&copy, &g, &err));
  static const unsigned char changes[] = {0x01, 0x80, 0xff, 0x08};
  for (size_t i = 0; i < whole; i++)
    for (size_t c = 0; c < sizeof changes; c++) {
      copy.at[i] ^= changes[c];
      if (parse_gguf(&copy, &g, &err)) (void)gguf_model(&g, &m, &err);
      copy.at[i] ^= changes[c];
    }
}

static void gguf_refused(const struct bytes *b, const char *says) {
  static struct gguf g;
  struct error err;
  struct model m;
  if (parse_gguf(b, &g, &err) && gguf_model(&g, &m, &err)) fail_msg("accepted what should say '%s'", says);
  if (!strstr(err.text, says)) fail_msg("'%s' does not say '%s'", err.text, says);
}

static void hostile_headers_are_refused(void **state) {
  (void)state;
  static struct bytes b;
  put_head(&b, 1, 0, 0), gguf_refused(&b, "version 1");
  put_head(&b, 0x03000000, 0, 0), gguf_refused(&b, "big-endian");
  put_head(&b, 3, UINT64_MAX, 0), gguf_refused(&b, "believed");
  put_head(&b, 3, 0, UINT64_MAX), gguf_refused(&b, "believed");
  put_head(&b, 3, 0, 0), gguf_refused(&b, "general.architecture");
  put_head(&b, 3, 0, 1), put_int(&b, UINT64_MAX, 8), gguf_refused(&b, "string");
  put_head(&b, 3, 0, 1), put_text(&b, "k"), put_int(&b, 8, 4), put_int(&b, UINT64_MAX - 8, 8), gguf_refused(&b, "string");
  put_head(&b, 3, 0, 1), put_text(&b, "k"), put_int(&b, 9, 4), put_int(&b, 0, 4), put_int(&b, UINT64_MAX, 8), gguf_refused(&b, "elements");
  put_head(&b, 3, 0, 1), put_text(&b, "k"), put_int(&b, 9, 4), put_int(&b, 0, 4), put_int(&b, 1 << 20, 8), gguf_refused(&b, "ends within");
  put_head(&b, 3, 0, 1), put_text(&b, "k"), put_int(&b, 13, 4), gguf_refused(&b, "unknown type");
  put_head(&b, 3, 0, 1), put_text(&b, "k"), put_int(&b, 7, 4), put_int(&b, 2, 1), gguf_refused(&b, "boolean");
  put_head(&b, 3, 0, 1), put_text(&b, "k"), put_int(&b, 9, 4);
  for (int i = 0; i < 1000; i++) put_int(&b, 9, 4), put_int(&b, 1, 8);
  gguf_refused(&b, "deeper");
  put_head(&b, 3, 0, 1), put_string(&b, "general.architecture", "mamba"), gguf_refused(&b, "deepseek2");
  put_head(&b, 3, 1, 0), put_tensor(&b, "t", 1ull << 40, 1ull << 40, F32), gguf_refused(&b, "impossible");
  put_head(&b, 3, 1, 0), put_tensor(&b, "t", 33, 1, Q4_0), gguf_refused(&b, "impossible");
  put_head(&b, 3, 1, 0), put_tensor(&b, "t", 32, 0, 4), gguf_refused(&b, "unknown type");
  put_head(&b, 3, 1, 0), put_text(&b, "t"), put_int(&b, 5, 4), gguf_refused(&b, "dimensions");
}

static void contradicting_metadata_is_refused(void **state) {
  (void)state;
  static struct bytes b;
  put_head(&b, 3, 0, 6), put_string(&b, "general.architecture", "llama"), put_u32(&b, "llama.block_count", 2);
  put_u32(&b, "llama.embedding_length", 64), put_u32(&b, "llama.attention.head_count", 3), put_u32(&b, "llama.context_length", 9);
  put_u32(&b, "llama.feed_forward_length", 9);
  gguf_refused(&b, "multiple");
  put_head(&b, 2, 0, 2), put_string(&b, "general.architecture", "llama"), put_u32(&b, "llama.embedding_length", 0);
  gguf_refused(&b, "embedding_length");
  put_head(&b, 2, 0, 2), put_string(&b, "general.architecture", "llama"), put_string(&b, "llama.embedding_length", "x");
  gguf_refused(&b, "not a number");
  put_head(&b, 3, 0, 2), put_string(&b, "general.architecture", "llama");
  put_text(&b, "llama.embedding_length"), put_int(&b, 6, 4), put(&b, &(float){NAN}, 4);
  gguf_refused(&b, "embedding_length");
}

/* The keys that writers of the absorbed form use: the cache's sizes as key_length, the heads' as key_length_mla. */
static void mla_is_read_in_both_spellings(void **state) {
  (void)state;
  static struct bytes b;
  static struct gguf g;
  struct error err = {0};
  struct model *ours = model_load("deepseek-v2-lite", &err), m;
  for (int absorbed = 0; absorbed < 2; absorbed++) {
    static const struct { const char *key; uint32_t value; } keys[] = {
      {"block_count", 27}, {"context_length", 163840}, {"embedding_length", 2048}, {"feed_forward_length", 10944}, {"attention.head_count", 16},
      {"attention.kv_lora_rank", 512}, {"rope.dimension_count", 64}, {"expert_count", 64}, {"expert_used_count", 6},
      {"expert_feed_forward_length", 1408}, {"expert_shared_count", 2}, {"leading_dense_block_count", 1}, {"vocab_size", 102400}};
    const size_t n = sizeof keys / sizeof keys[0];
    put_head(&b, 3, 0, n + (absorbed ? 6 : 4));
    put_string(&b, "general.architecture", "deepseek2");
    for (size_t i = 0; i < n; i++) {
      char key[96];
      snprintf(key, sizeof key, "deepseek2.%s", keys[i].key);
      put_u32(&b, key, keys[i].value);
    }
    put_u32(&b, "deepseek2.attention.head_count_kv", absorbed ? 1 : 16);
    put_u32(&b, "deepseek2.attention.key_length", absorbed ? 576 : 192);
    put_u32(&b, "deepseek2.attention.value_length", absorbed ? 512 : 128);
    if (absorbed) put_u32(&b, "deepseek2.attention.key_length_mla", 192), put_u32(&b, "deepseek2.attention.value_length_mla", 128);
    if (!parse_gguf(&b, &g, &err) || !gguf_model(&g, &m, &err)) fail_msg("%s", err.text);
    assert_same_model(&m, ours);
  }
  free(ours);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(configs_lead_to_the_built_in_models),
    cmocka_unit_test(windows_above_a_layer_are_counted),
    cmocka_unit_test(bad_configs_are_refused),
    cmocka_unit_test(a_header_becomes_a_model),
    cmocka_unit_test(what_llama_cpp_writes_is_read),
    cmocka_unit_test(a_file_is_told_by_its_content),
    cmocka_unit_test(damaged_headers_are_survived),
    cmocka_unit_test(hostile_headers_are_refused),
    cmocka_unit_test(contradicting_metadata_is_refused),
    cmocka_unit_test(mla_is_read_in_both_spellings),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
