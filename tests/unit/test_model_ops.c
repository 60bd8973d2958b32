/* The ops of a request and the bytes of a model, counted by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cost.h"
#include "model.h"
#include "ops.h"

/* One kernel as the tests write it: the way, the step, its technique and the shape as in row ids. */
struct expected { enum phase phase; int slot; double count; size_t way, step; const char *technique, *shape; };

#define P PHASE_PREFILL
#define D PHASE_DECODE
#define F SLOT_FIXED
#define A SLOT_ATTENTION

static bool is_expected(const struct op *op, const struct expected *e) {
  char shape[128];
  const struct op_step *step = &op->way[e->way][e->step];
  if (op->phase != e->phase || op->slot != e->slot || op->count != e->count || !step->kase.family) return false;
  kernel_shape_text(&step->kase, shape, sizeof shape);
  return strcmp(step->technique, e->technique) == 0 && strcmp(shape, e->shape) == 0;
}

static size_t steps_of(const struct op *op) {
  size_t n = 0;
  for (size_t w = 0; w < OP_WAYS; w++)
    for (size_t s = 0; s < OP_STEPS; s++) n += op->way[w][s].kase.family != NULL;
  return n;
}

/* Each expected kernel is there, and nothing else is. */
static void assert_workload(const struct workload *w, const struct expected *expected, size_t n) {
  size_t steps = 0;
  for (size_t i = 0; i < w->n; i++) steps += steps_of(&w->ops[i]);
  for (size_t e = 0; e < n; e++) {
    size_t found = 0;
    for (size_t i = 0; i < w->n; i++) found += is_expected(&w->ops[i], &expected[e]);
    if (found != 1) fail_msg("%zu times %s %s (phase %d, slot %d, count %g)", found, expected[e].technique, expected[e].shape,
                             (int)expected[e].phase, expected[e].slot, expected[e].count);
  }
  assert_int_equal(steps, n);
}

static struct workload workload_of(const char *id, const struct task *task) {
  struct error err = {0};
  struct workload w;
  struct model *model = model_load(id, &err);
  if (!model || !workload_build(model, task, &w, &err)) fail_msg("%s", err.text);
  free(model);
  return w;
}

/* SmolLM2-135M: 30 layers, hidden 576, 9 heads and 3 KV heads of 64, FFN 1,536, 49,152 tokens. 588 tokens in, 100 out, 2 at
 * once: each prompt a chunk of 512 and one of 76; the cache holds 688, and has 588 + 50 on average in 99 steps. */
