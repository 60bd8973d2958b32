/* What an adapter adds to the ops and bytes of a model, counted by hand. */
#include "workload_expected.h"

#include "finetune.h"

/* Three layers of 64, two heads and one KV head of 32, a gated FFN of 96. */
static const struct model tiny = {.id = "tiny", .hidden = 64, .layers = 3, .heads = 2, .kv_heads = 1, .head_dim = 32,
                                  .vocab = 100, .context = 64, .ffn = 96, .dense_layers = 3, .gated_ffn = true};
static const struct task task = {.id = "t", .prompt = 7, .output = 3, .concurrency = 4};

static struct finetune live(enum finetune_method method, int64_t rank) {
  return (struct finetune){method, FINETUNE_LIVE, FINETUNE_LINEAR, rank};
}

/* Each layer: q and out 64 x 64, k and v 32 x 64, gate and up 96 x 64, down 64 x 96. */
static void params_are_those_counted_by_hand(void **state) {
  (void)state;
  struct finetune f = live(FINETUNE_LORA, 8);
  const double attention = 8 * (2 * (64 + 64) + 2 * (32 + 64)), ffn = 8 * (2 * (96 + 64) + (64 + 96));
  assert_float_equal(finetune_params(&tiny, &f), 3 * (attention + ffn), 0);
  f.method = FINETUNE_DORA;   /* a magnitude for every row of every matrix */
  assert_float_equal(finetune_params(&tiny, &f), 3 * (attention + ffn + 2 * 64 + 2 * 32 + 2 * 96 + 64), 0);
  f = live(FINETUNE_RSLORA, 8), f.target = FINETUNE_ATTENTION;
  assert_float_equal(finetune_params(&tiny, &f), 3 * attention, 0);
  f.method = FINETUNE_NONE;
  assert_float_equal(finetune_params(&tiny, &f), 0, 0);
}

/* What trainers print for this model at rank 16 on all linear layers. */
static void params_of_llama_are_the_known_ones(void **state) {
  (void)state;
  struct error err = {0};
  struct model *model = model_load("llama-3.1-8b", &err);
  assert_non_null(model);
  const struct finetune f = live(FINETUNE_LORA, 16);
  assert_float_equal(finetune_params(model, &f), 41943040, 0);
  free(model);
}

/* A: rank rows of k, padded to 32; B: n rows of rank, padded to 8; all f16, and an f32 scale. DoRA: f32 for each n. */
static void bytes_are_those_counted_by_hand(void **state) {
  (void)state;
  struct finetune f = live(FINETUNE_LORA, 12);
  const double q = 2 * (12 * 64 + 64 * 16) + 4, kv = 2 * (12 * 64 + 32 * 16) + 4;
  assert_float_equal(finetune_class_bytes(&tiny, &f, CLASS_QKV), 3 * (q + 2 * kv), 0);
  assert_float_equal(finetune_class_bytes(&tiny, &f, CLASS_LOGITS), 0, 0);
  f.method = FINETUNE_DORA;
  assert_float_equal(finetune_class_bytes(&tiny, &f, CLASS_QKV), 3 * (q + 2 * kv + 4 * (64 + 2 * 32)), 0);
  f.form = FINETUNE_MERGED;
  assert_float_equal(finetune_class_bytes(&tiny, &f, CLASS_QKV), 0, 0);
}

/* The room's own tensors, which are what kernels bind: those of the base beside those of the adapter. */
static void bytes_are_those_of_the_room(void **state) {
  (void)state;
  static const struct { enum finetune_method method; const char *technique; } kinds[] = {
    {FINETUNE_LORA, "adapter.separate_int4_g32"}, {FINETUNE_DORA, "adapter.dora_int4_g32"}};
  for (size_t i = 0; i < 2; i++)
    for (int64_t rank = 5; rank <= 64; rank += 59) {
      const struct finetune f = live(kinds[i].method, rank);
      struct error err = {0};
      struct kernel_case base;
      const struct kernel_case kase = {.family = family_find("adapter"), .dim = {1, 64, 64, rank, 1}};
      assert_true(ops_matrix_case(64, 64, &base, &err));
      const double room = cost_stream_bytes(&kase, technique_find(kinds[i].technique))
                        - cost_stream_bytes(&base, technique_find("matmul.int4_g32"));
      assert_float_equal(finetune_class_bytes(&tiny, &f, CLASS_ATTN_OUT), 3 * room, 0);
    }
}

