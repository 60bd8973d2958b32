/* Choices per layer against brute force over every assignment of formats to layers: a class's own front, and that of a
 * whole space, exact without slack and covered with it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "layers.h"
#include "redraw.h"
#include "rng.h"

enum { FORMATS = 3, LAYERS = 4, MIXED = 2 };   /* of each of the first two classes */
static const struct model model = {.id = "m", .layers = LAYERS};
static const char *const names[FORMATS] = {"f16", "int8_g32", "int4_g32"};
static struct technique techniques[FORMATS];
static const struct task task = {.prompt = 100, .output = 11, .concurrency = 1};

/* ---- random spaces and sensitivities */

static double below(struct rng *rng, uint64_t n) { return (double)rng_below(rng, n); }

static void fill_option(struct rng *rng, struct space_option *o, size_t format) {
  *o = (struct space_option){.technique = {&techniques[format], &techniques[format]}, .rank = format};
  snprintf(o->name, sizeof o->name, "%s", names[format]);
  for (int p = 0; p < PHASE_COUNT; p++) {
    const double ns = LAYERS * (1 + below(rng, 200)), joules = LAYERS * ENERGY_UNIT * (1 + below(rng, 100));
    o->time[p] = (struct space_time){.ns = ns, .lo = 0.9 * ns, .hi = 1.1 * ns, .joules = joules,
                                     .joules_error = 0.1 * joules};
  }
  o->weight_bytes = LAYERS * (1 + below(rng, 100));
  o->scratch_bytes = below(rng, 3) * 50;
  const double nats = format == 0 ? 0 : 1e-3 * (1 + below(rng, 40));
  o->quality = (struct quality_estimate){.nats = nats, .lo = nats / 2, .hi = nats * 3 / 2, .baseline = format == 0};
  o->cost = space_cost(o);
}

static struct space random_space(struct rng *rng) {
  struct space space = {.quality_known = true, .energy_known = true, .decode_steps = 10, .tokens = 11,
                        .fixed_bytes = 40,
                        .setting = {.model = &model}};
  for (int s = 0; s < SLOT_COUNT; s++) {
    const size_t n = s < MIXED ? FORMATS : s == SLOT_ATTENTION ? 2 : 1;
    space.slots[s] = (struct space_slot){.options = calloc(n, sizeof(struct space_option)), .n = n, .share = 1};
    for (size_t o = 0; o < n; o++) fill_option(rng, &space.slots[s].options[o], o);
  }
  space.base = (struct front_cost){{[COORD_RESIDENT] = 40}};
  return space;
}

