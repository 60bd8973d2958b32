/* The prover against kernels that are wrong on purpose: each takes the place of its variant's shader, under the same
 * plan, and must be found wrong; the honest variant and the right control kernels must be found right. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <vulkan/vulkan_core.h>

#include "broken.h"
#include "device_under_test.h"
#include "plan.h"
#include "rig.h"
#include "verify.h"

static struct rig rig;

static int open_rig(void **state) {
  (void)state;
  struct error err = {0};
  if (rig_open(&rig, test_device(), false, true, &err)) return 0;
  fprintf(stderr, "%s\n", err.text);
  return 1;
}

static int close_rig(void **state) {
  (void)state;
  rig_close(&rig);
  return 0;
}

static enum status prove(const struct variant *variant, const char *what) {
  static struct answer answer;
  struct error err = {0};
  struct job job = {.kind = JOB_PROVE, .variant = variant, .seed = 1};
  answer = (struct answer){0};
  const char *refused = plan_proof_tuning(variant, gpu_caps(rig.gpu), job.tuning);
  if (refused) fail_msg("%s: %s", variant->id, refused);
  if (!verify_variant(&rig, &job, &answer, &err)) fail_msg("%s, %s: %s", variant->id, what, err.text);
  print_message("%-24s %-60s %s: %s\n", variant->id, what, status_names[answer.status], answer.reason);
  return answer.status;
}

/* The broken module of the shader's own build, "broken/x.f16_r4" for "attention/flash.f16_r4"; or the one there is. */
static const char *stand_in(const struct broken *broken, const char *shader, char *name, size_t size) {
  snprintf(name, size, "%s%s", broken->shader, strrchr(shader, '.'));
  if (spirv_find(name)) return name;
  return spirv_find(broken->shader) && strcmp(strrchr(shader, '.'), strrchr(broken->shader, '.')) == 0 ? broken->shader
                                                                                                       : NULL;
}

static enum status prove_impostor(const struct broken *broken) {
  char names[KERNEL_SHADERS][128];
  const struct variant *honest = variant_find(broken->variant);
  assert_non_null(honest);
  struct variant impostor = *honest;
  size_t replaced = 0;
  for (size_t s = 0; s < KERNEL_SHADERS && honest->shaders[s]; s++) {
    const char *name = stand_in(broken, honest->shaders[s], names[s], sizeof names[s]);
    if (!name) continue;
    impostor.shaders[s] = name;
    replaced++;
  }
  if (!replaced) fail_msg("%s stands in for no shader of %s", broken->shader, broken->variant);
  return prove(&impostor, broken->what);
}

/* Nothing can take the place of what this device lacks a feature for. */
static bool runs_here(const struct broken *broken) {
  enum status status;
  char reason[256];
  const struct variant *variant = variant_find(broken->variant);
  assert_non_null(variant);
  if (plan_runnable(variant, gpu_caps(rig.gpu), &status, reason, sizeof reason)) return true;
  print_message("%-24s %-60s not tried: %s\n", broken->variant, broken->what, reason);
  return false;
}

static void every_wrong_kernel_is_rejected(void **state) {
  const struct broken_room *room = *state;
  assert_true(room->n_wrong > 0);
  for (size_t i = 0; i < room->n_wrong; i++) {
    const struct broken *wrong = &room->wrong[i];
    if (!runs_here(wrong)) continue;
    if (i == 0 || strcmp(wrong->variant, room->wrong[i - 1].variant) != 0)
      assert_int_equal(prove(variant_find(wrong->variant), "as it is"), STATUS_OK);
    assert_int_equal(prove_impostor(wrong), STATUS_WRONG);
  }
}

static void a_right_kernel_in_their_place_is_accepted(void **state) {
  const struct broken_room *room = *state;
  for (size_t i = 0; i < room->n_right; i++)
    if (runs_here(&room->right[i])) assert_int_equal(prove_impostor(&room->right[i]), STATUS_OK);
}

/* ---- dispatches that race: the executor's barrier between two passes is what orders them, so it is left out. Most
 * drivers run one dispatch after the other and give the right output all the same; synchronization validation must
 * tell. */

static bool racing;
void __real_queue_barrier(struct gpu *, VkPipelineStageFlags, VkAccessFlags, VkPipelineStageFlags, VkAccessFlags);
void __wrap_queue_barrier(struct gpu *, VkPipelineStageFlags, VkAccessFlags, VkPipelineStageFlags, VkAccessFlags);

void __wrap_queue_barrier(struct gpu *gpu, VkPipelineStageFlags from, VkAccessFlags writes, VkPipelineStageFlags to,
                          VkAccessFlags accesses) {
  bool between = from == VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT && to == VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT;
  if (!racing || !between) __real_queue_barrier(gpu, from, writes, to, accesses);
}

static unsigned messages(struct rig *validated, const char *variant) {
  static struct answer answer;
  struct error err = {0};
  struct job job = {.kind = JOB_PROVE, .variant = variant_find(variant), .seed = 1};
  const char *first = "none";
  assert_non_null(job.variant);
  assert_null(plan_proof_tuning(job.variant, gpu_caps(validated->gpu), job.tuning));
  if (!verify_variant(validated, &job, &answer, &err)) fail_msg("%s: %s", variant, err.text);
  unsigned n = gpu_validation_messages(validated->gpu, &first);
  print_message("%-24s %s: %u messages, the first: %.120s\n", variant, racing ? "racing" : "in order", n,
                first ? first : "none");
  return n;
}

static void racing_dispatches_are_told_by_validation(void **state) {
  (void)state;
  static const char *const variants[] = {"attention.flash_split_f16.base", "adapter.fused_f16.gemv",
                                         "moe.grouped_f32.lanes"};
  for (size_t v = 0; v < sizeof variants / sizeof *variants; v++) {
    struct rig validated = {0};
    struct error err = {0};
    if (!rig_open(&validated, test_device(), true, true, &err)) fail_msg("%s", err.text);
    racing = false;
    assert_int_equal(messages(&validated, variants[v]), 0);
    racing = true;
    assert_true(messages(&validated, variants[v]) > 0);
    racing = false;
    rig_close(&validated);
  }
}

int main(void) {
  static const struct broken_room *const rooms[] = {
    &broken_matmul, &broken_attention, &broken_adapter, &broken_moe, &broken_block, &broken_kv_cache,
  };
  enum { ROOMS = sizeof rooms / sizeof rooms[0] };
  struct CMUnitTest tests[2 * ROOMS + 1];
  for (size_t r = 0; r < ROOMS; r++) {
    void *room = (void *)rooms[r];
    tests[2 * r] = (struct CMUnitTest){rooms[r]->name, every_wrong_kernel_is_rejected, NULL, NULL, room};
    tests[2 * r + 1] = (struct CMUnitTest){rooms[r]->name, a_right_kernel_in_their_place_is_accepted, NULL, NULL, room};
  }
  tests[2 * ROOMS] = (struct CMUnitTest)cmocka_unit_test(racing_dispatches_are_told_by_validation);
  return cmocka_run_group_tests(tests, open_rig, close_rig);
}
