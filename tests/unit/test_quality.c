/* Published figures: how they become nats, and which one stands for a technique. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "quality.h"

#define FIGURE(technique, params, metric, base, value)                                                                  \
  "{\"technique\": \"" technique "\", \"model\": \"m" #params "\", \"params\": " #params ", \"metric\": \"" metric "\"," \
  " \"base\": " #base ", \"value\": " #value ", \"dataset\": \"d\", \"source\": \"s\"}"
#define FIGURES(list) "{\"schema\": \"vkpareto.quality/1\", \"figures\": [" list "]}"
#define MAP(list) "{\"schema\": \"vkpareto.quality-map/1\", \"map\": [" list "]}"

static struct quality load(const char *figures, const char *map) {
  struct quality q = {0};
  struct error err = {0};
  if (!quality_parse_figures(&q, figures, strlen(figures), &err) || !quality_parse_map(&q, map, strlen(map), &err)) fail_msg("%s", err.text);
  return q;
}

static void each_metric_becomes_nats(void **state) {
  (void)state;
  struct quality q = load(FIGURES(FIGURE("a", 1e9, "perplexity", 5.0, 5.1) "," FIGURE("b", 1e9, "ppl_ratio", 1, 1.03) ","
                                  FIGURE("c", 1e9, "ppl_increase_pct", 0, 2.5) "," FIGURE("d", 1e9, "mean_kld", 0, 0.01) ","
                                  FIGURE("e", 1e9, "perplexity", 5.0, 4.9)), MAP(""));
  assert_float_equal(q.figures[0].nats, log(5.1 / 5.0), 1e-12);
  assert_float_equal(q.figures[1].nats, log(1.03), 1e-12);
  assert_float_equal(q.figures[2].nats, log(1.025), 1e-12);
  assert_float_equal(q.figures[3].nats, 0.01, 1e-12);
  assert_float_equal(q.figures[4].nats, 0, 0);   /* a gain is noise */
  quality_clear(&q);
}

static const char map[] = MAP("{\"ours\": \"f16\", \"baseline\": true}, {\"ours\": \"x\", \"published\": \"near\", \"nearness\": \"close\"},"
                              "{\"ours\": \"x\", \"published\": \"like\", \"nearness\": \"proxy\"}");

static double nats_for(const char *figures, double params) {
  struct quality q = load(figures, map);
  double nats = quality_of(&q, "x", params).nats;
  quality_clear(&q);
  return nats;
}

static void similar_size_comes_first_then_nearness_then_size(void **state) {
  (void)state;
  const char *both = FIGURES(FIGURE("near", 8e9, "ppl_ratio", 1, 1.01) "," FIGURE("near", 70e9, "ppl_ratio", 1, 1.005) ","
                             FIGURE("like", 7e9, "ppl_ratio", 1, 1.02) "," FIGURE("like", 0.5e9, "ppl_ratio", 1, 1.05));
  assert_float_equal(nats_for(both, 7e9), log(1.01), 1e-12);      /* close at 8B before proxy at 7B */
  assert_float_equal(nats_for(both, 0.4e9), log(1.05), 1e-12);    /* proxy of the size before close of another */
  assert_float_equal(nats_for(FIGURES(FIGURE("near", 8e9, "ppl_ratio", 1, 1.01) "," FIGURE("like", 0.5e9, "ppl_ratio", 1, 1.05)), 0.4e9), log(1.05), 1e-12);
  assert_float_equal(nats_for(both, 60e9), log(1.005), 1e-12);
  assert_float_equal(nats_for(both, 0.01e9), log(1.05), 1e-12);   /* nothing of the size: the nearest */
}

static void of_equal_ones_the_larger_loss_counts(void **state) {
  (void)state;
  assert_float_equal(nats_for(FIGURES(FIGURE("near", 8e9, "ppl_ratio", 1, 1.01) "," FIGURE("near", 8e9, "ppl_ratio", 1, 1.02)), 8e9),
                     log(1.02), 1e-12);
}

static void divergence_stands_in_only_where_there_is_no_perplexity(void **state) {
  (void)state;
  assert_float_equal(nats_for(FIGURES(FIGURE("near", 8e9, "mean_kld", 0, 0.05) "," FIGURE("like", 70e9, "ppl_ratio", 1, 1.02)), 8e9),
                     log(1.02), 1e-12);
  assert_float_equal(nats_for(FIGURES(FIGURE("near", 8e9, "mean_kld", 0, 0.05)), 8e9), 0.05, 1e-12);
}

