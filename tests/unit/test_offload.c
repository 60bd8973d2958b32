/* Weights in the host's memory: bytes on either side, what is copied, and which splits are tried; counted by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "enumerate.h"
#include "placement.h"

static struct model *model_named(const char *name) {
  struct error err = {0};
  struct model *model = model_load(name, &err);
  if (!model) fail_msg("%s", err.text);
  return model;
}

static struct placement place(const struct model *model, struct offload offload, enum tensor_class class_, const struct task *task) {
  struct setting setting = setting_plain(model);
  setting.offload = offload;
  struct workload work;
  struct error err = {0};
  assert_true(workload_build(&setting, task, &work, &err));
  const struct placement out = placement_of(&setting, &work, class_, technique_find("matmul.f16"));
  workload_free(&work);
  return out;
}

/* SmolLM2-135M: 30 layers, q 576 x 576, k and v 192 x 576 each. Two prompts of 588: two passes each. */
static void layers_lie_in_the_host_but_for_the_room_of_one(void **state) {
  (void)state;
  const struct task task = {.prompt = 588, .output = 100, .concurrency = 2};
  struct model *model = model_named("smollm2-135m");
  const double layer = 2.0 * (576 * 576 + 2 * 192 * 576);
  struct placement p = place(model, (struct offload){0}, CLASS_QKV, &task);
  assert_float_equal(p.device, 30 * layer, 0);
  assert_float_equal(p.host + p.copied[0] + p.copied[1], 0, 0);
  p = place(model, (struct offload){.layers = 10}, CLASS_QKV, &task);
  assert_float_equal(p.device, 21 * layer, 1e-3);
  assert_float_equal(p.host, 10 * layer, 1e-3);
  assert_float_equal(p.copied[PHASE_PREFILL], 4 * 10 * layer, 1e-3);
  assert_float_equal(p.copied[PHASE_DECODE], 10 * layer, 1e-3);
  p = place(model, (struct offload){.layers = 30}, CLASS_LOGITS, &task);
  assert_float_equal(p.device, 2.0 * 49152 * 576, 0);   /* of no layer */
  assert_float_equal(p.host, 0, 0);
  free(model);
}

/* OLMoE: 16 layers of 64 experts, gate and up of 1,024 x 2,048 each; 8 experts to a token. */
static void only_the_experts_that_are_named_are_copied(void **state) {
  (void)state;
  const struct task task = {.prompt = 100, .output = 10, .concurrency = 1};
  struct model *model = model_named("olmoe-1b-7b");
  const double layer = 2.0 * 64 * 2 * 1024 * 2048;
  const struct placement p = place(model, (struct offload){.expert_layers = 4}, CLASS_FFN_UP, &task);
  assert_float_equal(p.device, 13 * layer, 1);
  assert_float_equal(p.host, 4 * layer, 1);
  assert_float_equal(p.copied[PHASE_DECODE], 4 * layer / 8, 1);
  assert_float_equal(p.copied[PHASE_PREFILL], 4 * layer * (1 - pow(7.0 / 8, 100)), 1);
  const struct placement q = place(model, (struct offload){.expert_layers = 4}, CLASS_QKV, &task);
  assert_float_equal(q.host, 0, 0);
  const struct placement whole = place(model, (struct offload){.layers = 4}, CLASS_FFN_UP, &task);
  assert_float_equal(whole.copied[PHASE_DECODE], 4 * layer, 1);   /* a layer is copied before its router runs */

  struct setting setting = setting_plain(model);
  setting.offload.expert_layers = 4;
  struct workload work;
  struct error err = {0};
  assert_true(workload_build(&setting, &task, &work, &err));
  assert_float_equal(placement_submissions(&setting, &work, PHASE_DECODE), 4, 0);
  assert_float_equal(placement_submissions(&setting, &work, PHASE_PREFILL), 4, 0);
  workload_free(&work);
  free(model);
}

