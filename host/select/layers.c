#include "layers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bound.h"
#include "layers_internal.h"

enum { NODE_POINTS = 4000 };

/* The layers of a class as decisions. */
struct decisions {
  size_t n_layers, n_formats;
  uint8_t format[FRONT_OPTIONS];   /* option of the slot */
  double *loss;                    /* [layer][format] */
  struct place { double loss; size_t layer; } *order;
  struct front_cost *costs;        /* [place][format] */
  struct front_slot *slots;        /* [place] */
};

static bool no_memory(struct error *err) {
  return error_set(err, ERROR_MEMORY, "out of memory for a choice per layer");
}

/* ---- the slack that makes a front readable */

static struct bound_slack slack_of(const struct layers_problem *p, double relative) {
  struct bound_slack slack = bound_exact();
  for (size_t c = 0; c < COORD_COUNT; c++)
    if (c == COORD_QUALITY) slack.absolute[c] = relative * p->nats_per_relative / p->nats_unit;
    else slack.relative[c] = relative;
  slack.limit[COORD_RESIDENT] = p->resident_limit;
  slack.limit[COORD_QUALITY] = p->quality_limit;
  if (slack.exact_slots > p->exact_slots) slack.exact_slots = p->exact_slots;
  return slack;
}

static struct layers_slack proved_of(const struct bound *bound, double nats_unit) {
  const struct bound_slack proved = bound_proved(bound);
  struct layers_slack out = {.nats = proved.absolute[COORD_QUALITY] * nats_unit};
  for (size_t c = 0; c < COORD_COUNT; c++) out.relative = fmax(out.relative, proved.relative[c]);
  return out;
}

/* From coarse to fine: the coarse ones take next to no time, and the first that is too long ends it. */
struct bound *layers_bound(const struct layers_problem *p, struct layers_slack *proved, struct error *err) {
  static const double steps[] = {0.256, 0.181, 0.128, 0.09, 0.064, 0.045, 0.032, 0.023, 0.016, 0.011, 0.008, 0.0055,
                                 0.004, 0.0028, 0.002, 0.001, 0};
  static const struct front_algebra algebra = {COORD_COUNT, COORD_SCRATCH};
  struct bound *best = NULL;
  for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
    struct error why = {0};
    const struct bound_slack slack = slack_of(p, steps[i]);
    struct bound *bound = bound_build(&algebra, p->base, p->slots, p->n_slots, &slack, p->node_points, &why);
    if (!bound && why.kind != ERROR_UNSUPPORTED) return bound_free(best), *err = why, NULL;
    if (!bound || bound_count(bound) > p->most) {
      bound_free(bound);
      break;
    }
    bound_free(best);
    best = bound;
    *proved = proved_of(best, p->nats_unit);
  }
  if (!best)
    error_set(err, ERROR_UNSUPPORTED, "more than %zu choices per layer are Pareto-optimal even roughly; leave formats "
              "or classes out of the sensitivities", p->most);
  return best;
}

struct layers_slack layers_both(struct layers_slack a, struct layers_slack b) {
  return (struct layers_slack){(1 + a.relative) * (1 + b.relative) - 1, a.nats + b.nats};
}

/* ---- a class's layers */

static void decisions_free(struct decisions *d) {
  free(d->loss);
  free(d->order);
  free(d->costs);
  free(d->slots);
}

/* The slot's formats of which the loss of every layer is known. */
static bool find_formats(const struct space_slot *slot, enum tensor_class class_, const struct sensitivity *s,
                         struct decisions *d, struct error *err) {
  d->n_layers = s->layers;
  d->loss = calloc(s->layers * slot->n + 1, sizeof *d->loss);
  if (!d->loss) return no_memory(err);
  for (size_t o = 0; o < slot->n && o < FRONT_OPTIONS; o++) {
    const struct space_option *option = &slot->options[o];
    if (isnan(sensitivity_of_layer(s, class_, option->name, &option->quality, 0))) continue;
    d->format[d->n_formats++] = (uint8_t)o;
  }
  for (size_t l = 0; l < s->layers; l++)
    for (size_t f = 0; f < d->n_formats; f++) {
      const struct space_option *option = &slot->options[d->format[f]];
      d->loss[l * d->n_formats + f] = sensitivity_of_layer(s, class_, option->name, &option->quality, l);
    }
  return true;
}

static int by_loss(const void *a, const void *b) {
  const struct place *x = a, *y = b;
  if (x->loss != y->loss) return x->loss < y->loss ? -1 : 1;
  return x->layer < y->layer ? -1 : 1;
}

/* Neighbours alike, since halves with the same options are made once. */
static bool sort_layers(struct decisions *d, struct error *err) {
  d->order = calloc(d->n_layers, sizeof *d->order);
  if (!d->order) return no_memory(err);
  for (size_t l = 0; l < d->n_layers; l++) {
    d->order[l].layer = l;
    for (size_t f = 0; f < d->n_formats; f++) d->order[l].loss = fmax(d->order[l].loss, d->loss[l * d->n_formats + f]);
  }
  qsort(d->order, d->n_layers, sizeof *d->order, by_loss);
  return true;
}

