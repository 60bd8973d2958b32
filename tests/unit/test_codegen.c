/* The words of drivers, in ours. The lists are what the drivers' sources name (host/vk/codegen_names.c). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "codegen.h"
#include "gpu.h"
#include "job.h"
#include "journal.h"
#include "recipes.h"
#include "session.h"

struct word { const char *name, *description; double value; };

static struct codegen read_words(const struct word *words, size_t n) {
  struct codegen codegen = codegen_unknown();
  for (size_t i = 0; i < n; i++) gpu_codegen_take(&codegen, words[i].name, words[i].description, words[i].value);
  return codegen;
}
#define READ(...) read_words((const struct word[]){__VA_ARGS__}, \
                             sizeof(const struct word[]){__VA_ARGS__} / sizeof(struct word))

static void radv(void **state) {
  (void)state;
  struct codegen c = READ({"SGPRs", "", 128}, {"VGPRs", "", 84}, {"Spilled SGPRs", "", 3}, {"Spilled VGPRs", "", 4},
                          {"Code size", "Code size in bytes", 2252}, {"LDS size", "", 1024}, {"Scratch size", "", 2048},
                          {"Subgroups per SIMD", "", 12}, {"Pre-Sched VGPRs", "", 70}, {"Hash", "", 123456});
  assert_true(c.registers == 84 && c.scalar_registers == 128 && c.spills == 7 && c.code == 2252 && c.shared == 1024 &&
              c.scratch == 2048 && c.occupancy == 12);
  assert_true(isnan(c.subgroup));   /* comes with the executable, not as a statistic */
  assert_true(codegen_spills(&c));
}

static void turnip_counts_code_in_words(void **state) {
  (void)state;
  struct codegen c = READ({"Max Waves Per Core", "", 16}, {"Registers used", "", 20}, {"STP Count", "", 0},
                          {"Code size", "Total number of dwords in the final generated shader executable.", 100});
  assert_true(c.occupancy == 16 && c.registers == 20 && c.spills == 0 && c.code == 400 && isnan(c.scratch));
  assert_false(codegen_spills(&c));
}

static void anv_of_two_ages(void **state) {
  (void)state;
  struct codegen old = READ({"Instruction Count", "", 9}, {"Spill Count", "", 2}, {"Fill Count", "", 5},
                            {"Scratch Memory Size", "", 1024}, {"Max live registers", "", 60},
                            {"Workgroup Memory Size", "", 512});
  struct codegen new =
      READ({"Instructions", "", 9}, {"Spills", "", 2}, {"Fills", "", 5}, {"Scratch Memory Size", "", 1024},
           {"GRF registers", "", 128}, {"Max live registers", "", 60}, {"Workgroup Memory Size", "", 512});
  assert_memory_equal(&old, &new, offsetof(struct codegen, spills));
  assert_true(old.registers == 60 && old.spills == 2 && new.spills == 2 && new.scratch == 1024 && new.shared == 512);
}

static void nvidia_and_amdvlk(void **state) {
  (void)state;
  struct codegen nvidia = READ({"Register Count", "", 40}, {"Binary Size", "", 3000}, {"Stack Size", "", 0},
                               {"Local Memory Size", "", 16});
  assert_true(nvidia.registers == 40 && nvidia.code == 3000 && nvidia.scratch == 16 && isnan(nvidia.spills));
  assert_true(codegen_spills(&nvidia));
  struct codegen amdvlk = READ({"numUsedVgprs", "", 40}, {"numUsedSgprs", "", 20}, {"ldsUsageSizeInBytes", "", 64},
                               {"scratchMemUsageInBytes", "", 0});
  assert_true(amdvlk.registers == 40 && amdvlk.scalar_registers == 20 && amdvlk.shared == 64 && amdvlk.scratch == 0);
}

static void unknown_words_change_nothing(void **state) {
  (void)state;
  struct codegen c = READ({"Vector units warmed", "", 4}, {"vgprs", "", 84}, {"", "", 1});
  assert_false(codegen_known(&c));
  assert_false(codegen_spills(&c));
}

