/* The cost of a whole model from a result of known times: nothing left out, nothing counted twice, and what the result
 * does not know said. */
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
static const struct task chat = {.id = "chat", .prompt = 512, .output = 256, .concurrency = 1};

static int open_all(void **state) {
  (void)state;
  struct error err = {0};
  result = result_read(SOURCE_DIR "/tests/golden/result.json", &err);
  quality = quality_load(&err);
  return result && quality ? 0 : -1;
}

static int close_all(void **state) {
  (void)state;
  result_free(result);
  quality_free(quality);
  return 0;
}

static struct model *model_named(const char *name) {
  struct error err = {0};
  struct model *model = model_load(name, &err);
  if (!model) fail_msg("%s", err.text);
  return model;
}

static struct recommendation *recommend(const struct result *from, const struct model *model) {
  const struct recommend_options options = {.limits.at = {INFINITY, INFINITY, 1e15, INFINITY, INFINITY}};
  struct error err = {0};
  struct recommendation *r = recommend_build(from, model, &chat, quality, &options, &err);
  if (!r) fail_msg("%s", err.text);
  return r;
}

/* The result without the rows whose technique begins so; the rows themselves stay the result's. */
static struct result without(const char *technique) {
  struct result out = *result;
  out.rows = calloc(result->n_rows, sizeof *out.rows);
  assert_non_null(out.rows);
  out.n_rows = 0;
  for (size_t i = 0; i < result->n_rows; i++)
    if (strncmp(result->rows[i].technique, technique, strlen(technique)) != 0) out.rows[out.n_rows++] = result->rows[i];
  return out;
}

static void every_op_of_every_built_in_model_is_costed(void **state) {
  (void)state;
  static const char *const models[] = {"smollm2-135m", "llama-3.1-8b", "qwen2.5-7b", "mixtral-8x7b", "qwen3-30b-a3b", "olmoe-1b-7b"};
  for (size_t m = 0; m < sizeof models / sizeof models[0]; m++) {
    struct model *model = model_named(models[m]);
    struct recommendation *r = recommend(result, model);
    char text[1024];
    if (recommend_uncosted(r, 0, text, sizeof text)) fail_msg("%s: %s", models[m], text);
    recommend_free(r);
    free(model);
  }
}

/* The parts of a time are all of it, and the time is that of the slots and of what is fixed. */
static void parts_make_the_whole(void **state) {
  (void)state;
  struct model *model = model_named("olmoe-1b-7b");
  struct recommendation *r = recommend(result, model);
  for (int p = 0; p < PHASE_COUNT; p++) {
    double parts = 0, slots = r->space->fixed[p].ns;
    for (int part = 0; part < PART_COUNT; part++) parts += r->predicted.part_ns[p][part];
    for (int s = 0; s < SLOT_COUNT; s++) slots += r->space->slots[s].options[r->choice[s]].time[p].ns;
    const double time = p == PHASE_PREFILL ? r->predicted.ttft_ns.value : r->predicted.tpot_ns.value;
    assert_float_equal(parts / time, 1, 1e-9);
    assert_float_equal(slots / time, 1, 1e-9);
    assert_true(r->predicted.part_ns[p][PART_EXPERTS] > 0);
  }
  recommend_free(r);
  free(model);
}

/* SmolLM2 has per pass one embedding, one norm apart, 60 norms with residuals, 30 turns of q and 30 activations. Their
 * times in the synthetic result are 4,000 ns + bytes at 70 % of 400 GB/s + operations at 10 % of 20 T; the fused norm
 * is faster than its two halves. One submission is 21,000 ns. One token of 576 elements: */
static void the_fixed_part_is_what_was_counted_by_hand(void **state) {
  (void)state;
  const double byte = 1 / (400.0 * 0.7), operation = 1 / (20000.0 * 0.1);
  const double embed = 4000 + byte * (6 * 576 + 4) + operation * 4 * 576;
  const double norm = 4000 + byte * (8 * 576 + 4 * 576) + operation * 4 * 576;
  const double add_norm = 4000 + byte * (16 * 576 + 4 * 576) + operation * 4 * 576;
  const double rope = 4000 + byte * (8 * 576 + 4 * 64) + operation * 4 * 576;
  const double swiglu = 4000 + byte * 12 * 1536 + operation * 4 * 1536;
  struct model *model = model_named("smollm2-135m");
  struct recommendation *r = recommend(result, model);
  const double expected = embed + norm + 60 * add_norm + 30 * rope + 30 * swiglu + 21000;
  assert_float_equal(r->space->fixed[PHASE_DECODE].ns / expected, 1, 1e-4);   /* times are rounded to 0.1 ns */
  recommend_free(r);
  free(model);
}

