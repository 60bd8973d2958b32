/* Models and tasks: what is read, what is refused, and the ops of a request counted by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cost.h"
#include "embed.h"
#include "model.h"
#include "ops.h"

static const char good[] =
  "{\"schema\": \"vkpareto.model/1\", \"id\": \"x\", \"name\": \"X\", \"hidden\": 576, \"layers\": 30, \"heads\": 9, \"kv_heads\": 3,"
  " \"head_dim\": 64, \"ffn\": 1536, \"vocab\": 49152, \"context\": 8192, \"tied_embeddings\": true, \"source\": \"a test\","
  " \"unknown\": [1, {}]}";

static bool parses(const char *text, struct model *model, struct error *err) {
  *err = (struct error){0};
  return model_parse(text, strlen(text), model, err);
}

/* `good` with the first occurrence of `from` replaced. */
static const char *with(const char *from, const char *to) {
  static char text[1024];
  const char *at = strstr(good, from);
  assert_non_null(at);
  snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
  return text;
}

static void unknown_fields_are_ignored(void **state) {
  (void)state;
  struct model model;
  struct error err;
  assert_true(parses(good, &model, &err));
  assert_int_equal(model.heads, 9);
  assert_true(model.gated_ffn);   /* the presets */
  assert_int_equal(model.experts, 0);
  assert_int_equal(model.qk_norm, QK_NORM_NONE);
  assert_int_equal(model.rope, ROPE_HALVES);
  assert_int_equal(model.activation, ACTIVATION_SWIGLU);
}

