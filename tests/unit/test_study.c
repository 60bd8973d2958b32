/* The study on spaces whose gains were computed by hand, and on a result of known times. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "enumerate.h"
#include "summary.h"

/* ---- a space by hand: each class 100 ns per prompt, f16 20 ns per token, 200 bytes, 2 J per token, q half of that but the
 * prompt and 0.002 nats; attention 50 ns, 10 ns, 100 bytes, 2 J, with an int8 cache half again and 0.005 nats. Eleven
 * tokens are ten steps:
 *
 *   default        550 + 10 x 110 = 1650 ns, 1100 bytes, 10 x 12 = 120 J
 *   q everywhere   550 + 10 x  60 = 1150 ns,  600 bytes, 10 x  7 =  70 J, 0.010 nats
 *   int8 cache     550 + 10 x 105 = 1600 ns, 1050 bytes, 10 x 11 = 110 J, 0.005 nats
 *   both           550 + 10 x  55 = 1100 ns,  550 bytes, 10 x  6 =  60 J, 0.015 nats */
static const struct task eleven = {.id = "eleven", .prompt = 8, .output = 11, .concurrency = 1};
enum { OPTIONS = 3 };
static struct space_option options[SLOT_COUNT][OPTIONS];

static struct space_option option(const char *name, const char *kv, double prefill, double decode, double weights,
                                  double cache,
                                  double joules, double nats) {
  struct space_option o = {.weight_bytes = weights, .kv_bytes = cache};
  snprintf(o.name, sizeof o.name, "%s", name);
  snprintf(o.kv, sizeof o.kv, "%s", kv);
  o.time[PHASE_PREFILL] = (struct space_time){.ns = prefill, .lo = prefill, .hi = prefill};
  o.time[PHASE_DECODE] = (struct space_time){.ns = decode, .lo = decode, .hi = decode, .joules = joules};
  o.quality = (struct quality_estimate){.nats = nats, .lo = nats / 2, .hi = 1.5 * nats};
  return o;
}

static struct space space_by_hand(bool energy) {
  struct space space = {.energy_known = energy, .quality_known = true, .decode_steps = 10, .tokens = 11};
  for (int s = 0; s < SLOT_COUNT; s++) {
    const bool attention = s == SLOT_ATTENTION;
    options[s][0] = attention ? option("flash f16", "f16", 50, 10, 0, 100, 2, 0) : option("f16", "", 100, 20, 200, 0, 2,
                                                                                0);
    options[s][1] = attention ? option("flash int8", "int8", 50, 5, 0, 50, 1, 0.005) : option("q", "", 100, 10, 100, 0,
                                                                                1, 0.002);
    options[s][2] = attention ? option("naive f16", "f16", 60, 12, 0, 100, 2, 0) : option("tiny", "", 100, 1, 10, 0,
                                                                                0.1, NAN);
    space.slots[s] = (struct space_slot){.options = options[s], .n = OPTIONS};
  }
  return space;
}

static struct gain gain_at(const struct space *space, const uint8_t base[SLOT_COUNT],
                           const uint8_t choice[SLOT_COUNT]) {
  const struct prediction a = choose_predict(space, &eleven, base), b = choose_predict(space, &eleven, choice);
  return gain_of(&a, &b);
}

static struct gain best_gain(const struct space *space, enum pick_stage stage, double memory, double nats) {
  uint8_t base[SLOT_COUNT];
  const struct pick_limits limits = {memory, nats};
  struct error err = {0};
  struct pick pick;
  assert_true(pick_plain(space, "flash", base, &err));
  const struct prediction plain = choose_predict(space, &eleven, base);
  if (!pick_best(space, &eleven, &plain, stage, &limits, NULL, &pick, &err)) fail_msg("%s", err.text);
  const struct gain gain = gain_at(space, base, pick.choice);
  assert_float_equal(pick.mean, gain.mean, 1e-12);
  return gain;
}

