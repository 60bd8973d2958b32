/* The ops of a forward pass and the bytes of a model, counted by hand. */
#include "workload_expected.h"

/* SmolLM2-135M: 30 layers, hidden 576, 9 heads and 3 KV heads of 64, FFN 1,536, 49,152 tokens. 588 tokens in, 100 out,
 * 2 at once: each prompt a chunk of 512 and one of 76; the cache holds 688, and has 588 + 50 on average in 99 steps. */
static void the_ops_of_smollm2_are_those_counted_by_hand(void **state) {
  (void)state;
  static const struct expected expected[] = {
    {P, F, 2, 0, 0, "block.embed", "r512-w576-d0-p0-v49152"}, {P, F, 2, 0, 0, "block.embed", "r76-w576-d0-p0-v49152"},
    {P, F, 2, 0, 0, "block.rms_norm", "r512-w576-d0-p0-v0"},  {P, F, 2, 0, 0, "block.rms_norm", "r76-w576-d0-p0-v0"},
    {P, CLASS_QKV, 60, 0, 0, "matmul.{format}", "m512-n576-k576"},   /* 30 layers of 2 prompts */
    {P, CLASS_QKV, 60, 0, 0, "matmul.{format}", "m76-n576-k576"},
    {P, CLASS_QKV, 120, 0, 0, "matmul.{format}", "m512-n192-k576"},  /* k and v */
    {P, CLASS_QKV, 120, 0, 0, "matmul.{format}", "m76-n192-k576"},
    {P, F, 60, 0, 0, "block.rope_halves", "r512-w576-d64-p0-v0"},
    {P, F, 60, 0, 0, "block.rope_halves", "r76-w576-d64-p0-v0"},
    {P, A, 60, 0, 0, "kv_cache.rope_halves_append_{format}", "b1-r512-p0-kv688-g3-d64"},
    {P, A, 60, 1, 0, "block.rope_halves", "r512-w192-d64-p0-v0"},
    {P, A, 60, 1, 1, "kv_cache.append_{format}", "b1-r512-p0-kv688-g3-d64"},
    {P, A, 60, 0, 0, "kv_cache.append_{format}", "b1-r512-p0-kv688-g3-d64"},
    {P, A, 60, 0, 0, "kv_cache.rope_halves_append_{format}", "b1-r76-p0-kv688-g3-d64"},
    {P, A, 60, 1, 0, "block.rope_halves", "r76-w192-d64-p0-v0"},
    {P, A, 60, 1, 1, "kv_cache.append_{format}", "b1-r76-p0-kv688-g3-d64"},
    {P, A, 60, 0, 0, "kv_cache.append_{format}", "b1-r76-p0-kv688-g3-d64"},
    {P, A, 60, 0, 0, "attention.{algorithm}_{format}", "b1-q512-kv512-h9-g3-d64-c1"},
    {P, A, 60, 0, 0, "attention.{algorithm}_{format}", "b1-q76-kv588-h9-g3-d64-c1"},
    {P, CLASS_ATTN_OUT, 60, 0, 0, "matmul.{format}", "m512-n576-k576"},
    {P, CLASS_ATTN_OUT, 60, 0, 0, "matmul.{format}", "m76-n576-k576"},
    {P, F, 120, 0, 0, "block.add_rms_norm", "r512-w576-d0-p0-v0"},   /* after attention and after the FFN */
    {P, F, 120, 1, 0, "block.residual", "r512-w576-d0-p0-v0"},
    {P, F, 120, 1, 1, "block.rms_norm", "r512-w576-d0-p0-v0"},
    {P, F, 120, 0, 0, "block.add_rms_norm", "r76-w576-d0-p0-v0"},
    {P, F, 120, 1, 0, "block.residual", "r76-w576-d0-p0-v0"}, {P, F, 120, 1, 1, "block.rms_norm", "r76-w576-d0-p0-v0"},
    {P, CLASS_FFN_UP, 120, 0, 0, "matmul.{format}", "m512-n1536-k576"},
    {P, CLASS_FFN_UP, 120, 0, 0, "matmul.{format}", "m76-n1536-k576"},
    {P, F, 60, 0, 0, "block.swiglu", "r512-w1536-d0-p0-v0"}, {P, F, 60, 0, 0, "block.swiglu", "r76-w1536-d0-p0-v0"},
    {P, CLASS_FFN_DOWN, 60, 0, 0, "matmul.{format}", "m512-n576-k1536"},
    {P, CLASS_FFN_DOWN, 60, 0, 0, "matmul.{format}", "m76-n576-k1536"},
    {P, CLASS_LOGITS, 2, 0, 0, "matmul.{format}", "m1-n49152-k576"},

    {D, F, 1, 0, 0, "block.embed", "r2-w576-d0-p0-v49152"}, {D, F, 1, 0, 0, "block.rms_norm", "r2-w576-d0-p0-v0"},
    {D, CLASS_QKV, 30, 0, 0, "matmul.{format}", "m2-n576-k576"},
    {D, CLASS_QKV, 60, 0, 0, "matmul.{format}", "m2-n192-k576"},
    {D, F, 30, 0, 0, "block.rope_halves", "r2-w576-d64-p0-v0"},
    {D, A, 30, 0, 0, "kv_cache.rope_halves_append_{format}", "b2-r1-p0-kv688-g3-d64"},
    {D, A, 30, 1, 0, "block.rope_halves", "r2-w192-d64-p0-v0"},
    {D, A, 30, 1, 1, "kv_cache.append_{format}", "b2-r1-p0-kv688-g3-d64"},
    {D, A, 30, 0, 0, "kv_cache.append_{format}", "b2-r1-p0-kv688-g3-d64"},
    {D, A, 30, 0, 0, "attention.{algorithm}_{format}", "b2-q1-kv638-h9-g3-d64-c1"},
    {D, CLASS_ATTN_OUT, 30, 0, 0, "matmul.{format}", "m2-n576-k576"},
    {D, F, 60, 0, 0, "block.add_rms_norm", "r2-w576-d0-p0-v0"},
    {D, F, 60, 1, 0, "block.residual", "r2-w576-d0-p0-v0"}, {D, F, 60, 1, 1, "block.rms_norm", "r2-w576-d0-p0-v0"},
    {D, CLASS_FFN_UP, 60, 0, 0, "matmul.{format}", "m2-n1536-k576"},
    {D, F, 30, 0, 0, "block.swiglu", "r2-w1536-d0-p0-v0"},
    {D, CLASS_FFN_DOWN, 30, 0, 0, "matmul.{format}", "m2-n576-k1536"},
    {D, CLASS_LOGITS, 1, 0, 0, "matmul.{format}", "m2-n49152-k576"},
  };
  const struct task task = {.prompt = 588, .output = 100, .concurrency = 2};
  struct workload w = workload_of("smollm2-135m", &task);
  assert_workload(&w, expected, sizeof expected / sizeof expected[0]);
  assert_int_equal(w.kv_length, 688);
  assert_float_equal(w.passes[PHASE_PREFILL], 4, 0);
  assert_float_equal(w.passes[PHASE_DECODE], 1, 0);
  workload_free(&w);
}

