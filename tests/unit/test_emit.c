/* Emitters: only names the target knows, hostile text stays a comment, what is lost is said. */
#include <math.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "emit.h"
#include "json.h"

static struct result *result;
static struct quality *quality;

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

static struct recommendation *recommend(const struct model *model, const struct task *task, double memory, const char *(*lost)(const struct space_option *)) {
  struct recommend_options options = {.lost = lost, .limits.at = {INFINITY, INFINITY, memory, INFINITY, INFINITY}};
  struct error err = {0};
  struct recommendation *r = recommend_build(result, model, task, quality, &options, &err);
  if (!r) fail_msg("%s", err.text);
  return r;
}

static char *emitted(const struct recommendation *r, const char *format) {
  struct error err = {0};
  const struct emitter *emitter = emit_find(format, &err);
  assert_non_null(emitter);
  char *text = emitter->text(r, &err);
  assert_non_null(text);
  return text;
}

static struct model *model_named(const char *name) {
  struct error err = {0};
  struct model *model = model_load(name, &err);
  if (!model) fail_msg("%s", err.text);
  return model;
}

static struct task *task_named(const char *name) {
  struct error err = {0};
  struct task *task = task_load(name, &err);
  if (!task) fail_msg("%s", err.text);
  return task;
}

/* The lines that a shell would run. */
static char *commands_of(const char *script) {
  char *out = calloc(1, strlen(script) + 2);
  for (const char *line = script; *line;) {
    size_t n = strcspn(line, "\n");
    if (*line != '#') strncat(out, line, n), strcat(out, "\n");
    line += n + (line[n] == '\n');
  }
  return out;
}

static void set_choice(struct recommendation *r, int slot, const char *name) {
  for (size_t o = 0; o < r->space->slots[slot].n; o++)
    if (strcmp(r->space->slots[slot].options[o].name, name) == 0) {
      r->choice[slot] = (uint8_t)o;
      r->predicted = choose_predict(r->space, r->task, r->choice);
      return;
    }
  fail_msg("no option %s", name);
}

static void mixed_formats_name_every_tensor(void **state) {
  (void)state;
  struct model *model = model_named("llama-3.1-8b");
  struct task *task = task_named("batch");
  struct recommendation *r = recommend(model, task, INFINITY, llama_cpp_lost);
  set_choice(r, CLASS_QKV, "int8_g32"), set_choice(r, CLASS_ATTN_OUT, "f16"), set_choice(r, CLASS_FFN_UP, "int4_g32");
  set_choice(r, CLASS_FFN_DOWN, "int4z_g32"), set_choice(r, CLASS_LOGITS, "f16"), set_choice(r, SLOT_ATTENTION, "flash int8");
  char *text = emitted(r, "llama.cpp"), *commands = commands_of(text);
  assert_string_equal(commands,
    "set -e\n\nllama-quantize \\\n  --tensor-type attn_q=q8_0 \\\n  --tensor-type attn_k=q8_0 \\\n  --tensor-type attn_v=q8_0 \\\n"
    "  --tensor-type attn_output=f16 \\\n  --tensor-type ffn_gate=q4_0 \\\n  --tensor-type ffn_up=q4_0 \\\n  --tensor-type ffn_down=q4_1 \\\n"
    "  --output-tensor-type f16 \\\n  --token-embedding-type f16 \\\n  llama-3.1-8b-f16.gguf llama-3.1-8b-vkpareto.gguf Q4_0\n\n"
    "llama-server -m llama-3.1-8b-vkpareto.gguf --device Vulkan0 --n-gpu-layers 99 --flash-attn on \\\n"
    "  --cache-type-k q8_0 --cache-type-v q8_0 --ctx-size 6144 --parallel 8 --ubatch-size 512 --fit off\n");
  free(commands);
  free(text);
  recommend_free(r);
  free(task);
  free(model);
}

