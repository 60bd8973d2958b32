/* Attention and the caches that it reads: lengths, windows, latents. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ops_internal.h"

/* Chunks of a prompt are bundled to at most so many ops at the mean length of their chunks: cost is linear in that. */
enum { PROMPT_OPS = 16 };

void ops_note(struct workload *w, const char *format, ...) {
  for (size_t i = 0; i < OP_NOTES; i++) {
    if (w->notes[i][0]) continue;
    va_list args;
    va_start(args, format);
    vsnprintf(w->notes[i], sizeof w->notes[i], format, args);
    va_end(args);
    return;
  }
}

/* ---- lengths */

struct task_length ops_length(const struct model *m, const struct task *task, size_t i) {
  struct task_length length = task_length_at(task, i);
  length.prompt += task->images * vision_tokens(&m->vision, task->image_side);
  if (task->turns > 1) length.history += (task->turns - 1) * (length.prompt + length.output) / 2;
  return length;
}

int64_t ops_longest_prompt(const struct model *m, const struct task *task) {
  int64_t longest = 0;
  for (size_t i = 0; i < task_n_lengths(task); i++)
    if (longest < ops_length(m, task, i).prompt) longest = ops_length(m, task, i).prompt;
  return longest;
}

int64_t ops_end_of(const struct model *m, const struct task *task, size_t i) {
  const struct task_length length = task_length_at(task, i);
  const int64_t prompt = length.prompt + task->images * vision_tokens(&m->vision, task->image_side);
  return length.history + (task->turns > 1 ? task->turns : 1) * (prompt + length.output);
}

static double tokens_of(const struct task *task, size_t i) {
  const struct task_length length = task_length_at(task, i);
  return length.weight * (double)length.output;
}

/* Sequences of a decode step that have the i-th length. */
static double sequences_of(const struct task *task, size_t i) {
  double tokens = 0;
  for (size_t j = 0; j < task_n_lengths(task); j++) tokens += tokens_of(task, j);
  return (double)task->concurrency * tokens_of(task, i) / tokens;
}

/* Positions attended to on average in steps i = 1..output-1, in each at most `window` of start + i: the first token
 * came with the prefill. Rounded up. */
static int64_t mean_length(int64_t start, int64_t output, int64_t window) {
  const int64_t steps = output > 1 ? output - 1 : 1, room = window - start;
  const int64_t growing = room < 0 ? 0 : room < steps ? room : steps;
  const double rising = (double)growing * ((double)start + (double)(growing + 1) / 2);
  const double sum = rising + (double)(steps - growing) * (double)window;
  return (int64_t)ceil(sum / (double)steps - 1e-9);
}

/* ---- heads as the kernels take them */

struct layout { int64_t heads, kv_heads, head; };

/* MLA in the absorbed form has one KV head, whose keys are the latent with the positioned part and whose values are the
 * latent: at DeepSeek's sizes 576 and 512. The kernels take heads of up to 256 of one size, so it is timed as several
 * KV heads that cover the mean of both: as many operations (6 % more at those sizes) and the latent read as keys and
 * again as values. */
enum { WIDEST = 256, GROUP = 32 };   /* of the kernels' heads; int8's scale group, whose multiples every kernel takes */

static struct layout layout_of(const struct model *m) {
  if (m->mla.kv_rank == 0) return (struct layout){m->heads, m->kv_heads, m->head_dim};
  const int64_t width = m->mla.kv_rank + (m->mla.rope + 1) / 2, parts = (width + WIDEST - 1) / WIDEST;
  return (struct layout){m->heads * parts, parts, (width + parts * GROUP - 1) / (parts * GROUP) * GROUP};
}

void ops_note_latent(struct workload *w, const struct model *m) {
  if (m->mla.kv_rank == 0) return;
  const struct layout layout = layout_of(m);
  ops_note(w, "latent attention (MLA) has keys of %lld, the kernels heads of up to %d: timed in the absorbed form as "
           "%lld KV heads of %lld, the latent read twice; products per head are timed as one matrix",
           (long long)(m->mla.kv_rank + m->mla.rope), (int)WIDEST, (long long)layout.kv_heads, (long long)layout.head);
}

static bool attention_case(const struct layout *layout, int64_t batch, int64_t q, int64_t kv, struct kernel_case *kase,
                           struct error *err) {
  return ops_open_case("attention", strlen("attention"), kase, err) && ops_set_dim(kase, "batch", batch, err)
      && ops_set_dim(kase, "q", q, err)
      && ops_set_dim(kase, "kv", kv, err)
      && ops_set_dim(kase, "heads", layout->heads, err)
      && ops_set_dim(kase, "kv_heads", layout->kv_heads, err) && ops_set_dim(kase, "head", layout->head, err);
}

bool ops_attention_case(const struct model *m, int64_t batch, int64_t q, int64_t kv, struct kernel_case *kase,
                        struct error *err) {
  const struct layout layout = layout_of(m);
  return attention_case(&layout, batch, q, kv, kase, err);
}

/* Causal: the q queries of each of `batch` sequences are the last of its kv positions. */
static bool add_attention(struct workload *w, const struct model *m, enum phase phase, int64_t batch, int64_t q,
                          int64_t kv, double count, struct error *err) {
  if (count <= 0) return true;
  struct op *op = ops_new(w, err);
  if (!op) return false;
  *op = (struct op){.name = "attention", .phase = phase, .slot = SLOT_ATTENTION, .essential = true, .count = count,
                    .way = {{{.technique = "attention.{algorithm}_{format}"}}}};
  return ops_attention_case(m, batch, q, kv, &op->way[0][0].kase, err);
}

