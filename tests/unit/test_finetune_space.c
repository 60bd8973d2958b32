/* A live adapter in the space of a model: what its kernels and its products cost, in time and memory. And the tuning
 * step, counted by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recommend.h"

static struct result *result;
static struct quality *quality;
static struct model *model;
static const struct task chat = {.id = "chat", .prompt = 512, .output = 256, .concurrency = 1};

static int open_all(void **state) {
  (void)state;
  struct error err = {0};
  result = result_read(SOURCE_DIR "/tests/golden/result.json", &err);
  quality = quality_load(&err);
  model = model_load("llama-3.2-1b", &err);
  return result && quality && model ? 0 : -1;
}

static int close_all(void **state) {
  (void)state;
  result_free(result);
  quality_free(quality);
  free(model);
  return 0;
}

/* ---- rows of adapter kernels with a known law */

#define LATENCY 8000.0   /* two launches, each as long as the result's empty dispatch */
#define PER_BYTE 0.01

static const struct technique *fused(void) { return technique_find("adapter.fused_int4_g32"); }

static double law(int64_t m, int64_t n, int64_t k, int64_t rank) {
  const struct kernel_case kase = {.family = family_find("adapter"), .dim = {m, n, k, rank, 1}};
  return LATENCY + PER_BYTE * kase.family->bytes(&kase, fused());
}

static struct result_row row_of(int64_t m, int64_t n, int64_t k, int64_t rank) {
  struct result_row row = {.family = family_find("adapter"), .dim = {m, n, k, rank, 1}, .mode = MODE_COLD,
                           .status = STATUS_OK};
  static char technique[] = "adapter.fused_int4_g32", variant[] = "adapter.fused_int4_g32.rows";
  row.technique = technique, row.variant = variant;
  row.time.median = row.time.lo = row.time.hi = law(m, n, k, rank);
  row.time.samples = row.time.rounds = 5;
  return row;
}

/* The result and eight rows more; free its rows. */
static struct result with_kernels(void) {
  struct result out = *result;
  out.rows = calloc(result->n_rows + 8, sizeof *out.rows);
  assert_non_null(out.rows);
  memcpy(out.rows, result->rows, result->n_rows * sizeof *out.rows);
  for (int64_t m = 1; m <= 512; m += 511)
    for (int64_t rank = 8; rank <= 64; rank += 56)
      for (int64_t n = 1024; n <= 4096; n += 3072) out.rows[out.n_rows++] = row_of(m, n, 2048, rank);
  return out;
}

static struct space space_of(const struct cost_model *cost, const struct task *task, struct finetune finetune) {
  struct space_request request = {.cost = cost, .quality = quality, .setting = setting_plain(model), .task = task,
                                  .allow_unknown_quality = true};   /* 4 bits are too few for so small a model */
  request.setting.finetune = finetune;
  struct space space;
  struct error err = {0};
  if (!space_build(&request, &space, &err)) fail_msg("%s", err.text);
  return space;
}

static const struct space_option *option(const struct space *space, int slot, const char *name) {
  for (size_t o = 0; o < space->slots[slot].n; o++)
    if (strcmp(space->slots[slot].options[o].name, name) == 0) return &space->slots[slot].options[o];
  fail_msg("no option %s", name);
  return NULL;
}

static const struct finetune live_lora = {FINETUNE_LORA, FINETUNE_LIVE, FINETUNE_LINEAR, 16};

/* Llama-3.2-1B: 16 layers, q 2048 x 2048, k and v 512 x 2048; one prompt of 512 tokens. */
static void kernels_of_adapters_are_costed_by_their_rows(void **state) {
  (void)state;
  struct error err = {0};
  struct result with = with_kernels();
  struct cost_model *cost = cost_build(&with, &err);
  assert_non_null(cost);
  struct space space = space_of(cost, &chat, live_lora);
  const struct space_option *o = option(&space, CLASS_QKV, "int4_g32");
  for (int p = 0; p < PHASE_COUNT; p++) {
    const int64_t m = p == PHASE_PREFILL ? 512 : 1;
    assert_float_equal(o->time[p].ns / (16 * (law(m, 2048, 2048, 16) + 2 * law(m, 512, 2048, 16))), 1, 1e-5);
    assert_float_equal(o->time[p].part_ns[PART_MATMUL] / o->time[p].ns, 1, 1e-9);
    assert_ptr_equal(o->technique[p], fused());
    assert_non_null(o->time[p].row);
  }
  assert_false(o->composed);
  assert_true(option(&space, CLASS_QKV, "int8_g32")->composed);   /* no kernels over it: by products */
  space_free(&space);
  cost_free(cost);
  free(with.rows);
}

