/* Steps from a recommendation: against every change of one decision, and their words by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "steps.h"

static struct result *result;
static struct quality *quality;
static struct task *chat;

static int open_all(void **state) {
  (void)state;
  struct error err = {0};
  result = result_read(SOURCE_DIR "/tests/golden/result.json", &err);
  quality = quality_load(&err);
  chat = task_load("chat", &err);
  return result && quality && chat ? 0 : -1;
}

static int close_all(void **state) {
  (void)state;
  result_free(result);
  quality_free(quality);
  free(chat);
  return 0;
}

static struct recommendation *recommend(const struct model *model, enum preference preference) {
  const struct recommend_options options = {.limits.at = {INFINITY, INFINITY, 1e15, log(1.01), INFINITY},
                                            .preference = preference};
  struct error err = {0};
  struct recommendation *r = recommend_build(result, model, chat, quality, &options, &err);
  if (!r) fail_msg("%s", err.text);
  return r;
}

/* The point with these options of this setting; NULL when it is not on the front. */
static const struct front_point *on_front(const struct recommendation *r, const struct front_point *wanted) {
  for (size_t i = 0; i < r->outer.front.n; i++)
    if (memcmp(r->outer.front.points[i].choice, wanted->choice, SLOT_COUNT + 1) == 0) return &r->outer.front.points[i];
  return NULL;
}

static double amount(const struct prediction *p, int gain) {
  const double amounts[GAIN_COUNT] = {p->memory, p->request_ns, p->quality_nats.value, p->token_joules.value};
  return amounts[gain];
}

struct next { double score; const char *decision, *option; };

static void try_point(const struct recommendation *r, int gain, const struct front_point *wanted, const char *decision,
                      const char *option, struct next *best) {
  const struct front_point *point = on_front(r, wanted), *mine = &r->outer.front.points[r->decision.point];
  if (!point) return;
  const struct prediction p = choose_predict_point(r->outer.spaces, r->task, point);
  const double share = 1 - amount(&p, gain) / amount(&r->predicted, gain);
  if (!choose_within(&r->decision.limits, &p) || !(share >= (gain == GAIN_QUALITY ? 0.25 : 0.02))) return;
  if (gain == GAIN_TIME && choose_points_tie(r->outer.spaces, r->task, point, mine, false)) return;
  const double score = choose_score(&r->decision, &p);
  if (score < best->score) *best = (struct next){score, decision, option};
}

/* By the definition: every option of every slot in place of the chosen one, and the chosen options in every setting. */
static struct next next_by_brute_force(const struct recommendation *r, int gain) {
  const struct front_point mine = r->outer.front.points[r->decision.point];
  struct next best = {.score = INFINITY};
  for (int s = 0; s < SLOT_COUNT; s++)
    for (size_t o = 0; o < r->space->slots[s].n; o++) {
      struct front_point other = mine;
      other.choice[s] = (uint8_t)o;
      if (o != r->choice[s]) try_point(r, gain, &other, slot_names[s], r->space->slots[s].options[o].name, &best);
    }
  for (size_t i = 0; i < r->outer.n; i++) {
    struct front_point other = mine;   /* the spaces of a dense model have the same options in the same order */
    other.choice[CHOICE_SETTING] = (uint8_t)i;
    if (i != mine.choice[CHOICE_SETTING]) try_point(r, gain, &other, "setting", NULL, &best);
  }
  return best;
}