/* Qwen3-30B-A3B: 48 layers, hidden 2,048, 32 heads and 4 KV heads of 128 with a norm each, 128 experts of 768 of which
 * 8 serve a token, 151,936 tokens. 100 tokens in, 21 out: one chunk; 8 x 100 rows go through experts. */
static void the_ops_of_qwen3_are_those_counted_by_hand(void **state) {
  (void)state;
#define QWEN3(phase, rows, slots, kv) \
    {phase, F, 1, 0, 0, "block.embed", "r" rows "-w2048-d0-p0-v151936"}, \
    {phase, F, 1, 0, 0, "block.rms_norm", "r" rows "-w2048-d0-p0-v0"}, \
    {phase, CLASS_QKV, 48, 0, 0, "matmul.{format}", "m" rows "-n4096-k2048"}, \
    {phase, CLASS_QKV, 96, 0, 0, "matmul.{format}", "m" rows "-n512-k2048"}, \
    {phase, F, 48, 0, 0, "block.head_norm", "r" rows "-w512-d128-p0-v0"}, \
    {phase, F, 48, 0, 0, "block.head_norm_rope_halves", "r" rows "-w4096-d128-p0-v0"}, \
    {phase, F, 48, 1, 0, "block.head_norm", "r" rows "-w4096-d128-p0-v0"}, \
    {phase, F, 48, 1, 1, "block.rope_halves", "r" rows "-w4096-d128-p0-v0"}, \
    {phase, A, 48, 0, 0, "kv_cache.rope_halves_append_{format}", "b1-r" rows "-p0-kv121-g4-d128"}, \
    {phase, A, 48, 1, 0, "block.rope_halves", "r" rows "-w512-d128-p0-v0"}, \
    {phase, A, 48, 1, 1, "kv_cache.append_{format}", "b1-r" rows "-p0-kv121-g4-d128"}, \
    {phase, A, 48, 0, 0, "kv_cache.append_{format}", "b1-r" rows "-p0-kv121-g4-d128"}, \
    {phase, A, 48, 0, 0, "attention.{algorithm}_{format}", "b1-q" rows "-kv" kv "-h32-g4-d128-c1"}, \
    {phase, CLASS_ATTN_OUT, 48, 0, 0, "matmul.{format}", "m" rows "-n2048-k4096"}, \
    {phase, F, 96, 0, 0, "block.add_rms_norm", "r" rows "-w2048-d0-p0-v0"}, \
    {phase, F, 96, 1, 0, "block.residual", "r" rows "-w2048-d0-p0-v0"}, \
    {phase, F, 96, 1, 1, "block.rms_norm", "r" rows "-w2048-d0-p0-v0"}, \
    {phase, F, 48, 0, 0, "matmul.f32", "m" rows "-n128-k2048"}, \
    {phase, F, 48, 0, 0, "router.fused", "t" rows "-e128-top8-s0-r1"}, \
    /* gate and up: 2 x 768 */ \
    {phase, CLASS_FFN_UP, 48, 0, 0, "moe.{algorithm}_{format}", "t" rows "-e128-top8-n1536-k2048-d0-l0"}, \
    {phase, F, 48, 0, 0, "block.swiglu", "r" slots "-w768-d0-p0-v0"}, \
    {phase, CLASS_FFN_DOWN, 48, 0, 0, "moe.{algorithm}_{format}", "t" rows "-e128-top8-n2048-k768-d1-l0"}
  static const struct expected expected[] = {
    QWEN3(P, "100", "800", "100"), {P, CLASS_LOGITS, 1, 0, 0, "matmul.{format}", "m1-n151936-k2048"},
    QWEN3(D, "1", "8", "111"),     {D, CLASS_LOGITS, 1, 0, 0, "matmul.{format}", "m1-n151936-k2048"},
  };
#undef QWEN3
  const struct task task = {.prompt = 100, .output = 21, .concurrency = 1};
  struct workload w = workload_of("qwen3-30b-a3b", &task);
  assert_workload(&w, expected, sizeof expected / sizeof expected[0]);
  workload_free(&w);
}