/* A class's cost in place of a layer's, so that nothing is rounded: the sum is L times the true one. Where 2^53 could
 * not hold that, in steps so much larger. */
static int64_t step_of(const struct space_slot *slot, const struct decisions *d, size_t coord) {
  int64_t largest = 0, step = 1;
  for (size_t f = 0; f < d->n_formats; f++) {
    const int64_t cost = slot->options[d->format[f]].cost.at[coord];
    largest = cost > largest ? cost : largest;
  }
  while (largest / step > ((int64_t)1 << 52) / (int64_t)d->n_layers) step *= 2;
  return step;
}

static bool make_costs(const struct space_slot *slot, struct decisions *d, struct error *err) {
  d->costs = calloc(d->n_layers * d->n_formats, sizeof *d->costs);
  d->slots = calloc(d->n_layers, sizeof *d->slots);
  if (!d->costs || !d->slots) return no_memory(err);
  for (size_t c = 0; c < COORD_COUNT; c++) {
    const int64_t step = c == COORD_SCRATCH ? 1 : step_of(slot, d, c);
    for (size_t i = 0; i < d->n_layers; i++)
      for (size_t f = 0; f < d->n_formats; f++) {
        const double loss = d->loss[d->order[i].layer * d->n_formats + f] * (double)d->n_layers;
        d->costs[i * d->n_formats + f].at[c] =
          c == COORD_QUALITY ? llround(loss / QUALITY_UNIT) : slot->options[d->format[f]].cost.at[c] / step;
      }
  }
  for (size_t i = 0; i < d->n_layers; i++) d->slots[i] = (struct front_slot){&d->costs[i * d->n_formats], d->n_formats};
  return true;
}

/* What the class may take of a coordinate for the rest to keep the limit; all costs are L times the true ones. */
static double room_of(const struct space *space, enum tensor_class class_, size_t coord, double limit,
                      const struct decisions *d) {
  double least = (double)space->base.at[coord];
  for (int s = 0; s < SLOT_COUNT; s++) {
    double slot = INFINITY;
    for (size_t o = 0; s != (int)class_ && o < space->slots[s].n - space->slots[s].n_mixed; o++)
      slot = fmin(slot, (double)space->slots[s].options[o].cost.at[coord]);
    if (s != (int)class_) least += slot;
  }
  const double scale = coord == COORD_QUALITY ? 1 : (double)step_of(&space->slots[class_], d, coord);
  return fmax(0, limit - least + SLOT_COUNT) * (double)d->n_layers / scale;   /* costs were rounded */
}

/* ---- its front as options */

static struct space_mix *make_mix(const struct decisions *d, const struct space_slot *slot, const uint8_t *choice,
                                  struct error *err) {
  uint8_t *layer = malloc(d->n_layers);
  double nats[FRONT_OPTIONS] = {0};
  if (!layer) return no_memory(err), NULL;
  for (size_t i = 0; i < d->n_layers; i++) {
    const size_t l = d->order[i].layer;
    layer[l] = d->format[choice[i]];
    nats[layer[l]] += d->loss[l * d->n_formats + choice[i]];
  }
  struct space_mix *mix = layers_make_mix(layer, d->n_layers, nats, slot->n, err);
  free(layer);
  return mix;
}

static bool add_mixes(struct space *space, struct space_slot *slot, const struct decisions *d,
                      const struct bound *bound, struct error *err) {
  uint8_t *choice = malloc(d->n_layers);
  const size_t n = slot->n;
  bool ok = choice ? true : no_memory(err);
  struct space_option *grown = ok ? realloc(slot->options, (n + bound_count(bound)) * sizeof *grown) : NULL;
  if (ok && !grown) ok = no_memory(err);
  if (grown) slot->options = grown;
  const struct space_slot plain = {.options = slot->options, .n = n};
  for (size_t p = 0; ok && p < bound_count(bound); p++) {
    bound_choice(bound, p, choice);
    struct space_mix *mix = make_mix(d, &plain, choice, err);
    ok = mix != NULL;
    if (ok && mix->n_parts > 1) {
      slot->options[slot->n++] = layers_blend(space, &plain, mix);
      slot->n_mixed++;
    } else {
      free(mix);   /* one format: the slot has it */
    }
  }
  free(choice);
  return ok;
}

/* ---- the whole */

static const char *why_unmixed(const struct space *space, enum tensor_class class_, const struct sensitivity *s) {
  const struct setting *setting = &space->setting;
  const struct model *m = setting->model;
  const bool ffn = class_ == CLASS_FFN_UP || class_ == CLASS_FFN_DOWN;
  if (class_ == CLASS_LOGITS) return "it belongs to no layer";
  if (!space->quality_known) return "quality is left out for all";
  if (!sensitivity_covers(s, class_)) return "the sensitivities say nothing of it";
  if (setting->offload.layers || setting->offload.expert_layers) return "some layers lie in the host's memory";
  if (ffn && m->experts && m->dense_layers) return "some layers have experts, others have none";
  return NULL;
}