/* Where the fused norm is not measured its two halves serve, and nothing is missing. */
static void another_way_serves_where_one_is_not_measured(void **state) {
  (void)state;
  struct model *model = model_named("qwen3-30b-a3b");
  struct recommendation *all = recommend(result, model);
  struct result fewer = without("block.add_rms_norm");
  struct recommendation *r = recommend(&fewer, model);
  assert_int_equal(r->space->n_uncosted, 0);
  assert_true(r->space->fixed[PHASE_DECODE].ns > all->space->fixed[PHASE_DECODE].ns + 2 * 48 * 4000);   /* a launch more each */
  recommend_free(r);
  recommend_free(all);
  free(fewer.rows);
  free(model);
}

static void an_old_result_still_serves_and_says_what_it_lacks(void **state) {
  (void)state;
  struct model *model = model_named("smollm2-135m");
  struct result old = without("block.");
  struct recommendation *r = recommend(&old, model);
  char text[1024];
  assert_true(recommend_uncosted(r, 0, text, sizeof text));
  assert_string_equal(text, "not costed, only the launches are: embedding; norm; RoPE of q; residual, norm; activation; "
                            "measure more with `vkpareto run --suite standard`");
  assert_true(recommend_uncosted(r, 3, text, sizeof text));
  assert_string_equal(text, "not costed: RoPE of q: no usable row of block.rope_halves in the result");
  assert_true(recommend_uncosted(r, 5, text, sizeof text));
  assert_false(recommend_uncosted(r, 6, text, sizeof text));
  assert_true(recommend_caveat(r, 5, text, sizeof text));
  assert_non_null(strstr(text, "activation"));
  assert_true(recommend_caveat(r, 6, text, sizeof text));
  assert_non_null(strstr(text, "dispatch"));
  /* Of 4,000 ns each: embedding, norm, and of each layer RoPE, activation and twice residual and norm, fused. */
  assert_float_equal(r->space->fixed[PHASE_DECODE].ns, 21000 + 4000 * (2 + 30 * 4), 1e-6);
  recommend_free(r);
  free(old.rows);
  free(model);
}

/* An op of unknown cost must not make one cache format look cheaper than another. */
static void a_cache_format_without_its_append_is_not_offered(void **state) {
  (void)state;
  struct model *model = model_named("llama-3.1-8b");
  struct result no_int8 = without("kv_cache.append_int8"), no_append = without("kv_cache.");
  struct recommendation *r = recommend(&no_int8, model);
  for (size_t o = 0; o < r->space->slots[SLOT_ATTENTION].n; o++) assert_string_equal(r->space->slots[SLOT_ATTENTION].options[o].kv, "f16");
  assert_true(r->space->slots[SLOT_ATTENTION].n > 0);
  assert_int_equal(r->space->n_uncosted, 0);
  recommend_free(r);
  r = recommend(&no_append, model);
  bool int8 = false;
  for (size_t o = 0; o < r->space->slots[SLOT_ATTENTION].n; o++) int8 |= strcmp(r->space->slots[SLOT_ATTENTION].options[o].kv, "int8") == 0;
  assert_true(int8);
  assert_int_equal(r->space->n_uncosted, 2);   /* k and v */
  recommend_free(r);
  free(no_int8.rows);
  free(no_append.rows);
  free(model);
}

/* In the synthetic result slots one by one win for few tokens, and groups for many. */
static void each_phase_has_its_algorithm_for_experts(void **state) {
  (void)state;
  struct model *model = model_named("mixtral-8x7b");
  struct recommendation *r = recommend(result, model);
  for (int c = CLASS_FFN_UP; c <= CLASS_FFN_DOWN; c++)
    for (size_t o = 0; o < r->space->slots[c].n; o++) {
      const struct space_option *option = &r->space->slots[c].options[o];
      assert_non_null(strstr(option->technique[PHASE_PREFILL]->id, "grouped"));
      assert_non_null(strstr(option->technique[PHASE_DECODE]->id, "gather"));
    }
  recommend_free(r);
  free(model);
}

