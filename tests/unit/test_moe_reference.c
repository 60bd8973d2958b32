/* What the router and the experts are compared with: choices and sums worked out by hand, data under every load, and
 * bounds that notice when an expert slot or an element of k is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "moe.h"

extern const struct family moe_family, router_family;

enum { X, ROUTING, W, Y, SCALES };

struct routed { double id[4], weight[4], bound[4]; };

static struct routed route(const float *logits, int64_t experts, int64_t topk, int64_t sigmoid, int64_t renormalise) {
  struct kernel_case kase = {.family = &router_family, .dim = {1, experts, topk, sigmoid, renormalise}};
  struct routed out;
  for (uint64_t i = 0; i < 2 * (uint64_t)topk; i++) {
    double value, bound;
    const void *data[] = {logits, NULL};
    router_family.reference(&kase, &router_family.techniques[0], FILL_RANDOM, data, &i, 1, &value, &bound);
    if (i % 2) out.weight[i / 2] = value;
    else out.id[i / 2] = value;
    if (i % 2) out.bound[i / 2] = bound;
    else assert_true(bound == 0);
  }
  return out;
}

static void assert_near(double value, double expected) {
  assert_true(fabs(value - expected) <= 1e-12 * fabs(expected));
}

static void ties_go_to_the_lower_expert(void **state) {
  (void)state;
  const float logits[] = {1, 3, 2, 3, 2, 2};
  struct routed routed = route(logits, 6, 4, 0, 1);
  const double ids[] = {1, 3, 2, 4};
  for (int j = 0; j < 4; j++) assert_true(routed.id[j] == ids[j]);
  double e = exp(-1), sum = 2 + 2 * e;
  assert_near(routed.weight[0], 1 / sum);
  assert_near(routed.weight[3], e / sum);
}

static void weights_follow_the_scoring(void **state) {
  (void)state;
  const float logits[] = {0, 2, -1};
  double all = 1 + exp(2) + exp(-1), s1 = 1 / (1 + exp(-2)), s0 = 0.5;
  assert_near(route(logits, 3, 2, 0, 0).weight[0], exp(2) / all);
  assert_near(route(logits, 3, 2, 0, 0).weight[1], 1 / all);
  assert_near(route(logits, 3, 2, 0, 1).weight[0], exp(2) / (exp(2) + 1));
  assert_near(route(logits, 3, 2, 1, 0).weight[0], s1);
  assert_near(route(logits, 3, 2, 1, 1).weight[0], s1 / (s1 + s0));
}

static void a_router_that_forgets_an_expert_is_noticed(void **state) {
  (void)state;
  const float logits[] = {0, 2, -1, -3};
  struct routed all = route(logits, 4, 2, 0, 0), fewer = route(logits, 3, 2, 0, 0);   /* without the least expert */
  assert_true(fabs(all.weight[0] - fewer.weight[0]) > 100 * all.bound[0]);
}

/* ---- experts */

struct data { struct kernel_case kase; struct tensor_list list; void *tensor[KERNEL_TENSORS]; };

static const struct technique *technique(const char *id) {
  const struct technique *found = technique_find(id);
  assert_non_null(found);
  return found;
}

static struct data make_data(const int64_t dim[7], const char *id, enum fill fill) {
  struct data data = {.kase = {.family = &moe_family}};
  struct error err = {0};
  memcpy(data.kase.dim, dim, 7 * sizeof *dim);
  assert_true(moe_family.tensors(&data.kase, technique(id), &data.list, &err));
  for (size_t t = 0; t < data.list.n; t++)
    assert_non_null(data.tensor[t] = calloc(data.list.tensor[t].bytes / 4 + 1, 4));
  moe_family.fill(&data.kase, technique(id), fill, 7, data.tensor);
  return data;
}

static void free_data(struct data *data) {
  for (size_t t = 0; t < data->list.n; t++) free(data->tensor[t]);
}

static double element(const struct data *data, const char *id, enum fill fill, uint64_t index, double *bound) {
  double value;
  moe_family.reference(&data->kase, technique(id), fill, (const void *const *)data->tensor, &index, 1, &value, bound);
  return value;
}

