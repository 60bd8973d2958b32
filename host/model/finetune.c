#include "finetune.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ops_internal.h"

const char *const finetune_method_names[FINETUNE_METHODS] = {"none", "lora", "rslora", "dora", "qlora"};
const char *const finetune_form_names[FINETUNE_FORMS] = {"merged", "live"};
const char *const finetune_target_names[FINETUNE_TARGETS] = {"linear", "attention"};

bool finetune_is_live(const struct finetune *f) { return f->method != FINETUNE_NONE && f->form == FINETUNE_LIVE; }

int64_t finetune_adapters(const struct task *task) { return task->adapters > 0 ? task->adapters : 1; }

/* ---- which matrices */

static bool is_absorbed(const struct model *m, int64_t n, int64_t k) {
  const struct mla *a = &m->mla;
  return a->kv_rank > 0 && ((n == m->heads * a->kv_rank && k == a->nope) || (n == m->heads * a->v && k == a->kv_rank));
}

bool finetune_adapts_class(const struct model *m, const struct finetune *f, enum tensor_class class_) {
  if (f->method == FINETUNE_NONE || class_ == CLASS_LOGITS) return false;
  const bool attention = class_ == CLASS_QKV || class_ == CLASS_ATTN_OUT;
  return attention || (f->target == FINETUNE_LINEAR && m->experts == 0);
}

/* Of MLA the products that are absorbed into q and the output have no adapter. */
static bool has_adapter(const struct model *m, const struct finetune *f, enum tensor_class class_, int64_t n,
                        int64_t k) {
  return finetune_adapts_class(m, f, class_) && !is_absorbed(m, n, k);
}

static double matrix_params(const struct finetune *f, int64_t n, int64_t k) {
  return (double)f->rank * (double)(n + k) + (f->method == FINETUNE_DORA ? (double)n : 0);
}

double finetune_params(const struct model *m, const struct finetune *f) {
  struct model_matrices list;
  model_matrices(m, &list);
  double params = 0;
  for (size_t i = 0; i < list.n; i++) {
    const struct model_matrix *w = &list.at[i];
    if (has_adapter(m, f, w->class_, w->n, w->k)) params += (double)w->count * matrix_params(f, w->n, w->k);
  }
  return params;
}

/* ---- bytes */