static double predicted(const struct cost_model *cost, const char *technique, const struct kernel_case *kase) {
  struct cost_estimate e;
  struct error err = {0};
  if (!cost_predict(cost, technique, kase, &e, &err)) fail_msg("%s", err.text);
  return e.ns;
}

static double product(const struct cost_model *cost, int64_t m, int64_t n, int64_t k) {
  struct kernel_case kase;
  struct error err = {0};
  assert_true(ops_product_case(m, n, k, &kase, &err));
  return predicted(cost, "matmul.f16", &kase);
}

static double sum(const struct cost_model *cost, int64_t m, int64_t n) {
  struct kernel_case kase = {.family = family_find("block")};
  for (size_t d = 0; d < kase.family->n_dims; d++) kase.dim[d] = kase.family->dims[d].preset;
  kase.dim[0] = m, kase.dim[1] = n;
  return predicted(cost, "block.residual", &kase);
}

/* Beside what the class costs without an adapter there are A x, B v and the sum, once for every matrix. */
static void without_kernels_the_products_are_added(void **state) {
  (void)state;
  struct error err = {0};
  struct cost_model *cost = cost_build(result, &err);
  assert_non_null(cost);
  struct space merged = space_of(cost, &chat, (struct finetune){FINETUNE_LORA, FINETUNE_MERGED, FINETUNE_LINEAR, 16});
  struct space live = space_of(cost, &chat, live_lora);
  for (int p = 0; p < PHASE_COUNT; p++) {
    const int64_t m = p == PHASE_PREFILL ? 512 : 1;
    const double more = 16 * (product(cost, m, 16, 8192) + product(cost, m, 2048, 16) + sum(cost, m, 2048));
    const double before = option(&merged, CLASS_FFN_DOWN, "int8_g32")->time[p].ns;
    assert_float_equal((option(&live, CLASS_FFN_DOWN, "int8_g32")->time[p].ns - before) / more, 1, 1e-9);
    assert_float_equal(option(&live, CLASS_LOGITS, "f16")->time[p].ns,
                       option(&merged, CLASS_LOGITS, "f16")->time[p].ns, 0);
  }
  const double bytes = option(&live, CLASS_FFN_DOWN, "int8_g32")->weight_bytes
                     - option(&merged, CLASS_FFN_DOWN, "int8_g32")->weight_bytes;
  assert_float_equal(bytes, 16 * (2 * 16 * (8192 + 2048) + 4), 0);
  space_free(&merged);
  space_free(&live);
  cost_free(cost);
}

/* Their weights add; a row of the batch names its own, which only kernels of adapters can do. */
static void several_adapters_need_memory_and_kernels(void **state) {
  (void)state;
  struct error err = {0};
  const struct task many = {.id = "many", .prompt = 512, .output = 256, .concurrency = 4, .adapters = 3};
  struct result with = with_kernels();
  struct cost_model *cost = cost_build(&with, &err), *plain = cost_build(result, &err);
  struct space three = space_of(cost, &many, live_lora), one = space_of(cost, &chat, live_lora);
  const double more = option(&three, CLASS_ATTN_OUT, "int4_g32")->weight_bytes
                    - option(&one, CLASS_ATTN_OUT, "int4_g32")->weight_bytes;
  assert_float_equal(more, 2 * finetune_class_bytes(model, &live_lora, CLASS_ATTN_OUT), 0);
  for (size_t o = 0; o < three.slots[CLASS_QKV].n; o++)
    assert_string_equal(three.slots[CLASS_QKV].options[o].name, "int4_g32");
  space_free(&three);
  space_free(&one);

  struct space_request request = {.cost = plain, .quality = quality, .setting = setting_plain(model), .task = &many,
                                  .allow_unknown_quality = true};
  request.setting.finetune = live_lora;
  assert_false(space_build(&request, &one, &err));
  assert_int_equal(err.kind, ERROR_INFEASIBLE);
  assert_non_null(strstr(err.text, "no usable decode row of adapter."));
  assert_non_null(strstr(err.text, "vkpareto run --suite standard"));
  request.setting.finetune.form = FINETUNE_MERGED;
  assert_false(space_build(&request, &one, &err));
  assert_non_null(strstr(err.text, "merged weights serve one adapter"));
  cost_free(cost);
  cost_free(plain);
  free(with.rows);
}

/* ---- the step */

static struct finetune_step step_of(const struct cost_model *cost, enum finetune_method method) {
  struct space_request request = {.cost = cost, .quality = quality, .setting = setting_plain(model), .task = &chat};
  request.setting.finetune = (struct finetune){method, FINETUNE_MERGED, FINETUNE_LINEAR, 16};
  struct finetune_step step;
  struct error err = {0};
  assert_true(finetune_step_of(&request, &step, &err));
  return step;
}

