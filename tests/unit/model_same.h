/* Two descriptions of one model, compared in everything that a cost depends on; for tests only. */
#ifndef MODEL_SAME_H
#define MODEL_SAME_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model.h"

static inline void assert_same_model(const struct model *got, const struct model *ours) {
#define SAME(field) \
  if (got->field != ours->field) \
    fail_msg("%s: " #field " is %lld, not %lld", ours->id, (long long)got->field, (long long)ours->field)
  SAME(hidden); SAME(layers); SAME(heads); SAME(kv_heads); SAME(head_dim); SAME(vocab); SAME(context);
  SAME(ffn); SAME(dense_layers); SAME(experts); SAME(experts_per_token); SAME(expert_ffn); SAME(shared_ffn);
  SAME(window); SAME(window_layers); SAME(tied_embeddings); SAME(gated_ffn); SAME(qkv_bias);
  SAME(qk_norm); SAME(rope); SAME(activation); SAME(norm); SAME(block);
  SAME(mla.q_rank); SAME(mla.kv_rank); SAME(mla.nope); SAME(mla.rope); SAME(mla.v);
  SAME(vision.layers); SAME(vision.window); SAME(vision.window_layers); SAME(vision.merge); SAME(vision.n_projector);
  SAME(params); SAME(active_params);
#undef SAME
}

#endif
