/* Models and tasks: what is read, what is refused, and the ops of a request counted by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "embed.h"
#include "model.h"

static const char good[] =
  "{\"schema\": \"vkpareto.model/1\", \"id\": \"x\", \"name\": \"X\", \"hidden\": 576, \"layers\": 30, \"heads\": 9, "
  "\"kv_heads\": 3, \"head_dim\": 64, \"ffn\": 1536, \"vocab\": 49152, \"context\": 8192, \"tied_embeddings\": true, "
  "\"source\": \"a test\", \"unknown\": [1, {}]}";

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

#define VISION(heads, projector, more) \
  "\"vision\": {\"layers\": 2, \"hidden\": 64, \"ffn\": 128, \"patch\": 14, \"merge\": 2, " \
  "\"heads\": " heads ", \"projector\": " projector more "}"

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
    {"\"unknown\": [1, {}]", "\"block\": \"stairs\"", "block"},
    {"\"unknown\": [1, {}]", "\"norm\": 3", "norm"},
    {"\"unknown\": [1, {}]", "\"window\": 100", "window_layers"},
    {"\"unknown\": [1, {}]", "\"window\": 100, \"window_layers\": 31", "window_layers is 31"},
    {"\"unknown\": [1, {}]", "\"window\": 0, \"window_layers\": 1", "window"},
    {"\"unknown\": [1, {}]", "\"experts\": 8, \"expert_ffn\": 64, \"experts_per_token\": 2, \"dense_layers\": 30",
     "dense_layers"},
    {"\"ffn\": 1536,", "\"experts\": 8, \"expert_ffn\": 64, \"experts_per_token\": 2, \"dense_layers\": 1,", "ffn"},
    {"\"unknown\": [1, {}]", "\"mla\": 512", "mla"},
    {"\"unknown\": [1, {}]", "\"mla\": {\"kv_rank\": 512, \"nope\": 64, \"rope\": 64}", "field 'v'"},
    {"\"unknown\": [1, {}]", "\"mla\": {\"kv_rank\": 512, \"nope\": 64, \"rope\": 64, \"v\": 64}", "head_dim is 64"},
    {"\"unknown\": [1, {}]", "\"mla\": {\"kv_rank\": 512, \"nope\": 32, \"rope\": 32, \"v\": 64}, \"qkv_bias\": true",
     "mla with"},
    {"\"unknown\": [1, {}]", "\"vision\": []", "vision"},
    {"\"unknown\": [1, {}]", VISION("5", "[320, 576]", ""), "5 heads"},
    {"\"unknown\": [1, {}]", VISION("4", "[64, 576]", ""), "projector"},
    {"\"unknown\": [1, {}]", VISION("4", "[256, 575]", ""), "projector"},
    {"\"unknown\": [1, {}]", VISION("4", "[256]", ""), "projector"},
    {"\"unknown\": [1, {}]", VISION("4", "[256, 1, 1, 1, 576]", ""), "projector"},
    {"\"unknown\": [1, {}]", VISION("4", "[256, \"x\", 576]", ""), "projector"},
    {"\"unknown\": [1, {}]", VISION("4", "[256, 576]", ", \"image\": 20"), "smaller"},
    {"\"unknown\": [1, {}]", VISION("4", "[256, 576]", ", \"window\": 4"), "window_layers"},
    {"\"unknown\": [1, {}]", "\"published\": {\"params\": -1}", "published"},
    {"\"unknown\": [1, {}]", "\"not_costed\": [3]", "not_costed"},
    {"\"unknown\": [1, {}]", "\"unverified\": [{}]", "unverified"},
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
  const char *text = "{\"schema\": \"vkpareto.task/1\", \"id\": \"t\", \"title\": \"T\", \"reason\": \"r\", "
                     "\"prompt\": 10, \"output\": 2, \"concurrency\": 3}";
  assert_true(task_parse(text, strlen(text), &task, &err));
  assert_int_equal(task.concurrency, 3);
  const char *zero = "{\"schema\": \"vkpareto.task/1\", \"id\": \"t\", \"title\": \"T\", \"reason\": \"r\", "
                     "\"prompt\": 0, \"output\": 2, \"concurrency\": 3}";
  assert_false(task_parse(zero, strlen(zero), &task, &err));
  assert_non_null(strstr(err.text, "prompt"));
}

static bool reads_task(const char *middle, struct task *task, struct error *err) {
  char text[512];
  *err = (struct error){0};
  snprintf(text, sizeof text, "{\"schema\": \"vkpareto.task/1\", \"id\": \"t\", \"title\": \"T\", \"reason\": \"r\", "
           "\"concurrency\": 3, %s}", middle);
  return task_parse(text, strlen(text), task, err);
}

static void lengths_are_read_and_checked(void **state) {
  (void)state;
  struct task task;
  struct error err;
  assert_true(reads_task("\"lengths\": [{\"prompt\": 10, \"output\": 4, \"weight\": 3}, "
                         "{\"prompt\": 21, \"output\": 4, \"weight\": 1, \"history\": 7}]", &task, &err));
  assert_int_equal(task_n_lengths(&task), 2);
  assert_float_equal(task_length_at(&task, 0).weight, 0.75, 1e-12);
  assert_int_equal(task_length_at(&task, 1).history, 7);
  assert_int_equal(task.prompt, 13);   /* 12.75 */
  assert_int_equal(task.output, 4);
  assert_true(isnan(task.max_ttft_ms) && isnan(task.max_quality_loss_percent));
  assert_int_equal(task.arrivals, ARRIVALS_TOGETHER);
  assert_true(reads_task("\"prompt\": 1, \"output\": 1, \"arrivals\": \"one by one\"", &task, &err));
  assert_int_equal(task.arrivals, ARRIVALS_ONE_BY_ONE);
  static const struct { const char *middle, *says; } bad[] = {
    {"\"prompt\": 1, \"output\": 1, \"arrivals\": \"late\"", "there are together, one by one"},
    {"\"lengths\": []", "lengths"}, {"\"lengths\": {}", "lengths"}, {"\"lengths\": [1]", "lengths[0]"},
    {"\"prompt\": 1", "output"},
    {"\"lengths\": [{\"prompt\": 0, \"output\": 4, \"weight\": 3}]", "prompt"},
    {"\"lengths\": [{\"prompt\": 1, \"output\": 0, \"weight\": 3}]", "output"},
    {"\"lengths\": [{\"prompt\": 1, \"output\": 1, \"weight\": 1}, "
     "{\"prompt\": 1, \"output\": 1, \"weight\": 0}]", "lengths[1]"},
    {"\"lengths\": [{\"prompt\": 1, \"output\": 1, \"weight\": 1}], \"prompt\": 1", "contradict"},
    {"\"prompt\": 1, \"output\": 1, \"images\": 1", "image_side"},
    {"\"prompt\": 1, \"output\": 1, \"turns\": 0", "turns"},
    {"\"prompt\": 1, \"output\": 1, \"max_tpot_ms\": 0", "max_tpot_ms"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    if (reads_task(bad[i].middle, &task, &err)) fail_msg("accepted: %s", bad[i].middle);
    if (!strstr(err.text, bad[i].says)) fail_msg("'%s' does not name %s", err.text, bad[i].says);
  }
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
    if (strncmp(file->path, "models/", 7) == 0 && !model_parse(file->text, file->bytes, &model, &err))
      fail_msg("%s: %s", file->path, err.text);
    if (strncmp(file->path, "tasks/", 6) == 0 && !task_parse(file->text, file->bytes, &task, &err))
      fail_msg("%s: %s", file->path, err.text);
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

/* The dimensions must lead to what the published files hold, but for what no cost counts (biases of experts, a class
 * token) and padding; what makers state is rounded, which few of the models may rest on. */
static void parameters_match_what_is_published(void **state) {
  (void)state;
  size_t n = 0, counted = 0;
  for (size_t i = 0; i < n_embedded_files; i++) {
    const struct embedded *file = &embedded_files[i];
    struct model m;
    struct error err = {0};
    if (strncmp(file->path, "models/", 7) != 0) continue;
    assert_true(model_parse(file->text, file->bytes, &m, &err));
    const double off = m.params / m.published_params - 1;
    if (!(fabs(off) <= 0.015))
      fail_msg("%s: %.0f, published %.0f: %+.2f %%", m.id, m.params, m.published_params, 100 * off);
    counted += fabs(off) <= 5e-4;
    n++;
  }
  assert_true(n >= 24);
  assert_true(n - counted <= 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(unknown_fields_are_ignored),
    cmocka_unit_test(nonsense_is_refused_by_field),
    cmocka_unit_test(truncated_text_is_refused_everywhere),
    cmocka_unit_test(a_task_is_read_and_checked),
    cmocka_unit_test(lengths_are_read_and_checked),
    cmocka_unit_test(a_miss_suggests_the_nearest),
    cmocka_unit_test(every_built_in_file_is_sound),
    cmocka_unit_test(parameters_match_the_checkpoints),
    cmocka_unit_test(parameters_match_what_is_published),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