static void the_worse_of_two(void **state) {
  (void)state;
  struct codegen a = codegen_unknown(), b = codegen_unknown();
  assert_false(codegen_worse(&a, &b));
  a.registers = 100, b.registers = 50;
  assert_true(codegen_worse(&a, &b) && !codegen_worse(&b, &a));
  a.occupancy = 8, b.occupancy = 4;
  assert_true(codegen_worse(&b, &a));
  a.spills = 1, b.spills = 0;
  assert_true(codegen_worse(&a, &b));
  a.scratch = 0, b.scratch = 16;
  assert_true(codegen_worse(&b, &a));
}

/* ---- between parent and worker */

static const struct spirv *first_built(void) {
  const struct spirv *spirv = spirv_find("matmul/gemv.f32");
  assert_non_null(spirv);
  return spirv;
}

static void a_recipe_travels(void **state) {
  (void)state;
  struct error err = {0};
  struct job sent = {.kind = JOB_COMPILE,
                     .recipe = {.spirv = first_built(), .spec = {64, 0, UINT32_MAX}, .n_spec = 3, .bindings = 3,
                                .push_bytes = 24}};
  struct job heard;
  cJSON *json = job_to_json(&sent);
  assert_true(job_from_json(json, &heard, &err));
  assert_int_equal(heard.kind, JOB_COMPILE);
  assert_memory_equal(&heard.recipe, &sent.recipe, sizeof sent.recipe);
  cJSON_ReplaceItemInObject(json, "spec", cJSON_CreateString("64"));
  assert_false(job_from_json(json, &heard, &err));
  cJSON_ReplaceItemInObject(json, "shader", cJSON_CreateString("matmul/none"));
  assert_false(job_from_json(json, &heard, &err));
  cJSON_Delete(json);
}

static void what_the_driver_told_travels(void **state) {
  (void)state;
  struct error err = {0};
  static struct answer sent, heard;
  sent =
      (struct answer){.status = STATUS_OK, .compile = {5, CACHED_NO}, .code = {.codegen = codegen_unknown(), .n = 2}};
  sent.code.codegen.registers = 84;
  sent.code.statistic[0] = (struct gpu_statistic){"VGPRs", 84};
  sent.code.statistic[1] = (struct gpu_statistic){"A \"word\"", 0.5};
  cJSON *json = answer_to_json(&sent);
  assert_true(answer_from_json(json, &heard, &err));
  assert_true(heard.code.codegen.registers == 84 && isnan(heard.code.codegen.spills));
  assert_int_equal(heard.code.n, 2);
  assert_string_equal(heard.code.statistic[1].name, "A \"word\"");
  assert_true(heard.code.statistic[1].value == 0.5);
  cJSON_Delete(json);
}

/* ---- which pipelines */

static void equal_plans_ask_once(void **state) {
  (void)state;
  struct error err = {0};
  const struct variant *variant = variant_find("matmul.f32.gemv");
  struct caps caps = {.limits = {.storage_range = 1u << 30, .shared_memory = 32768, .invocations = 1024,
                                 .group_size = {1024, 1024, 64}, .group_count = {65535, 65535, 65535}}};
  struct kernel_case kase = {.family = family_find("matmul"), .dim = {1, 512, 512}};
  int32_t tuning[KERNEL_TUNABLES] = {64, 4};
  struct recipes recipes = {0};
  assert_true(recipes_add(&recipes, variant, &kase, &caps, tuning, &err));
  size_t one = recipes.n;
  assert_true(one >= 1);
  kase.dim[1] = 4096;
  assert_true(recipes_add(&recipes, variant, &kase, &caps, tuning, &err));
  assert_int_equal(recipes.n, one);   /* another shape, the same code */
  kase.dim[0] = 8;
  assert_true(recipes_add(&recipes, variant, &kase, &caps, tuning, &err));
  assert_true(recipes.n > one);       /* eight rows of x are other code */
  assert_int_equal(recipes_find(&recipes, &recipes.list[one].recipe), one);
  recipes_free(&recipes);
}

