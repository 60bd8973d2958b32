/* Settings: which are tried, and what they alter in the ops and bytes of a model, counted by hand. */
#include "enumerate.h"
#include "workload_expected.h"

static struct workload chunked(const char *id, const struct task *task, int64_t micro_batch) {
  struct error err = {0};
  struct workload w;
  struct model *model = model_load(id, &err);
  if (!model) fail_msg("%s", err.text);
  struct setting setting = setting_plain(model);
  setting.micro_batch = micro_batch;
  if (!workload_build(&setting, task, &w, &err)) fail_msg("%s", err.text);
  free(model);
  return w;
}

/* SmolLM2-135M, 2 x 588 tokens in chunks of 128: 4 and one of 76 each, over a cache that grows by them. */
static void a_micro_batch_cuts_the_prompt(void **state) {
  (void)state;
  static const struct expected attention[] = {
    {P, A, 60, 0, 0, "attention.{algorithm}_{format}", "b1-q128-kv128-h9-g3-d64-c1"},
    {P, A, 60, 0, 0, "attention.{algorithm}_{format}", "b1-q128-kv256-h9-g3-d64-c1"},
    {P, A, 60, 0, 0, "attention.{algorithm}_{format}", "b1-q128-kv384-h9-g3-d64-c1"},
    {P, A, 60, 0, 0, "attention.{algorithm}_{format}", "b1-q128-kv512-h9-g3-d64-c1"},
    {P, A, 60, 0, 0, "attention.{algorithm}_{format}", "b1-q76-kv588-h9-g3-d64-c1"},
    {D, A, 30, 0, 0, "attention.{algorithm}_{format}", "b2-q1-kv638-h9-g3-d64-c1"},
  };
  static const struct expected q[] = {
    {P, CLASS_QKV, 240, 0, 0, "matmul.{format}", "m128-n576-k576"},   /* 30 layers, 2 prompts, 4 chunks */
    {P, CLASS_QKV, 60, 0, 0, "matmul.{format}", "m76-n576-k576"},
    {D, CLASS_QKV, 30, 0, 0, "matmul.{format}", "m2-n576-k576"},
  };
  static const char *const attention_name[] = {"attention"}, *const q_name[] = {"q"};
  const struct task task = {.prompt = 588, .output = 100, .concurrency = 2};
  struct workload w = chunked("smollm2-135m", &task, 128), whole = chunked("smollm2-135m", &task, 1024);
  size_t n = 0;
  for (size_t i = 0; i < w.n; i++) {   /* "attention out" begins so too */
    if (strcmp(w.ops[i].name, "attention out") == 0) w.ops[i].name = "out";
    n += strcmp(w.ops[i].name, "q") == 0;
  }
  assert_ops_named(&w, attention_name, 1, attention, sizeof attention / sizeof attention[0]);
  assert_ops_named(&w, q_name, 1, q, n);
  assert_float_equal(w.passes[PHASE_PREFILL], 10, 0);
  assert_float_equal(whole.passes[PHASE_PREFILL], 2, 0);
  /* residual and norm 2 x 576, q 576, k and v 2 x 192, gate and up 2 x 1,536 of a row; logits of 2 tokens */
  assert_float_equal(w.activation_bytes, 4.0 * (128 * 5184 + 2 * 49152), 0);
  assert_float_equal(whole.activation_bytes, 4.0 * (588 * 5184 + 2 * 49152), 0);
  assert_int_equal(w.kv_length, whole.kv_length);
  assert_float_equal(cache_bytes(&w, "attention.flash_f16"), cache_bytes(&whole, "attention.flash_f16"), 0);
  workload_free(&w);
  workload_free(&whole);
}

/* A window's cache holds the window and the chunk that is being read: Gemma 2 2B, 13 of 26 layers see 4,096
 * positions. */
static void a_smaller_micro_batch_shrinks_the_cache_of_windows(void **state) {
  (void)state;
  const struct task task = {.prompt = 7000, .output = 100, .concurrency = 1};
  struct workload w = chunked("gemma-2-2b", &task, 64), plain = chunked("gemma-2-2b", &task, MICRO_BATCH);
  const double position = 2 * 4 * 256 * 2;   /* bytes of K and V of 4 heads of 256 in f16 */
  assert_float_equal(cache_bytes(&plain, "attention.flash_f16") - cache_bytes(&w, "attention.flash_f16"),
                     13 * (512 - 64) * position, 0);
  workload_free(&w);
  workload_free(&plain);
}

static void expect_micro_batches(const struct task *task, const int64_t *expected, size_t n) {
  struct error err = {0};
  struct model *model = model_load("smollm2-135m", &err);
  const struct setting_list list = enumerate_micro_batches(model, task);
  assert_int_equal(list.n, n);
  for (size_t i = 0; i < n; i++) assert_int_equal(list.at[i].micro_batch, expected[i]);
  assert_int_equal(setting_departs(&list.at[0]), 0);
  free(model);
}

/* None that reads the longest prompt in one chunk as a smaller one does, none under the sequences of a decode step. */
static void micro_batches_are_those_that_differ(void **state) {
  (void)state;
  const struct task lone = {.prompt = 700, .output = 9, .concurrency = 1},
                    batch = {.prompt = 200, .output = 9, .concurrency = 100};
  struct task lengths = {
      .prompt = 60, .output = 9, .concurrency = 1, .lengths = {{0, 40, 9, 0.5}, {0, 5000, 9, 0.5}}, .n_lengths = 2};
  expect_micro_batches(&lone, (const int64_t[]){512, 64, 128, 256, 1024}, 5);
  expect_micro_batches(&batch, (const int64_t[]){512, 128, 256}, 3);
  expect_micro_batches(&lengths, (const int64_t[]){512, 64, 128, 256, 1024, 2048}, 6);
}

static void a_setting_has_a_name(void **state) {
  (void)state;
  char text[128];
  struct setting setting = setting_plain(NULL);
  setting_text(&setting, text, sizeof text);
  assert_string_equal(text, "micro-batch 512");
  setting = (struct setting){.micro_batch = 64, .offload.layers = 1};
  setting_text(&setting, text, sizeof text);
  assert_string_equal(text, "micro-batch 64, 1 layer in host memory");
  setting.offload = (struct offload){.expert_layers = 12};
  setting_text(&setting, text, sizeof text);
  assert_string_equal(text, "micro-batch 64, experts of 12 layers in host memory");
  assert_int_equal(setting_departs(&setting), 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_micro_batch_cuts_the_prompt),
    cmocka_unit_test(a_smaller_micro_batch_shrinks_the_cache_of_windows),
    cmocka_unit_test(micro_batches_are_those_that_differ),
    cmocka_unit_test(a_setting_has_a_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