/* Llama-3.2-1B: hidden 2048, 16 layers, 32 heads and 8 KV heads of 64, a gated FFN of 8192, 128,256 words; 768
 * tokens. */
static void memory_of_a_step_is_that_counted_by_hand(void **state) {
  (void)state;
  struct error err = {0};
  struct cost_model *cost = cost_build(result, &err);
  const struct finetune_step lora = step_of(cost, FINETUNE_LORA), qlora = step_of(cost, FINETUNE_QLORA);
  const double trained = 16 * 16.0 * (2 * (2048 + 2048) + 2 * (512 + 2048) + 3 * (8192 + 2048));
  const double layer = 4 * 2048 + 2 * 2048 + 2 * 512 + 4 * 8192;
  const double linear = 16.0 * (2 * 2048 * 2048 + 2 * 512 * 2048 + 3 * 8192 * 2048);
  assert_int_equal(lora.tokens, 768);
  assert_float_equal(lora.params, trained, 0);
  assert_float_equal(lora.base_bytes, 2 * model->params, 0);
  assert_float_equal(qlora.base_bytes, 2 * (model->params - linear) + linear * 4.127 / 8, 1);
  assert_float_equal(lora.state_bytes, 16 * trained, 0);
  assert_float_equal(lora.activation_bytes, 2.0 * 768 * (16 * 2048 + layer), 0);
  assert_float_equal(lora.logits_bytes, 8.0 * 768 * 128256, 0);
  assert_float_equal(lora.memory, lora.base_bytes + lora.state_bytes + lora.activation_bytes + lora.logits_bytes, 0);
  cost_free(cost);
}

/* Three times the prompt of 768 tokens with 16-bit weights and the adapter, with logits for each token. */
static void time_of_a_step_is_three_forward_passes(void **state) {
  (void)state;
  struct error err = {0};
  struct cost_model *cost = cost_build(result, &err);
  const struct task sample = {.id = "sample", .prompt = 768, .output = 1, .concurrency = 1};
  struct space space = space_of(cost, &sample, live_lora);
  double forward = space.fixed[PHASE_PREFILL].ns + product(cost, 512, 128256, 2048) + product(cost, 256, 128256, 2048);
  for (int c = 0; c < CLASS_LOGITS; c++) forward += option(&space, c, "f16")->time[PHASE_PREFILL].ns;
  double attention = INFINITY;
  for (size_t o = 0; o < space.slots[SLOT_ATTENTION].n; o++) {
    const struct space_option *a = &space.slots[SLOT_ATTENTION].options[o];
    if (strcmp(a->kv, "f16") == 0) attention = fmin(attention, a->time[PHASE_PREFILL].ns);
  }
  const struct finetune_step lora = step_of(cost, FINETUNE_LORA), dora = step_of(cost, FINETUNE_DORA);
  assert_float_equal(lora.ns / (3 * (forward + attention)), 1, 1e-9);
  assert_string_equal(lora.reason, "");
  assert_true(isnan(dora.ns));   /* the result has no row of it */
  assert_non_null(strstr(dora.reason, "adapter.dora_f16"));
  space_free(&space);
  cost_free(cost);
}

/* A device of 30 W, 60 pJ for a byte and 2 pJ for an operation, with joules in every third row: what the step takes is
 * three times what its options do, and no step can take less than the idle power over its time. */
