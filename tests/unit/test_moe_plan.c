/* Windows of the experts and of the router: whatever the limits, every (token, expert, row) is multiplied by exactly
 * one pass, whose bindings hold what its push block names, and there are workgroups for every tile of any load. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "layout.h"
#include "moe.h"
#include "router.h"

extern const struct family moe_family, router_family;

enum { TOKENS, EXPERTS, TOPK, N, K, DOWN, LOAD };
enum { X, ROUTING, W, Y, SCALES };
enum { MULTIPLY, COUNT, SCAN, SCATTER, COMBINE };

static struct caps caps_with(uint64_t storage_range, uint32_t group_count) {
  struct caps caps = {.type = DEVICE_DISCRETE, .features = ~UINT64_C(0)};
  caps.limits.storage_range = storage_range;
  caps.limits.shared_memory = 16384;
  caps.limits.invocations = 128;
  for (size_t i = 0; i < 3; i++) {
    caps.limits.group_size[i] = 128;
    caps.limits.group_count[i] = group_count;
  }
  return caps;
}

static void default_tuning(const struct variant *variant, int32_t tuning[KERNEL_TUNABLES]) {
  for (size_t t = 0; t < variant->n_tunables; t++) tuning[t] = variant->tunables[t].values[0];
}

static bool plan_of(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                    uint32_t windows, struct dispatch_plan *plan) {
  int32_t tuning[KERNEL_TUNABLES] = {0};
  struct error err = {0};
  default_tuning(variant, tuning);
  *plan = (struct dispatch_plan){0};
  if (!variant->valid(kase, caps, tuning) && variant->plan(variant, kase, caps, tuning, windows, plan, &err))
    return true;
  dispatch_plan_free(plan);
  return false;
}

static struct tensor_list tensors_of(const struct variant *variant, const struct kernel_case *kase) {
  struct tensor_list list = {0};
  struct error err = {0};
  assert_true(kase->family->tensors(kase, technique_of(kase->family, variant), &list, &err));
  return list;
}

static void assert_pass_within_limits(const struct pass *pass, const struct caps *caps, const struct tensor_list *list,
                                      const struct dispatch_plan *plan) {
  assert_in_range(pass->n_bindings, 2, KERNEL_BINDINGS);
  for (size_t i = 0; i < 3; i++) assert_in_range(pass->groups[i], 1, caps->limits.group_count[i]);
  for (uint32_t b = 0; b < pass->n_bindings; b++) {
    uint32_t tensor = pass->binding[b].tensor;
    assert_in_range(tensor, 0, list->n + plan->n_scratch - 1);
    uint64_t bytes = tensor < list->n ? list->tensor[tensor].bytes : plan->scratch[tensor - list->n];
    assert_int_equal(pass->binding[b].offset % 16, 0);
    assert_in_range(pass->binding[b].size, 1, caps->limits.storage_range - 2 * KERNEL_GUARD);
    assert_in_range(pass->binding[b].offset + pass->binding[b].size, 1, bytes);
  }
}

static struct moe_push push_of(const struct pass *pass) {
  struct moe_push push;
  assert_int_equal(pass->push_bytes, sizeof push);
  memcpy(&push, pass->push, sizeof push);
  return push;
}

static uint64_t first_token(const struct pass *pass, const struct tensor_list *list, const int64_t *dim) {
  return pass->binding[MOE_BINDING_X].offset / (list->tensor[X].bytes / (uint64_t)dim[TOKENS]);
}

/* The last row that the push block names ends within the bound range of w, and its scales within theirs. */
static void assert_rows_are_bound(const struct pass *pass, const struct moe_push *push, const struct layout *layout) {
  uint64_t rows = (uint64_t)(push->last_expert - 1 - push->first_expert) * push->n + push->last_row - push->first_row;
  assert_int_equal(pass->binding[MOE_BINDING_W].size, rows * layout->w_row);
  assert_int_equal(pass->binding[MOE_BINDING_W].offset,
                   ((uint64_t)push->first_expert * push->n + push->first_row) * layout->w_row);
  if (!layout->scale_row) return;
  uint64_t stride = push->scale_stride * (layout->scale_row / layout->groups);
  uint64_t end =
      (push->last_expert - 1 - push->first_expert) * stride + (push->last_row - push->first_row) * layout->scale_row;
  assert_int_equal(pass->binding[MOE_BINDING_SCALES].offset,
                   push->first_expert * stride + push->first_row * layout->scale_row);
  assert_in_range(pass->binding[MOE_BINDING_SCALES].size, end, end + 3);
}