static void gains_are_those_computed_by_hand(void **state) {
  (void)state;
  const struct space space = space_by_hand(true);
  const struct gain weights = best_gain(&space, STAGE_WEIGHTS, INFINITY, 1);
  assert_float_equal(weights.time, 1650.0 / 1150, 1e-12);
  assert_float_equal(weights.memory, 1100.0 / 600, 1e-12);
  assert_float_equal(weights.energy, 120.0 / 70, 1e-12);
  assert_float_equal(weights.mean, cbrt(1650.0 / 1150 * 1100 / 600 * 120 / 70), 1e-12);
  assert_float_equal(best_gain(&space, STAGE_KV, INFINITY, 1).mean, cbrt(1650.0 / 1600 * 1100 / 1050 * 120 / 110),
                     1e-12);
  assert_float_equal(best_gain(&space, STAGE_ATTENTION, INFINITY, 1).mean, 1, 1e-12);   /* naive is slower */
  assert_float_equal(best_gain(&space, STAGE_ALL, INFINITY, 1).mean, cbrt(1.5 * 2 * 2), 1e-12);
}

static void without_energy_the_mean_is_of_time_and_memory(void **state) {
  (void)state;
  const struct space space = space_by_hand(false);
  const struct gain all = best_gain(&space, STAGE_ALL, INFINITY, 1);
  assert_true(isnan(all.energy));
  assert_float_equal(all.mean, sqrt(1.5 * 2), 1e-12);
}

static void limits_hold(void **state) {
  (void)state;
  const struct space space = space_by_hand(false);
  assert_float_equal(best_gain(&space, STAGE_ALL, INFINITY, 0.012).time, 1650.0 / 1150,
                     1e-12);   /* not the cache as well */
  assert_float_equal(best_gain(&space, STAGE_ALL, INFINITY, 0.0105).memory, 1100.0 / 600, 1e-12);
  assert_float_equal(best_gain(&space, STAGE_ALL, INFINITY, 0.001).mean, 1, 1e-12);
  uint8_t base[SLOT_COUNT];
  struct error err = {0};
  struct pick pick;
  assert_true(pick_plain(&space, "flash", base, &err));
  const struct prediction plain = choose_predict(&space, &eleven, base);
  assert_false(pick_best(&space, &eleven, &plain, STAGE_ALL, &(struct pick_limits){599, 0.012}, NULL, &pick, &err));
  assert_int_equal(err.kind, ERROR_INFEASIBLE);
  assert_non_null(strstr(err.text, "600 B"));
}

/* Of four layers each option of weights has a quarter, and a layer in the host's memory costs half a ns for each byte.
 * What stays on the device of n layers is its share of 4 - n, and one layer's room: 5 - n of them. Everything is tried. */
static void as_few_layers_lie_in_the_host_as_fit(void **state) {
  (void)state;
  const struct space space = space_by_hand(true);
  uint8_t base[SLOT_COUNT];
  struct error err = {0};
  assert_true(pick_plain(&space, "flash", base, &err));
  const struct prediction plain = choose_predict(&space, &eleven, base);
  static struct pick_host host;
  host = (struct pick_host){.layers = 4, .room = 500, .fixed = {.ns = 3}};
  for (int s = 0; s < CLASS_COUNT; s++)
    for (size_t o = 0; o < OPTIONS; o++) {
      const double bytes = space.slots[s].options[o].weight_bytes / 4;
      host.option[s][o] = (struct pick_layer){bytes, bytes / 2, bytes / 100};
    }
  for (double memory = 150; memory < 1200; memory += 35) {
    const struct pick_limits limits = {memory, 0.0121};
    double best = 0;
    uint8_t at[SLOT_COUNT] = {0};
    for (int s = 0; s < SLOT_COUNT;) {
      for (int n = 1; n <= 4; n++) {
        struct prediction p = choose_predict(&space, &eleven, at);
        double layer = 0;
        for (int k = 0; k < CLASS_COUNT; k++) layer += host.option[k][at[k]].bytes;
        p.memory -= (n - 1) * layer;
        p.host_bytes = n * layer;
        p.request_ns += n * (3 + layer / 2);
        p.token_joules.value += n * layer / 100 / 11;
        if (p.memory <= memory && p.host_bytes <= 500 && p.quality_nats.value <= 0.0121)
          best = fmax(best, gain_of(&plain, &p).mean);
      }
      for (s = 0; s < SLOT_COUNT && ++at[s] == OPTIONS; s++) at[s] = 0;
    }
    struct pick pick;
    err = (struct error){0};
    const bool found = pick_best(&space, &eleven, &plain, STAGE_ALL, &limits, &host, &pick, &err);
    assert_int_equal(found, best > 0);
    if (found) assert_float_equal(pick.mean, best, 1e-9);
    else assert_int_equal(err.kind, ERROR_INFEASIBLE);
    if (memory < 200) assert_false(found);
  }
}