static const struct op *op_named(const struct workload *w, const char *name) {
  for (size_t i = 0; i < w->n; i++)
    if (strcmp(w->ops[i].name, name) == 0) return &w->ops[i];
  return NULL;
}

/* What the two above do not have: biases, a norm over all heads, interleaved pairs, no gate, a shared expert. */
static void variations_of_a_model_have_their_ops(void **state) {
  (void)state;
  struct error err = {0};
  const struct task task = {.prompt = 7, .output = 1, .concurrency = 1};
  struct workload w = workload_of("qwen2.5-7b", &task);
  assert_float_equal(op_named(&w, "bias of q")->count, 28, 0);
  assert_float_equal(op_named(&w, "bias of k, v")->count, 2 * 28, 0);
  assert_null(op_named(&w, "q norm"));
  workload_free(&w);

  w = workload_of("olmoe-1b-7b", &task);
  char shape[64];
  kernel_shape_text(&op_named(&w, "q norm")->way[0][0].kase, shape, sizeof shape);
  assert_string_equal(shape, "r7-w2048-d0-p0-v0");   /* 16 heads of 128 as one row */
  assert_non_null(op_named(&w, "RoPE of q"));
  assert_null(op_named(&w, "bias of q"));
  workload_free(&w);

  struct model model = {.id = "m", .hidden = 64, .layers = 3, .heads = 2, .kv_heads = 1, .head_dim = 32, .vocab = 100,
                        .context = 100, .shared_ffn = 96, .experts = 4, .experts_per_token = 2, .expert_ffn = 32,
                        .rope = ROPE_PAIRS, .activation = ACTIVATION_GELU};
  const struct setting setting = setting_plain(&model);
  assert_true(workload_build(&setting, &task, &w, &err));
  assert_string_equal(op_named(&w, "RoPE of q")->way[0][0].technique, "block.rope_pairs");
  assert_string_equal(op_named(&w, "RoPE of k, append of k")->way[0][0].technique,
                      "kv_cache.rope_pairs_append_{format}");
  assert_string_equal(op_named(&w, "shared activation")->way[0][0].technique, "block.gelu");
  kernel_shape_text(&op_named(&w, "experts' gate, up")->way[0][0].kase, shape, sizeof shape);
  assert_string_equal(shape, "t7-e4-top2-n32-k64-d0-l0");
  assert_float_equal(op_named(&w, "shared gate, up")->count, 3, 0);   /* and no gate */
  assert_float_equal(op_named(&w, "shared expert added")->count, 3, 0);
  workload_free(&w);
}

