/* What a task makes of a model: images, windows, lengths, turns; counted by hand. */
#include "workload_expected.h"

/* LLaVA-1.5: an image of any size becomes 336 x 336 pixels, 576 patches of 3 x 14 x 14 values; 24 layers of 1,024 with
 * 16 heads, FFN 4,096; two matrices to the model's 4,096. Two requests of two images each: 4 passes. */
static void the_ops_of_an_image_are_those_counted_by_hand(void **state) {
  (void)state;
  static const struct expected expected[] = {
    {P, F, 4, 0, 0, "matmul.f16", "m576-n1024-k588"},
    {P, F, 4 * 48, 0, 0, "block.layer_norm", "r576-w1024-d0-p0-v0"},
    {P, F, 4 * 72, 0, 0, "matmul.f16", "m576-n1024-k1024"}, {P, F, 4 * 24, 0, 0, "matmul.f16", "m576-n1024-k1024"},
    {P, F, 4 * 24, 0, 0, "attention.flash_f16", "b1-q576-kv576-h16-g16-d64-c0"},
    {P, F, 4 * 24, 1, 0, "attention.naive_f16", "b1-q576-kv576-h16-g16-d64-c0"},
    {P, F, 4 * 120, 0, 0, "block.bias", "r576-w1024-d0-p0-v0"},
    {P, F, 4 * 48, 0, 0, "block.residual", "r576-w1024-d0-p0-v0"},
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
    {P, F, 4, 0, 0, "attention.flash_f16", "b1-q2304-kv2304-h16-g16-d80-c0"},
    {P, F, 4, 1, 0, "attention.naive_f16", "b1-q2304-kv2304-h16-g16-d80-c0"},
    {P, F, 28, 0, 0, "attention.flash_f16", "b36-q64-kv64-h16-g16-d80-c0"},
    {P, F, 28, 1, 0, "attention.naive_f16", "b36-q64-kv64-h16-g16-d80-c0"},
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
  const struct setting setting = setting_plain(model);
  assert_false(workload_build(&setting, &task, &w, &err));
  assert_non_null(strstr(err.text, "encoder"));
  free(model);
}

/* Gemma 2 2B: 13 of 26 layers see 4,096 positions. A chunk of 512 sees 4,096 + 256 of them by a causal kernel, and
 * their cache ends at 4,096 + 512. gpt-oss: a window of 128 cuts a chunk of 512 into four. */
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
    {P, CLASS_ATTN_OUT, 24, 0, 0, "matmul.{format}", "m512-n2880-k4096"},
    {D, CLASS_ATTN_OUT, 24, 0, 0, "matmul.{format}", "m1-n2880-k4096"},
  };
  const struct task small = {.prompt = 512, .output = 3, .concurrency = 1};
  w = workload_of("gpt-oss-20b", &small);
  assert_ops_named(&w, begins, 1, oss, sizeof oss / sizeof oss[0]);
  workload_free(&w);
}

/* 32 sequences of three lengths: their shares of the tokens written are 19.2, 64 and 76.8 of 160, so 3.84, 12.8 and
 * 15.36 of the sequences have them; each kind is one op of a whole number of sequences. */
static void lengths_share_a_decode_step(void **state) {
  (void)state;
  struct error err = {0};
  static const struct { int64_t batch, kv; double sequences; } kinds[] = {{4, 256 + 32, 3.84}, {13, 1024 + 64, 12.8},
  {15, 4096 + 192, 15.36}};
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
    {P, CLASS_ATTN_OUT, 30, 0, 0, "matmul.{format}", "m256-n576-k576"},
    {D, CLASS_ATTN_OUT, 30, 0, 0, "matmul.{format}", "m1-n576-k576"},
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
