#include "adapter_shape.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { X_GROUP = 32 };   /* elements that rows of x, W and A are padded to: adapter.h */

static uint64_t padded(uint64_t n, uint64_t unit) { return (n + unit - 1) / unit * unit; }

static size_t add(struct tensor_list *list, const char *name, enum tensor_role role, uint64_t bytes) {
  assert(list->n < KERNEL_TENSORS);
  list->tensor[list->n] = (struct tensor){name, role, bytes};
  return list->n++;
}

static const struct technique *format_of(const char *technique_id) {
  char id[64];
  snprintf(id, sizeof id, "matmul.%s", strchr(technique_id, '_') + 1);
  const struct technique *format = technique_find(id);
  assert(format);
  return format;
}

bool adapter_shape_of(const struct kernel_case *kase, const char *technique_id, struct adapter_shape *shape,
                      struct error *err) {
  *shape = (struct adapter_shape){
    .m = (uint64_t)kase->dim[DIM_M],
    .n = (uint64_t)kase->dim[DIM_N],
    .k = (uint64_t)kase->dim[DIM_K],
    .rank = (uint64_t)kase->dim[DIM_RANK],
    .adapters = (uint64_t)kase->dim[DIM_ADAPTERS],
    .base = {
      .family = family_find("matmul"),
      .dim = {kase->dim[DIM_M], kase->dim[DIM_N], kase->dim[DIM_K]},
      .mode = kase->mode,
    },
    .format = format_of(technique_id),
  };
  struct tensor_list *list = &shape->tensors;
  if (!shape->base.family->tensors(&shape->base, shape->format, list, err)) return false;
  shape->x_row = list->tensor[TENSOR_X].bytes / shape->m;
  shape->w_row = list->tensor[TENSOR_W].bytes / shape->n;
  shape->w_scale_row = list->n > TENSOR_W_SCALES ? list->tensor[TENSOR_W_SCALES].bytes / shape->n : 0;
  shape->a_row = padded(shape->k, X_GROUP) * sizeof(uint16_t);
  shape->b_row = padded(shape->rank, ADAPTER_HALVES) * sizeof(uint16_t);
  shape->v_row = padded(shape->rank, ADAPTER_HALVES) * sizeof(float);

  shape->ids = add(list, "ids", TENSOR_INPUT, padded(shape->m, 4) * sizeof(uint32_t));
  shape->a = add(list, "a", TENSOR_STREAM, shape->adapters * shape->rank * shape->a_row);
  shape->b = add(list, "b", TENSOR_STREAM, shape->adapters * shape->n * shape->b_row);
  shape->scale = add(list, "scale", TENSOR_STREAM, shape->adapters * sizeof(float));
  if (strncmp(technique_id, "adapter.dora_", strlen("adapter.dora_")) == 0)
    shape->factor = add(list, "factor", TENSOR_STREAM, shape->adapters * shape->n * sizeof(float));
  return true;
}