/* Marks what a multiplying pass covers. */
static void mark(const struct pass *pass, const struct tensor_list *list, const int64_t *dim, unsigned char *done) {
  struct moe_push push = push_of(pass);
  uint64_t token0 = first_token(pass, list, dim), n = (uint64_t)dim[N], experts = (uint64_t)dim[EXPERTS];
  for (uint64_t t = token0; t < token0 + push.tokens; t++)
    for (uint64_t e = push.first_expert; e < push.last_expert; e++)
      for (uint64_t r = push.first_row; r < push.last_row; r++) done[(t * experts + e) * n + r]++;
}

static bool plan_is_sound(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                          uint32_t windows) {
  struct dispatch_plan plan;
  if (!plan_of(variant, kase, caps, windows, &plan)) return false;
  const struct technique *technique = technique_of(&moe_family, variant);
  struct layout layout = layout_of(layout_format(technique), (uint64_t)kase->dim[K]);
  struct tensor_list list = tensors_of(variant, kase);
  size_t cells = (size_t)(kase->dim[TOKENS] * kase->dim[EXPERTS] * kase->dim[N]);
  unsigned char *done = calloc(cells, 1);
  assert_non_null(done);
  assert_in_range(plan.windows, windows, UINT32_MAX);
  for (size_t p = 0; p < plan.n; p++) {
    assert_pass_within_limits(&plan.pass[p], caps, &list, &plan);
    if (plan.pass[p].shader != MULTIPLY) continue;
    struct moe_push push = push_of(&plan.pass[p]);
    assert_rows_are_bound(&plan.pass[p], &push, &layout);
    mark(&plan.pass[p], &list, kase->dim, done);
  }
  for (size_t i = 0; i < cells; i++) assert_int_equal(done[i], 1);
  free(done);
  dispatch_plan_free(&plan);
  return true;
}

static void everything_is_multiplied_once_whatever_the_limits(void **state) {
  (void)state;
  static const uint64_t ranges[] = {UINT64_C(1) << 32, 100000, 20000};
  static const uint32_t counts[] = {65535, 100}, parts[] = {1, 3, 8};
  size_t plans = 0;
  for (size_t v = 0; v < moe_family.n_variants; v++)
    for (size_t s = 0; moe_family.proof_shapes[s][0]; s++)
      for (size_t i = 0; i < 18; i++) {
        struct kernel_case kase = {.family = &moe_family};
        memcpy(kase.dim, moe_family.proof_shapes[s], sizeof kase.dim);
        struct caps caps = caps_with(ranges[i % 3], counts[i / 3 % 2]);
        plans += plan_is_sound(&moe_family.variants[v], &kase, &caps, parts[i / 6]);
      }
  assert_in_range(plans, 4000, SIZE_MAX);
}

static uint64_t tiles_needed(const float *routing, uint64_t first_slot, uint64_t slots, uint64_t tile) {
  uint64_t count[MOE_MAX_EXPERTS] = {0}, tiles = 0;
  for (uint64_t s = first_slot; s < first_slot + slots; s++) count[(size_t)routing[2 * s]]++;
  for (size_t e = 0; e < MOE_MAX_EXPERTS; e++) tiles += (count[e] + tile - 1) / tile;
  return tiles;
}

