/* What the worker answers: a line that the parent takes stays within what job.h promises, and is written as it was
 * read. */
#include <string.h>

#include "fuzz.h"
#include "job.h"

static void check_answer(const struct answer *answer) {
  PROMISE(answer->status < STATUS_COUNT && answer->n_samples <= JOB_SAMPLES && answer->code.n <= GPU_STATISTICS);
  PROMISE(memchr(answer->reason, 0, sizeof answer->reason));
  PROMISE(answer->ratio >= 0 && answer->op_ns >= 0 && answer->estimate_s >= 0 && answer->speed >= 0);
  PROMISE(answer->n_heaps <= CAPS_HEAPS && memchr(answer->tried.reason, 0, sizeof answer->tried.reason));
  for (uint32_t s = 0; s < answer->n_samples; s++) PROMISE(answer->ns[s] > 0);
}

static cJSON *write(const void *one) { return answer_to_json(one); }
static bool read(const cJSON *json, void *to, struct error *err) { return answer_from_json(json, to, err); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct answer answer, again;   /* large */
  struct error err = {0};
  cJSON *json = json_parse((const char *)data, size, &err);
  bool taken = json && answer_from_json(json, &answer, &err);
  fuzz_check_error(taken, &err);
  cJSON_Delete(json);
  if (!taken) return 0;
  check_answer(&answer);
  fuzz_round_trip(&(struct fuzz_format){write, read}, &answer, &again);
  return 0;
}