static void the_ops_of_smollm2_are_those_counted_by_hand(void **state) {
  (void)state;
  static const struct expected expected[] = {
    {P, F, 2, 0, 0, "block.embed", "r512-w576-d0-p0-v49152"}, {P, F, 2, 0, 0, "block.embed", "r76-w576-d0-p0-v49152"},
    {P, F, 2, 0, 0, "block.rms_norm", "r512-w576-d0-p0-v0"},  {P, F, 2, 0, 0, "block.rms_norm", "r76-w576-d0-p0-v0"},
    {P, CLASS_QKV, 60, 0, 0, "matmul.{format}", "m512-n576-k576"},   /* 30 layers of 2 prompts */
    {P, CLASS_QKV, 60, 0, 0, "matmul.{format}", "m76-n576-k576"},
    {P, CLASS_QKV, 120, 0, 0, "matmul.{format}", "m512-n192-k576"},  /* k and v */
    {P, CLASS_QKV, 120, 0, 0, "matmul.{format}", "m76-n192-k576"},
    {P, F, 60, 0, 0, "block.rope_halves", "r512-w576-d64-p0-v0"}, {P, F, 60, 0, 0, "block.rope_halves", "r76-w576-d64-p0-v0"},
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
    {P, CLASS_ATTN_OUT, 60, 0, 0, "matmul.{format}", "m512-n576-k576"}, {P, CLASS_ATTN_OUT, 60, 0, 0, "matmul.{format}", "m76-n576-k576"},
    {P, F, 120, 0, 0, "block.add_rms_norm", "r512-w576-d0-p0-v0"},   /* after attention and after the FFN */
    {P, F, 120, 1, 0, "block.residual", "r512-w576-d0-p0-v0"}, {P, F, 120, 1, 1, "block.rms_norm", "r512-w576-d0-p0-v0"},
    {P, F, 120, 0, 0, "block.add_rms_norm", "r76-w576-d0-p0-v0"},
    {P, F, 120, 1, 0, "block.residual", "r76-w576-d0-p0-v0"}, {P, F, 120, 1, 1, "block.rms_norm", "r76-w576-d0-p0-v0"},
    {P, CLASS_FFN_UP, 120, 0, 0, "matmul.{format}", "m512-n1536-k576"}, {P, CLASS_FFN_UP, 120, 0, 0, "matmul.{format}", "m76-n1536-k576"},
    {P, F, 60, 0, 0, "block.swiglu", "r512-w1536-d0-p0-v0"}, {P, F, 60, 0, 0, "block.swiglu", "r76-w1536-d0-p0-v0"},
    {P, CLASS_FFN_DOWN, 60, 0, 0, "matmul.{format}", "m512-n576-k1536"}, {P, CLASS_FFN_DOWN, 60, 0, 0, "matmul.{format}", "m76-n576-k1536"},
    {P, CLASS_LOGITS, 2, 0, 0, "matmul.{format}", "m1-n49152-k576"},

    {D, F, 1, 0, 0, "block.embed", "r2-w576-d0-p0-v49152"}, {D, F, 1, 0, 0, "block.rms_norm", "r2-w576-d0-p0-v0"},
    {D, CLASS_QKV, 30, 0, 0, "matmul.{format}", "m2-n576-k576"}, {D, CLASS_QKV, 60, 0, 0, "matmul.{format}", "m2-n192-k576"},
    {D, F, 30, 0, 0, "block.rope_halves", "r2-w576-d64-p0-v0"},
    {D, A, 30, 0, 0, "kv_cache.rope_halves_append_{format}", "b2-r1-p0-kv688-g3-d64"},
    {D, A, 30, 1, 0, "block.rope_halves", "r2-w192-d64-p0-v0"}, {D, A, 30, 1, 1, "kv_cache.append_{format}", "b2-r1-p0-kv688-g3-d64"},
    {D, A, 30, 0, 0, "kv_cache.append_{format}", "b2-r1-p0-kv688-g3-d64"},
    {D, A, 30, 0, 0, "attention.{algorithm}_{format}", "b2-q1-kv638-h9-g3-d64-c1"},
    {D, CLASS_ATTN_OUT, 30, 0, 0, "matmul.{format}", "m2-n576-k576"},
    {D, F, 60, 0, 0, "block.add_rms_norm", "r2-w576-d0-p0-v0"},
    {D, F, 60, 1, 0, "block.residual", "r2-w576-d0-p0-v0"}, {D, F, 60, 1, 1, "block.rms_norm", "r2-w576-d0-p0-v0"},
    {D, CLASS_FFN_UP, 60, 0, 0, "matmul.{format}", "m2-n1536-k576"}, {D, F, 30, 0, 0, "block.swiglu", "r2-w1536-d0-p0-v0"},
    {D, CLASS_FFN_DOWN, 30, 0, 0, "matmul.{format}", "m2-n576-k1536"}, {D, CLASS_LOGITS, 1, 0, 0, "matmul.{format}", "m2-n49152-k576"},
  };
  const struct task task = {.prompt = 588, .output = 100, .concurrency = 2};
  struct workload w = workload_of("smollm2-135m", &task);
  assert_workload(&w, expected, sizeof expected / sizeof expected[0]);
  assert_int_equal(w.kv_length, 688);
  assert_float_equal(w.passes[PHASE_PREFILL], 4, 0);
  assert_float_equal(w.passes[PHASE_DECODE], 1, 0);
  workload_free(&w);
}

