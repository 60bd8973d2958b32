/* One mix: from the formats of its layers to an option, and to words. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layers_internal.h"
#include "text.h"

struct space_mix *layers_make_mix(const uint8_t *layer, size_t n_layers, const double *nats, size_t n,
                                  struct error *err) {
  struct space_mix *mix = malloc(sizeof *mix + n * sizeof mix->parts[0] + n_layers);
  if (!mix) {
    error_set(err, ERROR_MEMORY, "out of memory for a choice per layer");
    return NULL;
  }
  uint8_t *copy = (uint8_t *)&mix->parts[n];
  memcpy(copy, layer, n_layers);
  *mix = (struct space_mix){.n_layers = n_layers, .layer = copy};
  /* Of as many layers the one that comes first, whatever the order of options. */
  for (size_t l = 0; l < n_layers; l++) {
    struct space_part part = {.option = layer[l], .nats = nats[layer[l]]};
    if (memchr(layer, layer[l], l)) continue;
    for (size_t k = l; k < n_layers; k++) part.layers += layer[k] == layer[l];
    size_t at = mix->n_parts++;
    for (; at > 0 && mix->parts[at - 1].layers < part.layers; at--) mix->parts[at] = mix->parts[at - 1];
    mix->parts[at] = part;
  }
  return mix;
}

/* ---- as an option */

static void add_time(struct space_time *sum, double w, const struct space_time *t) {
  sum->ns += w * t->ns;
  sum->lo += w * t->lo;
  sum->hi += w * t->hi;
  sum->extrapolated_ns += w * t->extrapolated_ns;
  for (int p = 0; p < PART_COUNT; p++) sum->part_ns[p] += w * t->part_ns[p];
  sum->joules += w * t->joules;
  sum->joules_error += w * t->joules_error;
  sum->measured_joules += w * t->measured_joules;
  if (w * t->row_ns <= sum->row_ns) return;
  sum->row = t->row;
  sum->row_ns = w * t->row_ns;
}

/* The figure is that of the part that loses the most. */
static void add_quality(struct quality_estimate *sum, double *most, double nats, const struct quality_estimate *whole) {
  sum->nats += nats;
  sum->lo += whole->baseline ? 0 : nats * (1 - QUALITY_INTERVAL);
  sum->hi += whole->baseline ? 0 : nats * (1 + QUALITY_INTERVAL);
  sum->baseline = sum->baseline && whole->baseline;
  if (!whole->figure || nats < *most) return;
  *most = nats;
  sum->figure = whole->figure;
  sum->nearness = whole->nearness;
  sum->far = whole->far;
}

static void add_part(struct space_option *sum, double w, const struct space_option *o) {
  for (int p = 0; p < PHASE_COUNT; p++) add_time(&sum->time[p], w, &o->time[p]);
  sum->weight_bytes += w * o->weight_bytes;
  sum->adapter_bytes += w * o->adapter_bytes;
  sum->host_bytes += w * o->host_bytes;
  sum->scratch_bytes = fmax(sum->scratch_bytes, o->scratch_bytes);
  sum->composed = sum->composed || o->composed;
  sum->rank += o->rank;
}

/* FNV-1a of the format of each layer (Fowler, Noll and Vo). */
static uint32_t hash_of(const struct space_slot *slot, const struct space_mix *mix) {
  uint32_t hash = 2166136261u;
  for (size_t l = 0; l < mix->n_layers; l++)
    for (const char *c = slot->options[mix->layer[l]].name; *c; c++) hash = (hash ^ (uint8_t)*c) * 16777619u;
  return hash;
}

/* Two mixes have one name where they are the same, in any setting. */
static void name_mix(const struct space_slot *slot, struct space_option *option) {
  enum { HASH = 10 };   /* " #" and eight digits */
  char whole[2 * sizeof option->name];
  layers_text(slot, option, whole, sizeof whole);
  if (strlen(whole) < sizeof option->name) {
    snprintf(option->name, sizeof option->name, "%s", whole);
    return;
  }
  struct text t = {option->name, sizeof option->name - HASH, 0};
  for (size_t p = 0; p < option->mix->n_parts; p++)
    text_add(&t, "%s%zu x %s", p ? " + " : "", option->mix->parts[p].layers,
             slot->options[option->mix->parts[p].option].name);
  snprintf(option->name + t.used, sizeof option->name - t.used, " #%08x", hash_of(slot, option->mix));
}