/* Memory counts every expert, time those that a token reads. f16: 2 bytes for each of 32 x 8 x 3 x 14,336 x 4,096
 * weights. */
static void experts_are_all_kept_and_few_are_read(void **state) {
  (void)state;
  struct model *model = model_named("mixtral-8x7b");
  struct recommendation *r = recommend(result, model);
  for (int c = CLASS_FFN_UP; c <= CLASS_FFN_DOWN; c++)
    for (size_t o = 0; o < r->space->slots[c].n; o++) {
      const struct space_option *option = &r->space->slots[c].options[o];
      if (strcmp(option->name, "f16") != 0) continue;
      const double bytes = 2.0 * 32 * 8 * (c == CLASS_FFN_UP ? 2 : 1) * 14336 * 4096;
      assert_float_equal(option->weight_bytes, bytes, 0);
      const double all = bytes / 400, read = option->time[PHASE_DECODE].ns;   /* ns at the full bandwidth */
      assert_true(read > all * 2 / 8 && read < all * 3 / 8);
    }
  recommend_free(r);
  free(model);
}

/* One layer fewer in the host's memory and the chosen configuration is over the limit. */
static void no_layer_lies_in_the_host_that_fits_the_device(void **state) {
  (void)state;
  struct model *model = model_named("llama-3.1-8b");
  struct result with_copies = *result;
  with_copies.ceilings.upload = 2e10;
  with_copies.host.memory = (uint64_t)1 << 36;
  for (double memory = 1.5e9; memory < 4e9; memory += 0.3e9) {
    const struct recommend_options options = {.limits.at = {INFINITY, INFINITY, memory, 0.012, INFINITY},
                                              .preference = PREFER_LATENCY};
    struct error err = {0};
    struct recommendation *r = recommend_build(&with_copies, model, &chat, quality, &options, &err);
    if (!r) fail_msg("%s", err.text);
    assert_true(r->predicted.memory <= memory);
    struct space_request fewer = {.cost = r->cost, .quality = quality, .setting = r->space->setting, .task = &chat};
    assert_true(fewer.setting.offload.layers-- > 0);
    struct space space;
    assert_true(space_build(&fewer, &space, &err));
    assert_true(choose_predict(&space, &chat, r->choice).memory > memory);
    space_free(&space);
    recommend_free(r);
  }
  free(model);
}

static void a_model_whose_experts_were_not_measured_is_refused_with_the_remedy(void **state) {
  (void)state;
  struct model *model = model_named("olmoe-1b-7b");
  struct result dense = without("moe.");
  const struct recommend_options options = {.limits.at = {INFINITY, INFINITY, INFINITY, INFINITY, INFINITY}};
  struct error err = {0};
  assert_null(recommend_build(&dense, model, &chat, quality, &options, &err));
  assert_int_equal(err.kind, ERROR_INFEASIBLE);
  assert_non_null(strstr(err.text, "ffn_up"));
  assert_non_null(strstr(err.text, "vkpareto run"));
  free(dense.rows);
  free(model);
}

/* ---- energy */

enum { WATTS = 30 };
static const double BYTE = 60e-12, OPERATION = 2e-12;

/* The result with the joules of such a device in every seventh row, and none elsewhere. */
static struct result metered(void) {
  struct result out = without("nothing.");
  for (size_t i = 0; i < out.n_rows; i++) {
    struct result_row *row = &out.rows[i];
    if (i % 7 || !status_has_time(row->status)) continue;
    row->energy = (struct result_energy){.gross = WATTS * 1e-9 * row->time.median + BYTE * row->bytes + OPERATION * row->flops,
                                         .gross_error = 0, .run_ns = row->time.median, .windows = 3, .meter = "stand-in"};
  }
  return out;
}

static struct recommendation *recommend_by(const struct result *from, const struct model *model, enum preference preference,
                                           double watts, struct error *err) {
  const struct recommend_options options = {.limits = {.at = {INFINITY, INFINITY, 1e15, INFINITY, INFINITY}, .watts = watts},
                                            .preference = preference};
  return recommend_build(from, model, &chat, quality, &options, err);
}