static struct sensitivity *random_sensitivities(struct rng *rng, bool relative, bool equal) {
  char text[2048];
  struct error err = {0};
  size_t used = (size_t)snprintf(text, sizeof text, "{\"schema\": \"vkpareto.sensitivity/1\", \"model\": \"m\", "
                                 "\"layers\": %d, \"source\": \"random\", \"unit\": \"%s\", \"classes\": {", LAYERS,
                                 relative ? "relative" : "nats");
  for (int c = 0; c < MIXED; c++) {
    used += (size_t)snprintf(text + used, sizeof text - used, "%s\"%s\": %s", c ? ", " : "", tensor_class_names[c],
                             relative ? "" : "{");
    for (size_t f = 1; f < (relative ? 2 : FORMATS); f++) {
      if (!relative) used += (size_t)snprintf(text + used, sizeof text - used, "%s\"%s\": ", f > 1 ? ", " : "",
                                              names[f]);
      for (int l = 0; l < LAYERS; l++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%g", l ? ", " : "[",
                                 equal ? 0.01 : 1e-3 * (1 + below(rng, 20)));
      used += (size_t)snprintf(text + used, sizeof text - used, "]");
    }
    if (!relative) used += (size_t)snprintf(text + used, sizeof text - used, "}");
  }
  snprintf(text + used, sizeof text - used, "}}");
  struct sensitivity *s = sensitivity_parse(text, strlen(text), &err);
  if (!s) fail_msg("%s in %s", err.text, text);
  return s;
}

/* ---- every assignment */

static size_t assignments(void) { return (size_t)lround(pow(FORMATS, LAYERS)); }

/* The a-th assignment of formats to the class's layers as a cost; computed from scratch, layer by layer. */
static void assigned(const struct space *space, int c, const struct sensitivity *s, size_t a,
                     double cost[COORD_COUNT]) {
  memset(cost, 0, COORD_COUNT * sizeof *cost);
  for (size_t l = 0; l < LAYERS; l++, a /= FORMATS) {
    const struct space_option *o = &space->slots[c].options[a % FORMATS];
    for (int k = 0; k < COORD_SCRATCH; k++) cost[k] += k == COORD_QUALITY ? 0 : (double)o->cost.at[k] / LAYERS;
    cost[COORD_QUALITY] += sensitivity_of_layer(s, (enum tensor_class)c, o->name, &o->quality, l) / QUALITY_UNIT;
    cost[COORD_SCRATCH] = fmax(cost[COORD_SCRATCH], (double)o->cost.at[COORD_SCRATCH]);
  }
}

static bool is_covered(const double *cost, const struct front_cost *by, const struct layers_slack *slack) {
  for (int k = 0; k < COORD_COUNT; k++) {
    const double most = k == COORD_QUALITY ? cost[k] + slack->nats / QUALITY_UNIT : cost[k] * (1 + slack->relative);
    if ((double)by->at[k] > most + 0.5001) return false;   /* costs are rounded */
  }
  return true;
}

/* Measured losses stand in the options, as space_build puts them there. */
static void take_losses(struct space *space, const struct sensitivity *s) {
  for (int c = 0; c < MIXED; c++)
    for (size_t o = 0; o < FORMATS; o++) {
      struct space_option *option = &space->slots[c].options[o];
      option->quality = sensitivity_of_class(s, (enum tensor_class)c, option->name, &option->quality);
      option->cost = space_cost(option);
    }
}

static struct space make(struct rng *rng, int round, struct sensitivity **s) {
  struct space space = random_space(rng);
  *s = random_sensitivities(rng, round % 2, round % 5 == 0);
  take_losses(&space, *s);
  for (int c = 0; c < MIXED; c++)   /* over what adds up: not offered, as in space_build */
    for (size_t o = 0; o < FORMATS; o++) assert_true(isfinite(space.slots[c].options[o].quality.nats));
  return space;
}

/* ---- tests */

static void a_class_is_that_of_brute_force(void **state) {
  (void)state;
  struct rng rng = rng_make(31);
  size_t with_slack = 0, mixes = 0, refused = 0;
  for (int round = 0; round < 200; round++) {
    struct sensitivity *s;
    struct space space = make(&rng, round, &s);
    struct layers_slack slack;
    struct error err = {0};
    const size_t most = round < 100 ? 200 : 9;
    if (!layers_mix(&space, CLASS_QKV, &(struct layers_request){s, INFINITY, INFINITY}, most, &slack, &err)) {
      assert_int_equal(err.kind, ERROR_UNSUPPORTED);   /* too many even roughly */
      refused++;
      sensitivity_free(s);
      space_free(&space);
      continue;
    }
    const struct space_slot *slot = &space.slots[CLASS_QKV];
    assert_in_range(slot->n_mixed, 0, most);
    assert_int_equal(slot->n, slot->n_mixed + FORMATS);
    if (round < 100) assert_true(slack.relative == 0 && slack.nats == 0);
    with_slack += slack.relative > 0;
    mixes += slot->n_mixed;
    for (size_t a = 0; a < assignments(); a++) {
      double cost[COORD_COUNT];
      bool covered = false;
      assigned(&space, CLASS_QKV, s, a, cost);
      for (size_t o = 0; o < slot->n && !covered; o++) covered = is_covered(cost, &slot->options[o].cost, &slack);
      if (!covered) fail_msg("round %d: assignment %zu is not covered", round, a);
    }
    sensitivity_free(s);
    space_free(&space);
  }
  assert_in_range(with_slack, 10, 100);
  assert_in_range(refused, 0, 60);
  assert_true(mixes > 700);
}

/* What an option says of itself is the sum over its layers. */
static void a_mix_costs_what_its_layers_do(void **state) {
  (void)state;
  struct rng rng = rng_make(32);
  for (int round = 0; round < 50; round++) {
    struct sensitivity *s;
    struct space space = make(&rng, round, &s);
    struct layers_slack slack;
    struct error err = {0};
    assert_true(layers_mix(&space, CLASS_ATTN_OUT, &(struct layers_request){s, INFINITY, INFINITY}, 200, &slack, &err));
    const struct space_slot *slot = &space.slots[CLASS_ATTN_OUT];
    for (size_t o = FORMATS; o < slot->n; o++) {
      const struct space_option *option = &slot->options[o];
      size_t a = 0, layers = 0;
      double cost[COORD_COUNT], lo = 0, joules = 0;
      for (size_t l = LAYERS; l-- > 0;) a = a * FORMATS + option->mix->layer[l];
      assigned(&space, CLASS_ATTN_OUT, s, a, cost);
      for (int k = 0; k < COORD_COUNT; k++) assert_float_equal((double)option->cost.at[k], cost[k], 0.5001);
      for (size_t p = 0; p < option->mix->n_parts; p++) layers += option->mix->parts[p].layers;
      assert_int_equal(layers, LAYERS);
      for (size_t l = 0; l < LAYERS; l++) {
        lo += slot->options[option->mix->layer[l]].time[PHASE_DECODE].lo / LAYERS;
        joules += slot->options[option->mix->layer[l]].time[PHASE_PREFILL].joules / LAYERS;
      }
      assert_float_equal(option->time[PHASE_DECODE].lo, lo, 1e-9);
      assert_float_equal(option->time[PHASE_PREFILL].joules, joules, 1e-15);
    }
    sensitivity_free(s);
    space_free(&space);
  }
}

/* Objectives of the a-th and b-th assignment of the two classes with option t of attention. */
static void objectives_of(const struct space *space, const struct sensitivity *s, size_t a, size_t b, size_t t,
                          double out[OBJECTIVE_COUNT]) {
  double sum[COORD_COUNT], more[COORD_COUNT];
  assigned(space, 0, s, a, sum);
  assigned(space, 1, s, b, more);
  for (int c = 0; c < SLOT_COUNT; c++) {
    if (c >= MIXED)
      for (int k = 0; k < COORD_COUNT; k++)
        more[k] = (double)space->slots[c].options[c == SLOT_ATTENTION ? t : 0].cost.at[k];
    for (int k = 0; c > 0 && k < COORD_COUNT; k++)
      sum[k] = k == COORD_SCRATCH ? fmax(sum[k], more[k]) : sum[k] + more[k];
  }
  out[OBJECTIVE_TTFT] = sum[COORD_TTFT];
  out[OBJECTIVE_TPOT] = sum[COORD_TPOT];
  out[OBJECTIVE_MEMORY] = sum[COORD_RESIDENT] + (double)space->base.at[COORD_RESIDENT] + sum[COORD_SCRATCH];
  out[OBJECTIVE_QUALITY] = sum[COORD_QUALITY];
  out[OBJECTIVE_ENERGY] = sum[COORD_PREFILL_ENERGY] + space->decode_steps * sum[COORD_DECODE_ENERGY];
}

static bool covers(const struct front_cost *by, const double *x, const struct layers_slack *slack,
                   double decode_steps) {
  for (int o = 0; o < OBJECTIVE_COUNT; o++) {
    const double rounding = o == OBJECTIVE_ENERGY ? MIXED * (1 + decode_steps) : MIXED;
    const double most = o == OBJECTIVE_QUALITY ? x[o] + slack->nats / QUALITY_UNIT : x[o] * (1 + slack->relative);
    if ((double)by->at[o] > most + rounding) return false;
  }
  return true;
}

/* 81 x 81 assignments and two options of attention. */
static void a_space_is_covered_within_what_is_proved(void **state) {
  (void)state;
  struct rng rng = rng_make(33);
  size_t with_slack = 0, within = 0, unlimited = 0;
  for (int round = 0; round < 12; round++) {
    struct sensitivity *s;
    struct space space = make(&rng, round, &s);
    struct layers_slack mixes, slots;
    struct front front;
    struct error err = {0};
    const bool limited = round % 2;
    const struct layers_request request = {s, limited ? 900 + 50 * (double)round : INFINITY, limited ? 0.04 : INFINITY};
    assert_true(layers_expand(&space, &request, &mixes, &err));
    if (!layers_front(&space, &request, mixes, round % 3 ? 100 : 10000, &front, &slots, &err)) fail_msg("%s", err.text);
    const struct layers_slack both = layers_both(mixes, slots);
    with_slack += both.relative > 0;
    for (size_t a = 0; a < assignments(); a++)
      for (size_t b = 0; b < assignments(); b++) {
        double x[OBJECTIVE_COUNT];
        bool covered = false;
        objectives_of(&space, s, a, b, (a + b) % 2, x);
        if (!(x[OBJECTIVE_MEMORY] <= request.most_bytes
              && x[OBJECTIVE_QUALITY] * QUALITY_UNIT <= request.most_nats)) continue;
        (limited ? &within : &unlimited)[0]++;
        for (size_t i = 0; i < front.n && !covered; i++)
          covered = covers(&front.points[i].cost, x, &both, space.decode_steps);
        if (!covered) fail_msg("round %d: %zu, %zu is not covered", round, a, b);
      }
    front_free(&front);
    sensitivity_free(s);
    space_free(&space);
  }
  assert_in_range(with_slack, 2, 11);
  assert_in_range(within, 100, unlimited / 2);   /* the limits left some, and took many */
}

/* Where all layers are alike only the number of each format counts: there are C(4 + 2, 2) = 15 of them. */
static void equal_layers_differ_by_count_only(void **state) {
  (void)state;
  struct rng rng = rng_make(34);
  for (int round = 0; round < 50; round++) {
    struct space space = random_space(&rng);
    struct sensitivity *s = random_sensitivities(&rng, true, true);
    struct layers_slack slack;
    struct error err = {0};
    assert_true(layers_mix(&space, CLASS_QKV, &(struct layers_request){s, INFINITY, INFINITY}, 200, &slack, &err));
    const struct space_slot *slot = &space.slots[CLASS_QKV];
    assert_in_range(slot->n_mixed, 0, 12);
    for (size_t o = FORMATS; o < slot->n; o++)
      for (int k = 0; k < COORD_SCRATCH; k++) {
        double sum = 0;
        for (size_t p = 0; p < slot->options[o].mix->n_parts; p++) {
          const struct space_part *part = &slot->options[o].mix->parts[p];
          sum += (double)part->layers / LAYERS * (double)slot->options[part->option].cost.at[k];
        }
        assert_float_equal((double)slot->options[o].cost.at[k], sum, 0.5001);
      }
    sensitivity_free(s);
    space_free(&space);
  }
}

static void why_a_class_has_one_format_is_said(void **state) {
  (void)state;
  struct rng rng = rng_make(35);
  static const struct model sparse = {.id = "m", .layers = LAYERS, .experts = 8, .dense_layers = 1};
  const struct {
    struct offload offload; const struct model *model; bool quality; enum tensor_class class_; const char *why;
  } cases[] = {
    {{0}, &model, true, CLASS_FFN_UP, "say nothing"}, {{0}, &model, true, CLASS_LOGITS, "no layer"},
    {{1, 0}, &model, true, CLASS_QKV, "host's memory"}, {{0}, &model, false, CLASS_QKV, "quality"},
    {{0}, &sparse, true, CLASS_FFN_UP, "some layers have experts"}, {{0}, &sparse, true, CLASS_QKV, NULL},
    {{0}, &model, true, CLASS_QKV, NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct space space = random_space(&rng);
    struct sensitivity *s = random_sensitivities(&rng, true, false);
    struct layers_slack slack;
    struct error err = {0};
    space.setting.offload = cases[i].offload;
    space.setting.model = cases[i].model;
    s->tables[1].class_ = cases[i].model == &sparse ? CLASS_FFN_UP : CLASS_ATTN_OUT;
    space.quality_known = cases[i].quality;
    assert_true(layers_mix(&space, cases[i].class_, &(struct layers_request){s, INFINITY, INFINITY}, 200, &slack,
                           &err));
    const struct space_slot *slot = &space.slots[cases[i].class_];
    if (cases[i].why) assert_non_null(strstr(slot->unmixed, cases[i].why));
    else assert_null(slot->unmixed);
    assert_true((slot->n_mixed > 0) == !cases[i].why);
    sensitivity_free(s);
    space_free(&space);
  }
}

static void a_mix_is_known_by_name_in_another_setting(void **state) {
  (void)state;
  struct rng rng = rng_make(36);
  struct space here = random_space(&rng), there = random_space(&rng);
  struct sensitivity *s = random_sensitivities(&rng, true, false);
  struct layers_slack slack;
  struct error err = {0};
  assert_true(layers_mix(&here, CLASS_QKV, &(struct layers_request){s, INFINITY, INFINITY}, 200, &slack, &err));
  const struct space_slot *from = &here.slots[CLASS_QKV], *to = &there.slots[CLASS_QKV];
  const struct space_option swap = to->options[0];   /* the same formats in another order */
  to->options[0] = to->options[2];
  to->options[2] = swap;
  for (size_t o = FORMATS; o < from->n; o++) {
    const struct space_option *option = &from->options[o];
    char text[256];
    assert_true(layers_adopt(&there, CLASS_QKV, from, option, &err));
    assert_true(layers_adopt(&there, CLASS_QKV, from, option, &err));   /* once is enough */
    const size_t same = space_find_option(to, option->name);
    assert_int_equal(same, o);
    for (size_t l = 0; l < LAYERS; l++)
      assert_string_equal(to->options[to->options[same].mix->layer[l]].name, from->options[option->mix->layer[l]].name);
    layers_text(to, &to->options[same], text, sizeof text);
    assert_string_equal(text, option->name);
  }
  sensitivity_free(s);
  space_free(&here);
  space_free(&there);
}

/* A kernel is wrong everywhere the same way: whatever is drawn, a mix lies between the formats that it is made of. */
static void the_error_of_a_technique_is_shared_by_its_layers(void **state) {
  (void)state;
  struct rng rng = rng_make(37);
  struct space space = random_space(&rng);
  struct sensitivity *s = random_sensitivities(&rng, true, false);
  struct layers_slack slack;
  struct error err = {0};
  for (size_t f = 0; f < FORMATS; f++) techniques[f].id = names[f];
  for (size_t o = 0; o < FORMATS; o++) {   /* far apart in bytes, errors of +-60 % in times */
    struct space_option *option = &space.slots[CLASS_QKV].options[o];
    for (int p = 0; p < PHASE_COUNT; p++) {
      option->time[p].lo = 0.4 * option->time[p].ns;
      option->time[p].hi = 1.6 * option->time[p].ns;
    }
  }
  assert_true(layers_mix(&space, CLASS_QKV, &(struct layers_request){s, INFINITY, INFINITY}, 200, &slack, &err));
  const struct space_slot *slot = &space.slots[CLASS_QKV];
  assert_true(slot->n_mixed > 0);
  struct front_point points[FRONT_OPTIONS] = {0};
  for (size_t o = 0; o < slot->n; o++) points[o].choice[CLASS_QKV] = (uint8_t)o;
  const struct front front = {points, slot->n};
  const struct decision by_time = {.preference = PREFER_LATENCY, .limits.at = {INFINITY, INFINITY, INFINITY, INFINITY,
                                                                               INFINITY}};
  struct redraws redraws;
  assert_true(redraw_make(&space, &task, &front, &by_time, &redraws, &err));
  for (size_t i = 0; i < redraws.draws; i++)
    for (size_t o = FORMATS; o < slot->n; o++) {
      double sum = 0;
      for (size_t l = 0; l < LAYERS; l++) sum += redraws.score[i * redraws.n + slot->options[o].mix->layer[l]] / LAYERS;
      assert_float_equal(redraws.score[i * redraws.n + o], sum, 1e-9 * sum);
    }
  redraw_free(&redraws);
  sensitivity_free(s);
  space_free(&space);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_class_is_that_of_brute_force), cmocka_unit_test(a_mix_costs_what_its_layers_do),
    cmocka_unit_test(a_space_is_covered_within_what_is_proved), cmocka_unit_test(equal_layers_differ_by_count_only),
    cmocka_unit_test(why_a_class_has_one_format_is_said), cmocka_unit_test(a_mix_is_known_by_name_in_another_setting),
    cmocka_unit_test(the_error_of_a_technique_is_shared_by_its_layers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
