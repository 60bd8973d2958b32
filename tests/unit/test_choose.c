/* Limits, preference and ties on small made-up spaces, against brute force over every combination. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "choose.h"
#include "rng.h"

enum { OPTIONS = 4 };
static struct space_option options[SLOT_COUNT][OPTIONS];
static struct technique techniques[SLOT_COUNT][OPTIONS];
static const struct task task = {.prompt = 100, .output = 11, .concurrency = 1};

static struct space random_space(struct rng *rng) {
  struct space space = {.quality_known = true, .fixed_bytes = 5, .activation_bytes = 7, .energy_known = true,
                        .decode_steps = (double)(task.output - 1), .tokens = 1};
  for (int s = 0; s < SLOT_COUNT; s++) {
    space.slots[s] = (struct space_slot){.options = options[s], .n = 1 + rng_below(rng, s < 3 ? OPTIONS : 2), .share = 1};
    for (size_t o = 0; o < space.slots[s].n; o++) {
      struct space_option *option = &options[s][o];
      double ttft = (double)rng_below(rng, 40), tpot = (double)rng_below(rng, 40), quality = 1e-9 * (double)rng_below(rng, 40);
      *option = (struct space_option){.technique = {&techniques[s][o], &techniques[s][o]}, .rank = o,
                                      .time = {{ttft, ttft, ttft, 0, NULL, 0}, {tpot, tpot, tpot, 0, NULL, 0}},
                                      .weight_bytes = (double)rng_below(rng, 40), .scratch_bytes = (double)rng_below(rng, 80),
                                      .quality = {.nats = quality, .lo = quality, .hi = quality}};
      const double energy[PHASE_COUNT] = {(double)rng_below(rng, 40), (double)rng_below(rng, 40)};
      for (int p = 0; p < PHASE_COUNT; p++) option->time[p].joules = ENERGY_UNIT * energy[p];
      option->cost = (struct front_cost){{(int64_t)ttft, (int64_t)tpot, (int64_t)option->weight_bytes, llround(quality * 1e9),
                                          (int64_t)energy[0], (int64_t)energy[1],
                                          (int64_t)option->scratch_bytes}};
    }
  }
  space.base = (struct front_cost){{0, 0, 12}};
  return space;
}

static bool next_choice(const struct space *space, uint8_t choice[SLOT_COUNT]) {
  for (int s = 0; s < SLOT_COUNT; s++) {
    if (++choice[s] < space->slots[s].n) return true;
    choice[s] = 0;
  }
  return false;
}

static bool dominates(const struct prediction *a, const struct prediction *b) {
  bool better = false;
  for (int o = 0; o < OBJECTIVE_COUNT; o++) {
    double x = round(1e9 * prediction_objective(a, (enum objective)o)), y = round(1e9 * prediction_objective(b, (enum objective)o));
    if (x > y) return false;
    better |= x < y;
  }
  return better;
}

static const struct limits none = {.at = {INFINITY, INFINITY, INFINITY, INFINITY, INFINITY}};

/* Every combination must be dominated by a point of the front or cost the same as one; no point by a combination. */
static void the_front_is_that_of_brute_force(void **state) {
  (void)state;
  struct rng rng = rng_make(11);
  for (int round = 0; round < 60; round++) {
    struct space space = random_space(&rng);
    struct front front;
    struct error err = {0};
    assert_true(choose_front(&space, &front, &err));
    uint8_t choice[SLOT_COUNT] = {0};
    do {
      struct prediction p = choose_predict(&space, &task, choice);
      bool covered = false;
      for (size_t i = 0; i < front.n; i++) {
        struct prediction q = choose_predict(&space, &task, front.points[i].choice);
        if (dominates(&p, &q)) fail_msg("round %d: a point of the front is dominated", round);
        covered |= !dominates(&p, &q) && q.ttft_ns.value <= p.ttft_ns.value && q.tpot_ns.value <= p.tpot_ns.value && q.memory <= p.memory
                && q.quality_nats.value <= p.quality_nats.value + 1e-12 && q.token_joules.value <= p.token_joules.value + 1e-12;
      }
      assert_true(covered);
    } while (next_choice(&space, choice));
    front_free(&front);
  }
}