static void energy_of_a_step_is_that_of_its_passes(void **state) {
  (void)state;
  struct error err = {0};
  struct result metered = *result;
  metered.rows = malloc(result->n_rows * sizeof *metered.rows);
  memcpy(metered.rows, result->rows, result->n_rows * sizeof *metered.rows);
  for (size_t i = 0; i < metered.n_rows; i += 3) {
    struct result_row *row = &metered.rows[i];
    row->energy = (struct result_energy){.gross = 30e-9 * row->time.median + 60e-12 * row->bytes + 2e-12 * row->flops,
                                         .gross_error = 0, .run_ns = row->time.median, .windows = 3, .meter = "stand-in"};
  }
  struct cost_model *cost = cost_build(&metered, &err), *without = cost_build(result, &err);
  assert_true(cost && cost->has_energy && !without->has_energy);
  const struct task sample = {.id = "sample", .prompt = 768, .output = 1, .concurrency = 1};
  struct space space = space_of(cost, &sample, live_lora);
  double forward = space.fixed[PHASE_PREFILL].joules;
  for (int c = 0; c < CLASS_LOGITS; c++) forward += option(&space, c, "f16")->time[PHASE_PREFILL].joules;
  const struct space_time *attention = NULL;
  for (size_t o = 0; o < space.slots[SLOT_ATTENTION].n; o++) {
    const struct space_option *a = &space.slots[SLOT_ATTENTION].options[o];
    if (strcmp(a->kv, "f16") == 0 && (!attention || a->time[PHASE_PREFILL].ns < attention->ns))
      attention = &a->time[PHASE_PREFILL];
  }
  forward += attention->joules;
  for (int64_t rows = 512; rows >= 256; rows -= 256) {
    struct kernel_case kase;
    struct cost_estimate e;
    assert_true(ops_product_case(rows, 128256, 2048, &kase, &err) && cost_predict(cost, "matmul.f16", &kase, &e, &err));
    forward += e.joules;
  }
  const struct finetune_step lora = step_of(cost, FINETUNE_LORA), dora = step_of(cost, FINETUNE_DORA);
  assert_float_equal(lora.joules / (3 * forward), 1, 1e-9);
  assert_true(lora.joules > 30e-9 * lora.ns && lora.joules_error >= 0);
  assert_string_equal(lora.energy_reason, "");
  assert_true(isnan(dora.joules) && dora.energy_reason[0]);   /* its time is unknown */
  const struct finetune_step unmetered = step_of(without, FINETUNE_LORA);
  assert_true(isfinite(unmetered.ns) && isnan(unmetered.joules));
  assert_non_null(strstr(unmetered.energy_reason, "the result has none"));
  space_free(&space);
  cost_free(cost);
  cost_free(without);
  free(metered.rows);
}

/* ---- published figures */

#define SPEED(method, params, tokens)                                                                                  \
  "{\"method\": \"" method "\", \"model\": \"m\", \"params\": " #params ", \"device\": \"d\", \"tokens\": " #tokens    \
  ", \"memory\": 5, \"source\": \"s\", \"note\": \"n\"}"
#define SPEEDS(list) "{\"schema\": \"vkpareto.finetune-speed/1\", \"figures\": [" list "]}"

static void the_nearest_figure_is_shown(void **state) {
  (void)state;
  static const char text[] = SPEEDS(SPEED("lora", 1e9, 512) "," SPEED("lora", 7e9, 512) ","
                                    SPEED("lora", 7e9, 4096) "," SPEED("dora", 8e9, 512));
  struct finetune_figures figures = {0};
  struct error err = {0};
  assert_true(finetune_figures_parse(&figures, text, sizeof text - 1, &err));
  assert_int_equal(finetune_speed_near(&figures, "lora", 8e9, 3000)->tokens, 4096);
  assert_int_equal(finetune_speed_near(&figures, "lora", 8e9, 600)->tokens, 512);
  assert_float_equal(finetune_speed_near(&figures, "lora", 1.5e9, 600)->params, 1e9, 0);
  assert_true(isnan(finetune_speed_near(&figures, "lora", 8e9, 600)->samples_per_s));
  assert_null(finetune_speed_near(&figures, "lora", 70e9, 600));
  assert_null(finetune_speed_near(&figures, "qlora", 8e9, 600));
  static const char nonsense[] = SPEEDS(SPEED("lora", -1, 512));
  assert_false(finetune_figures_parse(&figures, nonsense, sizeof nonsense - 1, &err));
  finetune_figures_clear(&figures);
}

/* Every figure is read, and those of the method are found. */
static void the_built_in_figures_are_read(void **state) {
  (void)state;
  struct error err = {0};
  struct finetune_figures *figures = finetune_figures_load(&err);
  assert_non_null(figures);
  assert_true(figures->n_speeds > 0 && figures->n_accuracies > 0);
  for (int m = FINETUNE_LORA; m < FINETUNE_METHODS; m++) {
    assert_non_null(finetune_speed_near(figures, finetune_method_names[m], 8e9, 2048));
    assert_non_null(finetune_accuracy_at(figures, finetune_method_names[m], 8e9, 0));
  }
  assert_null(finetune_accuracy_at(figures, "lora", 8e9, 1000));
  finetune_figures_free(figures);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(kernels_of_adapters_are_costed_by_their_rows),
    cmocka_unit_test(without_kernels_the_products_are_added),
    cmocka_unit_test(several_adapters_need_memory_and_kernels),
    cmocka_unit_test(memory_of_a_step_is_that_counted_by_hand),
    cmocka_unit_test(time_of_a_step_is_three_forward_passes),
    cmocka_unit_test(energy_of_a_step_is_that_of_its_passes),
    cmocka_unit_test(the_nearest_figure_is_shown),
    cmocka_unit_test(the_built_in_figures_are_read),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
