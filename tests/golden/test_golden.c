/* A synthetic result of known times -> exact front and config bytes. VKPARETO_GOLDEN=write makes the files anew. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "emit.h"
#include "file.h"

#define GOLDEN SOURCE_DIR "/tests/golden/"

#define SENSITIVITIES SOURCE_DIR "/tests/fixtures/sensitivities/"

/* file "chat.json" etc. holds what `emit` writes for the model, task and memory limit. */
static const struct example {
  const char *file, *emit, *model, *task; double max_memory; enum preference prefer; const char *sensitivities;
} examples[] = {
  {"llama-3.1-8b-chat-6GiB.sh", "llama.cpp", "llama-3.1-8b", "chat", 6.0 * (1 << 30), PREFER_BALANCED, NULL},
  {"qwen2.5-7b-batch-latency.sh", "llama.cpp", "qwen2.5-7b", "batch", INFINITY, PREFER_LATENCY, NULL},
  {"olmoe-1b-7b-chat-5GiB.sh", "llama.cpp", "olmoe-1b-7b", "chat", 5.0 * (1 << 30), PREFER_BALANCED, NULL},
  {"smollm2-135m-chat.json", "json", "smollm2-135m", "chat", INFINITY, PREFER_BALANCED, NULL},
  {"llama-3.1-8b-chat-layers.sh", "llama.cpp", "llama-3.1-8b", "chat", 5.0 * (1 << 30), PREFER_QUALITY,
   "llama-3.1-8b-nats.json"},
};

static struct recommendation *recommend(const struct result *result, const struct model *model, const struct task *task,
                                        const struct quality *quality, const struct sensitivity *sensitivities,
                                        const struct emitter *emitter, const struct example *e) {
  struct recommend_options options = {.preference = e->prefer, .lost = emitter->lost, .sensitivities = sensitivities};
  for (int o = 0; o < OBJECTIVE_COUNT; o++) options.limits.at[o] = INFINITY;
  options.limits.at[OBJECTIVE_MEMORY] = e->max_memory;
  struct error err = {0};
  struct recommendation *r = recommend_build(result, model, task, quality, &options, &err);
  if (!r) fail_msg("%s", err.text);
  return r;
}

static char *emitted(const struct example *e) {
  struct error err = {0};
  struct result *result = result_read(GOLDEN "result.json", &err);
  struct model *model = model_load(e->model, &err);
  struct task *task = task_load(e->task, &err);
  struct quality *quality = quality_load(&err);
  const struct emitter *emitter = emit_find(e->emit, &err);
  if (!result || !model || !task || !quality || !emitter) fail_msg("%s", err.text);
  char path[512];
  snprintf(path, sizeof path, SENSITIVITIES "%s", e->sensitivities ? e->sensitivities : "");
  struct sensitivity *sensitivities = e->sensitivities ? sensitivity_read(path, &err) : NULL;
  if (e->sensitivities && !sensitivities) fail_msg("%s", err.text);
  struct recommendation *r = recommend(result, model, task, quality, sensitivities, emitter, e);
  char *text = emitter->text(r, &err);
  assert_non_null(text);
  recommend_free(r);
  sensitivity_free(sensitivities);
  quality_free(quality);
  free(task);
  free(model);
  result_free(result);
  return text;
}

static void check(const struct example *e) {
  char path[512], *text = emitted(e);
  struct error err = {0};
  snprintf(path, sizeof path, GOLDEN "%s", e->file);
  const char *mode = getenv("VKPARETO_GOLDEN");
  if (mode && strcmp(mode, "write") == 0) {
    assert_true(file_write(path, text, strlen(text), true, &err));
  } else {
    size_t bytes;
    char *expected = file_read(path, 64 << 20, &bytes, &err);
    if (!expected) fail_msg("%s", err.text);
    assert_string_equal(text, expected);
    free(expected);
  }
  free(text);
}

static void configs_are_as_they_were(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) check(&examples[i]);
}

static void a_second_run_gives_the_same_bytes(void **state) {
  (void)state;
  char *a = emitted(&examples[0]), *b = emitted(&examples[0]);
  assert_string_equal(a, b);
  free(a);
  free(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(configs_are_as_they_were), cmocka_unit_test(a_second_run_gives_the_same_bytes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
