#include "placement.h"

#include <math.h>

#include "cost.h"

/* Layers that have such a matrix. */
static int64_t layers_with(const struct model *m, enum matrix_of of) {
  switch (of) {
    case MATRIX_OF_LAYERS: return m->layers;
    case MATRIX_OF_DENSE: return m->dense_layers;
    case MATRIX_OF_ROUTED: case MATRIX_OF_EXPERTS: return m->layers - m->dense_layers;
    default: return 0;
  }
}

/* Of these, those that are offloaded. The dense ones come first, the offloaded ones are the last. */
static int64_t offloaded(const struct setting *s, enum matrix_of of) {
  const int64_t all = layers_with(s->model, of), routed = layers_with(s->model, MATRIX_OF_ROUTED);
  const int64_t n = of == MATRIX_OF_EXPERTS && s->offload.expert_layers ? s->offload.expert_layers
                  : of == MATRIX_OF_DENSE ? s->offload.layers - routed : s->offload.layers;
  return n < 0 ? 0 : n > all ? all : n;
}

/* The share of a layer's matrices that a pass of so many tokens needs. */
static double needed(const struct setting *s, enum matrix_of of, double rows) {
  if (of != MATRIX_OF_EXPERTS || !s->offload.expert_layers) return 1;
  return 1 - pow(1 - (double)s->model->experts_per_token / (double)s->model->experts, rows);
}

static void add_matrix(const struct setting *s, const struct workload *work, const struct model_matrix *w, double bytes,
                       struct placement *out) {
  const int64_t away = offloaded(s, w->of);
  if (away == 0) {
    out->device += bytes;
    return;
  }
  const double layer = bytes / (double)layers_with(s->model, w->of), host = layer * (double)away;
  out->device += bytes - host + layer;
  out->host += host;
  for (size_t i = 0; i < work->n_runs; i++) {
    const struct op_run *run = &work->runs[i];
    out->copied[run->phase] += run->times * host * needed(s, w->of, run->rows);
  }
}

struct placement placement_of(const struct setting *setting, const struct workload *work, enum tensor_class class_,
                              const struct technique *technique) {
  struct model_matrices list;
  struct placement out = {0};
  model_matrices(setting->model, &list);
  for (size_t i = 0; i < list.n; i++) {
    const struct model_matrix *w = &list.at[i];
    struct kernel_case kase;
    struct error ignored = {0};
    if (w->class_ != class_ || !ops_matrix_case(w->n, w->k, &kase, &ignored)) continue;
    const double bytes = (double)w->count * cost_stream_bytes(&kase, technique);
    add_matrix(setting, work, w, class_ == CLASS_LOGITS && !setting->model->tied_embeddings ? 2 * bytes : bytes, &out);
  }
  return out;
}

double placement_submissions(const struct setting *setting, const struct workload *work, enum phase phase) {
  double n = 0;
  for (size_t i = 0; i < work->n_runs; i++)
    if (work->runs[i].phase == phase) n += work->runs[i].times * (double)setting->offload.expert_layers;
  return n;
}

double placement_host_memory(const struct result *result, double device) {
  const double host = result->host.memory ? (double)result->host.memory : INFINITY;
  return caps_memory_access(&result->caps) == MEMORY_UNIFIED ? host - device : host;
}