static struct workload adapted(const struct model *model, const struct task *of, const struct finetune *f) {
  struct error err = {0};
  struct workload w;
  struct setting setting = setting_plain(model);
  setting.finetune = *f;
  if (!workload_build(&setting, of, &w, &err)) fail_msg("%s", err.text);
  return w;
}

static const char *const projections[] = {"q", "k, v", "attention out", "gate, up", "down", "logits"};

/* Prompts are read one after another, each with its adapter; a decode step has the rows of all. */
static void ops_of_live_adapters_are_those_counted_by_hand(void **state) {
  (void)state;
#define KERNEL "adapter.{algorithm}_{format}"
  static const struct expected several[] = {
    {P, CLASS_QKV, 12, 0, 0, KERNEL, "m7-n64-k64-r8-a1"}, {P, CLASS_QKV, 24, 0, 0, KERNEL, "m7-n32-k64-r8-a1"},
    {P, CLASS_ATTN_OUT, 12, 0, 0, KERNEL, "m7-n64-k64-r8-a1"}, {P, CLASS_FFN_UP, 24, 0, 0, KERNEL, "m7-n96-k64-r8-a1"},
    {P, CLASS_FFN_DOWN, 12, 0, 0, KERNEL, "m7-n64-k96-r8-a1"},
    {P, CLASS_LOGITS, 4, 0, 0, "matmul.{format}", "m1-n100-k64"},
    {D, CLASS_QKV, 3, 0, 0, KERNEL, "m4-n64-k64-r8-a2"}, {D, CLASS_QKV, 6, 0, 0, KERNEL, "m4-n32-k64-r8-a2"},
    {D, CLASS_ATTN_OUT, 3, 0, 0, KERNEL, "m4-n64-k64-r8-a2"}, {D, CLASS_FFN_UP, 6, 0, 0, KERNEL, "m4-n96-k64-r8-a2"},
    {D, CLASS_FFN_DOWN, 3, 0, 0, KERNEL, "m4-n64-k96-r8-a2"},
    {D, CLASS_LOGITS, 1, 0, 0, "matmul.{format}", "m4-n100-k64"},
  };
#undef KERNEL
  struct task two = task;
  two.adapters = 2;
  const struct finetune f = live(FINETUNE_DORA, 8);
  struct workload w = adapted(&tiny, &two, &f);
  assert_ops_named(&w, projections, 6, several, sizeof several / sizeof several[0]);
  workload_free(&w);
}

/* One LoRA also has the way of engines: W x, A x, B v and their sum. */
static void one_adapter_may_be_products_of_its_own(void **state) {
  (void)state;
  static const struct expected expected[] = {
    {D, CLASS_FFN_DOWN, 3, 0, 0, "adapter.{algorithm}_{format}", "m4-n64-k96-r8-a1"},
    {D, CLASS_FFN_DOWN, 3, 1, 0, "matmul.{format}", "m4-n64-k96"},
    {D, CLASS_FFN_DOWN, 3, 1, 1, "matmul.f16", "m4-n8-k96"},
    {D, CLASS_FFN_DOWN, 3, 1, 2, "matmul.f16", "m4-n64-k8"},
    {D, CLASS_FFN_DOWN, 3, 1, 3, "block.residual", "r4-w64-d0-p0-v0"},
    {D, CLASS_FFN_DOWN, 3, 2, 0, "matmul.{format}", "m4-n64-k96"},
    {D, CLASS_FFN_DOWN, 3, 2, 1, "matmul.f16", "m4-n8-k96"},
    {D, CLASS_FFN_DOWN, 3, 2, 2, "matmul.f16", "m4-n64-k8"},
    {D, CLASS_FFN_DOWN, 3, 2, 3, "block.add_rms_norm", "r4-w64-d0-p0-v0"},
  };
  const struct finetune f = live(FINETUNE_LORA, 8);
  struct workload w = adapted(&tiny, &task, &f), decode = {.ops = calloc(w.n, sizeof *decode.ops)};
  for (size_t i = 0; i < w.n; i++)
    if (w.ops[i].phase == D) decode.ops[decode.n++] = w.ops[i];
  static const char *const down[] = {"down"};
  assert_ops_named(&decode, down, 1, expected, sizeof expected / sizeof expected[0]);
  workload_free(&decode);
  workload_free(&w);
}

