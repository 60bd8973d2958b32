/* What the files that make one case of a study share. */
#ifndef CASE_H
#define CASE_H

#include "study.h"

struct case_context {
  const struct space_request *request;   /* of the plain setting */
  const struct space *space;             /* of that */
  const struct task *task;
  const struct baselines *baselines;
  struct pick_limits limits;
  uint8_t base[SLOT_COUNT];              /* the default */
  struct prediction plain;               /* of it */
};

/* A configuration of any setting's space. */
void case_keep(const struct case_context *, const struct space *, const uint8_t choice[SLOT_COUNT],
               struct study_pick *);
void case_miss(struct study_pick *, const char *reason);
/* The share of the memory's bandwidth that the largest multiplication of a decoded token reads at. */
double case_read_share(const struct space *, const uint8_t choice[SLOT_COUNT]);

/* Fills in the joint choice, free of loss and within the limits, the default with weights in the host's memory, and
 * what is said of them. They are the best over the settings that `recommend` chooses from, but for adapters and other
 * models: all micro-batches, and where nothing fits, weights in the host's memory, in the plain micro-batch and in the
 * largest. The best number of layers there is found, not tried (pick.h); of models with experts the dense layers stay
 * on the device. ERROR_MEMORY only. */
bool case_find_joint(const struct case_context *, struct study_case *, struct error *);

#endif
