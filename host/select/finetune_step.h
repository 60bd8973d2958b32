/* What one step of the tuning itself costs: a sample goes forward and back and the adapter is updated. No kernel of
 * ours trains, so nothing here is measured. Memory is counted by formulas, time is estimated from below. Pure.
 *
 * Memory, for one sample of `tokens` (of text; images are left out) with the input of every layer kept and the rest
 * computed again (Chen et al. 2016, arXiv 1604.06174):
 *   base weights    2 bytes each; QLoRA: matrices of layers 4.127 bits, NF4 in blocks of 64 with double quantisation
 *                   (Dettmers et al. 2023, arXiv 2305.14314, section 3: 0.127 bits for the constants)
 *   trained state   16 bytes for each trained number: f16 weight and gradient, f32 master weight and Adam's two moments
 *                   (Rajbhandari et al. 2019, ZeRO, arXiv 1910.02054, section 3.1)
 *   activations     2 tokens hidden layers, and those of the one layer that is computed again: 2 tokens (4 hidden +
 *                   2 q + 2 kv + f ffn), f being 4 with a gate, 2 without; for the layer of Korthikanti et al. 2022
 *                   (arXiv 2205.05198, equation 1) that is its 34 s b h less the masks of dropout, which no one uses
 *                   here, and without the scores, which flash attention does not keep
 *   logits          8 bytes for each token and word: f32 values and their gradient
 * Frameworks hold more: copies of the logits, workspace, fragments. It is the least that a step needs.
 *
 * Time: the forward pass, again for what was not kept, and the gradient of every matrix's input, each as many
 * operations as the forward pass: 3 forward passes at the rates of a prompt in plain chunks. (A whole model is 4: its
 * weights have a gradient too; Korthikanti et al., appendix A. Here only the adapter's have one, which is left out, as
 * is the optimiser.)
 *
 * Energy: of the same passes, J = P_idle t + e_byte bytes + e_op ops with what the result's own meter gave (energy.h), and as
 * measured where a shape was. From below as the time is. */
#ifndef FINETUNE_STEP_H
#define FINETUNE_STEP_H

#include "space.h"

struct finetune_step {
  int64_t tokens;              /* of the sample: a prompt and an answer of the task, within the context */
  double params;               /* trained numbers */
  double base_bytes, state_bytes, activation_bytes, logits_bytes;
  double memory;               /* their sum: at least so much */
  double ns;                   /* at least so much; NAN: cannot be estimated, see reason */
  double extrapolated_share;   /* of ns */
  char reason[512];            /* "" where ns is known */
  double joules, joules_error; /* at least so many, and half their interval; NAN: unknown, see energy_reason */
  char energy_reason[128];     /* "" where joules are known */
};

/* For the model, task and adapter of the request. Only memory running out is an error. */
bool finetune_step_of(const struct space_request *, struct finetune_step *, struct error *);

#endif