/* Nodes of more layers are large before they are pruned: for 80 layers and five formats, of which none beats another,
 * with 18 exact a front took 0.3 s, with 9 some 0.1 s; and few layers need slack as well. */
static size_t exact_layers(size_t n_layers) {
  enum { EXACT_LAYERS = 9 };
  return 1 + n_layers / 4 < EXACT_LAYERS ? 1 + n_layers / 4 : EXACT_LAYERS;
}

bool layers_mix(struct space *space, enum tensor_class class_, const struct layers_request *request, size_t most,
                struct layers_slack *proved, struct error *err) {
  const struct sensitivity *s = request->sensitivities;
  struct space_slot *slot = &space->slots[class_];
  struct decisions d = {0};
  *proved = (struct layers_slack){0};
  slot->unmixed = why_unmixed(space, class_, s);
  if (slot->unmixed) return true;
  bool ok = find_formats(slot, class_, s, &d, err);
  if (ok && (d.n_formats < 2 || d.n_layers < 2)) slot->unmixed = "no two formats have known losses by layer";
  if (ok && !slot->unmixed) {
    const struct front_cost base = {{0}};
    const size_t room = FRONT_OPTIONS - 1 - slot->n;   /* one is left for layers_adopt */
    struct layers_problem problem = {.base = &base, .n_slots = d.n_layers, .node_points = NODE_POINTS,
                                     .exact_slots = exact_layers(d.n_layers),
                                     .most = most < room ? most : room,
                                     .nats_per_relative = LAYERS_NATS / LAYERED_CLASSES,
                                     .nats_unit = QUALITY_UNIT / (double)d.n_layers};
    ok = sort_layers(&d, err) && make_costs(slot, &d, err);
    problem.slots = d.slots;
    problem.resident_limit = ok ? room_of(space, class_, COORD_RESIDENT, request->most_bytes, &d) : 0;
    problem.quality_limit = ok ? room_of(space, class_, COORD_QUALITY, request->most_nats / QUALITY_UNIT, &d) : 0;
    struct bound *bound = ok ? layers_bound(&problem, proved, err) : NULL;
    ok = bound && add_mixes(space, slot, &d, bound, err);
    bound_free(bound);
  }
  decisions_free(&d);
  return ok;
}

bool layers_expand(struct space *space, const struct layers_request *request, struct layers_slack *proved,
                   struct error *err) {
  *proved = (struct layers_slack){0};
  for (int c = 0; c < CLASS_COUNT; c++) {
    struct layers_slack one;
    if (!layers_mix(space, (enum tensor_class)c, request, LAYERS_OPTIONS, &one, err)) return false;
    proved->relative = fmax(proved->relative, one.relative);
    proved->nats += one.nats;
  }
  return true;
}

bool layers_front(const struct space *space, const struct layers_request *request, struct layers_slack mixes,
                  size_t most, struct front *front, struct layers_slack *proved, struct error *err) {
  const struct front_algebra objectives = {OBJECTIVE_COUNT, OBJECTIVE_COUNT};
  struct front_cost (*options)[FRONT_OPTIONS] = calloc(SLOT_COUNT, sizeof *options);
  struct front_slot slots[SLOT_COUNT];
  *front = (struct front){0};
  if (!options) return no_memory(err);
  for (int s = 0; s < SLOT_COUNT; s++) {
    slots[s] = (struct front_slot){options[s], space->slots[s].n};
    for (size_t o = 0; o < slots[s].n; o++) options[s][o] = space->slots[s].options[o].cost;
  }
  const struct layers_problem problem = {.base = &space->base,
                                         .slots = slots,
                                         .n_slots = SLOT_COUNT,
                                         .most = most,
                                         .node_points = NODE_POINTS,
                                         .nats_unit = QUALITY_UNIT,
                                         .nats_per_relative = LAYERS_NATS,
                                         .exact_slots = 1,
                                         .resident_limit = request->most_bytes * (1 + mixes.relative) + SLOT_COUNT,
                                         .quality_limit =
                                             (request->most_nats + mixes.nats) / QUALITY_UNIT + SLOT_COUNT};
  struct bound *bound = layers_bound(&problem, proved, err);
  bool ok = bound != NULL;
  if (ok) front->points = calloc(bound_count(bound) + 1, sizeof *front->points);
  if (ok && !front->points) ok = no_memory(err);
  for (size_t p = 0; ok && p < bound_count(bound); p++) {
    front->points[p].cost = bound_cost(bound, p);
    bound_choice(bound, p, front->points[p].choice);
    front->n++;
  }
  bound_free(bound);
  free(options);
  if (ok) choose_objectives(space, front);
  if (ok && front_prune(&objectives, front, err)) return true;
  front_free(front);
  return false;
}