/* Bytes as the rooms store them: f16 twice the weights, int8 17/16 of them; one position of one layer's f16 cache
 * 768. */
static void bytes_of_smollm2_are_those_counted_by_hand(void **state) {
  (void)state;
  struct error err = {0};
  struct kernel_case kase;
  assert_true(ops_matrix_case(1536, 576, &kase, &err));
  assert_float_equal(cost_stream_bytes(&kase, technique_find("matmul.f16")), 2 * 1536 * 576, 0);
  assert_float_equal(cost_stream_bytes(&kase, technique_find("matmul.int8_g32")), 1536 * 576 * 34 / 32, 0);
  assert_float_equal(cost_stream_bytes(&kase, technique_find("matmul.int4_g32")), 1536 * 576 * 18 / 32, 0);
  assert_float_equal(cost_stream_bytes(&kase, technique_find("matmul.int4z_g32")), 1536 * 576 * 20 / 32, 0);
  struct model *model = model_load("smollm2-135m", &err);
  assert_true(ops_attention_case(model, 2, 1, 1024, &kase, &err));
  assert_float_equal(cost_stream_bytes(&kase, technique_find("attention.flash_f16")), 2 * 1024 * 768, 0);
  assert_float_equal(cost_stream_bytes(&kase, technique_find("attention.flash_int8")), 2 * 1024 * 768 * 34 / 64, 0);
  assert_float_equal(model_fixed_bytes(model), 4 * 576 * 61, 0);
  free(model);
}

/* OLMoE: a layer holds all 64 experts, gate, up and down of 1,024 x 2,048; one token reads 8 of them, and 512 tokens
 * practically all: 64 (1 - (1 - 8/64)^512). Norms of 2,048 twice a layer, once at the end, and for q and k of each
 * layer; a router of 64 x 2,048 in each. */
static void bytes_of_olmoe_are_those_counted_by_hand(void **state) {
  (void)state;
  struct error err = {0};
  struct model *model = model_load("olmoe-1b-7b", &err);
  assert_non_null(model);
  assert_float_equal(model_class_params(model, CLASS_FFN_UP), 16.0 * 64 * 2 * 1024 * 2048, 0);
  assert_float_equal(model_class_params(model, CLASS_FFN_DOWN), 16.0 * 64 * 1024 * 2048, 0);
  assert_float_equal(model_fixed_bytes(model), 4 * (2048 * (2 * 16 + 1) + 16 * 2 * 2048 + 16 * 64 * 2048), 0);
  free(model);
  const struct task task = {.prompt = 512, .output = 1, .concurrency = 1};
  struct workload w = workload_of("olmoe-1b-7b", &task);
  for (size_t i = 0; i < w.n; i++) {
    if (strcmp(w.ops[i].name, "experts' down") != 0) continue;
    const struct kernel_case *kase = &w.ops[i].way[0][0].kase;
    const double tokens = (double)kase->dim[0];
    const double rows = 4 * tokens * (8 * 1024 + 2048 + 2 * 8);   /* x of each slot, y, routing */
    const double active = tokens > 1 ? 64 * (1 - pow(1 - 8.0 / 64, 512)) : 8;
    assert_float_equal(kase->family->bytes(kase, technique_find("moe.grouped_f16")), active * 2 * 1024 * 2048 + rows,
                       1);
  }
  workload_free(&w);
}