/* Mixtral's and OLMoE's matrices are the experts'; a shared expert has tensors of its own. */
static void experts_have_tensors_of_their_own(void **state) {
  (void)state;
  struct model *model = model_named("olmoe-1b-7b");
  struct task *task = task_named("chat");
  model->shared_ffn = 1024;
  struct recommendation *r = recommend(model, task, INFINITY, llama_cpp_lost);
  for (int c = 0; c < CLASS_COUNT; c++) set_choice(r, c, c == CLASS_FFN_UP ? "int4_g32" : "int8_g32");
  set_choice(r, SLOT_ATTENTION, "flash f16");
  char *text = emitted(r, "llama.cpp"), *commands = commands_of(text);
  assert_non_null(strstr(commands, "  --tensor-type attn_output=q8_0 \\\n  --tensor-type ffn_gate_exps=q4_0 \\\n"
                                   "  --tensor-type ffn_up_exps=q4_0 \\\n  --tensor-type ffn_gate_shexp=q4_0 \\\n"
                                   "  --tensor-type ffn_up_shexp=q4_0 \\\n  --tensor-type ffn_down_exps=q8_0 \\\n"
                                   "  --tensor-type ffn_down_shexp=q8_0 \\\n  --output-tensor-type q8_0"));
  free(commands);
  free(text);
  recommend_free(r);
  free(task);
  free(model);
}

/* DeepSeek's first layer is dense; q, k and v are projected through a latent. */
static void latent_attention_has_tensors_of_its_own(void **state) {
  (void)state;
  struct model *model = model_named("deepseek-v2-lite");
  struct task *task = task_named("chat");
  struct recommendation *r = recommend(model, task, INFINITY, llama_cpp_lost);
  for (int c = 0; c < CLASS_COUNT; c++) set_choice(r, c, "int8_g32");
  set_choice(r, SLOT_ATTENTION, "flash f16");
  char *text = emitted(r, "llama.cpp"), *commands = commands_of(text);
  for (size_t i = 0; i < 7; i++) {
    static const char *const tensors[] = {"attn_q", "attn_kv_a_mqa", "attn_k_b", "attn_v_b", "ffn_gate", "ffn_gate_exps", "ffn_gate_shexp"};
    char flag[64];
    snprintf(flag, sizeof flag, "--tensor-type %s=q8_0", tensors[i]);
    if (!strstr(commands, flag)) fail_msg("no %s", flag);
  }
  assert_null(strstr(commands, "attn_k="));
  free(commands);
  free(text);
  recommend_free(r);
  free(task);
  free(model);
}

/* llama-quantize heeds --tensor-type only beside a quantised base type. */
static void without_a_quantised_class_there_are_no_overrides(void **state) {
  (void)state;
  struct model *model = model_named("smollm2-135m");
  struct task *task = task_named("chat");
  struct recommendation *r = recommend(model, task, INFINITY, llama_cpp_lost);
  for (int c = 0; c < CLASS_COUNT; c++) set_choice(r, c, c == CLASS_LOGITS ? "f32" : "f16");
  set_choice(r, SLOT_ATTENTION, "naive f16");
  char *text = emitted(r, "llama.cpp"), *commands = commands_of(text);
  assert_null(strstr(commands, "--tensor-type"));
  assert_non_null(strstr(commands, "smollm2-135m-vkpareto.gguf F16"));
  assert_non_null(strstr(commands, "--flash-attn off"));
  assert_non_null(strstr(text, "Lost: logits = f32"));
  free(commands);
  free(text);
  recommend_free(r);
  free(task);
  free(model);
}

static void a_tied_embedding_has_no_output_tensor(void **state) {
  (void)state;
  struct model *model = model_named("smollm2-135m");
  struct task *task = task_named("chat");
  struct recommendation *r = recommend(model, task, INFINITY, llama_cpp_lost);
  char *text = emitted(r, "llama.cpp");
  assert_null(strstr(text, "--output-tensor-type"));
  assert_non_null(strstr(text, "--token-embedding-type"));
  free(text);
  recommend_free(r);
  free(task);
  free(model);
}