/* ---- the stage of a run, its questions answered by a journal: no driver here both runs kernels and tells of them */

static const struct caps some_caps = {
  .features = FEATURE_EXECUTABLE_PROPERTIES,
  .limits = {.storage_range = 1u << 30, .shared_memory = 32768, .invocations = 1024, .group_size = {1024, 1024, 64},
             .group_count = {65535, 65535, 65535}},
};

static void write_answer(struct journal *journal, const struct recipe *recipe, const struct answer *answer) {
  struct error err = {0};
  char key[300];
  int used = snprintf(key, sizeof key, "compile %s %u %u", recipe->spirv->name, recipe->bindings, recipe->push_bytes);
  for (uint32_t s = 0; s < recipe->n_spec; s++)
    used += snprintf(key + used, sizeof key - (size_t)used, " %u", recipe->spec[s]);
  assert_true(journal_add(journal, key, answer, &err));
}

/* The first pipeline is answered with `first`, all others with 30 registers. The row as the stage leaves it. */
static struct row run_stage(const struct plan_row *planned, const struct answer *first) {
  struct error err = {0};
  const struct journal_head head = {.seed = "1"};
  static struct answer other;
  other = (struct answer){.status = STATUS_OK, .code.codegen = codegen_unknown()};
  other.code.codegen.registers = 30;
  char path[] = "/tmp/test_codegen_XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  unlink(path);
  struct recipes recipes = {0};
  assert_true(recipes_add(&recipes, planned->variant, &planned->kase, &some_caps, planned->tuning, &err));
  assert_true(recipes.n > 1);
  struct journal *journal = journal_open(path, &head, false, &err);
  if (!journal) fail_msg("%s", err.text);
  for (size_t i = 0; i < recipes.n; i++) write_answer(journal, &recipes.list[i].recipe, i ? &other : first);
  recipes_free(&recipes);
  journal_close(journal, false);

  double ns = 1;
  struct row row = {.planned = planned, .status = STATUS_OK, .ns = &ns, .n = 1, .codegen = codegen_unknown()};
  struct session session = {.rows = &row, .n_rows = 1, .deadline = INFINITY, .client.caps = some_caps};
  session.journal = journal_open(path, &head, true, &err);
  if (!session.journal) fail_msg("%s", err.text);
  if (!stage_codegen(&session, &err)) fail_msg("%s", err.text);
  journal_close(session.journal, true);
  return row;
}

static void a_row_gets_its_worst_pipeline(void **state) {
  (void)state;
  const struct variant *variant = variant_find("attention.naive_f16.base");
  struct plan_row planned = {.variant = variant,
                             .kase = {.family = family_find("attention"), .dim = {1, 8, 300, 4, 1, 64, 1}}};
  static struct answer answer;
  answer = (struct answer){.status = STATUS_OK, .code.codegen = codegen_unknown()};
  answer.code.codegen.registers = 90;
  assert_true(run_stage(&planned, &answer).codegen.registers == 90);
  answer.code.codegen.registers = 10;
  assert_true(run_stage(&planned, &answer).codegen.registers == 30);

  answer = (struct answer){.status = STATUS_LOST, .reason = "the worker died"};
  struct row row = run_stage(&planned, &answer);   /* it keeps its time and says why it knows nothing */
  assert_int_equal(row.status, STATUS_OK);
  assert_false(codegen_known(&row.codegen));
  assert_string_equal(row.codegen_reason, "the worker died");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(radv),
    cmocka_unit_test(turnip_counts_code_in_words),
    cmocka_unit_test(anv_of_two_ages),
    cmocka_unit_test(nvidia_and_amdvlk),
    cmocka_unit_test(unknown_words_change_nothing),
    cmocka_unit_test(the_worse_of_two),
    cmocka_unit_test(a_recipe_travels),
    cmocka_unit_test(what_the_driver_told_travels),
    cmocka_unit_test(equal_plans_ask_once),
    cmocka_unit_test(a_row_gets_its_worst_pipeline),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