/* The routing that fill makes, without its weights. */
static float *routing_of(const struct variant *variant, const struct kernel_case *kase, uint64_t seed) {
  struct tensor_list list = tensors_of(variant, kase);
  void *data[KERNEL_TENSORS] = {NULL};
  for (size_t t = 0; t < list.n; t++) assert_non_null(data[t] = calloc(list.tensor[t].bytes / 4 + 1, 4));
  moe_family.fill(kase, technique_of(&moe_family, variant), FILL_RANDOM, seed, data);
  for (size_t t = 0; t < list.n; t++)
    if (t != ROUTING) free(data[t]);
  return data[ROUTING];
}

static void there_is_a_workgroup_for_every_tile_of_any_load(void **state) {
  (void)state;
  struct caps caps = caps_with(1 << 27, 65535);
  for (size_t v = 0; v < moe_family.n_variants; v++) {
    const struct variant *variant = &moe_family.variants[v];
    if (!variant->shaders[COMBINE]) continue;   /* not grouped */
    for (size_t s = 0; moe_family.proof_shapes[s][0]; s++)
      for (int64_t load = 0; load < 4; load++) {
        struct kernel_case kase = {.family = &moe_family};
        memcpy(kase.dim, moe_family.proof_shapes[s], sizeof kase.dim);
        kase.dim[LOAD] = load;
        kase.dim[N] = 1;
        struct tensor_list list = tensors_of(variant, &kase);
        struct dispatch_plan plan;
        assert_true(plan_of(variant, &kase, &caps, 1, &plan));
        float *routing = routing_of(variant, &kase, (uint64_t)load + 1);
        for (size_t p = 0; p < plan.n; p++) {
          if (plan.pass[p].shader != MULTIPLY) continue;
          struct moe_push push = push_of(&plan.pass[p]);
          uint64_t slot0 = first_token(&plan.pass[p], &list, kase.dim) * push.topk;
          assert_in_range(tiles_needed(routing, slot0, (uint64_t)push.tokens * push.topk, push.tile), 1,
                          plan.pass[p].groups[1]);
        }
        free(routing);
        dispatch_plan_free(&plan);
      }
  }
}

static void mixtral_fits_into_bindings_of_128_mib(void **state) {
  (void)state;
  struct caps caps = caps_with(1 << 27, 65535);
  for (size_t v = 0; v < moe_family.n_variants; v++)
    for (int64_t down = 0; down < 2; down++) {
      const struct variant *variant = &moe_family.variants[v];
      struct kernel_case kase = {.family = &moe_family,
                                 .dim = {4096, 8, 2, down ? 4096 : 14336, down ? 14336 : 4096, down, 0}};
      struct tensor_list list = tensors_of(variant, &kase);
      struct dispatch_plan plan;
      assert_true(plan_of(variant, &kase, &caps, 1, &plan));
      for (size_t p = 0; p < plan.n; p++) assert_pass_within_limits(&plan.pass[p], &caps, &list, &plan);
      dispatch_plan_free(&plan);
    }
}

static void grouped_sorts_multiplies_and_combines(void **state) {
  (void)state;
  static const uint32_t order[] = {COUNT, SCAN, SCATTER, MULTIPLY, COMBINE};
  struct caps caps = caps_with(1 << 27, 65535);
  for (int64_t down = 0; down < 2; down++) {
    struct kernel_case kase = {.family = &moe_family, .dim = {64, 8, 2, 64, 64, down, 0}};
    struct dispatch_plan plan;
    assert_true(plan_of(variant_find("moe.grouped_f16.tiled"), &kase, &caps, 1, &plan));
    assert_int_equal(plan.n, down ? 5 : 4);
    for (size_t p = 0; p < plan.n; p++) assert_int_equal(plan.pass[p].shader, order[p]);
    dispatch_plan_free(&plan);
    assert_true(plan_of(variant_find("moe.gather_f16.gemv"), &kase, &caps, 1, &plan));
    assert_int_equal(plan.n, 1);
    dispatch_plan_free(&plan);
  }
}

