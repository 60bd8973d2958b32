/* llama.cpp: weight formats live in the GGUF file, so a llama-quantize command comes first, then the server line.
 * Names: tools/server/README.md at 00dc8057 and `llama-quantize --help`.
 *
 * llama-quantize heeds --tensor-type only when its base type is a quantised one (llama_tensor_get_type in
 * src/llama-quant.cpp), and the pattern is searched in the tensor's name, so `output` would also match attn_output:
 * the output matrix and the embedding have options of their own. Which of two patterns that both find a tensor counts
 * has changed from version to version: of the patterns here only one finds a tensor, or all give it one type. */
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "llama_cpp_lora.h"
#include "text.h"

/* ---- counterparts */

struct counterpart { const char *ours, *type, *base; bool quantised; };   /* base: as llama-quantize's last operand */
static const struct counterpart weight_types[] = {
  {"f32", "f32", "F32", false},
  {"f16", "f16", "F16", false},
  {"int8_g32", "q8_0", "Q8_0", true},
  {"int4_g32", "q4_0", "Q4_0", true},
  {"int4z_g32", "q4_1", "Q4_1", true},
};
static const struct counterpart kv_types[] = {{"f16", "f16", NULL, false}, {"int8", "q8_0", NULL, true}};

static const struct counterpart *find(const struct counterpart *table, size_t n, const char *ours) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(table[i].ours, ours) == 0) return &table[i];
  return NULL;
}
static const struct counterpart *weight_type(const char *ours) {
  return find(weight_types, sizeof weight_types / sizeof weight_types[0], ours);
}
static const struct counterpart *kv_type(const char *ours) {
  return find(kv_types, sizeof kv_types / sizeof kv_types[0], ours);
}

/* Which models have a tensor. */
enum tensor_of { OF_ALL = 0, OF_GATED = 1, OF_DENSE = 2, OF_EXPERTS = 4, OF_SHARED = 8, OF_PLAIN = 16, OF_LATENT = 32 };

/* Tensors of each class, as llama.cpp names them (src/llama-arch.cpp); those of the logits have options instead of
 * patterns. MLA has those of its projections. Experts lie in one tensor per matrix; the router, ffn_gate_inp, is never
 * quantised. That llama-quantize heeds the patterns of experts was seen on a small OLMoE file with llama.cpp-tools
 * 0.7.0. */
static const struct { enum tensor_class class_; const char *pattern; unsigned of; } tensors[] = {
  {CLASS_QKV, "attn_q", OF_ALL}, {CLASS_QKV, "attn_k", OF_PLAIN}, {CLASS_QKV, "attn_v", OF_PLAIN},
  {CLASS_QKV, "attn_kv_a_mqa", OF_LATENT}, {CLASS_QKV, "attn_k_b", OF_LATENT}, {CLASS_QKV, "attn_v_b", OF_LATENT},
  {CLASS_ATTN_OUT, "attn_output", OF_ALL},
  {CLASS_FFN_UP, "ffn_gate", OF_DENSE | OF_GATED}, {CLASS_FFN_UP, "ffn_up", OF_DENSE},
  {CLASS_FFN_UP, "ffn_gate_exps", OF_EXPERTS | OF_GATED}, {CLASS_FFN_UP, "ffn_up_exps", OF_EXPERTS},
  {CLASS_FFN_UP, "ffn_gate_shexp", OF_SHARED | OF_GATED}, {CLASS_FFN_UP, "ffn_up_shexp", OF_SHARED},
  {CLASS_FFN_DOWN, "ffn_down", OF_DENSE}, {CLASS_FFN_DOWN, "ffn_down_exps", OF_EXPERTS},
  {CLASS_FFN_DOWN, "ffn_down_shexp", OF_SHARED},
};
enum { TENSORS = sizeof tensors / sizeof tensors[0] };

static unsigned kind_of(const struct model *model) {
  const unsigned ffn =
      (model->dense_layers ? OF_DENSE : 0u) | (model->experts ? OF_EXPERTS : 0u) | (model->shared_ffn ? OF_SHARED : 0u);
  return ffn | (model->mla.kv_rank ? OF_LATENT : OF_PLAIN) | (model->gated_ffn ? OF_GATED : 0u);
}

static bool is_flash(const struct technique *technique) { return strncmp(technique->id, "attention.flash", 15) == 0; }
static bool is_naive(const struct technique *technique) { return strncmp(technique->id, "attention.naive", 15) == 0; }