static void each_step_is_the_next_in_its_direction(void **state) {
  (void)state;
  static const char *const names[] = {"smollm2-135m", "llama-3.1-8b", "olmoe-1b-7b", "qwen3-0.6b"};
  size_t met[GAIN_COUNT] = {0}, settings = 0;
  for (size_t m = 0; m < sizeof names / sizeof names[0]; m++)
    for (int preference = 0; preference < PREFERENCE_COUNT; preference++) {
      if (preference == PREFER_ENERGY) continue;
      struct error err = {0};
      struct model *model = model_load(names[m], &err);
      struct recommendation *r = recommend(model, (enum preference)preference);
      struct step steps[GAIN_COUNT];
      const size_t n = steps_away(r, steps);
      for (int g = 0; g < GAIN_COUNT; g++) {
        const struct next next = next_by_brute_force(r, g);
        size_t found = n;
        for (size_t i = 0; i < n; i++)
          if (steps[i].gains[g]) found = i;
        assert_int_equal(found < n, isfinite(next.score));
        if (found == n) continue;
        met[g]++;
        settings += !next.option;
        assert_string_equal(steps[found].decision, next.decision);
        if (next.option) assert_string_equal(steps[found].to, next.option);
        assert_float_equal(choose_score(&r->decision, &steps[found].after), next.score, 0);
        assert_memory_equal(&steps[found].before, &r->predicted, sizeof r->predicted);
      }
      recommend_free(r);
      free(model);
    }
  for (int g = 0; g < GAIN_ENERGY; g++) assert_true(met[g] > 0);
  assert_true(settings > 0);
  assert_int_equal(met[GAIN_ENERGY], 0);   /* the result has no joules */
}

/* Weights and quality of the slots add up, so what the decisions bought adds up to what the whole did. */
static void what_the_decisions_bought_is_the_whole(void **state) {
  (void)state;
  struct error err = {0};
  struct model *model = model_load("llama-3.1-8b", &err);
  struct recommendation *r = recommend(model, PREFER_BALANCED);
  double weights = 0, tpot = 0, nats = 0;
  size_t n = 0;
  for (int d = 0; d <= CHOICE_SETTING; d++) {
    struct step step;
    if (!steps_bought(r, d, &step)) continue;
    n++;
    weights += step.after.weight_bytes - step.before.weight_bytes;
    tpot += step.after.tpot_ns.value - step.before.tpot_ns.value;
    nats += step.after.quality_nats.value - step.before.quality_nats.value;
  }
  assert_true(n > 1);
  assert_float_equal(weights, r->predicted.weight_bytes - r->plain_predicted.weight_bytes, 1);
  assert_float_equal(tpot, r->predicted.tpot_ns.value - r->plain_predicted.tpot_ns.value, 1);
  assert_float_equal(nats, r->predicted.quality_nats.value - r->plain_predicted.quality_nats.value, 1e-12);
  r->has_plain = false;
  struct step step;
  assert_false(steps_bought(r, CLASS_FFN_UP, &step));
  recommend_free(r);
  free(model);
}

static void the_words_say_what_differs(void **state) {
  (void)state;
  struct step step = {
    .before = {.memory = 30 << 20, .ttft_ns.value = 200e6, .tpot_ns.value = 20e6, .token_joules.value = NAN},
    .after = {.memory = 20 << 20, .ttft_ns.value = 201e6, .tpot_ns.value = 18e6, .quality_nats.value = log(1.003),
              .token_joules.value = NAN},
    .same_time = {true, false}, .gains = {true, true, false, false},
  };
  char text[512];
  steps_text(&step, text, sizeof text);
  assert_string_equal(text, "10.0 MiB less, time per token 2.00 ms shorter (-10.0 %), "
                            "time to first token the same within the error, perplexity +0.30 %");
  steps_gains(&step, text, sizeof text);
  assert_string_equal(text, "less memory, faster");

  step.same_time[PHASE_PREFILL] = false;
  step.same_time[PHASE_DECODE] = true;
  step.after.quality_nats.value = NAN;
  step.before.token_joules.value = 2;
  step.after.token_joules.value = 1;
  steps_text(&step, text, sizeof text);
  assert_string_equal(text, "10.0 MiB less, time to first token 1.00 ms longer (+0.5 %), "
                            "time per token the same within the error, energy -50.0 %");

  step.after = step.before;
  steps_text(&step, text, sizeof text);
  assert_string_equal(text, "no difference that shows");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_step_is_the_next_in_its_direction),
    cmocka_unit_test(what_the_decisions_bought_is_the_whole),
    cmocka_unit_test(the_words_say_what_differs),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