static uint32_t tile_of(const int64_t dim[7], struct caps caps) {
  struct kernel_case kase = {.family = &moe_family};
  memcpy(kase.dim, dim, 7 * sizeof *dim);
  struct dispatch_plan plan;
  assert_true(plan_of(variant_find("moe.grouped_f16.tiled"), &kase, &caps, 1, &plan));
  uint32_t tile = push_of(&plan.pass[3]).tile;
  dispatch_plan_free(&plan);
  return tile;
}

static void tiles_follow_the_slots_per_expert(void **state) {
  (void)state;
  const int64_t decode[] = {1, 8, 2, 1024, 1024, 0, 0}, batch[] = {64, 8, 2, 1024, 1024, 0, 0};
  const int64_t prefill[] = {512, 8, 2, 1024, 1024, 0, 0};
  struct caps small = caps_with(1 << 27, 65535), large = small;
  large.limits.shared_memory = 49152;
  large.limits.invocations = large.limits.group_size[0] = 1024;
  assert_int_equal(tile_of(decode, large), 16);
  assert_int_equal(tile_of(batch, large), 16);
  assert_int_equal(tile_of(prefill, large), 64);
  assert_int_equal(tile_of(prefill, small), 32);
}

static void more_choices_than_experts_are_refused(void **state) {
  (void)state;
  struct kernel_case experts = {.family = &moe_family, .dim = {1, 2, 3, 8, 32, 0, 0}};
  struct kernel_case router = {.family = &router_family, .dim = {1, 2, 3, 0, 1}};
  struct tensor_list list = {0};
  struct error err = {0};
  assert_false(moe_family.tensors(&experts, &moe_family.techniques[0], &list, &err));
  assert_non_null(strstr(err.text, "topk must not exceed experts"));
  assert_false(router_family.tensors(&router, &router_family.techniques[0], &list, &err));
}

static void every_token_is_routed_once_whatever_the_limits(void **state) {
  (void)state;
  static const uint64_t ranges[] = {UINT64_C(1) << 32, 40000};
  static const uint32_t counts[] = {65535, 2}, parts[] = {1, 3};
  size_t plans = 0;
  for (size_t v = 0; v < router_family.n_variants; v++)
    for (size_t s = 0; router_family.proof_shapes[s][0]; s++)
      for (size_t i = 0; i < 8; i++) {
        struct kernel_case kase = {.family = &router_family};
        memcpy(kase.dim, router_family.proof_shapes[s], sizeof kase.dim);
        struct caps caps = caps_with(ranges[i % 2], counts[i / 2 % 2]);
        struct tensor_list list = tensors_of(&router_family.variants[v], &kase);
        struct dispatch_plan plan;
        if (!plan_of(&router_family.variants[v], &kase, &caps, parts[i / 4], &plan)) continue;
        uint64_t at = 0;
        for (size_t p = 0; p < plan.n; p++) {
          assert_pass_within_limits(&plan.pass[p], &caps, &list, &plan);
          assert_int_equal(plan.pass[p].binding[ROUTER_BINDING_OUT].offset, at);
          at += plan.pass[p].binding[ROUTER_BINDING_OUT].size;
        }
        assert_int_equal(at, list.tensor[1].bytes);
        dispatch_plan_free(&plan);
        plans++;
      }
  assert_in_range(plans, 150, SIZE_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(everything_is_multiplied_once_whatever_the_limits),
    cmocka_unit_test(there_is_a_workgroup_for_every_tile_of_any_load),
    cmocka_unit_test(mixtral_fits_into_bindings_of_128_mib),
    cmocka_unit_test(grouped_sorts_multiplies_and_combines),
    cmocka_unit_test(tiles_follow_the_slots_per_expert),
    cmocka_unit_test(more_choices_than_experts_are_refused),
    cmocka_unit_test(every_token_is_routed_once_whatever_the_limits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