static void a_task_longer_than_the_context_is_refused(void **state) {
  (void)state;
  struct error err = {0};
  struct model *model = model_load("smollm2-135m", &err);
  const struct task task = {.id = "long", .prompt = 8192, .output = 1, .concurrency = 1};
  struct workload w;
  const struct setting setting = setting_plain(model);
  assert_false(workload_build(&setting, &task, &w, &err));
  assert_non_null(strstr(err.text, "8192"));
  free(model);
}

/* DeepSeek-V2-Lite: 27 layers, hidden 2,048, 16 heads of 128 + 64 that share a latent of 512 and a key of 64, values of
 * 128; a dense FFN of 10,944 in the first layer, else 64 experts of 1,408 of which 6 serve a token and one of 2,816
 * that serves all; 102,400 tokens. 100 tokens in, 21 out. Attention over keys of 576 and values of 512, on average 544:
 * three heads of 192 in place of each. */
static void the_ops_of_deepseek_are_those_counted_by_hand(void **state) {
  (void)state;
#define DEEPSEEK(phase, rows, slots, kv) \
    {phase, F, 1, 0, 0, "block.embed", "r" rows "-w2048-d0-p0-v102400"}, \
    {phase, F, 1, 0, 0, "block.rms_norm", "r" rows "-w2048-d0-p0-v0"}, \
    {phase, CLASS_QKV, 27, 0, 0, "matmul.{format}", "m" rows "-n3072-k2048"}, \
    {phase, CLASS_QKV, 27, 0, 0, "matmul.{format}", "m" rows "-n576-k2048"},   /* the latent and the key beside it */ \
    {phase, F, 27, 0, 0, "block.rms_norm", "r" rows "-w512-d0-p0-v0"}, \
    {phase, CLASS_QKV, 27, 0, 0, "matmul.{format}", "m" rows "-n8192-k128"},   /* q of 16 heads into 512 */ \
    {phase, F, 27, 0, 0, "block.rope_pairs", "r" rows "-w1024-d64-p0-v0"}, \
    {phase, A, 27, 0, 0, "kv_cache.rope_pairs_append_{format}", "b1-r" rows "-p0-kv121-g1-d64"}, \
    {phase, A, 27, 1, 0, "block.rope_pairs", "r" rows "-w64-d64-p0-v0"}, \
    {phase, A, 27, 1, 1, "kv_cache.append_{format}", "b1-r" rows "-p0-kv121-g1-d64"}, \
    {phase, A, 27, 0, 0, "kv_cache.append_{format}", "b1-r" rows "-p0-kv121-g1-d512"}, \
    {phase, A, 27, 0, 0, "attention.{algorithm}_{format}", "b1-q" rows "-kv" kv "-h48-g3-d192-c1"}, \
    {phase, CLASS_QKV, 27, 0, 0, "matmul.{format}", "m" rows "-n2048-k512"}, \
    {phase, CLASS_ATTN_OUT, 27, 0, 0, "matmul.{format}", "m" rows "-n2048-k2048"}, \
    {phase, F, 54, 0, 0, "block.add_rms_norm", "r" rows "-w2048-d0-p0-v0"}, \
    {phase, F, 54, 1, 0, "block.residual", "r" rows "-w2048-d0-p0-v0"}, \
    {phase, F, 54, 1, 1, "block.rms_norm", "r" rows "-w2048-d0-p0-v0"}, \
    {phase, CLASS_FFN_UP, 2, 0, 0, "matmul.{format}", "m" rows "-n10944-k2048"}, \
    {phase, F, 1, 0, 0, "block.swiglu", "r" rows "-w10944-d0-p0-v0"}, \
    {phase, CLASS_FFN_DOWN, 1, 0, 0, "matmul.{format}", "m" rows "-n2048-k10944"}, \
    {phase, F, 26, 0, 0, "matmul.f32", "m" rows "-n64-k2048"}, \
    {phase, F, 26, 0, 0, "router.fused", "t" rows "-e64-top6-s0-r1"}, \
    {phase, CLASS_FFN_UP, 26, 0, 0, "moe.{algorithm}_{format}", "t" rows "-e64-top6-n2816-k2048-d0-l0"}, \
    {phase, F, 26, 0, 0, "block.swiglu", "r" slots "-w1408-d0-p0-v0"}, \
    {phase, CLASS_FFN_DOWN, 26, 0, 0, "moe.{algorithm}_{format}", "t" rows "-e64-top6-n2048-k1408-d1-l0"}, \
    {phase, CLASS_FFN_UP, 52, 0, 0, "matmul.{format}", "m" rows "-n2816-k2048"}, \
    {phase, F, 26, 0, 0, "block.swiglu", "r" rows "-w2816-d0-p0-v0"}, \
    {phase, CLASS_FFN_DOWN, 26, 0, 0, "matmul.{format}", "m" rows "-n2048-k2816"}, \
    {phase, F, 26, 0, 0, "block.residual", "r" rows "-w2048-d0-p0-v0"}
  static const struct expected expected[] = {
    DEEPSEEK(P, "100", "600", "100"), {P, CLASS_LOGITS, 1, 0, 0, "matmul.{format}", "m1-n102400-k2048"},
    DEEPSEEK(D, "1", "6", "111"),     {D, CLASS_LOGITS, 1, 0, 0, "matmul.{format}", "m1-n102400-k2048"},
  };
#undef DEEPSEEK
  const struct task task = {.prompt = 100, .output = 21, .concurrency = 1};
  struct workload w = workload_of("deepseek-v2-lite", &task);
  assert_workload(&w, expected, sizeof expected / sizeof expected[0]);
  assert_non_null(strstr(w.notes[0], "576"));
  workload_free(&w);
}

