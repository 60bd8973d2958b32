/* front_space RESULT MODEL TASK: the space of a real model on a measured device as an instance for
 * tests/front/instances. */
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "result.h"
#include "space.h"

static cJSON *cost_json(const struct front_cost *cost) {
  cJSON *numbers = cJSON_CreateArray();
  for (size_t c = 0; c < COORD_COUNT; c++) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)cost->at[c]);
    cJSON_AddItemToArray(numbers, cJSON_CreateRaw(text));
  }
  return numbers;
}

static cJSON *slots_json(const struct space *space) {
  cJSON *slots = cJSON_CreateArray();
  for (int s = 0; s < SLOT_COUNT; s++) {
    cJSON *options = cJSON_CreateArray();
    for (size_t o = 0; o < space->slots[s].n; o++)
      cJSON_AddItemToArray(options, cost_json(&space->slots[s].options[o].cost));
    cJSON_AddItemToArray(slots, options);
  }
  return slots;
}

static bool print_space(const char *const argv[], struct error *err) {
  struct result *result = result_read(argv[1], err);
  struct model *model = result ? model_load(argv[2], err) : NULL;
  struct task *task = model ? task_load(argv[3], err) : NULL;
  struct quality *quality = task ? quality_load(err) : NULL;
  struct cost_model *cost = quality ? cost_build(result, err) : NULL;
  struct space space;
  const struct space_request request = {.cost = cost, .quality = quality, .setting = setting_plain(model),
                                        .task = task};
  const bool ok = cost && space_build(&request, &space, err);
  if (ok) {
    cJSON *root = cJSON_CreateObject();
    char about[512];
    snprintf(about, sizeof about, "%s, %s, on %s", argv[2], argv[3], result->caps.name);
    cJSON_AddStringToObject(root, "about", about);
    cJSON_AddStringToObject(root, "coordinates",
                            "ttft, tpot, resident, quality, prefill energy, decode energy by +; scratch by max");
    cJSON_AddItemToObject(root, "base", cost_json(&space.base));
    cJSON_AddItemToObject(root, "slots", slots_json(&space));
    char *text = json_text(root, JSON_WIDTH);
    if (text) puts(text);
    free(text);
    cJSON_Delete(root);
    space_free(&space);
  }
  cost_free(cost);
  quality_free(quality);
  free(task);
  free(model);
  result_free(result);
  return ok;
}

int main(int argc, char **argv) {
  struct error err = {0};
  if (argc == 4 && print_space((const char *const *)argv, &err)) return EXIT_SUCCESS;
  fprintf(stderr, "%s%s\n", argc == 4 ? "error: " : "usage: front_space RESULT MODEL TASK", argc == 4 ? err.text : "");
  return EXIT_FAILURE;
}