/* Unknown quality is offered to nobody but to the question what it costs. */
static void unknown_quality_is_not_taken(void **state) {
  (void)state;
  const struct space space = space_by_hand(false);
  const struct gain free_gain = best_gain(&space, STAGE_UNKNOWN, INFINITY, 0);
  assert_float_equal(free_gain.memory, 1100.0 / 100, 1e-12);        /* five classes of 10 bytes and 50 of cache */
  assert_float_equal(free_gain.time, 1650.0 / 650, 1e-12);          /* 550 + 10 x (5 + 5) */
}

static void a_default_that_is_not_there_is_said(void **state) {
  (void)state;
  struct space space = space_by_hand(false);
  uint8_t base[SLOT_COUNT];
  struct error err = {0};
  struct space_refusal refused = {.name = "f16", .reason = "no rows of it"};
  space.slots[2].options = &options[2][1];
  space.slots[2].n = 1;
  space.slots[2].refused = &refused;
  space.slots[2].n_refused = 1;
  assert_false(pick_plain(&space, "flash", base, &err));
  assert_string_equal(err.text, "f16 of ffn_up: no rows of it");
}

/* ---- EfficientLLM's ranks */

static void the_lowest_mean_rank_is_taken(void **state) {
  (void)state;
  struct baselines b;
  struct error err = {0};
  if (!baselines_load(&b, &err)) fail_msg("%s", err.text);
  assert_float_equal(b.quality_nats, log(1.012), 1e-12);
  assert_string_equal(baselines_band(&b, 8e9)->technique, "int4");
  assert_float_equal(baselines_band(&b, 8e9)->mean_rank, (3 + 1 + 3 + 1 + 1 + 1) / 6.0, 1e-12);
  assert_string_equal(baselines_band(&b, 32.5e9)->technique, "bfloat16");
  assert_float_equal(baselines_band(&b, 32.5e9)->mean_rank, (1 + 2 + 2 + 2 + 2 + 2) / 6.0, 1e-12);
  assert_string_equal(baselines_band(&b, 32.5e9)->ours, "f16");
  assert_null(baselines_band(&b, 135e6));
  assert_null(baselines_band(&b, 10e9));
  assert_null(baselines_band(&b, 70e9));
}

static void broken_baselines_are_refused(void **state) {
  (void)state;
  static const char *const bad[] = {
    "", "[]", "{\"schema\":\"vkpareto.study-baselines/2\"}", "{\"schema\":\"vkpareto.study-baselines/1\",\"quality_limit_pct\":-1}",
    "{\"schema\":\"vkpareto.study-baselines/1\",\"quality_limit_pct\":1,\"goals\":{\"all\":2,\"large\":2,\"vision\":2,\"large_params\":1},"
    "\"manual\":{\"weights\":{\"qkv\":\"a\",\"attn_out\":\"a\",\"ffn_up\":\"a\",\"ffn_down\":\"a\",\"logits\":\"a\"}},"
    "\"efficientllm\":{\"bands\":[{\"name\":\"x\",\"params_min\":1,\"params_max\":2,\"techniques\":[{\"technique\":\"t\",\"ours\":\"o\","
    "\"ranks\":{\"AL\":null}}]}]}}",
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct baselines b;
    struct error err = {0};
    assert_false(baselines_parse(bad[i], strlen(bad[i]), &b, &err));
    assert_true(err.text[0]);
  }
}