static const char *attention_lost(const struct space_option *o) {
  const struct technique *prefill = o->technique[PHASE_PREFILL], *decode = o->technique[PHASE_DECODE];
  const struct counterpart *kv = kv_type(o->kv);
  if (!kv) return "llama.cpp has no cache type for this KV format";
  if (is_naive(prefill) && is_naive(decode))
    return kv->quantised ? "llama.cpp quantises the V cache only with flash attention on" : NULL;
  return is_flash(prefill) && is_flash(decode) ? NULL : "llama.cpp has one --flash-attn switch for prefill and decode";
}

/* A mix is made of options that were asked about one by one. */
const char *llama_cpp_lost(const struct space_option *o) {
  if (o->mix) return NULL;
  if (o->kv[0]) return attention_lost(o);
  return weight_type(o->name) ? llama_cpp_lora_lost(o) : "llama.cpp has no type for this weight format";
}

/* ---- text */

/* A comment line; what came from files may hold anything, so nothing in it may end the comment. */
static void comment(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void comment(FILE *out, const char *format, ...) {
  char text[2048];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  for (char *c = text; *c; c++)
    if (iscntrl((unsigned char)*c)) *c = ' ';
  fprintf(out, "# %s\n", text);
}

static const struct space_option *chosen(const struct recommendation *r, int slot) {
  return &r->space->slots[slot].options[r->choice[slot]];
}

static bool part_of(const struct recommendation *r, int slot, size_t i, struct layers_part *out) {
  return layers_part(&r->space->slots[slot], r->choice[slot], i, out);
}

static void write_expected(FILE *out, const struct recommendation *r) {
  const struct prediction *p = &r->predicted;
  char ttft[96], tpot[96], memory[32], quality[32];
  recommend_range_text(OBJECTIVE_TTFT, &p->ttft_ns, ttft, sizeof ttft);
  recommend_range_text(OBJECTIVE_TPOT, &p->tpot_ns, tpot, sizeof tpot);
  text_bytes(p->memory, memory, sizeof memory);
  objective_text(OBJECTIVE_QUALITY, p->quality_nats.value, quality, sizeof quality);
  comment(out, "Expected%s, measured with vkpareto's kernels, not with llama.cpp's:",
          recommend_is_rough(r) ? " (rough)" : "");
  comment(out, "  time to first token %s", ttft);
  comment(out, "  time per token      %s", tpot);
  comment(out, "  memory              %s", memory);
  comment(out, "  perplexity          %s%s", isnan(p->quality_nats.value) ? "unknown" : "+",
          isnan(p->quality_nats.value) ? "" : quality);
  char first[128], further[128];
  recommend_shares(r, PHASE_PREFILL, first, sizeof first);
  recommend_shares(r, PHASE_DECODE, further, sizeof further);
  comment(out, "  of these times      first token: %s; each further: %s", first, further);
  comment(out, "  %.0f %% of the predicted time rests on extrapolated rows", 100 * p->extrapolated_share);
}

/* Refusals of one slot that share a reason share a line. */
static void write_refusals(FILE *out, const struct space_slot *slot) {
  for (size_t i = 0; i < slot->n_refused; i++) {
    const char *reason = slot->refused[i].reason;
    size_t first = 0;
    while (strcmp(slot->refused[first].reason, reason) != 0) first++;
    if (first < i) continue;
    char names[1024];
    size_t used = 0;
    for (size_t j = i; j < slot->n_refused; j++)
      if (strcmp(slot->refused[j].reason, reason) == 0 && used < sizeof names)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", j > i ? ", " : "", slot->refused[j].name);
    comment(out, "  not offered %s: %s", names, reason);
  }
}

static void write_settings(FILE *out, const struct recommendation *r) {
  char name[128], text[1024];
  setting_text(&r->space->setting, name, sizeof name);
  recommend_setting_evidence(r, text, sizeof text);
  comment(out, "setting = %s: %s", name, text);
  for (size_t i = 0; i < r->outer.n; i++) {
    if (&r->outer.spaces[i] == r->space) continue;
    const enum verdict verdict = recommend_setting_verdict(r, i, text, sizeof text);
    setting_text(&r->outer.spaces[i].setting, name, sizeof name);
    comment(out, "  not %s (%s): %s", name, verdict_names[verdict], text);
  }
  for (size_t i = 0; i < r->outer.n_refused; i++) {
    setting_text(&r->outer.refused[i].setting, name, sizeof name);
    comment(out, "  not offered %s: %s", name, r->outer.refused[i].reason);
  }
}

static void write_reasons(FILE *out, const struct recommendation *r) {
  char text[1024];
  comment(out, "Why (--prefer %s: the least of %s):", preference_names[r->decision.preference],
          preference_rules[r->decision.preference]);
  for (int s = 0; s < SLOT_COUNT; s++) {
    const struct space_slot *slot = &r->space->slots[s];
    char name[1024];
    layers_text(slot, chosen(r, s), name, sizeof name);
    recommend_evidence(r, s, text, sizeof text);
    comment(out, "%s = %s: %s", slot_names[s], name, text);
    for (size_t o = 0; o < slot->n - slot->n_mixed; o++)
      if (o != r->choice[s]) {
        enum verdict verdict = recommend_verdict(r, s, o, text, sizeof text);
        comment(out, "  not %s (%s): %s", slot->options[o].name, verdict_names[verdict], text);
      }
    write_refusals(out, slot);
  }
  write_settings(out, r);
  for (size_t i = 0; recommend_layers(r, i, text, sizeof text); i++) comment(out, "Layers: %s", text);
  for (size_t i = 0; recommend_source(r->space, r->choice, i, text, sizeof text); i++)
    comment(out, "Quality: %s", text);
  for (size_t i = 0; recommend_caveat(r, i, text, sizeof text); i++) comment(out, "Mind: %s", text);
}

/* What the file cannot carry over. */
static void write_lost(FILE *out, const struct recommendation *r, bool quantised) {
  comment(out, "Lost in llama.cpp: variants and tuning of the kernels (it has its own)");
  llama_cpp_lora_comment(out, r);
  struct layers_part part;
  for (int s = 0; s < SLOT_COUNT; s++)
    for (size_t i = 0; part_of(r, s, i, &part); i++) {
      const char *why = llama_cpp_lost(part.option);
      if (why) comment(out, "Lost: %s = %s: %s", slot_names[s], part.option->name, why);
      if (!why && s != SLOT_ATTENTION && !quantised && strcmp(part.option->name, "f32") == 0)
        comment(out, "Lost: %s = f32: types can differ only beside a quantised one; it becomes the base type",
                slot_names[s]);
    }
}

static double bytes_of(const struct recommendation *r, const struct counterpart *type) {
  double bytes = 0;
  struct layers_part part;
  for (int c = 0; c < CLASS_COUNT; c++)
    for (size_t i = 0; part_of(r, c, i, &part); i++)
      if (weight_type(part.option->name) == type)
        bytes += (part.option->weight_bytes + part.option->host_bytes) * (double)part.layers / (double)part.of;
  return bytes;
}

/* The quantised type that holds the most bytes, else the one float type of all classes, else f16. */
static const struct counterpart *base_type(const struct recommendation *r) {
  const struct counterpart *best = NULL;
  struct layers_part part;
  bool all_f32 = true;
  double most = 0;
  for (int c = 0; c < CLASS_COUNT; c++)
    for (size_t i = 0; part_of(r, c, i, &part); i++) {
      const struct counterpart *type = weight_type(part.option->name);
      if (!type || strcmp(type->ours, "f32") != 0) all_f32 = false;
      if (!type || !type->quantised || bytes_of(r, type) <= most) continue;
      best = type;
      most = bytes_of(r, type);
    }
  return best ? best : weight_type(all_f32 ? "f32" : "f16");
}

/* Of layers by name: 'blk\.(0|1|31)\.ffn_down=q8_0', a regular expression that is searched in
 * "blk.31.ffn_down.weight". */
static void write_layers(FILE *out, const struct space_mix *mix, uint8_t option, const char *tensor, const char *type) {
  const char *before = "";
  fprintf(out, "  --tensor-type 'blk\\.(");
  for (size_t l = 0; l < mix->n_layers; l++) {
    if (mix->layer[l] != option) continue;
    fprintf(out, "%s%zu", before, l);
    before = "|";
  }
  fprintf(out, ")\\.%s=%s' \\\n", tensor, type);
}

static void write_tensor(FILE *out, const struct recommendation *r, enum tensor_class class_, const char *tensor) {
  const struct space_mix *mix = chosen(r, (int)class_)->mix;
  struct layers_part part;
  for (size_t i = 0; part_of(r, (int)class_, i, &part); i++) {
    const struct counterpart *type = weight_type(part.option->name);
    if (type && mix) write_layers(out, mix, part.index, tensor, type->type);
    else if (type) fprintf(out, "  --tensor-type %s=%s \\\n", tensor, type->type);
  }
}

static void write_quantize(FILE *out, const struct recommendation *r, const struct counterpart *base,
                           const char *name) {
  char from[160];
  llama_cpp_lora_merge(out, r, name, from, sizeof from);
  fprintf(out, "llama-quantize \\\n");
  for (size_t i = 0; base->quantised && i < TENSORS; i++)
    if ((tensors[i].of & ~kind_of(r->model)) == 0) write_tensor(out, r, tensors[i].class_, tensors[i].pattern);
  const struct counterpart *logits = weight_type(chosen(r, CLASS_LOGITS)->name);
  if (base->quantised && logits) {
    if (!r->model->tied_embeddings) fprintf(out, "  --output-tensor-type %s \\\n", logits->type);
    fprintf(out, "  --token-embedding-type %s \\\n", logits->type);
  }
  fprintf(out, "  %s-f16.gguf %s-vkpareto.gguf %s\n", from, name, base->base);
}

static void write_server(FILE *out, const struct recommendation *r, const char *name) {
  enum { CONTEXT_STEP = 256, ALL_LAYERS = 99 };   /* llama.cpp pads the context to the first */
  const struct space_option *attention = chosen(r, SLOT_ATTENTION);
  const struct counterpart *kv = kv_type(attention->kv);
  const long long positions = (long long)r->space->work.kv_length * r->task->concurrency;
  const char *type = kv && !attention_lost(attention) ? kv->type : "f16";
  const struct offload *offload = &r->space->setting.offload;
  const struct model *model = r->model;
  const int64_t with_logits = model->layers + 1;
  const long long gpu_layers = offload->layers ? (long long)(with_logits - offload->layers) : ALL_LAYERS;
  char experts[64] = "";
  if (offload->expert_layers)
    snprintf(experts, sizeof experts, "--n-cpu-moe %lld ", (long long)(model->dense_layers + offload->expert_layers));
  if (offload->layers || offload->expert_layers)
    comment(out, "The nearest counterpart: llama.cpp leaves the first layers to the host's processor and copies "
                 "nothing; how fast "
                 "that is was not measured");
  fprintf(out, "llama-server -m %s-vkpareto.gguf --device Vulkan0 --n-gpu-layers %lld %s--flash-attn %s \\\n"
               "  --cache-type-k %s --cache-type-v %s --ctx-size %lld --parallel %lld --ubatch-size %lld --fit off",
          name, gpu_layers, experts, is_flash(attention->technique[PHASE_DECODE]) ? "on" : "off", type, type,
          (positions + CONTEXT_STEP - 1) / CONTEXT_STEP * CONTEXT_STEP, (long long)r->task->concurrency,
          (long long)r->space->setting.micro_batch);
  llama_cpp_lora_options(out, r, name);
  fprintf(out, "\n");
}

char *emit_llama_cpp(const struct recommendation *r, struct error *err) {
  char *text = NULL, name[128];
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (!out) {
    error_set(err, ERROR_MEMORY, "out of memory for the config");
    return NULL;
  }
  const struct counterpart *base = base_type(r);
  text_slug(r->model->id, name, sizeof name);
  fprintf(out, "#!/bin/sh\n");
  comment(out, "%s for %s (%lld tokens in, %lld out, %lld at once) on %s, %s", r->model->name, r->task->title,
          (long long)r->task->prompt, (long long)r->task->output, (long long)r->task->concurrency, r->result->caps.name,
          r->result->caps.driver_slug);
  comment(out, "Written by vkpareto from the result with SHA-256 %s", r->result->sha256);
  write_expected(out, r);
  write_reasons(out, r);
  write_lost(out, r, base->quantised);
  fprintf(out,
          "set -e\n\n# Makes the model file; %s-f16.gguf comes from convert_hf_to_gguf.py. Skip it when the file is "
          "there.\n",
          name);
  write_quantize(out, r, base, name);
  fprintf(out, "\n");
  llama_cpp_lora_files(out, r, name);
  comment(out, "Vulkan0 is the first device of `llama-server --list-devices`; llama.cpp leaves software devices out of "
               "it.");
  write_server(out, r, name);
  if (fclose(out) == 0) return text;
  free(text);
  error_set(err, ERROR_MEMORY, "out of memory for the config");
  return NULL;
}