static void the_winner_is_the_best_within_the_limits(void **state) {
  (void)state;
  struct rng rng = rng_make(12);
  static const enum preference preferences[] = {PREFER_LATENCY, PREFER_MEMORY, PREFER_QUALITY, PREFER_ENERGY};
  int infeasible = 0;
  for (int round = 0; round < 200; round++) {
    struct space space = random_space(&rng);
    struct front front;
    struct error err = {0};
    assert_true(choose_front(&space, &front, &err));
    const struct limits limits = {.at = {60 + (double)rng_below(&rng, 100), INFINITY, 60 + (double)rng_below(&rng, 150), INFINITY,
                                   INFINITY}};
    const enum preference preference = preferences[round % 4];
    double best = INFINITY;
    uint8_t choice[SLOT_COUNT] = {0};
    const struct decision by = {.preference = preference};
    do {
      struct prediction p = choose_predict(&space, &task, choice);
      if (choose_within(&limits, &p)) best = fmin(best, choose_score(&by, &p));
    } while (next_choice(&space, choice));
    struct decision d;
    if (choose_decide(&space, &task, &front, &limits, preference, &d, NULL, &err)) {
      struct prediction won = choose_predict(&space, &task, front.points[d.point].choice);
      assert_true(choose_within(&limits, &won));
      assert_float_equal(choose_score(&d, &won), best, 1e-9);
    } else {
      assert_int_equal(err.kind, ERROR_INFEASIBLE);
      assert_true(isinf(best));
      infeasible++;
    }
    front_free(&front);
  }
  assert_in_range(infeasible, 5, 195);   /* both sides were tried */
}

/* Slot 0 has two options, the others one that costs nothing. */
static struct space two_options(double tpot_a, double half_a, double tpot_b, double half_b) {
  struct space space = {.quality_known = true, .decode_steps = (double)(task.output - 1), .tokens = 1};
  const double tpot[] = {tpot_a, tpot_b}, half[] = {half_a, half_b};
  for (int s = 0; s < SLOT_COUNT; s++) {
    space.slots[s] = (struct space_slot){.options = options[s], .n = s == 0 ? 2 : 1};
    for (size_t o = 0; o < 2; o++) {
      techniques[s][o].id = o == 0 ? "matmul.a" : "matmul.b";
      options[s][o] = (struct space_option){.technique = {&techniques[s][o], &techniques[s][o]}, .rank = o};
      if (s > 0) continue;
      options[s][o].time[PHASE_DECODE] = (struct space_time){.ns = tpot[o], .lo = tpot[o] - half[o], .hi = tpot[o] + half[o]};
      options[s][o].weight_bytes = o == 0 ? 100 : 200;   /* so that both are on the front when the second is faster */
      options[s][o].cost = (struct front_cost){{0, (int64_t)tpot[o], (int64_t)options[s][o].weight_bytes}};
    }
  }
  return space;
}

static uint8_t winner(const struct space *space) {
  struct front front;
  struct error err = {0};
  struct decision d;
  assert_true(choose_front(space, &front, &err));
  assert_int_equal(front.n, 2);
  assert_true(choose_decide(space, &task, &front, &none, PREFER_LATENCY, &d, NULL, &err));
  uint8_t won = front.points[d.point].choice[0];
  front_free(&front);
  return won;
}

static void a_tie_goes_to_the_simpler_option(void **state) {
  (void)state;
  struct space space = two_options(1000, 200, 990, 200);   /* no worse in 47 % of the draws */
  assert_int_equal(winner(&space), 0);
  space = two_options(1000, 200, 900, 200);                /* in 26 %, though the intervals overlap */
  assert_int_equal(winner(&space), 1);
  space = two_options(1000, NAN, 960, NAN);              /* an unknown error proves no tie */
  assert_int_equal(winner(&space), 1);
}

/* Neither as exactly known nor as anything at all, on whichever side it is. */
static void an_unknown_error_proves_no_tie(void **state) {
  (void)state;
  const uint8_t a[SLOT_COUNT] = {0}, b[SLOT_COUNT] = {1};
  struct space space = two_options(1000, 100, 960, NAN);
  assert_false(choose_times_tie(&space, &task, a, b));
  assert_false(choose_times_tie(&space, &task, b, a));
  space = two_options(1000, 100, 1000, NAN);
  assert_true(choose_times_tie(&space, &task, a, b));
  space = two_options(1000, 100, 960, INFINITY);
  assert_false(choose_times_tie(&space, &task, a, b));
}