static void nonsense_is_refused_by_field(void **state) {
  (void)state;
  static const struct { const char *from, *to, *says; } bad[] = {
    {"\"heads\": 9", "\"heads\": 10", "kv_heads"},
    {"\"hidden\": 576", "\"hidden\": 0", "hidden"},
    {"\"layers\": 30", "\"layers\": -3", "layers"},
    {"\"ffn\": 1536", "\"ffn\": 1e18", "ffn"},
    {"\"vocab\": 49152", "\"vocab\": 1e300", "vocab"},
    {"\"vocab\": 49152", "\"vocab\": \"49152\"", "vocab"},
    {"\"head_dim\": 64", "\"head_dim\": 64.5", "head_dim"},
    {"\"head_dim\": 64", "\"head_dim\": null", "head_dim"},
    {"\"kv_heads\": 3,", "", "kv_heads"},
    {"\"tied_embeddings\": true", "\"tied_embeddings\": 1", "tied_embeddings"},
    {"vkpareto.model/1", "vkpareto.model/2", "model/2"},
    {"vkpareto.model/1", "vkpareto.task/1", "task/1"},
    {"\"ffn\": 1536,", "", "ffn"},
    {"\"unknown\": [1, {}]", "\"experts\": 257", "experts"},
    {"\"unknown\": [1, {}]", "\"experts\": 8", "expert_ffn"},
    {"\"unknown\": [1, {}]", "\"experts\": 8, \"expert_ffn\": 64, \"experts_per_token\": 9", "experts_per_token"},
    {"\"unknown\": [1, {}]", "\"qk_norm\": \"some\"", "qk_norm"},
    {"\"unknown\": [1, {}]", "\"rope\": \"thirds\"", "rope"},
    {"\"unknown\": [1, {}]", "\"activation\": \"gelu\"", "activation"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct model model;
    struct error err;
    if (parses(with(bad[i].from, bad[i].to), &model, &err)) fail_msg("accepted: %s", bad[i].to);
    if (!strstr(err.text, bad[i].says)) fail_msg("'%s' does not name %s", err.text, bad[i].says);
  }
}

static void truncated_text_is_refused_everywhere(void **state) {
  (void)state;
  for (size_t n = 0; n < sizeof good - 1; n++) {
    struct model model;
    struct error err = {0};
    assert_false(model_parse(good, n, &model, &err));
  }
}

static void a_task_is_read_and_checked(void **state) {
  (void)state;
  struct task task;
  struct error err = {0};
  const char *text = "{\"schema\": \"vkpareto.task/1\", \"id\": \"t\", \"title\": \"T\", \"reason\": \"r\", \"prompt\": 10, \"output\": 2,"
                     " \"concurrency\": 3}";
  assert_true(task_parse(text, strlen(text), &task, &err));
  assert_int_equal(task.concurrency, 3);
  const char *zero = "{\"schema\": \"vkpareto.task/1\", \"id\": \"t\", \"title\": \"T\", \"reason\": \"r\", \"prompt\": 0, \"output\": 2,"
                     " \"concurrency\": 3}";
  assert_false(task_parse(zero, strlen(zero), &task, &err));
  assert_non_null(strstr(err.text, "prompt"));
}

static void a_miss_suggests_the_nearest(void **state) {
  (void)state;
  struct error err = {0};
  assert_null(model_load("lama-3.1-8b", &err));
  assert_non_null(strstr(err.text, "llama-3.1-8b"));
  assert_int_equal(err.kind, ERROR_USAGE);
  assert_null(task_load("/no/such/task.json", &err));
  struct model *model = model_load("LLAMA-3.1-8B", &err);
  assert_non_null(model);
  free(model);
}

static void every_built_in_file_is_sound(void **state) {
  (void)state;
  for (size_t i = 0; i < n_embedded_files; i++) {
    const struct embedded *file = &embedded_files[i];
    struct model model;
    struct task task;
    struct error err = {0};
    if (strncmp(file->path, "models/", 7) == 0 && !model_parse(file->text, file->bytes, &model, &err)) fail_msg("%s: %s", file->path, err.text);
    if (strncmp(file->path, "tasks/", 6) == 0 && !task_parse(file->text, file->bytes, &task, &err)) fail_msg("%s: %s", file->path, err.text);
  }
}

/* What the models' own checkpoints hold. */
static void parameters_match_the_checkpoints(void **state) {
  (void)state;
  static const struct { const char *id; double params; } known[] = {
    {"smollm2-135m", 134515008}, {"llama-3.1-8b", 8030261248}, {"qwen2.5-7b", 7615616512},
    {"mixtral-8x7b", 46702792704}, {"qwen3-30b-a3b", 30532122624}, {"olmoe-1b-7b", 6919161856}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    struct error err = {0};
    struct model *model = model_load(known[i].id, &err);
    assert_non_null(model);
    assert_float_equal(model->params, known[i].params, 0.5);
    free(model);
  }
}

/* What their makers state is rounded; the dimensions must lead there. */
static void parameters_match_what_is_published(void **state) {
  (void)state;
  size_t n = 0;
  for (size_t i = 0; i < n_embedded_files; i++) {
    const struct embedded *file = &embedded_files[i];
    struct model m;
    struct error err = {0};
    if (strncmp(file->path, "models/", 7) != 0) continue;
    assert_true(model_parse(file->text, file->bytes, &m, &err));
    const double off = m.params / m.published_params - 1;
    if (!(fabs(off) <= 0.015)) fail_msg("%s: %.0f, published %.0f: %+.2f %%", m.id, m.params, m.published_params, 100 * off);
    n++;
  }
  assert_true(n >= 24);
}

/* ---- the ops of a request */

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

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(unknown_fields_are_ignored),
    cmocka_unit_test(nonsense_is_refused_by_field),
    cmocka_unit_test(truncated_text_is_refused_everywhere),
    cmocka_unit_test(a_task_is_read_and_checked),
    cmocka_unit_test(a_miss_suggests_the_nearest),
    cmocka_unit_test(every_built_in_file_is_sound),
    cmocka_unit_test(parameters_match_the_checkpoints),
    cmocka_unit_test(parameters_match_what_is_published),
    cmocka_unit_test(the_ops_of_smollm2_are_those_counted_by_hand),
    cmocka_unit_test(the_ops_of_qwen3_are_those_counted_by_hand),
    cmocka_unit_test(variations_of_a_model_have_their_ops),
    cmocka_unit_test(bytes_of_smollm2_are_those_counted_by_hand),
    cmocka_unit_test(bytes_of_olmoe_are_those_counted_by_hand),
    cmocka_unit_test(a_task_longer_than_the_context_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
