/* The prover against kernels that are wrong on purpose: each takes the place of its variant's shader, under the same
 * plan, and must be found wrong; the honest variant and the right control kernels must be found right.
 * VKPARETO_TEST_DEVICE is the device's index in `vkpareto devices` (default 0). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broken.h"
#include "plan.h"
#include "rig.h"
#include "verify.h"

static struct rig rig;

static int open_rig(void **state) {
  (void)state;
  const char *index = getenv("VKPARETO_TEST_DEVICE");
  struct error err = {0};
  if (rig_open(&rig, index ? strtoul(index, NULL, 10) : 0, false, &err)) return 0;
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

static void reject_all(const struct broken *broken, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (i == 0 || strcmp(broken[i].variant, broken[i - 1].variant) != 0)
      assert_int_equal(prove(variant_find(broken[i].variant), "as it is"), STATUS_OK);
    assert_int_equal(prove_impostor(&broken[i]), STATUS_WRONG);
  }
}

static void every_broken_matmul_is_rejected(void **state) {
  (void)state;
  assert_true(n_broken_matmul > 0);
  reject_all(broken_matmul, n_broken_matmul);
}

static void every_broken_attention_is_rejected(void **state) {
  (void)state;
  assert_true(n_broken_attention > 0);
  reject_all(broken_attention, n_broken_attention);
}

static void every_broken_block_is_rejected(void **state) {
  (void)state;
  assert_true(n_broken_block > 0);
  reject_all(broken_block, n_broken_block);
}

static void every_broken_kv_cache_is_rejected(void **state) {
  (void)state;
  assert_true(n_broken_kv_cache > 0);
  reject_all(broken_kv_cache, n_broken_kv_cache);
}

static void a_right_kernel_in_their_place_is_accepted(void **state) {
  (void)state;
  for (size_t i = 0; i < n_right_matmul; i++) assert_int_equal(prove_impostor(&right_matmul[i]), STATUS_OK);
  for (size_t i = 0; i < n_right_attention; i++) assert_int_equal(prove_impostor(&right_attention[i]), STATUS_OK);
  for (size_t i = 0; i < n_right_block; i++) assert_int_equal(prove_impostor(&right_block[i]), STATUS_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_broken_matmul_is_rejected),
    cmocka_unit_test(every_broken_attention_is_rejected),
    cmocka_unit_test(every_broken_block_is_rejected),
    cmocka_unit_test(every_broken_kv_cache_is_rejected),
    cmocka_unit_test(a_right_kernel_in_their_place_is_accepted),
  };
  return cmocka_run_group_tests(tests, open_rig, close_rig);
}