/* The decode is the same for both and its error unknown; the prefills are 400 apart, sqrt(400^2 + 300^2) = 500. */
static void an_unknown_error_in_one_phase_leaves_the_other_its_own(void **state) {
  (void)state;
  const uint8_t a[SLOT_COUNT] = {0}, b[SLOT_COUNT] = {1};
  struct space space = two_options(1000, NAN, 1000, NAN);
  options[0][0].time[PHASE_PREFILL] = (struct space_time){.ns = 9400, .lo = 9000, .hi = 9800};
  options[0][1].time[PHASE_PREFILL] = (struct space_time){.ns = 9000, .lo = 8700, .hi = 9300};
  assert_true(choose_times_tie(&space, &task, a, b));
  options[0][0].time[PHASE_PREFILL] = (struct space_time){.ns = 9600, .lo = 9200, .hi = 10000};
  assert_false(choose_times_tie(&space, &task, a, b));
  options[0][0].time[PHASE_PREFILL] = options[0][1].time[PHASE_PREFILL];
  options[0][0].time[PHASE_DECODE].ns = 1001;
  assert_false(choose_times_tie(&space, &task, a, b));
  const struct task one_token = {.prompt = 100, .output = 1, .concurrency = 1};
  assert_true(choose_times_tie(&space, &one_token, a, b));
}

/* The second is faster by less than anyone can tell, and takes twice the memory: what is known exactly decides. */
static void times_that_tie_leave_the_choice_to_memory(void **state) {
  (void)state;
  const size_t rank[][2] = {{0, 1}, {1, 0}};   /* whichever is the simpler */
  for (int i = 0; i < 2; i++) {
    struct space space = two_options(1000, 200, 990, 200);
    for (size_t o = 0; o < 2; o++) options[0][o].rank = rank[i][o];
    struct front front;
    struct error err = {0};
    struct decision d;
    assert_true(choose_front(&space, &front, &err));
    assert_true(choose_decide(&space, &task, &front, &none, PREFER_BALANCED, &d, NULL, &err));
    assert_int_equal(front.points[d.point].choice[0], 0);
    front_free(&front);
  }
}

/* Slot 0 knows its time badly, slot 1 exactly: a loss in slot 1 is no tie, however vague slot 0 is. */
static void uncertainty_of_one_decision_excuses_no_loss_in_another(void **state) {
  (void)state;
  struct space space = two_options(1000, 500, 960, 500);
  space.slots[1].n = 2;
  options[1][1].time[PHASE_DECODE] = (struct space_time){.ns = 100, .lo = 100, .hi = 100};
  const uint8_t fast[SLOT_COUNT] = {1, 0}, vague[SLOT_COUNT] = {0, 0}, slow[SLOT_COUNT] = {0, 1};
  assert_true(choose_times_tie(&space, &task, vague, fast));
  assert_false(choose_times_tie(&space, &task, slow, fast));
}

static void refuse_limits(const struct limits *limits, struct error *err) {
  struct space space = two_options(1000000, 0, 500000, 0);   /* with 100 and 200 bytes */
  struct front front;
  struct decision d;
  *err = (struct error){0};
  assert_true(choose_front(&space, &front, err));
  assert_false(choose_decide(&space, &task, &front, limits, PREFER_BALANCED, &d, NULL, err));
  assert_int_equal(error_exit_status(err), EXIT_WRONG);
  front_free(&front);
}

static void infeasible_limits_are_named_with_what_each_would_have_to_give(void **state) {
  (void)state;
  struct error err;
  refuse_limits(&(struct limits){.at = {INFINITY, INFINITY, 50, INFINITY, INFINITY}}, &err);
  assert_non_null(strstr(err.text, "\n  memory <= 50.0 B: the least memory is 100 B (100 % over)\n"));
  refuse_limits(&(struct limits){.at = {INFINITY, 600000, 150, INFINITY, INFINITY}}, &err);   /* each alone can be met */
  assert_non_null(strstr(err.text, "time per token <= 600 us and memory <= 150 B exclude each other: with that time per "
                                   "token the least memory is 200 B; with that memory the shortest time per token is "
                                   "1.00 ms\n"));
  assert_non_null(strstr(err.text, "one would do, the other limits kept: --max-tpot 1 or --max-memory 200B"));
  refuse_limits(&(struct limits){.at = {INFINITY, 400000, 20, INFINITY, INFINITY}, .tokens_per_s = 2500}, &err);
  assert_non_null(strstr(err.text, "throughput >= 2500 tokens/s: the most throughput is 2000 tokens/s"));
  assert_non_null(strstr(err.text, "no single limit is enough to give; the nearest configuration needs"));
  refuse_limits(&(struct limits){.at = {INFINITY, INFINITY, 50, INFINITY, INFINITY}, .memory_of_device = true}, &err);
  assert_non_null(strstr(err.text, "(what the device has)"));
  assert_non_null(strstr(err.text, "what would do: a device with 100 B"));
}

