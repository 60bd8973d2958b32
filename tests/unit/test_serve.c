/* A server is not a batch: what a request sees of the same work on the device. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recommend.h"

/* Four prompts take 4,000, a step 100. One prompt and half a step: 1,050. Three prompts of others are spread over ten
 * steps: 100 + 300. The request takes as long as the work for all four and half a step. */
static void by_hand(void **state) {
  (void)state;
  const struct task task = {.prompt = 9, .output = 11, .concurrency = 4, .arrivals = ARRIVALS_ONE_BY_ONE};
  struct space_time time[PHASE_COUNT] = {
    {.ns = 4000, .lo = 3600, .hi = 4800, .extrapolated_ns = 400, .part_ns = {4000}, .joules = 8, .joules_error = 1},
    {.ns = 100, .lo = 90, .hi = NAN, .extrapolated_ns = 0, .part_ns = {60, 0, 40}, .joules = 3, .measured_joules = 2},
  };
  timing_serve(&task, time);
  const struct space_time *first = &time[PHASE_PREFILL], *next = &time[PHASE_DECODE];
  assert_float_equal(first->ns, 1050, 1e-9);
  assert_float_equal(first->lo, 945, 1e-9);
  assert_true(isnan(first->hi) && isnan(next->hi));
  assert_float_equal(first->extrapolated_ns, 100, 1e-9);
  assert_float_equal(first->part_ns[0], 1030, 1e-9);
  assert_float_equal(first->part_ns[2], 20, 1e-9);
  assert_float_equal(next->ns, 400, 1e-9);
  assert_float_equal(next->lo, 360, 1e-9);
  assert_float_equal(next->part_ns[0], 360, 1e-9);
  assert_float_equal(first->ns + 10 * next->ns, 4000 + 10 * 100 + 50, 1e-9);
  assert_float_equal(first->joules, 8, 0);      /* of the device's work, which is the same */
  assert_float_equal(next->joules, 3, 0);
  assert_float_equal(next->measured_joules, 2, 0);
}

static void alone_together_and_without_steps_nothing_changes(void **state) {
  (void)state;
  static const struct task tasks[] = {
    {.output = 11, .concurrency = 4, .arrivals = ARRIVALS_TOGETHER},
    {.output = 11, .concurrency = 1, .arrivals = ARRIVALS_ONE_BY_ONE},
    {.output = 1, .concurrency = 4, .arrivals = ARRIVALS_ONE_BY_ONE},
  };
  for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++) {
    struct space_time time[PHASE_COUNT] = {{.ns = 4000, .row_ns = 7}, {.ns = 100, .row_ns = 9}}, before[PHASE_COUNT];
    memcpy(before, time, sizeof time);
    timing_serve(&tasks[i], time);
    assert_memory_equal(time, before, sizeof time);
  }
}

/* The same of a whole model: every part of a configuration's cost goes through it once, and memory and joules stay. */
static void a_model_served_does_the_same_work_as_in_a_batch(void **state) {
  (void)state;
  struct error err = {0};
  struct result *result = result_read(SOURCE_DIR "/tests/golden/result.json", &err);
  struct quality *quality = quality_load(&err);
  struct model *model = model_load("olmoe-1b-7b", &err);
  struct cost_model *cost = result ? cost_build(result, &err) : NULL;
  if (!cost || !quality || !model) fail_msg("%s", err.text);
  struct task task = {.id = "t", .prompt = 700, .output = 33, .concurrency = 8};
  struct prediction p[ARRIVALS];
  for (int a = 0; a < ARRIVALS; a++) {
    task.arrivals = (enum arrivals)a;
    const struct space_request request = {.cost = cost, .quality = quality,
                                          .setting = setting_plain(model), .task = &task};
    const uint8_t first_of_all[SLOT_COUNT] = {0};
    struct space space;
    if (!space_build(&request, &space, &err)) fail_msg("%s", err.text);
    p[a] = choose_predict(&space, &task, first_of_all);
    int64_t ttft = space.base.at[COORD_TTFT];
    for (int s = 0; s < SLOT_COUNT; s++) ttft += space.slots[s].options[0].cost.at[COORD_TTFT];
    assert_float_equal((double)ttft, p[a].ttft_ns.value, 10);   /* the front weighs the same times */
    space_free(&space);
  }
  const struct prediction *batch = &p[ARRIVALS_TOGETHER], *server = &p[ARRIVALS_ONE_BY_ONE];
  const double prefill = batch->ttft_ns.value, step = batch->tpot_ns.value;
  assert_float_equal(server->ttft_ns.value / (prefill / 8 + step / 2), 1, 1e-9);
  assert_float_equal(server->tpot_ns.value / (step + prefill * 7 / 8 / 32), 1, 1e-9);
  assert_float_equal(server->request_ns / (batch->request_ns + step / 2), 1, 1e-9);
  assert_float_equal(server->memory, batch->memory, 0);
  cost_free(cost);
  free(model);
  quality_free(quality);
  result_free(result);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(by_hand),
    cmocka_unit_test(alone_together_and_without_steps_nothing_changes),
    cmocka_unit_test(a_model_served_does_the_same_work_as_in_a_batch),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