/* A position of a layer is the latent of 512 and the key of 64, once. The weights: q of 16 x 192, latent and key, k and
 * v of 16 x 128 each from the latent; norms of 2,048 and of the latent, 26 routers of 64. */
static void bytes_of_deepseek_are_those_counted_by_hand(void **state) {
  (void)state;
  struct error err = {0};
  const struct task task = {.prompt = 1000, .output = 24, .concurrency = 3};
  struct workload w = workload_of("deepseek-v2-lite", &task);
  assert_float_equal(cache_bytes(&w, "attention.flash_f16"), 3.0 * 27 * 1024 * 576 * 2, 0);
  workload_free(&w);
  struct model *model = model_load("deepseek-v2-lite", &err);
  assert_float_equal(model_class_params(model, CLASS_QKV), 27.0 * (3072 * 2048 + 576 * 2048 + 2 * 16 * 128 * 512), 0);
  assert_float_equal(model_class_params(model, CLASS_ATTN_OUT), 27.0 * 2048 * 2048, 0);
  assert_float_equal(model_class_params(model, CLASS_FFN_DOWN), 2048.0 * (10944 + 26 * (64 * 1408 + 2816)), 0);
  assert_float_equal(model_fixed_bytes(model), 4.0 * (2048 * 55 + 27 * 512 + 26 * 64 * 2048), 0);
  assert_float_equal(model->params, 15706484224.0, 0);   /* what its checkpoint holds */
  free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_ops_of_smollm2_are_those_counted_by_hand),
    cmocka_unit_test(the_ops_of_qwen3_are_those_counted_by_hand),
    cmocka_unit_test(variations_of_a_model_have_their_ops),
    cmocka_unit_test(bytes_of_smollm2_are_those_counted_by_hand),
    cmocka_unit_test(bytes_of_olmoe_are_those_counted_by_hand),
    cmocka_unit_test(a_task_longer_than_the_context_is_refused),
    cmocka_unit_test(the_ops_of_deepseek_are_those_counted_by_hand),
    cmocka_unit_test(bytes_of_deepseek_are_those_counted_by_hand),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
