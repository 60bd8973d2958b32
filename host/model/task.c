/* vkpareto.task/1 from JSON. */
#include <math.h>

#include "json.h"
#include "model.h"

const char *const arrivals_names[ARRIVALS] = {"together", "one by one"};

static bool read_length(const cJSON *object, struct task_length *length, struct error *err) {
  return json_int_or(object, "history", 0, 1 << 24, 0, &length->history, err)
      && json_int(object, "prompt", 1, 1 << 24, &length->prompt, err)
      && json_int(object, "output", 1, 1 << 24, &length->output, err)
      && json_number(object, "weight", 1e-6, 1e6, &length->weight, err);
}

/* The means, with the weights made to sum to 1. */
static void take_means(struct task *t) {
  double sum = 0, prompt = 0, output = 0;
  for (size_t i = 0; i < t->n_lengths; i++) sum += t->lengths[i].weight;
  for (size_t i = 0; i < t->n_lengths; i++) {
    t->lengths[i].weight /= sum;
    prompt += t->lengths[i].weight * (double)t->lengths[i].prompt;
    output += t->lengths[i].weight * (double)t->lengths[i].output;
  }
  t->prompt = (int64_t)ceil(prompt - 1e-9);
  t->output = (int64_t)ceil(output - 1e-9);
}

static bool read_lengths(const cJSON *root, struct task *t, struct error *err) {
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "lengths"), *object;
  if (!list)
    return json_int(root, "prompt", 1, 1 << 24, &t->prompt, err)
        && json_int(root, "output", 1, 1 << 24, &t->output, err);
  if (cJSON_HasObjectItem(root, "prompt") || cJSON_HasObjectItem(root, "output"))
    return error_set(err, ERROR_INPUT, "fields 'lengths' and 'prompt' or 'output' contradict each other; give either");
  const int n = cJSON_GetArraySize(list);
  if (!cJSON_IsArray(list) || n < 1 || n > TASK_LENGTHS)
    return error_set(err, ERROR_INPUT, "field 'lengths' is not an array of 1 to %d objects", TASK_LENGTHS);
  cJSON_ArrayForEach(object, list) {
    if (!read_length(object, &t->lengths[t->n_lengths], err)) return error_prefix(err, "lengths[%zu]: ", t->n_lengths);
    t->n_lengths++;
  }
  take_means(t);
  return true;
}

static bool read_images(const cJSON *root, struct task *t, struct error *err) {
  if (!json_int_or(root, "images", 0, 1024, 0, &t->images, err)) return false;
  return t->images == 0 || json_int(root, "image_side", 1, 1 << 16, &t->image_side, err);
}

static bool read_arrivals(const cJSON *root, struct task *t, struct error *err) {
  int arrivals;
  if (!json_name_or(root, "arrivals", arrivals_names, ARRIVALS, ARRIVALS_TOGETHER, &arrivals, err)) return false;
  t->arrivals = (enum arrivals)arrivals;
  return true;
}

static bool read_adapters(const cJSON *root, struct task *t, struct error *err) {
  if (!json_int_or(root, "adapters", 1, 256, 0, &t->adapters, err)) return false;
  if (t->adapters <= t->concurrency) return true;
  return error_set(err, ERROR_INPUT, "field 'adapters' is %lld with a concurrency of %lld: a sequence has one",
                   (long long)t->adapters, (long long)t->concurrency);
}

static bool task_read(const cJSON *root, struct task *t, struct error *err) {
  return json_check_schema(root, "vkpareto.task/1", err)
      && json_copy(root, "id", t->id, sizeof t->id, err)
      && json_copy(root, "title", t->title, sizeof t->title, err)
      && json_copy(root, "reason", t->reason, sizeof t->reason, err)
      && read_lengths(root, t, err) && read_images(root, t, err)
      && json_int(root, "concurrency", 1, 1024, &t->concurrency, err) && read_arrivals(root, t, err)
      && read_adapters(root, t, err)
      && json_int_or(root, "turns", 1, 1024, 1, &t->turns, err)
      && json_number_or_nan(root, "max_ttft_ms", 1e-3, 1e12, &t->max_ttft_ms, err)
      && json_number_or_nan(root, "max_tpot_ms", 1e-3, 1e12, &t->max_tpot_ms, err)
      && json_number_or_nan(root, "max_quality_loss_percent", 0, 1000, &t->max_quality_loss_percent, err);
}

bool task_parse(const char *text, size_t bytes, struct task *t, struct error *err) {
  *t = (struct task){0};
  cJSON *root = json_parse(text, bytes, err);
  bool ok = root && task_read(root, t, err);
  cJSON_Delete(root);
  return ok;
}

size_t task_n_lengths(const struct task *t) { return t->n_lengths ? t->n_lengths : 1; }

struct task_length task_length_at(const struct task *t, size_t i) {
  return t->n_lengths ? t->lengths[i] : (struct task_length){.prompt = t->prompt, .output = t->output, .weight = 1};
}