/* ---- a whole study on the synthetic result */

static struct study *study_of(const struct result *const *results, size_t n, const char *models, const char *tasks) {
  struct error err = {0};
  struct study *study = study_make(results, n, &(struct study_options){models, tasks, NAN}, &err);
  if (!study) fail_msg("%s", err.text);
  return study;
}

static struct result *synthetic(void) {
  struct error err = {0};
  struct result *result = result_read(SOURCE_DIR "/tests/golden/result.json", &err);
  if (!result) fail_msg("%s", err.text);
  return result;
}

/* The joint choice against every one of the 5^5 x 18 configurations. */
static void the_joint_choice_is_the_best_of_all(void **state) {
  (void)state;
  struct result *result = synthetic();
  struct error err = {0};
  struct quality *quality = quality_load(&err);
  struct model *model = model_load("smollm2-135m", &err);
  struct task *task = task_load("chat", &err);
  struct cost_model *cost = cost_build(result, &err);
  assert_true(quality && model && task && cost);
  const struct space_request wanted = {.cost = cost, .quality = quality, .setting = setting_plain(model), .task = task,
                                       .allow_unknown_quality = true};
  struct space space;
  assert_true(space_build(&wanted, &space, &err));
  uint8_t base[SLOT_COUNT], at[SLOT_COUNT] = {0};
  struct pick found;
  const struct pick_limits limits = {160e6, log(1.012)};
  assert_true(pick_plain(&space, "flash", base, &err));
  const struct prediction plain = choose_predict(&space, task, base);
  assert_true(pick_best(&space, task, &plain, STAGE_ALL, &limits, NULL, &found, &err));
  const struct prediction chosen = choose_predict(&space, task, found.choice);
  double best = 0;
  for (int s = 0; s < SLOT_COUNT;) {
    const struct prediction p = choose_predict(&space, task, at);
    if (p.memory <= limits.memory && p.quality_nats.value <= limits.quality_nats) best = fmax(best,
                                                                                gain_of(&plain, &p).mean);
    for (s = 0; s < SLOT_COUNT && ++at[s] == space.slots[s].n; s++) at[s] = 0;
  }
  assert_true(best > 1);
  assert_float_equal(gain_of(&plain, &chosen).mean, best, 1e-9);
  space_free(&space);
  cost_free(cost);
  free(task);
  free(model);
  quality_free(quality);
  result_free(result);
}

/* What the joint choice of one case comes to when every micro-batch and every number of layers in the host's memory is
 * made anew and searched, within so much memory. */
static double best_of_all_settings(const struct study *study, const struct study_case *c, double memory, bool hosted) {
  struct error err = {0};
  const struct model *model = study->models[c->model].model;
  const struct task *task = study->tasks[c->task];
  struct quality *quality = quality_load(&err);
  struct cost_model *cost = cost_build(study->results[0], &err);
  struct setting_list list = enumerate_micro_batches(model, task);
  const size_t plain = list.n;
  for (size_t i = 0; hosted && i < plain; i++)
    for (int64_t n = 1; n <= model->layers; n++)
      if (i == 0 || list.at[i].micro_batch > MICRO_BATCH) {
        list.at[list.n] = list.at[i];
        list.at[list.n++].offload.layers = n;
      }
  struct prediction base = {0};
  double best = 0;
  for (size_t i = 0; i < list.n; i++) {
    const struct space_request wanted = {.cost = cost, .quality = quality, .setting = list.at[i], .task = task,
                                         .allow_unknown_quality = true};
    struct space space;
    struct pick pick;
    uint8_t choice[SLOT_COUNT];
    assert_true(space_build(&wanted, &space, &err));
    if (i == 0) assert_true(pick_plain(&space, "flash", choice, &err));
    if (i == 0) base = choose_predict(&space, task, choice);
    const struct pick_limits limits = {memory, study->baselines.quality_nats};
    if (pick_best(&space, task, &base, STAGE_ALL, &limits, NULL, &pick, &err)) best = fmax(best, pick.mean);
    space_free(&space);
  }
  cost_free(cost);
  quality_free(quality);
  return best;
}