static void hostile_names_cannot_leave_their_comment(void **state) {
  (void)state;
  struct model *model = model_named("smollm2-135m");
  struct task *task = task_named("chat");
  snprintf(model->name, sizeof model->name, "x\nrm -rf ~\r\n$(reboot)");
  snprintf(model->id, sizeof model->id, "a b;`reboot`/../$x");
  snprintf(task->title, sizeof task->title, "t\nreboot");
  struct recommendation *r = recommend(model, task, INFINITY, llama_cpp_lost);
  char *text = emitted(r, "llama.cpp"), *commands = commands_of(text);
  assert_null(strstr(commands, "rm -rf"));
  assert_null(strstr(commands, "reboot\n"));
  assert_null(strpbrk(commands, ";`$"));
  free(commands);
  free(text);
  recommend_free(r);
  free(task);
  free(model);
}

static void what_the_target_cannot_hold_is_not_offered(void **state) {
  (void)state;
  struct model *model = model_named("llama-3.1-8b");
  struct task *task = task_named("chat");
  struct recommendation *all = recommend(model, task, INFINITY, NULL), *held = recommend(model, task, INFINITY, llama_cpp_lost);
  assert_true(held->space->slots[SLOT_ATTENTION].n < all->space->slots[SLOT_ATTENTION].n);
  for (size_t o = 0; o < held->space->slots[SLOT_ATTENTION].n; o++) assert_null(llama_cpp_lost(&held->space->slots[SLOT_ATTENTION].options[o]));
  set_choice(all, SLOT_ATTENTION, "naive int8");   /* --any-format */
  char *text = emitted(all, "llama.cpp");
  assert_non_null(strstr(text, "Lost: attention = naive int8"));
  assert_non_null(strstr(text, "--cache-type-k f16"));
  free(text);
  recommend_free(held);
  recommend_free(all);
  free(task);
  free(model);
}

static void json_is_well_formed_and_whole(void **state) {
  (void)state;
  struct model *model = model_named("llama-3.1-8b");
  struct task *task = task_named("chat");
  struct recommendation *r = recommend(model, task, 6e9, NULL);
  char *text = emitted(r, "json");
  struct error err = {0};
  cJSON *root = json_parse(text, strlen(text), &err);
  if (!root) fail_msg("%s", err.text);
  assert_true(json_check_schema(root, "vkpareto.config/1", &err));
  static const char *const members[] = {"result_sha256", "device", "model", "task", "choice", "kernels", "predicted", "default", "front", "lost",
                                        "measured_with"};
  for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
    if (!cJSON_HasObjectItem(root, members[i])) fail_msg("no member %s", members[i]);
  const cJSON *predicted = json_object(root, "predicted", &err);
  assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(predicted, "energy_per_token")));
  double memory;
  assert_true(json_number(json_object(predicted, "memory", &err), "value", 0, 6e9, &memory, &err));
  const cJSON *point;
  bool within = false;
  cJSON_ArrayForEach(point, json_array(root, "front", &err)) within |= cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(point, "within_limits"));
  assert_true(within);
  cJSON_Delete(root);
  free(text);
  recommend_free(r);
  free(task);
  free(model);
}

static void formats_of_later_are_refused_by_name(void **state) {
  (void)state;
  struct error err = {0};
  assert_null(emit_find("vllm", &err));
  assert_non_null(strstr(err.text, "not there yet"));
  assert_null(emit_find("yaml", &err));
  assert_non_null(strstr(err.text, "llama.cpp"));
  assert_int_equal(err.kind, ERROR_USAGE);
}

/* ---- formats per layer */

static bool takes(const char *line, const char *tensor) {   /* as llama-quantize searches the pattern in the name */
  char pattern[4096];
  regex_t regex;
  snprintf(pattern, sizeof pattern, "%.*s", (int)strcspn(line, "="), line);
  assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
  const bool found = regexec(&regex, tensor, 0, NULL, 0) == 0;
  regfree(&regex);
  return found;
}

