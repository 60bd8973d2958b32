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

/* file "chat.json" etc. holds what `emit` writes for the model, task and limits from the result. adapters.json is one
 * that was measured, on lavapipe by adapters-suite.json: kernels of their own for a live adapter over f16 and int4_g32,
 * none over int8_g32, where it is composed of products. */
static const struct example {
  const char *file, *emit, *model, *task;
  double max_memory;
  enum preference prefer;
  const char *result;          /* NULL: the synthetic one */
  struct finetune_wish finetune;
  double max_quality_nats;     /* 0: no limit */
  const char *sensitivities;   /* NULL: none */
} examples[] = {
  {"llama-3.1-8b-chat-6GiB.sh", "llama.cpp", "llama-3.1-8b", "chat", .max_memory = 6.0 * (1 << 30)},
  {"qwen2.5-7b-batch-latency.sh", "llama.cpp", "qwen2.5-7b", "batch", .max_memory = INFINITY, .prefer = PREFER_LATENCY},
  {"olmoe-1b-7b-chat-5GiB.sh", "llama.cpp", "olmoe-1b-7b", "chat", .max_memory = 5.0 * (1 << 30)},
  {"smollm2-135m-chat.json", "json", "smollm2-135m", "chat", .max_memory = INFINITY},
  {"llama-3.1-8b-chat-kernel-adapter.sh", "llama.cpp", "llama-3.1-8b", "chat", .max_memory = 24.0 * (1 << 30),
   .prefer = PREFER_MEMORY, .result = "adapters.json",
   .finetune = {.live = true, .method = FINETUNE_LORA, .rank = 16}},
  {"llama-3.1-8b-chat-composed-adapter.sh", "llama.cpp", "llama-3.1-8b", "chat", .max_memory = 24.0 * (1 << 30),
   .prefer = PREFER_MEMORY, .result = "adapters.json",
   .finetune = {.live = true, .method = FINETUNE_LORA, .rank = 16}, .max_quality_nats = 0.012},
  {"llama-3.1-8b-chat-layers.sh", "llama.cpp", "llama-3.1-8b", "chat", .max_memory = 5.0 * (1 << 30),
   .prefer = PREFER_QUALITY, .sensitivities = "llama-3.1-8b-nats.json"},
};

static struct recommendation *recommend(const struct result *result, const struct model *model, const struct task *task,
                                        const struct quality *quality, const struct sensitivity *sensitivities,
                                        const struct emitter *emitter, const struct example *e) {
  struct recommend_options options = {.preference = e->prefer, .lost = emitter->lost, .finetune = e->finetune,
                                      .sensitivities = sensitivities};
  for (int o = 0; o < OBJECTIVE_COUNT; o++) options.limits.at[o] = INFINITY;
  options.limits.at[OBJECTIVE_MEMORY] = e->max_memory;
  if (e->max_quality_nats > 0) options.limits.at[OBJECTIVE_QUALITY] = e->max_quality_nats;
  struct error err = {0};
  struct recommendation *r = recommend_build(result, model, task, quality, &options, &err);
  if (!r) fail_msg("%s", err.text);
  return r;
}

/* What an example is made of; the recommendation keeps pointers into it. */
struct made {
  struct result *result;
  struct model *model;
  struct task *task;
  struct quality *quality;
  struct sensitivity *sensitivities;
  const struct emitter *emitter;
  struct recommendation *recommendation;
};

static struct made make(const struct example *e) {
  struct error err = {0};
  char path[512];
  snprintf(path, sizeof path, "%s%s", GOLDEN, e->result ? e->result : "result.json");
  struct made m = {.result = result_read(path, &err), .model = model_load(e->model, &err),
                   .task = task_load(e->task, &err), .quality = quality_load(&err),
                   .emitter = emit_find(e->emit, &err)};
  if (!m.result || !m.model || !m.task || !m.quality || !m.emitter) fail_msg("%s", err.text);
  if (e->sensitivities) {
    snprintf(path, sizeof path, SENSITIVITIES "%s", e->sensitivities);
    m.sensitivities = sensitivity_read(path, &err);
    if (!m.sensitivities) fail_msg("%s", err.text);
  }
  m.recommendation = recommend(m.result, m.model, m.task, m.quality, m.sensitivities, m.emitter, e);
  return m;
}

static void unmake(struct made *m) {
  recommend_free(m->recommendation);
  sensitivity_free(m->sensitivities);
  quality_free(m->quality);
  free(m->task);
  free(m->model);
  result_free(m->result);
}

static char *emitted(const struct example *e) {
  struct error err = {0};
  struct made m = make(e);
  char *text = m.emitter->text(m.recommendation, &err);
  assert_non_null(text);
  unmake(&m);
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

/* Which of the two paths each of the adapter's examples takes, in every matrix of a layer. */
static void an_adapter_has_its_kernel_or_is_composed(void **state) {
  (void)state;
  size_t seen[2] = {0};
  for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
    if (!examples[i].result) continue;
    const bool composed = strstr(examples[i].file, "composed") != NULL;
    struct made m = make(&examples[i]);
    for (int c = 0; c < CLASS_LOGITS; c++) {
      const struct space_option *o = &m.recommendation->space->slots[c].options[m.recommendation->choice[c]];
      assert_int_equal(o->composed, composed);
      assert_string_equal(o->technique[PHASE_DECODE]->id, composed ? "matmul.int8_g32" : "adapter.fused_int4_g32");
    }
    seen[composed]++;
    unmake(&m);
  }
  assert_true(seen[0] && seen[1]);
}

static void a_second_run_gives_the_same_bytes(void **state) {
  (void)state;
  char *a = emitted(&examples[0]), *b = emitted(&examples[0]);
  assert_string_equal(a, b);
  free(a);
  free(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(configs_are_as_they_were),
                                     cmocka_unit_test(an_adapter_has_its_kernel_or_is_composed),
                                     cmocka_unit_test(a_second_run_gives_the_same_bytes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
