/* What the host and the shaders of the router agree on. Logits: a row of `experts` floats per token. Output: per token
 * topk pairs (expert's id as a float, weight), the best first. */
#ifndef ROUTER_H
#define ROUTER_H

#define ROUTER_MAX_TOPK 8

#define ROUTER_BINDING_LOGITS 0
#define ROUTER_BINDING_OUT 1
#define ROUTER_BINDINGS 2

#define ROUTER_SPEC_THREADS 0   /* invocations of a workgroup */
#define ROUTER_SPEC_TOKENS 1    /* fused.comp: tokens per workgroup */

/* Added to the sum of sigmoids before dividing by it, which may be 0 (DeepSeek-V3's modeling code). */
#define ROUTER_EPSILON 1e-20f

#ifdef VULKAN
#define ROUTER_UINT uint
#else
#include <assert.h>
#include <stdint.h>
#define ROUTER_UINT uint32_t
#endif

struct router_push {
  ROUTER_UINT base[ROUTER_BINDINGS];   /* where each tensor begins in its bound range, in words */
  ROUTER_UINT tokens, experts, topk;
  ROUTER_UINT sigmoid;                 /* 1: each score is the logit's sigmoid; 0: softmax over all experts */
  ROUTER_UINT renormalise;             /* 1: the weights of a token are divided by their sum */
};

#ifndef VULKAN
static_assert(sizeof(struct router_push) == 28, "the push block has no holes");
#endif

#endif