/* ---- prefill */

/* A chunk in layers with a window W, cut into pieces of at most W queries: causal attention of p queries over
 * W + p / 2 positions has the p W pairs of the window (half a key per query more). */
static bool add_windowed(struct workload *w, const struct model *m, int64_t q, int64_t kv, double times,
                         struct error *err) {
  const int64_t piece = q < m->window ? q : m->window, pieces = (q + piece - 1) / piece, seen = m->window + piece / 2;
  return add_attention(w, m, PHASE_PREFILL, pieces, piece, kv < seen ? kv : seen, times * (double)m->window_layers,
                       err);
}

static bool add_chunk(struct workload *w, const struct model *m, int64_t q, int64_t kv, double times,
                      struct error *err) {
  return add_attention(w, m, PHASE_PREFILL, 1, q, kv, times * (double)(m->layers - m->window_layers), err)
      && (m->window_layers == 0 || add_windowed(w, m, q, kv, times, err));
}

bool ops_add_prefill_attention(struct workload *w, const struct model *m, const struct task *task, struct error *err) {
  const int64_t chunk = w->micro_batch;
  for (size_t i = 0; i < task_n_lengths(task); i++) {
    const struct task_length length = ops_length(m, task, i);
    const double sequences = (double)task->concurrency * length.weight;
    const int64_t whole = length.prompt / chunk, tail = length.prompt % chunk;
    const int64_t bundle = (whole + PROMPT_OPS - 1) / PROMPT_OPS;
    for (int64_t from = 0, to; from < whole; from = to) {
      to = from + bundle < whole ? from + bundle : whole;
      const int64_t kv = length.history + chunk * (from + to + 1) / 2;
      if (!add_chunk(w, m, chunk, kv, sequences * (double)(to - from), err)) return false;
    }
    if (tail > 0 && !add_chunk(w, m, tail, length.history + length.prompt, sequences, err)) return false;
  }
  return true;
}

/* Both directions: a query of the image sees all patches, or those of its window. Only 16-bit keys are tried, since no
 * cache is kept. */
static bool add_seeing(struct workload *w, const struct vision *v, int64_t batch, int64_t patches, double count,
                       struct error *err) {
  if (count <= 0) return true;
  const struct layout layout = {v->heads, v->heads, v->hidden / v->heads};
  struct op *op = ops_new(w, err);
  if (!op) return false;
  *op = (struct op){.name = "encoder's attention", .phase = PHASE_PREFILL, .slot = SLOT_FIXED, .count = count,
                    .way = {{{.technique = "attention.flash_f16"}}, {{.technique = "attention.naive_f16"}}}};
  for (size_t i = 0; i < OP_WAYS && op->way[i][0].technique[0]; i++) {
    struct kernel_case *kase = &op->way[i][0].kase;
    if (!attention_case(&layout, batch, patches, patches, kase, err) || !ops_set_dim(kase, "causal", 0, err))
      return false;
  }
  return true;
}

bool ops_add_sight(struct workload *w, const struct vision *v, int64_t patches, double times, struct error *err) {
  const int64_t window = v->window && v->window < patches ? v->window : patches;
  return add_seeing(w, v, 1, patches, times * (double)(v->layers - v->window_layers), err)
      && add_seeing(w, v, (patches + window - 1) / window, window, times * (double)v->window_layers, err);
}

/* ---- decode */

bool ops_add_decode_attention(struct workload *w, const struct model *m, const struct task *task, struct error *err) {
  for (size_t i = 0; i < task_n_lengths(task); i++) {
    const struct task_length length = ops_length(m, task, i);
    const double sequences = sequences_of(task, i), batch = fmax(1, round(sequences)), times = sequences / batch;
    const int64_t start = length.history + length.prompt, whole = mean_length(start, length.output, INT64_MAX / 4);
    const int64_t seen = m->window ? mean_length(start, length.output, m->window) : 0;
    if (!add_attention(w, m, PHASE_DECODE, (int64_t)batch, 1, whole, times * (double)(m->layers - m->window_layers),
                       err)
        || !add_attention(w, m, PHASE_DECODE, (int64_t)batch, 1, seen, times * (double)m->window_layers, err))
      return false;
  }
  return true;
}

/* ---- caches */

/* Layers with a window keep that and the chunk being read, as llama.cpp does without --swa-full
 * (src/llama-kv-cache-iswa.cpp; its padding to 256 is left out). Of MLA a position is the latent and the positioned key
 * once: kv_rank + rope elements, counted as K and V of heads of GROUP. Sequences hold what they need, as in paged or
 * unified caches. */
bool ops_add_caches(struct workload *w, const struct model *m, const struct task *task, struct error *err) {
  const bool latent = m->mla.kv_rank > 0;
  const struct layout layout = latent ? (struct layout){1, 1, GROUP} : layout_of(m);
  const double heads = latent ? (double)(m->mla.kv_rank + m->mla.rope) / (2 * GROUP) : 1;
  for (size_t i = 0; i < task_n_lengths(task); i++) {
    const int64_t end = ops_end_of(m, task, i), bounded = m->window + w->micro_batch;
    const struct { int64_t layers, length; } kinds[] = {
      {m->layers - m->window_layers, end}, {m->window_layers, end < bounded ? end : bounded}};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
      struct op_cache *cache = &w->caches[w->n_caches];
      if (kinds[k].layers == 0) continue;
      cache->count = sequences_of(task, i) * (double)kinds[k].layers * heads;
      if (!attention_case(&layout, 1, 1, kinds[k].length, &cache->kase, err)) return false;
      w->n_caches++;
    }
  }
  return true;
}
