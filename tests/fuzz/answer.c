/* What the worker answers: a line that the parent takes stays within what job.h promises, and is written as it was read. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "job.h"

static void check_answer(const struct answer *answer) {
  PROMISE(answer->status < STATUS_COUNT && answer->n_samples <= JOB_SAMPLES && answer->code.n <= GPU_STATISTICS);
  PROMISE(memchr(answer->reason, 0, sizeof answer->reason));
  PROMISE(answer->ratio >= 0 && answer->op_ns >= 0 && answer->estimate_s >= 0 && answer->speed >= 0);
  for (uint32_t s = 0; s < answer->n_samples; s++) PROMISE(answer->ns[s] > 0);
}

/* Free with free(). */
static char *written(const struct answer *answer) {
  cJSON *json = answer_to_json(answer);
  char *text = json_text(json, SIZE_MAX);
  cJSON_Delete(json);
  PROMISE(text);
  return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct answer answer, again;   /* large */
  struct error err = {0};
  cJSON *json = json_parse((const char *)data, size, &err);
  bool taken = json && answer_from_json(json, &answer, &err);
  fuzz_check_error(taken, &err);
  cJSON_Delete(json);
  if (!taken) return 0;
  check_answer(&answer);
  char *first = written(&answer);
  json = json_parse(first, strlen(first), &err);
  PROMISE(json && answer_from_json(json, &again, &err));
  char *second = written(&again);
  PROMISE(strcmp(first, second) == 0);
  cJSON_Delete(json);
  free(first);
  free(second);
  return 0;
}