static size_t adapter_ops(const struct workload *w, int slot) {
  size_t n = 0;
  for (size_t i = 0; i < w->n; i++)
    n += w->ops[i].slot == slot && strcmp(w->ops[i].way[0][0].kase.family->name, "adapter") == 0;
  return n;
}

/* Merged weights are weights; experts and what MLA absorbs have no adapter, which is said. */
static void what_has_no_adapter_stays_as_it_was(void **state) {
  (void)state;
  struct error err = {0};
  struct finetune f = live(FINETUNE_LORA, 8);
  f.form = FINETUNE_MERGED;
  struct workload w = adapted(&tiny, &task, &f);
  for (int c = 0; c < CLASS_COUNT; c++) assert_int_equal(adapter_ops(&w, c), 0);
  workload_free(&w);

  f.form = FINETUNE_LIVE;
  struct model *model = model_load("deepseek-v2-lite", &err);
  assert_non_null(model);
  w = adapted(model, &task, &f);
  assert_int_equal(adapter_ops(&w, CLASS_QKV), 2 * 2);        /* q and the latent, in two phases */
  assert_int_equal(adapter_ops(&w, CLASS_ATTN_OUT), 2);
  assert_int_equal(adapter_ops(&w, CLASS_FFN_UP), 0);
  size_t notes = 0;
  for (size_t i = 0; i < OP_NOTES; i++) notes += strstr(w.notes[i], "the adapter is on") != NULL;
  assert_int_equal(notes, 2);
  workload_free(&w);
  free(model);
}

/* Merged first; what cannot serve the task is not there; of what costs the same LoRA stands for all. */
static void a_wish_becomes_a_list(void **state) {
  (void)state;
  struct finetune list[FINETUNE_MOST];
  struct finetune_wish wish = {.rank = 8};
  struct task two = task;
  two.adapters = 2;
  assert_int_equal(finetune_list(&wish, &task, list), 1);
  assert_int_equal(list[0].method, FINETUNE_NONE);
  wish.method = FINETUNE_RSLORA;
  assert_int_equal(finetune_list(&wish, &task, list), 2);
  assert_int_equal(list[0].form, FINETUNE_MERGED);
  assert_int_equal(list[1].form, FINETUNE_LIVE);
  assert_int_equal(list[1].rank, 8);
  assert_int_equal(finetune_list(&wish, &two, list), 1);
  assert_int_equal(list[0].form, FINETUNE_LIVE);
  wish.live = true;
  assert_int_equal(finetune_list(&wish, &task, list), 1);
  wish = (struct finetune_wish){.any = true, .rank = 8};
  assert_int_equal(finetune_list(&wish, &task, list), 4);   /* merged; live LoRA, DoRA, QLoRA */
  assert_int_equal(finetune_list(&wish, &two, list), 3);
}

static void what_does_not_go_together_is_refused(void **state) {
  (void)state;
  struct finetune f = live(FINETUNE_QLORA, 8);
  struct task two = task;
  two.adapters = 2;
  assert_null(finetune_refusal(&f, &two));
  assert_null(finetune_format_refusal(&f, "int4_g32"));
  assert_non_null(finetune_format_refusal(&f, "f16"));
  f.form = FINETUNE_MERGED;
  assert_non_null(finetune_refusal(&f, &task));
  f.method = FINETUNE_LORA;
  assert_null(finetune_refusal(&f, &task));
  assert_non_null(finetune_refusal(&f, &two));
  assert_null(finetune_format_refusal(&f, "f16"));

  struct task read;
  struct error err = {0};
  static const char text[] = "{\"schema\": \"vkpareto.task/1\", \"id\": \"t\", \"title\": \"t\", \"reason\": \"r\", "
                             "\"prompt\": 1, \"output\": 1, \"concurrency\": 2, \"adapters\": 3}";
  assert_false(task_parse(text, sizeof text - 1, &read, &err));
  assert_non_null(strstr(err.text, "adapters"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(params_are_those_counted_by_hand),
    cmocka_unit_test(params_of_llama_are_the_known_ones),
    cmocka_unit_test(bytes_are_those_counted_by_hand),
    cmocka_unit_test(bytes_are_those_of_the_room),
    cmocka_unit_test(ops_of_live_adapters_are_those_counted_by_hand),
    cmocka_unit_test(one_adapter_may_be_products_of_its_own),
    cmocka_unit_test(what_has_no_adapter_stays_as_it_was),
    cmocka_unit_test(a_wish_becomes_a_list),
    cmocka_unit_test(what_does_not_go_together_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