/* Two tokens, three experts, top 2, n = 2, k = 3: w[e] = rows (1, e, 0) and (0, 0, e + 1). */
static void fill_by_hand(struct data *data, bool down) {
  float *w = data->tensor[W], *x = data->tensor[X], *routing = data->tensor[ROUTING];
  memset(w, 0, data->list.tensor[W].bytes);
  memset(x, 0, data->list.tensor[X].bytes);
  for (int e = 0; e < 3; e++) {
    w[(e * 2 + 0) * 32 + 0] = 1;
    w[(e * 2 + 0) * 32 + 1] = (float)e;
    w[(e * 2 + 1) * 32 + 2] = (float)(e + 1);
  }
  for (int row = 0; row < (down ? 4 : 2); row++)
    for (int k = 0; k < 3; k++) x[row * 32 + k] = (float)(10 * row + k + 1);
  const float pairs[] = {2, 0.75f, 0, 0.25f, 1, 0.5f, 2, 0.5f};
  memcpy(routing, pairs, sizeof pairs);
}

static void up_gives_a_row_per_slot(void **state) {
  (void)state;
  const int64_t dim[] = {2, 3, 2, 2, 3, 0, 0};
  struct data data = make_data(dim, "moe.gather_f32", FILL_EXACT);
  fill_by_hand(&data, false);
  /* x: (1, 2, 3), (11, 12, 13); experts by slot: 2, 0, 1, 2 */
  const double expected[] = {1 + 2 * 2, 3 * 3, 1, 3, 11 + 12, 2 * 13, 11 + 2 * 12, 3 * 13};
  for (uint64_t i = 0; i < 8; i++) {
    double bound;
    assert_true(element(&data, "moe.gather_f32", FILL_EXACT, i, &bound) == expected[i]);
    assert_true(bound == 0);
  }
  free_data(&data);
}

static void down_sums_the_slots_of_a_token(void **state) {
  (void)state;
  const int64_t dim[] = {2, 3, 2, 2, 3, 1, 0};
  struct data data = make_data(dim, "moe.grouped_f32", FILL_RANDOM);
  fill_by_hand(&data, true);
  /* x by slot: (1, 2, 3), (11, 12, 13), (21, 22, 23), (31, 32, 33) */
  const double expected[] = {0.75 * (1 + 2 * 2) + 0.25 * 11, 0.75 * 3 * 3 + 0.25 * 13,
                             0.5 * (21 + 22) + 0.5 * (31 + 2 * 32), 0.5 * 2 * 23 + 0.5 * 3 * 33};
  for (uint64_t i = 0; i < 4; i++) {
    double bound;
    assert_near(element(&data, "moe.grouped_f32", FILL_RANDOM, i, &bound), expected[i]);
    assert_true(bound > 0 && bound < 1e-4);
  }
  free_data(&data);
}

/* The share of elements in which a change goes beyond the bound. */
static double noticed(const struct data *data, const struct data *changed, const char *id) {
  uint64_t outputs = data->list.tensor[Y].bytes / 4, beyond = 0;
  for (uint64_t i = 0; i < outputs; i++) {
    double bound, ignored, value = element(data, id, FILL_RANDOM, i, &bound);
    beyond += fabs(value - element(changed, id, FILL_RANDOM, i, &ignored)) > bound;
  }
  return (double)beyond / (double)outputs;
}

static void a_slot_or_an_element_left_out_is_noticed(void **state) {
  (void)state;
  static const char *const ids[] = {"moe.grouped_f16", "moe.grouped_int8_g32", "moe.grouped_int4_g32",
                                    "moe.grouped_int4z_g32"};
  const int64_t dim[] = {4, 16, 8, 24, 2048, 1, 0};
  for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
    struct data data = make_data(dim, ids[i], FILL_RANDOM), slot = make_data(dim, ids[i], FILL_RANDOM);
    for (int64_t t = 0; t < dim[0]; t++) ((float *)slot.tensor[ROUTING])[(t * 8 + 7) * 2 + 1] = 0;
    assert_true(noticed(&data, &slot, ids[i]) > 0.9);
    free_data(&slot);
    struct data product = make_data(dim, ids[i], FILL_RANDOM);   /* one of 8 x 2048 */
    for (int64_t t = 0; t < dim[0]; t++) ((float *)product.tensor[X])[t * 8 * 2048 + 1000] = 0;
    assert_true(noticed(&data, &product, ids[i]) > 0.5);
    free_data(&product);
    free_data(&data);
  }
}