struct space_option layers_blend(const struct space *space, const struct space_slot *slot, struct space_mix *mix) {
  struct space_option out = {.mix = mix, .quality = {.baseline = true}};
  double most = 0;
  for (int p = 0; p < PHASE_COUNT; p++) out.technique[p] = slot->options[mix->parts[0].option].technique[p];
  for (size_t i = 0; i < mix->n_parts; i++) {
    const struct space_part *part = &mix->parts[i];
    const struct space_option *o = &slot->options[part->option];
    add_part(&out, (double)part->layers / (double)mix->n_layers, o);
    add_quality(&out.quality, &most, part->nats, &o->quality);
  }
  out.cost = space_cost(&out);
  if (!space->energy_known) out.cost.at[COORD_PREFILL_ENERGY] = out.cost.at[COORD_DECODE_ENERGY] = 0;
  name_mix(slot, &out);
  return out;
}

/* ---- in another setting */

/* The layers' options by their names, which may stand elsewhere there. */
static struct space_mix *translate(const struct space_slot *from, const struct space_mix *mix,
                                   const struct space_slot *to, struct error *err) {
  double nats[FRONT_OPTIONS] = {0};
  uint8_t there[FRONT_OPTIONS] = {0};
  for (size_t p = 0; p < mix->n_parts; p++) {
    const size_t o = space_find_option(to, from->options[mix->parts[p].option].name);
    if (o == to->n) return NULL;
    there[mix->parts[p].option] = (uint8_t)o;
    nats[o] = mix->parts[p].nats;
  }
  uint8_t *layer = malloc(mix->n_layers);
  if (!layer) return error_set(err, ERROR_MEMORY, "out of memory for a choice per layer"), NULL;
  for (size_t l = 0; l < mix->n_layers; l++) layer[l] = there[mix->layer[l]];
  struct space_mix *out = layers_make_mix(layer, mix->n_layers, nats, to->n, err);
  free(layer);
  return out;
}

bool layers_adopt(struct space *space, int s, const struct space_slot *from, const struct space_option *option,
                  struct error *err) {
  struct space_slot *slot = &space->slots[s];
  if (!option->mix || slot->unmixed || slot->n == FRONT_OPTIONS) return true;
  if (space_find_option(slot, option->name) < slot->n) return true;
  const struct space_slot plain = {.options = slot->options, .n = slot->n - slot->n_mixed};
  struct space_mix *mix = translate(from, option->mix, &plain, err);
  if (!mix) return err->kind != ERROR_MEMORY;
  struct space_option *grown = realloc(slot->options, (slot->n + 1) * sizeof *grown);
  if (!grown) {
    free(mix);
    return error_set(err, ERROR_MEMORY, "out of memory for a choice per layer");
  }
  slot->options = grown;
  slot->options[slot->n++] = layers_blend(space, slot, mix);
  slot->n_mixed++;
  return true;
}

/* ---- taken apart */

bool layers_part(const struct space_slot *slot, size_t o, size_t i, struct layers_part *out) {
  const struct space_mix *mix = slot->options[o].mix;
  if (i >= (mix ? mix->n_parts : 1)) return false;
  const struct space_part whole = {.option = (uint8_t)o, .layers = 1}, *part = mix ? &mix->parts[i] : &whole;
  *out = (struct layers_part){&slot->options[part->option], part->option, part->layers, mix ? mix->n_layers : 1};
  return true;
}

/* ---- in words */

static void add_layers(struct text *t, const struct space_mix *mix, uint8_t option) {
  bool first = true;
  for (size_t l = 0; l < mix->n_layers; l++) {
    if (mix->layer[l] != option) continue;
    size_t last = l;
    while (last + 1 < mix->n_layers && mix->layer[last + 1] == option) last++;
    text_add(t, "%s%zu", first ? "" : ", ", l);
    if (last > l) text_add(t, "-%zu", last);
    first = false;
    l = last;
  }
}

void layers_text(const struct space_slot *slot, const struct space_option *option, char *out, size_t size) {
  struct text t = {out, size, 0};
  if (!option->mix) {
    snprintf(out, size, "%s", option->name);
    return;
  }
  for (size_t p = 0; p < option->mix->n_parts; p++) {
    const uint8_t o = option->mix->parts[p].option;
    text_add(&t, "%s%s in ", p ? "; " : "", slot->options[o].name);
    add_layers(&t, option->mix, o);
  }
}