/* Whatever is chosen, a request takes the idle power for its time and the joules of its bytes and operations. */
static void energy_is_an_objective_where_the_result_has_it(void **state) {
  (void)state;
  struct model *model = model_named("smollm2-135m");
  struct result with = metered();
  struct error err = {0};
  struct recommendation *r = recommend_by(&with, model, PREFER_ENERGY, 0, &err), *plain = recommend(result, model);
  if (!r) fail_msg("%s", err.text);
  assert_true(r->space->energy_known && !plain->space->energy_known && isnan(plain->predicted.token_joules.value));
  assert_float_equal(r->cost->energy.idle_watts / WATTS, 1, 0.01);
  assert_true(r->predicted.watts > WATTS && r->predicted.measured_share < 1);
  const double seconds = 1e-9 * r->predicted.request_ns / (double)chat.output;
  assert_float_equal(r->predicted.token_joules.value / seconds, r->predicted.watts, 1e-6 * r->predicted.watts);
  double least = INFINITY;
  for (size_t i = 0; i < r->outer.front.n; i++) {
    const struct prediction p = choose_predict_point(r->outer.spaces, &chat, &r->outer.front.points[i]);
    const double joules = 1e-9 * (double)r->outer.front.points[i].cost.at[OBJECTIVE_ENERGY] / (double)chat.output;
    assert_float_equal(joules / p.token_joules.value, 1, 1e-6);
    least = fmin(least, p.token_joules.value);
  }
  assert_true(r->outer.front.n >= plain->outer.front.n);   /* one more objective: what was optimal still is */
  assert_float_equal(r->predicted.token_joules.value / least, 1, 0.05);   /* within a tie of the least */
  recommend_free(plain);
  recommend_free(r);
  free(with.rows);
  free(model);
}

static void power_is_kept_or_refused(void **state) {
  (void)state;
  struct model *model = model_named("smollm2-135m");
  struct result with = metered();
  struct error err = {0};
  struct recommendation *r = recommend_by(&with, model, PREFER_LATENCY, 0, &err);
  assert_non_null(r);
  const double watts = r->predicted.watts;
  recommend_free(r);
  r = recommend_by(&with, model, PREFER_LATENCY, watts * 1.001, &err);
  assert_non_null(r);
  recommend_free(r);
  assert_null(recommend_by(&with, model, PREFER_LATENCY, 1, &err));   /* below idle */
  assert_int_equal(err.kind, ERROR_INFEASIBLE);
  assert_non_null(strstr(err.text, "power"));
  err = (struct error){0};
  assert_null(recommend_by(result, model, PREFER_LATENCY, 1000, &err));
  assert_non_null(strstr(err.text, "--max-power"));
  free(with.rows);
  free(model);
}

static void too_little_energy_is_left_out_and_said(void **state) {
  (void)state;
  struct model *model = model_named("smollm2-135m");
  struct result with = without("nothing.");
  with.rows[0].energy = (struct result_energy){.gross = 1, .gross_error = 0.1, .run_ns = with.rows[0].time.median, .windows = 3};
  struct error err = {0};
  assert_null(recommend_by(&with, model, PREFER_ENERGY, 0, &err));
  struct recommendation *r = recommend(&with, model);
  char text[1024];
  bool said = false;
  for (size_t i = 0; recommend_caveat(r, i, text, sizeof text); i++) said |= strstr(text, "energy is left out for all: the result has 1") != NULL;
  assert_true(said && !r->space->energy_known);
  recommend_free(r);
  free(with.rows);
  free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(energy_is_an_objective_where_the_result_has_it),
    cmocka_unit_test(power_is_kept_or_refused),
    cmocka_unit_test(too_little_energy_is_left_out_and_said),
    cmocka_unit_test(every_op_of_every_built_in_model_is_costed),
    cmocka_unit_test(parts_make_the_whole),
    cmocka_unit_test(the_fixed_part_is_what_was_counted_by_hand),
    cmocka_unit_test(another_way_serves_where_one_is_not_measured),
    cmocka_unit_test(an_old_result_still_serves_and_says_what_it_lacks),
    cmocka_unit_test(a_cache_format_without_its_append_is_not_offered),
    cmocka_unit_test(each_phase_has_its_algorithm_for_experts),
    cmocka_unit_test(experts_are_all_kept_and_few_are_read),
    cmocka_unit_test(no_layer_lies_in_the_host_that_fits_the_device),
    cmocka_unit_test(a_model_whose_experts_were_not_measured_is_refused_with_the_remedy),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