/* The whole-output check accepts the reference itself and notices one element that is off by a slot's share. */
static void the_whole_output_is_checked(void **state) {
  (void)state;
  const char *id = "moe.grouped_int4_g32";
  for (int64_t down = 0; down < 2; down++) {
    const int64_t dim[] = {3, 5, 2, 40, 100, down, 1};
    struct data data = make_data(dim, id, FILL_RANDOM);
    uint64_t outputs = data.list.tensor[Y].bytes / 4;
    float *y = malloc(outputs * sizeof *y);
    assert_non_null(y);
    double residual, bound;
    for (uint64_t i = 0; i < outputs; i++) y[i] = (float)element(&data, id, FILL_RANDOM, i, &bound);
    moe_family.whole(&data.kase, technique(id), FILL_RANDOM, (const void *const *)data.tensor, y, 3, &residual, &bound);
    assert_true(residual <= bound);
    y[outputs / 2] += 0.25f;
    moe_family.whole(&data.kase, technique(id), FILL_RANDOM, (const void *const *)data.tensor, y, 3, &residual, &bound);
    assert_true(residual > bound);
    free(y);
    free_data(&data);
  }
}

static void loads_are_what_they_say(void **state) {
  (void)state;
  enum { UNIFORM, ZIPF, ONE, EMPTY };
  uint64_t busy[4] = {0}, most[4] = {0};
  for (int64_t load = 0; load < 4; load++) {
    const int64_t dim[] = {2000, 16, 2, 1, 32, 0, load};
    struct data data = make_data(dim, "moe.gather_int4_g32", FILL_RANDOM);
    const float *routing = data.tensor[ROUTING];
    uint64_t count[16] = {0};
    for (int64_t t = 0; t < dim[0]; t++, routing += 4) {
      assert_true(routing[0] != routing[2]);
      assert_true(routing[1] >= routing[3] && fabs((double)routing[1] + (double)routing[3] - 1) < 1e-6);
      count[(int)routing[0]]++;
      count[(int)routing[2]]++;
    }
    for (int e = 0; e < 16; e++) {
      busy[load] += count[e] > 0;
      if (count[e] > most[load]) most[load] = count[e];
    }
    free_data(&data);
  }
  assert_int_equal(busy[UNIFORM], 16);
  assert_in_range(most[UNIFORM], 250, 310);   /* 250 on average, deviation 15 */
  assert_int_equal(busy[ZIPF], 16);
  assert_in_range(most[ZIPF], 900, 1300);
  assert_int_equal(busy[ONE], 2);
  assert_int_equal(most[ONE], 2000);
  assert_int_equal(busy[EMPTY], 8);
}

static void bytes_count_the_experts_that_are_needed(void **state) {
  (void)state;
  const struct technique *f16 = technique("moe.gather_f16");
  struct kernel_case kase = {.family = &moe_family, .dim = {1, 64, 8, 1024, 2048, 0, 0}};
  double matrix = 1024.0 * 2048 * 2;
  assert_in_range((uint64_t)(moe_family.bytes(&kase, f16) / matrix * 1000), 8000, 8010);
  kase.dim[0] = 4096;
  assert_in_range((uint64_t)((moe_family.bytes(&kase, f16) - 4096.0 * 4 * (2048 + 8 * 1024 + 16)) / matrix * 1000),
                  63999, 64000);
  kase.dim[6] = 2;   /* all to the same 8 */
  assert_in_range((uint64_t)((moe_family.bytes(&kase, f16) - 4096.0 * 4 * (2048 + 8 * 1024 + 16)) / matrix * 1000),
                  7999, 8000);
  assert_true(moe_family.flops(&kase) == 2.0 * 4096 * 8 * 1024 * 2048);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(ties_go_to_the_lower_expert),
    cmocka_unit_test(weights_follow_the_scoring),
    cmocka_unit_test(a_router_that_forgets_an_expert_is_noticed),
    cmocka_unit_test(up_gives_a_row_per_slot),
    cmocka_unit_test(down_sums_the_slots_of_a_token),
    cmocka_unit_test(a_slot_or_an_element_left_out_is_noticed),
    cmocka_unit_test(the_whole_output_is_checked),
    cmocka_unit_test(loads_are_what_they_say),
    cmocka_unit_test(bytes_count_the_experts_that_are_needed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