static void what_is_unknown_is_nan_and_never_zero(void **state) {
  (void)state;
  assert_true(isnan(nats_for(FIGURES(""), 8e9)));
  assert_true(isnan(nats_for(FIGURES(FIGURE("near", 8e9, "ppl_ratio", 1, 1.2)), 8e9)));   /* above QUALITY_LINEAR */
  struct quality q = load(FIGURES(""), map);
  assert_true(isnan(quality_of(&q, "nobody", 8e9).nats));
  struct quality_estimate base = quality_of(&q, "f16", 8e9);
  assert_true(base.baseline && base.nats == 0);
  quality_clear(&q);
}

static void the_interval_is_half_on_either_side(void **state) {
  (void)state;
  struct quality q = load(FIGURES(FIGURE("near", 8e9, "mean_kld", 0, 0.04)), map);
  struct quality_estimate e = quality_of(&q, "x", 8e9);
  assert_float_equal(e.lo, 0.02, 1e-12);
  assert_float_equal(e.hi, 0.06, 1e-12);
  quality_clear(&q);
}

static void nonsense_is_refused(void **state) {
  (void)state;
  static const char *const bad[] = {
    FIGURES(FIGURE("a", 8e9, "perplexity", 0, 5)), FIGURES(FIGURE("a", 8e9, "perplexity", 5, -1)), FIGURES(FIGURE("a", 8e9, "bleu", 5, 5)),
    FIGURES(FIGURE("a", -1, "ppl_ratio", 1, 1.1)), FIGURES(FIGURE("a", 8e9, "ppl_increase_pct", 0, -100)), FIGURES("3"), "{}", "[", ""};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct quality q = {0};
    struct error err = {0};
    if (quality_parse_figures(&q, bad[i], strlen(bad[i]), &err)) fail_msg("accepted: %s", bad[i]);
    assert_true(err.text[0] != 0);
    quality_clear(&q);
  }
  struct quality q = {0};
  struct error err = {0};
  const char *far = MAP("{\"ours\": \"x\", \"published\": \"y\", \"nearness\": \"far\"}");
  assert_false(quality_parse_map(&q, far, strlen(far), &err));
  quality_clear(&q);
}

/* Known numbers of the built-in files. */
static void the_built_in_figures_say_what_was_published(void **state) {
  (void)state;
  struct error err = {0};
  struct quality *q = quality_load(&err);
  if (!q) fail_msg("%s", err.text);
  assert_float_equal(quality_of(q, "matmul.int4_g32", 8.03e9).nats, log(6.700147 / 6.23316), 1e-9);
  assert_float_equal(quality_of(q, "matmul.int4z_g32", 8.03e9).nats, log(6.682737 / 6.23316), 1e-9);
  assert_float_equal(quality_of(q, "matmul.int8_g32", 8.03e9).nats, log(1.000425), 1e-9);
  assert_true(isnan(quality_of(q, "matmul.int4_g32", 0.135e9).nats));   /* +12.5 % on a 1B model: too large to add */
  assert_true(quality_of(q, "matmul.f16", 8e9).baseline);
  assert_true(quality_of(q, "kv.int8", 8e9).nats > 0);
  for (size_t l = 0; l < q->n_links; l++) {
    bool found = q->links[l].baseline;
    for (size_t f = 0; f < q->n_figures && !found; f++) found = strcmp(q->figures[f].technique, q->links[l].published) == 0;
    if (!found) fail_msg("no figure of %s", q->links[l].published);
  }
  quality_free(q);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_metric_becomes_nats),
    cmocka_unit_test(similar_size_comes_first_then_nearness_then_size),
    cmocka_unit_test(of_equal_ones_the_larger_loss_counts),
    cmocka_unit_test(divergence_stands_in_only_where_there_is_no_perplexity),
    cmocka_unit_test(what_is_unknown_is_nan_and_never_zero),
    cmocka_unit_test(the_interval_is_half_on_either_side),
    cmocka_unit_test(nonsense_is_refused),
    cmocka_unit_test(the_built_in_figures_say_what_was_published),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
