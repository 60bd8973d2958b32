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

void recommend_setting_evidence(const struct recommendation *r, char *out, size_t size) {
  char activations[32];
  text_bytes(r->predicted.activation_bytes, activations, sizeof activations);
  snprintf(out, size, "the prompts of a request go through the layers in %.4g passes; activations take %s",
           r->space->work.passes[PHASE_PREFILL], activations);
}
