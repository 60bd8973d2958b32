/* router: which experts a token goes to, and with what weights. Its logits are an ordinary matmul of the hidden state,
 * measured there; here scoring, top-k and renormalising are one pass over them.
 *
 * Scores are softmax over all experts (Mixtral, Qwen3, OLMoE) or sigmoids (DeepSeek-V3, there with a correction bias
 * that this room does not have yet). The choice is by logits, ties to the lower id, so it is the same on every device.
 * Losers: softmax, sort, gather and divide as separate passes, as frameworks without a fused kernel do it, read and
 * write the scores four times for the same result. */
#include "room.h"
#include "router.h"

static const struct technique techniques[] = {
  {"router.fused", "router in one pass",
   "Scoring (softmax or sigmoid), top-k and renormalising in one kernel; ties go to the lower expert.",
   "Shazeer et al. 2017, arXiv 1701.06538; Jiang et al. 2024, Mixtral, arXiv 2401.04088; DeepSeek-V3, arXiv 2412.19437",
   "always: the scores never leave the registers", "nothing"},
};

#define TEAM_TUNABLES .tunables = {{"threads", {64, 32, 128}, 3}, {"tokens", {4, 1, 16}, 3}}, .n_tunables = 2
#define LANE_TUNABLES .tunables = {{"threads", {32, 64, 16, 128}, 4}}, .n_tunables = 1

static const struct variant variants[] = {
  {.id = "router.fused.base", .technique = "router.fused", .shaders = {"moe/router_group.base"},
   TEAM_TUNABLES, .valid = router_base_valid, .plan = router_group_plan},
  {.id = "router.fused.subgroup", .technique = "router.fused", .shaders = {"moe/router_group.subgroup"},
   .requires = FEATURE_SUBGROUP_BASIC | FEATURE_SUBGROUP_ARITHMETIC,
   TEAM_TUNABLES, .valid = router_subgroup_valid, .plan = router_group_plan},
  {.id = "router.fused.lane", .technique = "router.fused", .shaders = {"moe/router_lane.lane"},
   LANE_TUNABLES, .valid = router_lane_valid, .plan = router_lane_plan},
};

static bool tensors(const struct kernel_case *kase, const struct technique *technique, struct tensor_list *list,
                    struct error *err) {
  (void)technique;
  const int64_t *dim = kase->dim;
  if (dim[ROUTER_TOPK] > dim[ROUTER_EXPERTS])
    return error_set(err, ERROR_INPUT, "router: topk must not exceed experts, a token chooses an expert once");
  uint64_t tokens = (uint64_t)dim[ROUTER_TOKENS];
  list->tensor[ROUTER_LOGITS] =
      (struct tensor){"logits", TENSOR_INPUT, tokens * (uint64_t)dim[ROUTER_EXPERTS] * sizeof(float)};
  list->tensor[ROUTER_CHOICE] =
      (struct tensor){"choice", TENSOR_OUTPUT, tokens * (uint64_t)dim[ROUTER_TOPK] * 2 * sizeof(float)};
  list->n = 2;
  return true;
}

/* One exponential and a comparison per choice for each logit. */
static double flops(const struct kernel_case *kase) {
  return (double)kase->dim[ROUTER_TOKENS] * (double)kase->dim[ROUTER_EXPERTS] * (1 + (double)kase->dim[ROUTER_TOPK]);
}

static double bytes(const struct kernel_case *kase, const struct technique *technique) {
  (void)technique;
  return sizeof(float) * (double)kase->dim[ROUTER_TOKENS] *
         (double)(kase->dim[ROUTER_EXPERTS] + 2 * kase->dim[ROUTER_TOPK]);
}

/* tokens, experts, topk, sigmoid, renormalise: experts beside powers of two and beyond a team, every topk, both
 * scorings, one expert, all experts chosen, tokens that do not fill a workgroup. */
static const int64_t proof_shapes[][KERNEL_DIMS] = {
  {1, 8, 2, 0, 1}, {7, 8, 1, 0, 1}, {70, 8, 2, 0, 0}, {33, 60, 4, 0, 0}, {5, 64, 8, 0, 0}, {130, 64, 6, 0, 1},
  {9, 128, 8, 0, 1}, {17, 256, 8, 1, 1}, {3, 256, 8, 1, 0}, {6, 255, 7, 1, 1}, {4, 1, 1, 0, 1}, {11, 8, 8, 1, 0},
  {2, 3, 3, 0, 0}, {65, 40, 5, 1, 1}, {0},
};

const struct family router_family = {
  .name = "router",
  .summary = "which experts each token goes to: scores, top-k, weights",
  .dims = {
    [ROUTER_TOKENS] = {"tokens", "t", 1, 1 << 20, 0},
    [ROUTER_EXPERTS] = {"experts", "e", 1, 256, 0},
    [ROUTER_TOPK] = {"topk", "top", 1, ROUTER_MAX_TOPK, 0},
    [ROUTER_SIGMOID] = {"sigmoid", "s", 0, 1, 0},
    [ROUTER_RENORMALISE] = {"renormalise", "r", 0, 1, 1},
  },
  .n_dims = ROUTER_DIMS,
  .techniques = techniques,
  .n_techniques = sizeof techniques / sizeof techniques[0],
  .variants = variants,
  .n_variants = sizeof variants / sizeof variants[0],
  .compute_ceiling = "f32",
  .tensors = tensors,
  .flops = flops,
  .bytes = bytes,
  .fill = router_fill,
  .reference = router_reference,
  .proof_shapes = proof_shapes,
};