/* Qwen3-30B-A3B: 48 layers, hidden 2,048, 32 heads and 4 KV heads of 128 with a norm each, 128 experts of 768 of which 8
 * serve a token, 151,936 tokens. 100 tokens in, 21 out: one chunk; 8 x 100 rows go through experts. */
static void the_ops_of_qwen3_are_those_counted_by_hand(void **state) {
  (void)state;
#define QWEN3(phase, rows, slots, kv) \
    {phase, F, 1, 0, 0, "block.embed", "r" rows "-w2048-d0-p0-v151936"}, {phase, F, 1, 0, 0, "block.rms_norm", "r" rows "-w2048-d0-p0-v0"}, \
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
    {phase, F, 96, 1, 0, "block.residual", "r" rows "-w2048-d0-p0-v0"}, {phase, F, 96, 1, 1, "block.rms_norm", "r" rows "-w2048-d0-p0-v0"}, \
    {phase, F, 48, 0, 0, "matmul.f32", "m" rows "-n128-k2048"}, \
    {phase, F, 48, 0, 0, "router.fused", "t" rows "-e128-top8-s0-r1"}, \
    {phase, CLASS_FFN_UP, 48, 0, 0, "moe.{algorithm}_{format}", "t" rows "-e128-top8-n1536-k2048-d0-l0"},   /* gate and up: 2 x 768 */ \
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

  struct model model = {.id = "m", .hidden = 64, .layers = 3, .heads = 2, .kv_heads = 1, .head_dim = 32, .vocab = 100, .context = 100,
                        .shared_ffn = 96, .experts = 4, .experts_per_token = 2, .expert_ffn = 32, .rope = ROPE_PAIRS, .activation = ACTIVATION_GELU};
  assert_true(workload_build(&model, &task, &w, &err));
  assert_string_equal(op_named(&w, "RoPE of q")->way[0][0].technique, "block.rope_pairs");
  assert_string_equal(op_named(&w, "RoPE of k, append of k")->way[0][0].technique, "kv_cache.rope_pairs_append_{format}");
  assert_string_equal(op_named(&w, "shared activation")->way[0][0].technique, "block.gelu");
  kernel_shape_text(&op_named(&w, "experts' gate, up")->way[0][0].kase, shape, sizeof shape);
  assert_string_equal(shape, "t7-e4-top2-n32-k64-d0-l0");
  assert_float_equal(op_named(&w, "shared gate, up")->count, 3, 0);   /* and no gate */
  assert_float_equal(op_named(&w, "shared expert added")->count, 3, 0);
  workload_free(&w);
}

/* Bytes as the rooms store them: f16 twice the weights, int8 17/16 of them; one position of one layer's f16 cache 768. */
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
 * practically all: 64 (1 - (1 - 8/64)^512). Norms of 2,048 twice a layer, once at the end, and for q and k of each layer; a
 * router of 64 x 2,048 in each. */
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
    const double tokens = (double)kase->dim[0], rows = 4 * tokens * (8 * 1024 + 2048 + 2 * 8);   /* x of each slot, y, routing */
    const double active = tokens > 1 ? 64 * (1 - pow(1 - 8.0 / 64, 512)) : 8;
    assert_float_equal(kase->family->bytes(kase, technique_find("moe.grouped_f16")), active * 2 * 1024 * 2048 + rows, 1);
  }
  workload_free(&w);
}

static void a_task_longer_than_the_context_is_refused(void **state) {
  (void)state;
  struct error err = {0};
  struct model *model = model_load("smollm2-135m", &err);
  const struct task task = {.id = "long", .prompt = 8192, .output = 1, .concurrency = 1};
  struct workload w;
  assert_false(workload_build(model, &task, &w, &err));
  assert_non_null(strstr(err.text, "8192"));
  free(model);
}

/* DeepSeek-V2-Lite: 27 layers, hidden 2,048, 16 heads of 128 + 64 that share a latent of 512 and a key of 64, values of 128;
 * a dense FFN of 10,944 in the first layer, else 64 experts of 1,408 of which 6 serve a token and one of 2,816 that serves
 * all; 102,400 tokens. 100 tokens in, 21 out. Attention over keys of 576 and values of 512, on average 544: three heads of
 * 192 in place of each. */