/* DeepSeek-V2-Lite: the first of 27 layers has a dense FFN of 10,944, and is the last to go. */
static void the_dense_layer_of_a_mixture_goes_last(void **state) {
  (void)state;
  const struct task task = {.prompt = 100, .output = 10, .concurrency = 1};
  struct model *model = model_named("deepseek-v2-lite");
  const double dense = 2.0 * 2048 * 10944;
  const struct placement most = place(model, (struct offload){.layers = 26}, CLASS_FFN_DOWN, &task);
  const struct placement all = place(model, (struct offload){.layers = 27}, CLASS_FFN_DOWN, &task);
  assert_float_equal(all.host - most.host, dense, 1);
  assert_float_equal(all.device, most.device, 1);   /* its room takes as much */
  free(model);
}

/* SmolLM2 in one format: a device that holds everything but 5 layers of weights, and one layer's room. */
static void the_fewest_layers_that_fit_are_tried(void **state) {
  (void)state;
  const struct task task = {.prompt = 600, .output = 10, .concurrency = 1};
  struct model *model = model_named("smollm2-135m");
  struct space space = {.setting = setting_plain(model)};
  struct space_option weights = {.name = "f16"}, attention = {.name = "flash f16", .kv = "f16", .kv_bytes = 1000};
  struct error err = {0};
  double all = 1000, layer = 0;
  assert_true(workload_build(&space.setting, &task, &space.work, &err));
  for (int s = 0; s < SLOT_COUNT; s++) {
    space.slots[s] = (struct space_slot){.options = s == SLOT_ATTENTION ? &attention : &weights, .n = 1};
    if (s == SLOT_ATTENTION) continue;
    const double bytes = place(model, (struct offload){0}, (enum tensor_class)s, &task).device;
    all += bytes;
    if (s != CLASS_LOGITS) layer += bytes / 30;
  }
  struct setting_list list = {.n = 0};
  enumerate_offloads(&space, 1024, all - 5 * layer + 1, &list);
  assert_int_equal(list.n, 2);   /* 6 away, 1 in the room; in both micro-batches */
  for (size_t i = 0; i < 2; i++) assert_int_equal(list.at[i].offload.layers, 6);
  assert_int_equal(list.at[0].micro_batch, MICRO_BATCH);
  assert_int_equal(list.at[1].micro_batch, 1024);

  struct space_option formats[] = {weights, {.name = "int8_g32"}};   /* may fit with fewer than 16 bits need */
  for (int s = 0; s < SLOT_ATTENTION; s++) space.slots[s] = (struct space_slot){.options = formats, .n = 2};
  list.n = 0;
  enumerate_offloads(&space, MICRO_BATCH, all - 20 * layer + 1, &list);
  assert_int_equal(list.n, OFFLOAD_SPLITS);
  assert_true(list.at[0].offload.layers < 21 && list.at[1].offload.layers < 21);
  assert_int_equal(list.at[2].offload.layers, 21);

  struct setting fewest;
  const uint8_t in_8_bits[SLOT_COUNT] = {1, 1, 1, 1, 1, 0};
  assert_true(enumerate_fewest(&space, false, in_8_bits, all - 20 * layer + 1, &fewest));
  assert_int_equal(fewest.offload.layers, list.at[0].offload.layers);
  assert_true(enumerate_fewest(&space, false, (const uint8_t[SLOT_COUNT]){0}, all - 20 * layer + 1, &fewest));
  assert_int_equal(fewest.offload.layers, 21);
  assert_false(enumerate_fewest(&space, false, in_8_bits, 1000, &fewest));

  list.n = 0;
  enumerate_offloads(&space, MICRO_BATCH, 1000, &list);   /* not even without a layer: said of all */
  assert_int_equal(list.n, 1);
  assert_int_equal(list.at[0].offload.layers, 30);
  workload_free(&space.work);
  free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(layers_lie_in_the_host_but_for_the_room_of_one),
    cmocka_unit_test(only_the_experts_that_are_named_are_copied),
    cmocka_unit_test(the_dense_layer_of_a_mixture_goes_last),
    cmocka_unit_test(the_fewest_layers_that_fit_are_tried),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
