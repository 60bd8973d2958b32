/* The words about settings: why the others lost, and what the chosen one means. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "recommend.h"
#include "text.h"

enum verdict recommend_setting_verdict(const struct recommendation *r, size_t setting, char *why, size_t size) {
  struct front_point other = {.choice[CHOICE_SETTING] = (uint8_t)setting};
  for (int s = 0; s < SLOT_COUNT; s++) {
    const struct space_slot *slot = &r->outer.spaces[setting].slots[s];
    const size_t same = space_find_option(slot, r->space->slots[s].options[r->choice[s]].name);
    other.choice[s] = (uint8_t)(same < slot->n ? same : 0);
  }
  return recommend_judge(r, &other, why, size);
}

static void add_offload(struct text *t, const struct recommendation *r) {
  char bytes[32], ttft[32], tpot[32];
  text_bytes(r->predicted.host_bytes, bytes, sizeof bytes);
  text_duration(r->predicted.part_ns[PHASE_PREFILL][PART_UPLOAD], ttft, sizeof ttft);
  text_duration(r->predicted.part_ns[PHASE_DECODE][PART_UPLOAD], tpot, sizeof tpot);
  text_add(t, "; %s of weights lie in the host's memory, %s are copied to the device in every pass at the measured "
           "%.3g GB/s while nothing runs: %s of ttft and %s of tpot; what the host's processor would take to compute with "
           "them there is not measured", bytes, r->space->setting.offload.layers ? "all" : "the experts that the router names",
           1e-9 * r->result->ceilings.upload, ttft, tpot);
  if (caps_memory_access(&r->result->caps) == MEMORY_UNIFIED)
    text_add(t, "; device and host share one memory, of which the limit is only a part");
}

void recommend_setting_evidence(const struct recommendation *r, char *out, size_t size) {
  char activations[32];
  text_bytes(r->predicted.activation_bytes, activations, sizeof activations);
  struct text t = {out, size, 0};
  text_add(&t, "prompts go through the layers in %.4g passes, activations take %s",
           r->space->work.passes[PHASE_PREFILL], activations);
  if (r->predicted.host_bytes > 0) add_offload(&t, r);
}