static int64_t padded(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

static double matrix_bytes(const struct finetune *f, int64_t n, int64_t k) {
  enum { HALF = 2, SINGLE = 4, K_UNIT = 32, RANK_UNIT = 8 };
  const double a = (double)f->rank * (double)padded(k, K_UNIT), b = (double)n * (double)padded(f->rank, RANK_UNIT);
  return HALF * (a + b) + SINGLE + (f->method == FINETUNE_DORA ? SINGLE * (double)n : 0);
}

double finetune_class_bytes(const struct model *m, const struct finetune *f, enum tensor_class class_) {
  if (!finetune_is_live(f)) return 0;
  struct model_matrices list;
  model_matrices(m, &list);
  double bytes = 0;
  for (size_t i = 0; i < list.n; i++) {
    const struct model_matrix *w = &list.at[i];
    if (w->class_ == class_ && has_adapter(m, f, class_, w->n, w->k))
      bytes += (double)w->count * matrix_bytes(f, w->n, w->k);
  }
  return bytes;
}

/* ---- what does not go together */

const char *finetune_refusal(const struct finetune *f, const struct task *task) {
  if (f->method == FINETUNE_NONE) return NULL;
  if (f->form == FINETUNE_MERGED && finetune_adapters(task) > 1)
    return "merged weights serve one adapter; several in a batch would need a copy of the weights and a pass for each";
  if (f->form == FINETUNE_MERGED && f->method == FINETUNE_QLORA)
    return "an adapter that was trained over 4-bit weights would be rounded away when it is merged into them; merged "
           "into the 16-bit weights it lies over others than it was trained on: no figure says what that costs";
  return NULL;
}

const char *finetune_format_refusal(const struct finetune *f, const char *format) {
  if (f->method != FINETUNE_QLORA || strncmp(format, "int4", 4) == 0) return NULL;
  return "QLoRA's adapter was trained over weights of 4 bits, and belongs to such";
}

static bool is_wished(const struct finetune_wish *wish, const struct finetune *f) {
  if (f->method == FINETUNE_NONE || (wish->live && f->form == FINETUNE_MERGED)) return false;
  if (!wish->any) return f->method == wish->method;
  return f->method == FINETUNE_LORA || (f->method != FINETUNE_RSLORA && f->form == FINETUNE_LIVE);
}

size_t finetune_list(const struct finetune_wish *wish, const struct task *task, struct finetune out[FINETUNE_MOST]) {
  size_t n = 0;
  for (int i = 0; i < FINETUNE_MOST; i++) {
    const struct finetune f = {(enum finetune_method)(i / FINETUNE_FORMS), (enum finetune_form)(i % FINETUNE_FORMS),
                               wish->target, wish->rank};
    if (is_wished(wish, &f) && !finetune_refusal(&f, task)) out[n++] = f;
  }
  if (n == 0) out[n++] = (struct finetune){0};
  return n;
}

size_t finetune_departs(const struct finetune *f) {
  return (size_t)(f->method != FINETUNE_NONE) + finetune_is_live(f);
}

void finetune_text(const struct finetune *f, char *out, size_t size) {
  if (f->method == FINETUNE_NONE)
    snprintf(out, size, "no adapter");
  else
    snprintf(out, size, "%s %s of rank %lld%s", finetune_form_names[f->form], finetune_method_names[f->method],
             (long long)f->rank, f->target == FINETUNE_ATTENTION ? " on attention" : "");
}

bool finetune_uses(const struct finetune *f, const char *technique) {
  return (strncmp(technique, "adapter.dora_", 13) == 0) == (f->method == FINETUNE_DORA);
}

/* ---- ops */

static int64_t dim_of(const struct kernel_case *kase, const char *name) {
  for (size_t d = 0; d < kase->family->n_dims; d++)
    if (strcmp(kase->family->dims[d].name, name) == 0) return kase->dim[d];
  return 0;
}

static bool set_matrix(struct op_step *step, const char *technique, int64_t m, int64_t n, int64_t k,
                       struct error *err) {
  snprintf(step->technique, sizeof step->technique, "%s", technique);
  return ops_product_case(m, n, k, &step->kase, err);
}

static bool set_kernel(struct op_step *step, int64_t m, int64_t n, int64_t k, int64_t rank, int64_t adapters,
                       struct error *err) {
  snprintf(step->technique, sizeof step->technique, "adapter.{algorithm}_{format}");
  return ops_open_case("adapter", strlen("adapter"), &step->kase, err)
      && ops_set_dim(&step->kase, "m", m, err) && ops_set_dim(&step->kase, "n", n, err)
      && ops_set_dim(&step->kase, "k", k, err) && ops_set_dim(&step->kase, "rank", rank, err)
      && ops_set_dim(&step->kase, "adapters", adapters, err);
}

static bool set_sum(struct op_step *step, const char *technique, int64_t m, int64_t n, struct error *err) {
  snprintf(step->technique, sizeof step->technique, "%s", technique);
  return ops_open_case("block", strlen("block"), &step->kase, err)
      && ops_set_dim(&step->kase, "rows", m, err) && ops_set_dim(&step->kase, "width", n, err);
}

static bool adapt(struct op *op, const struct finetune *f, int64_t adapters, struct error *err) {
  static const char *const sums[] = {"block.residual", "block.add_rms_norm"};
  const struct kernel_case base = op->way[0][0].kase;
  const int64_t m = dim_of(&base, "m"), n = dim_of(&base, "n"), k = dim_of(&base, "k");
  if (!set_kernel(&op->way[0][0], m, n, k, f->rank, adapters, err)) return false;
  for (size_t i = 0; adapters == 1 && f->method != FINETUNE_DORA && i < sizeof sums / sizeof sums[0]; i++) {
    struct op_step *steps = op->way[1 + i];
    if (!set_matrix(&steps[0], "matmul.{format}", m, n, k, err)
        || !set_matrix(&steps[1], "matmul.f16", m, f->rank, k, err)
        || !set_matrix(&steps[2], "matmul.f16", m, n, f->rank, err) || !set_sum(&steps[3], sums[i], m, n, err))
      return false;
  }
  return true;
}

bool finetune_workload(struct workload *w, const struct model *m, const struct task *task, const struct finetune *f,
                       struct error *err) {
  if (!finetune_is_live(f)) return true;
  for (size_t i = 0; i < w->n; i++) {
    struct op *op = &w->ops[i];
    const struct kernel_case *base = &op->way[0][0].kase;
    if (op->slot >= CLASS_COUNT || strcmp(base->family->name, "matmul") != 0
        || !has_adapter(m, f, (enum tensor_class)op->slot, dim_of(base, "n"), dim_of(base, "k")))
      continue;
    if (!adapt(op, f, op->phase == PHASE_DECODE ? finetune_adapters(task) : 1, err)) return false;
  }
  if (m->experts > 0 && f->target == FINETUNE_LINEAR)
    ops_note(w, "the adapter is on attention only: no kernel adapts experts");
  if (m->mla.kv_rank > 0)
    ops_note(w, "the adapter is on every matrix of attention but those that MLA absorbs into q and the output");
  return true;
}
