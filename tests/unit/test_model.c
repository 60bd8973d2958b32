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
  assert_true(model.gated_ffn);   /* the preset */
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

/* 134,515,008 parameters: what the model's own checkpoint holds. Llama-3.1-8B: 8,030,261,248. Qwen2.5-7B: 7,615,616,512. */
static void parameters_match_the_checkpoints(void **state) {
  (void)state;
  static const struct { const char *id; double params; } known[] = {
    {"smollm2-135m", 134515008}, {"llama-3.1-8b", 8030261248}, {"qwen2.5-7b", 7615616512}};
  for (size_t i = 0; i < 3; i++) {
    struct error err = {0};
    struct model *model = model_load(known[i].id, &err);
    assert_non_null(model);
    assert_float_equal(model->params, known[i].params, 0.5);
    free(model);
  }
}

static double count_of(const struct workload *w, enum phase phase, enum tensor_class class_, int64_t m, int64_t n, int64_t k) {
  double count = 0;
  for (size_t i = 0; i < w->n_matmul; i++) {
    const struct op_matmul *op = &w->matmul[i];
    if (op->phase == phase && op->class_ == class_ && op->m == m && op->n == n && op->k == k) count += op->count;
  }
  return count;
}

/* SmolLM2-135M, 1,100 tokens in, 100 out, 2 at once: chunks of 512, 512 and 76. */
static void the_ops_of_smollm2_are_those_counted_by_hand(void **state) {
  (void)state;
  struct error err = {0};
  struct model *model = model_load("smollm2-135m", &err);
  const struct task task = {.prompt = 1100, .output = 100, .concurrency = 2};
  struct workload w;
  assert_true(workload_build(model, &task, &w, &err));

  assert_float_equal(count_of(&w, PHASE_PREFILL, CLASS_QKV, 512, 576, 576), 30 * 2 * 2, 0);
  assert_float_equal(count_of(&w, PHASE_PREFILL, CLASS_QKV, 512, 192, 576), 2 * 30 * 2 * 2, 0);
  assert_float_equal(count_of(&w, PHASE_PREFILL, CLASS_QKV, 76, 192, 576), 2 * 30 * 2, 0);
  assert_float_equal(count_of(&w, PHASE_PREFILL, CLASS_FFN_UP, 76, 1536, 576), 2 * 30 * 2, 0);
  assert_float_equal(count_of(&w, PHASE_PREFILL, CLASS_FFN_DOWN, 512, 576, 1536), 30 * 2 * 2, 0);
  assert_float_equal(count_of(&w, PHASE_PREFILL, CLASS_LOGITS, 1, 49152, 576), 2, 0);
  assert_float_equal(count_of(&w, PHASE_DECODE, CLASS_QKV, 2, 576, 576), 30, 0);
  assert_float_equal(count_of(&w, PHASE_DECODE, CLASS_ATTN_OUT, 2, 576, 576), 30, 0);
  assert_float_equal(count_of(&w, PHASE_DECODE, CLASS_LOGITS, 2, 49152, 576), 1, 0);

  static const struct op_attention expected[] = {
    {PHASE_PREFILL, 1, 512, 512, 60}, {PHASE_PREFILL, 1, 512, 1024, 60}, {PHASE_PREFILL, 1, 76, 1100, 60}, {PHASE_DECODE, 2, 1, 1150, 30}};
  assert_int_equal(w.n_attention, 4);
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(w.attention[i].phase, expected[i].phase);
    assert_int_equal(w.attention[i].batch, expected[i].batch);
    assert_int_equal(w.attention[i].q, expected[i].q);
    assert_int_equal(w.attention[i].kv, expected[i].kv);
    assert_float_equal(w.attention[i].count, expected[i].count, 0);
  }
  assert_int_equal(w.kv_length, 1200);
  assert_float_equal(w.launches[PHASE_DECODE], 9 * 30 + 3, 0);
  assert_float_equal(w.launches[PHASE_PREFILL], 6 * (9 * 30 + 3), 0);
  assert_float_equal(model_fixed_bytes(model), 4 * 576 * 61, 0);
  workload_free(&w);
  free(model);
}

/* Bytes as the rooms store them: f16 twice the weights, int8 17/16 of them; one position of one layer's f16 cache 768. */
static void bytes_of_smollm2_are_those_counted_by_hand(void **state) {
  (void)state;
  struct error err = {0};
  struct kernel_case kase;
  const struct op_matmul up = {.m = 1, .n = 1536, .k = 576};
  assert_true(cost_matmul_case(&up, &kase, &err));
  assert_float_equal(cost_stream_bytes(&kase, technique_find("matmul.f16")), 2 * 1536 * 576, 0);
  assert_float_equal(cost_stream_bytes(&kase, technique_find("matmul.int8_g32")), 1536 * 576 * 34 / 32, 0);
  assert_float_equal(cost_stream_bytes(&kase, technique_find("matmul.int4_g32")), 1536 * 576 * 18 / 32, 0);
  assert_float_equal(cost_stream_bytes(&kase, technique_find("matmul.int4z_g32")), 1536 * 576 * 20 / 32, 0);
  struct model *model = model_load("smollm2-135m", &err);
  const struct op_attention one = {.batch = 2, .q = 1, .kv = 1024};
  assert_true(cost_attention_case(&one, model, &kase, &err));
  assert_float_equal(cost_stream_bytes(&kase, technique_find("attention.flash_f16")), 2 * 1024 * 768, 0);
  assert_float_equal(cost_stream_bytes(&kase, technique_find("attention.flash_int8")), 2 * 1024 * 768 * 34 / 64, 0);
  free(model);
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
    cmocka_unit_test(the_ops_of_smollm2_are_those_counted_by_hand),
    cmocka_unit_test(bytes_of_smollm2_are_those_counted_by_hand),
    cmocka_unit_test(a_task_longer_than_the_context_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