static void the_ops_of_deepseek_are_those_counted_by_hand(void **state) {
  (void)state;
#define DEEPSEEK(phase, rows, slots, kv) \
    {phase, F, 1, 0, 0, "block.embed", "r" rows "-w2048-d0-p0-v102400"}, {phase, F, 1, 0, 0, "block.rms_norm", "r" rows "-w2048-d0-p0-v0"}, \
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
    {phase, F, 54, 1, 0, "block.residual", "r" rows "-w2048-d0-p0-v0"}, {phase, F, 54, 1, 1, "block.rms_norm", "r" rows "-w2048-d0-p0-v0"}, \
    {phase, CLASS_FFN_UP, 2, 0, 0, "matmul.{format}", "m" rows "-n10944-k2048"}, {phase, F, 1, 0, 0, "block.swiglu", "r" rows "-w10944-d0-p0-v0"}, \
    {phase, CLASS_FFN_DOWN, 1, 0, 0, "matmul.{format}", "m" rows "-n2048-k10944"}, \
    {phase, F, 26, 0, 0, "matmul.f32", "m" rows "-n64-k2048"}, {phase, F, 26, 0, 0, "router.fused", "t" rows "-e64-top6-s0-r1"}, \
    {phase, CLASS_FFN_UP, 26, 0, 0, "moe.{algorithm}_{format}", "t" rows "-e64-top6-n2816-k2048-d0-l0"}, \
    {phase, F, 26, 0, 0, "block.swiglu", "r" slots "-w1408-d0-p0-v0"}, \
    {phase, CLASS_FFN_DOWN, 26, 0, 0, "moe.{algorithm}_{format}", "t" rows "-e64-top6-n2048-k1408-d1-l0"}, \
    {phase, CLASS_FFN_UP, 52, 0, 0, "matmul.{format}", "m" rows "-n2816-k2048"}, {phase, F, 26, 0, 0, "block.swiglu", "r" rows "-w2816-d0-p0-v0"}, \
    {phase, CLASS_FFN_DOWN, 26, 0, 0, "matmul.{format}", "m" rows "-n2048-k2816"}, {phase, F, 26, 0, 0, "block.residual", "r" rows "-w2048-d0-p0-v0"}
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

static double cache_bytes(const struct workload *w, const char *technique) {
  double bytes = 0;
  for (size_t i = 0; i < w->n_caches; i++) bytes += w->caches[i].count * cost_stream_bytes(&w->caches[i].kase, technique_find(technique));
  return bytes;
}

/* A position of a layer is the latent of 512 and the key of 64, once. The weights: q of 16 x 192, latent and key, k and v of
 * 16 x 128 each from the latent; norms of 2,048 and of the latent, 26 routers of 64. */
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

/* Those of the ops whose names begin so are the expected ones and no others. */
static void assert_ops_named(const struct workload *all, const char *const begins[], size_t n_begins, const struct expected *expected, size_t n) {
  struct workload some = {.ops = calloc(all->n, sizeof *some.ops)};
  for (size_t i = 0; i < all->n; i++)
    for (size_t b = 0; b < n_begins; b++)
      if (strncmp(all->ops[i].name, begins[b], strlen(begins[b])) == 0) some.ops[some.n++] = all->ops[i];
  assert_workload(&some, expected, n);
  workload_free(&some);
}

/* LLaVA-1.5: an image of any size becomes 336 x 336 pixels, 576 patches of 3 x 14 x 14 values; 24 layers of 1,024 with 16
 * heads, FFN 4,096; two matrices to the model's 4,096. Two requests of two images each: 4 passes. */
static void the_ops_of_an_image_are_those_counted_by_hand(void **state) {
  (void)state;
  static const struct expected expected[] = {
    {P, F, 4, 0, 0, "matmul.f16", "m576-n1024-k588"},
    {P, F, 4 * 48, 0, 0, "block.layer_norm", "r576-w1024-d0-p0-v0"},
    {P, F, 4 * 72, 0, 0, "matmul.f16", "m576-n1024-k1024"}, {P, F, 4 * 24, 0, 0, "matmul.f16", "m576-n1024-k1024"},
    {P, F, 4 * 24, 0, 0, "attention.flash_f16", "b1-q576-kv576-h16-g16-d64-c0"},
    {P, F, 4 * 24, 1, 0, "attention.naive_f16", "b1-q576-kv576-h16-g16-d64-c0"},
    {P, F, 4 * 120, 0, 0, "block.bias", "r576-w1024-d0-p0-v0"}, {P, F, 4 * 48, 0, 0, "block.residual", "r576-w1024-d0-p0-v0"},
    {P, F, 4 * 24, 0, 0, "matmul.f16", "m576-n4096-k1024"}, {P, F, 4 * 24, 0, 0, "block.bias", "r576-w4096-d0-p0-v0"},
    {P, F, 4 * 24, 0, 0, "block.gelu", "r576-w4096-d0-p0-v0"}, {P, F, 4 * 24, 0, 0, "matmul.f16", "m576-n1024-k4096"},
    {P, F, 4, 0, 0, "matmul.f16", "m576-n4096-k1024"}, {P, F, 4, 0, 0, "matmul.f16", "m576-n4096-k4096"},
  };
  static const char *const begins[] = {"encoder", "projector"};
  const struct task task = {.prompt = 24, .output = 10, .concurrency = 2, .images = 2, .image_side = 900};
  struct workload w = workload_of("llava-1.5-7b", &task);
  assert_ops_named(&w, begins, 2, expected, sizeof expected / sizeof expected[0]);
  assert_int_equal(w.kv_length, 2 * 576 + 24 + 10);
  assert_float_equal(w.passes[PHASE_PREFILL], 4 + 2 * 3, 0);   /* images; prompts of 1,176 tokens in three chunks */
  workload_free(&w);
}

/* Qwen2.5-VL keeps the size: 672 pixels are 48 x 48 patches, 24 x 24 tokens; 28 of 32 layers see 8 x 8 patches. */
static void windows_of_an_encoder_are_batches(void **state) {
  (void)state;
  static const struct expected expected[] = {
    {P, F, 4, 0, 0, "attention.flash_f16", "b1-q2304-kv2304-h16-g16-d80-c0"}, {P, F, 4, 1, 0, "attention.naive_f16", "b1-q2304-kv2304-h16-g16-d80-c0"},
    {P, F, 28, 0, 0, "attention.flash_f16", "b36-q64-kv64-h16-g16-d80-c0"}, {P, F, 28, 1, 0, "attention.naive_f16", "b36-q64-kv64-h16-g16-d80-c0"},
    {P, F, 1, 0, 0, "matmul.f16", "m576-n5120-k5120"}, {P, F, 1, 0, 0, "matmul.f16", "m576-n3584-k5120"},
    {P, F, 64, 0, 0, "block.rope_halves", "r2304-w1280-d80-p0-v0"},
  };
  static const char *const begins[] = {"encoder's attention", "encoder's RoPE", "projector"};
  const struct task task = {.prompt = 24, .output = 10, .concurrency = 1, .images = 1, .image_side = 680};
  struct workload w = workload_of("qwen2.5-vl-7b", &task);
  assert_ops_named(&w, begins, 3, expected, sizeof expected / sizeof expected[0]);
  workload_free(&w);
}

/* LLaVA's encoder: per layer 4 x 1024^2 and 2 x 1024 x 4096 weights, biases of 5 x 1024 and 4096, norms of 4 x 1024. */
static void bytes_of_llava_are_those_counted_by_hand(void **state) {
  (void)state;
  struct error err = {0};
  struct model *model = model_load("llava-1.5-7b", &err);
  const double layer = 4.0 * 1024 * 1024 + 2.0 * 1024 * 4096 + 5 * 1024 + 4096 + 4 * 1024;
  const double encoder = 24 * layer + 588 * 1024 + 577 * 1024 + 2 * 1024, projector = 1025.0 * 4096 + 4097.0 * 4096;
  assert_float_equal(model_fixed_bytes(model), 4.0 * 4096 * 65 + 2 * (encoder + projector), 0);
  free(model);
}

static void images_need_an_encoder(void **state) {
  (void)state;
  struct error err = {0};
  struct workload w;
  struct model *model = model_load("smollm2-135m", &err);
  const struct task task = {.id = "look", .prompt = 8, .output = 1, .concurrency = 1, .images = 1, .image_side = 224};
  assert_false(workload_build(model, &task, &w, &err));
  assert_non_null(strstr(err.text, "encoder"));
  free(model);
}

/* Gemma 2 2B: 13 of 26 layers see 4,096 positions. A chunk of 512 sees 4,096 + 256 of them by a causal kernel, and their
 * cache ends at 4,096 + 512. gpt-oss: a window of 128 cuts a chunk of 512 into four. */
static void windows_bound_attention_and_cache(void **state) {
  (void)state;
  static const char *const begins[] = {"attention"};
  static const struct expected gemma[] = {
    {P, A, 13, 0, 0, "attention.{algorithm}_{format}", "b1-q512-kv512-h8-g4-d256-c1"},
    {P, A, 13, 0, 0, "attention.{algorithm}_{format}", "b1-q512-kv4352-h8-g4-d256-c1"},
    {P, A, 13, 0, 0, "attention.{algorithm}_{format}", "b1-q512-kv6144-h8-g4-d256-c1"},
    {D, A, 13, 0, 0, "attention.{algorithm}_{format}", "b1-q1-kv6195-h8-g4-d256-c1"},
    {D, A, 13, 0, 0, "attention.{algorithm}_{format}", "b1-q1-kv4096-h8-g4-d256-c1"},
  };
  const struct task task = {.prompt = 6144, .output = 101, .concurrency = 1};
  struct workload w = workload_of("gemma-2-2b", &task);
  size_t found[5] = {0};
  for (size_t i = 0; i < w.n; i++)
    for (size_t e = 0; e < 5; e++) found[e] += is_expected(&w.ops[i], &gemma[e]);
  assert_int_equal(found[0], 2);   /* the first chunk is within the window in all layers */
  assert_int_equal(found[1], 4);   /* those that end at 4,608 or later */
  assert_int_equal(found[2], 1);
  assert_int_equal(found[3], 1);
  assert_int_equal(found[4], 1);
  assert_float_equal(cache_bytes(&w, "attention.flash_f16"), 13.0 * (6245 + 4608) * 2 * 4 * 256 * 2, 0);
  workload_free(&w);

  static const struct expected oss[] = {
    {P, A, 12, 0, 0, "attention.{algorithm}_{format}", "b1-q512-kv512-h64-g8-d64-c1"},
    {P, A, 12, 0, 0, "attention.{algorithm}_{format}", "b4-q128-kv192-h64-g8-d64-c1"},
    {D, A, 12, 0, 0, "attention.{algorithm}_{format}", "b1-q1-kv514-h64-g8-d64-c1"},
    {D, A, 12, 0, 0, "attention.{algorithm}_{format}", "b1-q1-kv128-h64-g8-d64-c1"},
    {P, CLASS_ATTN_OUT, 24, 0, 0, "matmul.{format}", "m512-n2880-k4096"}, {D, CLASS_ATTN_OUT, 24, 0, 0, "matmul.{format}", "m1-n2880-k4096"},
  };
  const struct task small = {.prompt = 512, .output = 3, .concurrency = 1};
  w = workload_of("gpt-oss-20b", &small);
  assert_ops_named(&w, begins, 1, oss, sizeof oss / sizeof oss[0]);
  workload_free(&w);
}

/* 32 sequences of three lengths: their shares of the tokens written are 19.2, 64 and 76.8 of 160, so 3.84, 12.8 and 15.36 of
 * the sequences have them; each kind is one op of a whole number of sequences. */
static void lengths_share_a_decode_step(void **state) {
  (void)state;
  struct error err = {0};
  static const struct { int64_t batch, kv; double sequences; } kinds[] = {{4, 256 + 32, 3.84}, {13, 1024 + 64, 12.8}, {15, 4096 + 192, 15.36}};
  struct task *task = task_load("serve", &err);
  struct workload w = workload_of("smollm2-135m", task);
  size_t found = 0;
  for (size_t i = 0; i < w.n; i++) {
    const struct op *op = &w.ops[i];
    if (op->phase != PHASE_DECODE || strcmp(op->name, "attention") != 0) continue;
    assert_int_equal(op->way[0][0].kase.dim[0], kinds[found].batch);
    assert_int_equal(op->way[0][0].kase.dim[2], kinds[found].kv);
    assert_float_equal(op->count * (double)kinds[found].batch, 30 * kinds[found].sequences, 1e-9);
    found++;
  }
  assert_int_equal(found, 3);
  assert_float_equal(cache_bytes(&w, "attention.flash_f16"), 30 * 768.0 * (3.84 * 320 + 12.8 * 1152 + 15.36 * 4480), 1);
  assert_float_equal(w.passes[PHASE_PREFILL], 32 * (0.3 + 0.5 * 2 + 0.2 * 8), 1e-9);
  workload_free(&w);
  free(task);
}

/* Turn i of 16 finds 2,048 + 320 i positions: 2,048 + 2,400 on average, and after the last 2,048 + 5,120. */
static void turns_find_the_cache_of_those_before(void **state) {
  (void)state;
  struct error err = {0};
  static const char *const begins[] = {"attention"};
  static const struct expected expected[] = {
    {P, A, 30, 0, 0, "attention.{algorithm}_{format}", "b1-q256-kv4704-h9-g3-d64-c1"},
    {D, A, 30, 0, 0, "attention.{algorithm}_{format}", "b1-q1-kv4736-h9-g3-d64-c1"},
    {P, CLASS_ATTN_OUT, 30, 0, 0, "matmul.{format}", "m256-n576-k576"}, {D, CLASS_ATTN_OUT, 30, 0, 0, "matmul.{format}", "m1-n576-k576"},
  };
  struct task *task = task_load("tools", &err);
  struct workload w = workload_of("smollm2-135m", task);
  assert_ops_named(&w, begins, 1, expected, sizeof expected / sizeof expected[0]);
  assert_int_equal(w.kv_length, 2048 + 16 * 320);
  workload_free(&w);
  free(task);
}

/* 100 chunks are 15 bundles of at most 7, whose pairs are all of the prompt's. */
static void chunks_of_a_long_prompt_are_bundled(void **state) {
  (void)state;
  const struct task task = {.prompt = 51200, .output = 1, .concurrency = 1};
  struct workload w = workload_of("llama-3.1-8b", &task);
  double pairs = 0;
  size_t n = 0;
  for (size_t i = 0; i < w.n; i++) {
    const struct op *op = &w.ops[i];
    if (op->phase != PHASE_PREFILL || strcmp(op->name, "attention") != 0) continue;
    const struct kernel_case *kase = &op->way[0][0].kase;
    pairs += op->count * kase->family->flops(kase) / (4.0 * 32 * 128);
    n++;
  }
  assert_int_equal(n, 15);
  assert_float_equal(pairs, 32 * 51200.0 * 51201 / 2, 1);
  workload_free(&w);
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
    cmocka_unit_test(the_ops_of_an_image_are_those_counted_by_hand),
    cmocka_unit_test(windows_of_an_encoder_are_batches),
    cmocka_unit_test(bytes_of_llava_are_those_counted_by_hand),
    cmocka_unit_test(images_need_an_encoder),
    cmocka_unit_test(windows_bound_attention_and_cache),
    cmocka_unit_test(lengths_share_a_decode_step),
    cmocka_unit_test(turns_find_the_cache_of_those_before),
    cmocka_unit_test(chunks_of_a_long_prompt_are_bundled),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