static void the_joint_choice_is_the_best_of_all_settings(void **state) {
  (void)state;
  struct result *result = synthetic();
  const struct result *const results[] = {result};
  result->ceilings.upload = 1e10;
  for (int hosted = 0; hosted < 2; hosted++) {
    const double memory = hosted ? 120e6 : 1e9;   /* SmolLM2-135M has 140e6 bytes of int8, 28e6 of them of no layer */
    struct error err = {0};
    struct study *study = study_make(results, 1, &(struct study_options){"smollm2-135m", "chat", memory}, &err);
    assert_non_null(study);
    const struct study_case *c = &study->cases[0];
    const struct study_pick *joint = &c->picks[PICK_JOINT], *base = &c->picks[PICK_DEFAULT];
    assert_int_equal(c->status, hosted ? CASE_ONLY_HOSTED : CASE_FITS);
    assert_int_equal(joint->host_bytes > 0, hosted);
    assert_true(joint->memory <= memory);
    const double time = base->request_ns.value / joint->request_ns.value;
    const double bytes = base->memory / (joint->memory + joint->host_bytes);
    assert_float_equal(sqrt(time * bytes), best_of_all_settings(study, c, memory, hosted), 1e-9);
    if (hosted) {
      const struct study_pick *other = &c->picks[PICK_HOSTED];
      assert_true(other->known && other->fits && isnan(other->gain.mean));
      assert_float_equal(c->over_hosted.time, other->request_ns.value / joint->request_ns.value, 1e-12);
      assert_float_equal(c->over_hosted.memory,
                         (other->memory + other->host_bytes) / (joint->memory + joint->host_bytes), 1e-12);
    } else {
      assert_false(c->picks[PICK_HOSTED].known);
      assert_non_null(strstr(joint->choice, "micro-batch"));   /* another than the plain one: activations count */
    }
    study_free(study);
  }
  result_free(result);
}

static void every_case_is_counted_with_its_reason(void **state) {
  (void)state;
  struct result *result = synthetic();
  const struct result *const results[] = {result};
  struct study *study = study_of(results, 1, NULL, NULL);
  const struct study_summary s = study_summarise(study, 0, GROUP_ALL);
  assert_int_equal(s.cases, study->n_models * study->n_tasks);
  size_t sum = 0, failed = 0, n;
  for (int k = 0; k < CASE_STATUSES; k++) sum += s.by_status[k];
  assert_int_equal(sum, s.cases);
  for (size_t i = 0; i < study->n_cases; i++) {
    const struct study_case *c = &study->cases[i];
    assert_int_equal(c->reason[0] == '\0', c->picks[PICK_JOINT].known);
    if (!c->picks[PICK_JOINT].known) continue;
    assert_true(c->picks[PICK_JOINT].within_quality && c->picks[PICK_JOINT].fits);
    assert_int_equal(c->status == CASE_ONLY_HOSTED, c->picks[PICK_JOINT].host_bytes > 0);
    assert_int_equal(c->status == CASE_ONLY_HOSTED, isnan(c->picks[PICK_JOINT].gain.mean));
    if (c->status == CASE_ONLY_HOSTED) continue;
    assert_true(!c->picks[PICK_SINGLE].known
                || c->picks[PICK_SINGLE].gain.mean <= c->picks[PICK_JOINT].gain.mean + 1e-9);
    assert_true(c->picks[PICK_FREE].gain.mean >= c->picks[PICK_JOINT].gain.mean - 1e-9);
  }
  struct study_failure *list;
  struct error err = {0};
  assert_true(study_failures(study, 0, &list, &n, &err));
  for (size_t i = 0; i < n; i++) failed += list[i].n;
  assert_int_equal(failed, s.by_status[CASE_NOTHING_FITS] + s.by_status[CASE_NOT_COSTED]);
  assert_true(failed > 0);
  free(list);
  study_free(study);
  result_free(result);
}

