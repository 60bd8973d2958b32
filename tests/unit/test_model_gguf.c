/* Models from GGUF headers, whole and damaged, written as ggml's docs/gguf.md says. */
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
#include "model_same.h"

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
static void put_u32(struct bytes *b, const char *key, uint32_t value) {
  put_text(b, key);
  put_int(b, 4, 4);
  put_int(b, value, 4);
}

static void put_string(struct bytes *b, const char *key, const char *value) {
  put_text(b, key);
  put_int(b, 8, 4);
  put_text(b, value);
}
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
  put_text(&b, "llama.attention.head_count_kv"), put_int(&b, 9, 4), put_int(&b, 5, 4), put_int(&b, 2, 8);
  put_int(&b, 2, 4), put_int(&b, 2, 4);
  put_text(&b, "tokenizer.ggml.tokens"), put_int(&b, 9, 4), put_int(&b, 8, 4), put_int(&b, 3, 8);
  put_text(&b, "a"), put_text(&b, ""), put_text(&b, "\n");
  put_text(&b, "nested"), put_int(&b, 9, 4), put_int(&b, 9, 4), put_int(&b, 1, 8), put_int(&b, 0, 4);
  put_int(&b, 2, 8), put_int(&b, 0xffff, 2);
  put_text(&b, "llama.rope.freq_base"), put_int(&b, 6, 4), put(&b, &(float){10000}, 4);
  put_tensor(&b, "token_embd.weight", 64, 100, Q8_0);
  for (int layer = 0; layer < 2; layer++) {
    static const struct { const char *name; uint64_t columns, rows; uint32_t type; } tensors[] = {
      {"attn_norm", 64, 0, F32}, {"attn_q", 64, 64, Q4_0}, {"attn_k", 64, 32, Q4_0}, {"attn_v", 64, 32, Q4_0},
      {"attn_output", 64, 64, Q4_0},
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
  struct model *ours = model_load("olmoe-1b-7b", &err);
  struct model *m = model_load(SOURCE_DIR "/tests/fixtures/olmoe-1b-7b.gguf", &err);
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
  static const char *const path = "test_model_gguf.tmp.json";
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
  put_head(&b, 3, 0, 1), put_text(&b, "k"), put_int(&b, 8, 4), put_int(&b, UINT64_MAX - 8, 8);
  gguf_refused(&b, "string");
  put_head(&b, 3, 0, 1), put_text(&b, "k"), put_int(&b, 9, 4), put_int(&b, 0, 4), put_int(&b, UINT64_MAX, 8);
  gguf_refused(&b, "elements");
  put_head(&b, 3, 0, 1), put_text(&b, "k"), put_int(&b, 9, 4), put_int(&b, 0, 4), put_int(&b, 1 << 20, 8);
  gguf_refused(&b, "ends within");
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
  put_u32(&b, "llama.embedding_length", 64), put_u32(&b, "llama.attention.head_count", 3);
  put_u32(&b, "llama.context_length", 9);
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
      {"block_count", 27}, {"context_length", 163840}, {"embedding_length", 2048}, {"feed_forward_length", 10944},
      {"attention.head_count", 16},
      {"attention.kv_lora_rank", 512}, {"rope.dimension_count", 64}, {"expert_count", 64}, {"expert_used_count", 6},
      {"expert_feed_forward_length", 1408}, {"expert_shared_count", 2}, {"leading_dense_block_count", 1},
      {"vocab_size", 102400}};
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
    if (absorbed) {
      put_u32(&b, "deepseek2.attention.key_length_mla", 192);
      put_u32(&b, "deepseek2.attention.value_length_mla", 128);
    }
    if (!parse_gguf(&b, &g, &err) || !gguf_model(&g, &m, &err)) fail_msg("%s", err.text);
    assert_same_model(&m, ours);
  }
  free(ours);
}

int main(void) {
  const struct CMUnitTest tests[] = {
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