/* Each tensor of each layer is found by one pattern, with the type of the format that the layer was given. */
static void every_layers_tensors_get_their_type(void **state) {
  (void)state;
  struct model *model = model_named("llama-3.1-8b");
  struct task *task = task_named("chat");
  struct error err = {0};
  struct sensitivity *s = sensitivity_read(SOURCE_DIR "/tests/fixtures/sensitivities/llama-3.1-8b-nats.json", &err);
  assert_non_null(s);
  const struct recommend_options options = {.lost = llama_cpp_lost, .sensitivities = s, .preference = PREFER_QUALITY,
                                            .limits.at = {INFINITY, INFINITY, 5.0 * (1 << 30), INFINITY, INFINITY}};
  struct recommendation *r = recommend_build(result, model, task, quality, &options, &err);
  if (!r) fail_msg("%s", err.text);
  char *script = emitted(r, "llama.cpp"), *commands = commands_of(script);
  static const struct { enum tensor_class class_; const char *tensor; } tensors[] = {
    {CLASS_QKV, "attn_q"}, {CLASS_QKV, "attn_k"}, {CLASS_QKV, "attn_v"}, {CLASS_ATTN_OUT, "attn_output"},
    {CLASS_FFN_UP, "ffn_gate"}, {CLASS_FFN_UP, "ffn_up"}, {CLASS_FFN_DOWN, "ffn_down"},
  };
  static const struct { const char *ours, *theirs; } types[] = {
    {"f32", "f32"}, {"f16", "f16"}, {"int8_g32", "q8_0"}, {"int4_g32", "q4_0"}, {"int4z_g32", "q4_1"}};
  size_t mixed = 0;
  for (size_t t = 0; t < sizeof tensors / sizeof tensors[0]; t++)
    for (int l = 0; l < 32; l++) {
      const struct space_slot *slot = &r->space->slots[tensors[t].class_];
      const struct space_option *o = &slot->options[r->choice[tensors[t].class_]];
      const char *format = o->mix ? slot->options[o->mix->layer[l]].name : o->name, *want = NULL;
      for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].ours, format) == 0) want = types[i].theirs;
      char name[64];
      snprintf(name, sizeof name, "blk.%d.%s.weight", l, tensors[t].tensor);
      size_t found = 0;
      for (const char *at = commands; (at = strstr(at, "--tensor-type ")); at++) {
        const char *pattern = at + 14 + (at[14] == '\'');
        if (!takes(pattern, name)) continue;
        found++;
        const char *type = pattern + strcspn(pattern, "=") + 1;
        assert_int_equal(strcspn(type, "' "), strlen(want));
        assert_memory_equal(type, want, strlen(want));
      }
      assert_int_equal(found, 1);
      mixed += o->mix != NULL;
    }
  assert_true(mixed > 0);
  free(commands);
  free(script);

  char *text = emitted(r, "json");
  cJSON *root = json_parse(text, strlen(text), &err);
  const cJSON *choice = cJSON_GetObjectItemCaseSensitive(root, "choice");
  const cJSON *layers = cJSON_GetObjectItemCaseSensitive(choice, "weights_per_layer"), *class_;
  assert_true(cJSON_GetArraySize(layers) > 0);
  cJSON_ArrayForEach(class_, layers) {
    assert_int_equal(cJSON_GetArraySize(class_), 32);
    const cJSON *whole = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(choice, "weights"),
                                                          class_->string);
    assert_string_equal(whole->valuestring, "per_layer");
  }
  cJSON_Delete(root);
  free(text);
  recommend_free(r);
  sensitivity_free(s);
  free(task);
  free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(mixed_formats_name_every_tensor),
    cmocka_unit_test(experts_have_tensors_of_their_own),
    cmocka_unit_test(latent_attention_has_tensors_of_its_own),
    cmocka_unit_test(without_a_quantised_class_there_are_no_overrides),
    cmocka_unit_test(a_tied_embedding_has_no_output_tensor),
    cmocka_unit_test(hostile_names_cannot_leave_their_comment),
    cmocka_unit_test(what_the_target_cannot_hold_is_not_offered),
    cmocka_unit_test(json_is_well_formed_and_whole),
    cmocka_unit_test(formats_of_later_are_refused_by_name),
    cmocka_unit_test(every_layers_tensors_get_their_type),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