static void energy_and_unknown_quality_cannot_be_preferred(void **state) {
  (void)state;
  struct space space = two_options(10, 0, 5, 0);
  struct front front;
  struct error err = {0};
  struct decision d;
  assert_true(choose_front(&space, &front, &err));
  assert_false(choose_decide(&space, &task, &front, &none, PREFER_ENERGY, &d, NULL, &err));
  space.quality_known = false;
  assert_false(choose_decide(&space, &task, &front, &none, PREFER_QUALITY, &d, NULL, &err));
  front_free(&front);
}

/* As the times: joules within their errors leave the choice to what is known exactly. */
static void energies_that_tie_leave_the_choice_too(void **state) {
  (void)state;
  for (int exact = 0; exact < 2; exact++) {
    struct space space = two_options(1000, 0, 1000, 0);
    const double joules[] = {1000, 990};
    space.energy_known = true;
    for (size_t o = 0; o < 2; o++) {
      options[0][o].time[PHASE_DECODE].joules = joules[o];
      options[0][o].time[PHASE_DECODE].joules_error = exact ? 0 : 200;
      options[0][o].cost.at[COORD_DECODE_ENERGY] = (int64_t)joules[o];
    }
    struct front front;
    struct error err = {0};
    struct decision d;
    assert_true(choose_front(&space, &front, &err));
    assert_int_equal(front.n, 2);
    assert_true(choose_decide(&space, &task, &front, &none, PREFER_ENERGY, &d, NULL, &err));
    assert_int_equal(front.points[d.point].choice[0], exact);
    front_free(&front);
  }
}

/* Equally fast; the one of unknown quality takes 1.5 times the memory. As the least loss of all it would win. */
static void balanced_leaves_quality_out_when_any_is_unknown(void **state) {
  (void)state;
  for (int known = 0; known < 2; known++) {
    struct space space = two_options(1000, 0, 990, 0);
    space.slots[0].n = 3;
    options[0][2] = options[0][1];
    const double memory[] = {100, 150, 200}, nats[] = {0.08, known ? 0 : NAN, 0.04};
    for (size_t o = 0; o < 3; o++) {
      options[0][o].rank = o;
      options[0][o].weight_bytes = memory[o];
      options[0][o].quality = (struct quality_estimate){.nats = nats[o], .lo = nats[o], .hi = nats[o]};
      options[0][o].cost = (struct front_cost){{0, 1000 - 5 * (int64_t)o, (int64_t)memory[o], known ? llround(nats[o] * 1e9) : 0}};
      options[0][o].time[PHASE_DECODE] = (struct space_time){.ns = 1000 - 5.0 * (double)o, .lo = 900, .hi = 1100};
    }
    space.quality_known = known;
    struct front front;
    struct error err = {0};
    struct decision d;
    assert_true(choose_front(&space, &front, &err));
    assert_true(choose_decide(&space, &task, &front, &none, PREFER_BALANCED, &d, NULL, &err));
    assert_int_equal(front.points[d.point].choice[0], known ? 1 : 0);   /* by memory alone when left out */
    if (!known) assert_float_equal(d.worst[2], d.best[2], 0);
    front_free(&front);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_front_is_that_of_brute_force),
    cmocka_unit_test(the_winner_is_the_best_within_the_limits),
    cmocka_unit_test(a_tie_goes_to_the_simpler_option),
    cmocka_unit_test(an_unknown_error_proves_no_tie),
    cmocka_unit_test(an_unknown_error_in_one_phase_leaves_the_other_its_own),
    cmocka_unit_test(times_that_tie_leave_the_choice_to_memory),
    cmocka_unit_test(energies_that_tie_leave_the_choice_too),
    cmocka_unit_test(uncertainty_of_one_decision_excuses_no_loss_in_another),
    cmocka_unit_test(infeasible_limits_are_named_with_what_each_would_have_to_give),
    cmocka_unit_test(balanced_leaves_quality_out_when_any_is_unknown),
    cmocka_unit_test(energy_and_unknown_quality_cannot_be_preferred),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
