/* What touches every op of a model and is therefore decided outside the slots: every setting has a list of ops, a space
 * and a front of its own, and the fronts are united (host/select/outer.h). Pure.
 *
 * What is added to a setting must say: which ops it alters (workload_build), which bytes and which quality
 * (space_build), which values are worth trying (outer_settings), how it is named (setting_text) and how far it departs
 * from what engines do when nobody asks (setting_departs, the first thing among ties). */
#ifndef SETTING_H
#define SETTING_H

#include <stddef.h>

#include "finetune.h"
#include "model.h"

/* llama.cpp's default of --ubatch-size; what is worth trying. */
enum { MICRO_BATCH = 512, MICRO_BATCH_LEAST = 64, MICRO_BATCH_MOST = 2048 };

/* Layers, counted from the last, whose weights lie in host memory and are copied to the device in every pass: all of
 * their weights, or those of their experts only. At most one of both is over 0. */
struct offload { int64_t layers, expert_layers; };

struct setting {
  const struct model *model;
  struct finetune finetune;
  int64_t micro_batch;   /* tokens of a prompt that go through the layers together, at most */
  struct offload offload;
};

/* What engines do when nobody asks for anything else. */
struct setting setting_plain(const struct model *);
/* In how many things it differs from the plain one. */
size_t setting_departs(const struct setting *);
/* "micro-batch 256", "micro-batch 512, live lora of rank 16", "micro-batch 512, 8 layers in host memory". */
void setting_text(const struct setting *, char *out, size_t size);

#endif