static void what_matches_nothing_is_refused(void **state) {
  (void)state;
  struct error err = {0};
  assert_null(study_make(NULL, 0, &(struct study_options){"no-such-*", NULL, NAN}, &err));
  assert_int_equal(err.kind, ERROR_USAGE);
  err = (struct error){0};
  assert_null(study_make(NULL, 0, &(struct study_options){NULL, "", NAN}, &err));
  assert_int_equal(err.kind, ERROR_USAGE);
}

/* ---- flips: three techniques in one case of two results */

static void flips_are_those_that_change_places(void **state) {
  (void)state;
  char names[2][STUDY_TECHNIQUES][64] = {{"weights a", "weights b", "weights c"},
                                         {"weights b", "weights c", "weights a"}};
  int8_t first[STUDY_TECHNIQUES][STUDY_TECHNIQUES] = {{0, -2, -1}, {2, 0, 0},
                                                      {1, 0, 0}};    /* a before b, a before c, b and c tie */
  int8_t second[STUDY_TECHNIQUES][STUDY_TECHNIQUES] = {{0, -2, -2}, {2, 0, 2},
                                                       {2, -2, 0}};  /* b before c, b before a, a before c */
  struct study_case cases[] = {{.result = 0, .order = {names[0], first, 3}},
                               {.result = 1, .order = {names[1], second, 3}}};
  const struct study study = {.n_results = 2, .n_models = 1, .n_tasks = 1, .cases = cases, .n_cases = 2};
  struct study_flip *list;
  struct error err = {0};
  size_t n;
  assert_true(study_flips(&study, &list, &n, &err));
  assert_int_equal(n, 2);
  assert_string_equal(list[0].faster, "weights a");
  assert_string_equal(list[0].slower, "weights b");
  assert_int_equal(list[0].flips, 1);
  assert_int_equal(list[0].sure, 1);
  assert_int_equal(list[1].flips, 0);
  assert_int_equal(list[1].compared, 1);
  free(list);
}

static void reasons_of_one_kind_are_counted_together(void **state) {
  (void)state;
  struct study_case cases[] = {
    {.status = CASE_NOT_COSTED, .reason = "model 'a' has 2048"}, {.status = CASE_NOT_COSTED,
                                                                  .reason = "model 'b-2' has 8.5"},
    {.status = CASE_FITS}, {.status = CASE_NOTHING_FITS, .reason = "model 'a' has 2048"},
    {.status = CASE_NOT_COSTED, .reason = "model 'a' had 2048"}, {.status = CASE_NOT_COSTED,
                                                                  .reason = "model 'a' has "},
    {.result = 1, .status = CASE_NOT_COSTED, .reason = "model 'a' has 2048"},
  };
  const struct study study = {.n_results = 2, .cases = cases, .n_cases = sizeof cases / sizeof cases[0]};
  struct study_failure *list;
  struct error err = {0};
  size_t n;
  assert_true(study_failures(&study, 0, &list, &n, &err));
  assert_int_equal(n, 4);
  assert_int_equal(list[0].n, 2);
  assert_string_equal(list[0].reason, "model 'a' has 2048");
  for (size_t i = 1; i < n; i++) assert_int_equal(list[i].n, 1);
  free(list);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(gains_are_those_computed_by_hand), cmocka_unit_test(without_energy_the_mean_is_of_time_and_memory),
    cmocka_unit_test(limits_hold), cmocka_unit_test(as_few_layers_lie_in_the_host_as_fit),
    cmocka_unit_test(the_joint_choice_is_the_best_of_all_settings), cmocka_unit_test(unknown_quality_is_not_taken),
    cmocka_unit_test(a_default_that_is_not_there_is_said), cmocka_unit_test(the_lowest_mean_rank_is_taken),
    cmocka_unit_test(broken_baselines_are_refused), cmocka_unit_test(the_joint_choice_is_the_best_of_all),
    cmocka_unit_test(every_case_is_counted_with_its_reason), cmocka_unit_test(what_matches_nothing_is_refused),
    cmocka_unit_test(flips_are_those_that_change_places), cmocka_unit_test(reasons_of_one_kind_are_counted_together),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
