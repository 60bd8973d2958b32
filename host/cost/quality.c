#include "quality.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "embed.h"
#include "json.h"

const char *const nearness_names[NEARNESS_COUNT] = {"same", "close", "proxy"};

static bool copy(const cJSON *object, const char *name, char *out, size_t size, struct error *err) {
  const char *text = json_string(object, name, size - 1, err);
  if (text) snprintf(out, size, "%s", text);
  return text != NULL;
}

/* Every metric that says something about NLL, as nats. */
static bool nats_of(const char *metric, double base, double value, double *nats, struct error *err) {
  if (strcmp(metric, "perplexity") == 0 || strcmp(metric, "ppl_ratio") == 0) {
    if (!(base > 0 && value > 0)) return error_set(err, ERROR_INPUT, "a perplexity must be above 0");
    *nats = log(value / base);
  } else if (strcmp(metric, "ppl_increase_pct") == 0) {
    if (!(value > -100)) return error_set(err, ERROR_INPUT, "a perplexity cannot fall by 100 %%");
    *nats = log1p(value / 100);
  } else if (strcmp(metric, "mean_kld") == 0) {
    *nats = value;
  } else {
    return error_set(err, ERROR_INPUT,
                     "unknown metric '%.40s'; known: perplexity, ppl_ratio, ppl_increase_pct, mean_kld", metric);
  }
  *nats = fmax(*nats, 0);
  return true;
}

static bool figure_read(const cJSON *item, struct quality_figure *f, struct error *err) {
  double base, value;
  return copy(item, "technique", f->technique, sizeof f->technique, err)
      && copy(item, "model", f->model, sizeof f->model, err)
      && copy(item, "metric", f->metric, sizeof f->metric, err)
      && copy(item, "dataset", f->dataset, sizeof f->dataset, err)
      && copy(item, "source", f->source, sizeof f->source, err)
      && json_number(item, "params", 1, 1e15, &f->params, err)
      && json_number(item, "base", 0, 1e9, &base, err)
      && json_number(item, "value", -100, 1e9, &value, err)
      && nats_of(f->metric, base, value, &f->nats, err);
}

static bool link_read(const cJSON *item, struct quality_link *link, struct error *err) {
  if (!copy(item, "ours", link->ours, sizeof link->ours, err) ||
      !json_bool_or(item, "baseline", false, &link->baseline, err))
    return false;
  if (link->baseline) return true;
  const char *nearness = json_string(item, "nearness", 16, err);
  if (!nearness || !copy(item, "published", link->published, sizeof link->published, err)) return false;
  for (int n = 0; n < NEARNESS_COUNT; n++)
    if (strcmp(nearness, nearness_names[n]) == 0) {
      link->nearness = (enum nearness)n;
      return true;
    }
  return error_set(err, ERROR_INPUT, "field 'nearness' is '%s', not same, close or proxy", nearness);
}

/* Room for n more elements; the new ones are zeroed. */
static void *grow(void *old, size_t have, size_t more, size_t size, struct error *err) {
  char *out = realloc(old, (have + more) * size + 1);
  if (!out) {
    error_set(err, ERROR_MEMORY, "out of memory for %zu quality figures", have + more);
    return NULL;
  }
  memset(out + have * size, 0, more * size);
  return out;
}

static bool figures_read(struct quality *q, const cJSON *array, struct error *err) {
  struct quality_figure *figures =
    grow(q->figures, q->n_figures, (size_t)cJSON_GetArraySize(array), sizeof *figures, err);
  if (!figures) return false;
  q->figures = figures;
  const cJSON *item;
  cJSON_ArrayForEach(item, array) {
    if (!figure_read(item, &q->figures[q->n_figures], err)) return error_prefix(err, "figure %zu: ", q->n_figures);
    q->n_figures++;
  }
  return true;
}

static bool links_read(struct quality *q, const cJSON *array, struct error *err) {
  struct quality_link *links = grow(q->links, q->n_links, (size_t)cJSON_GetArraySize(array), sizeof *links, err);
  if (!links) return false;
  q->links = links;
  const cJSON *item;
  cJSON_ArrayForEach(item, array) {
    if (!link_read(item, &q->links[q->n_links], err)) return error_prefix(err, "map entry %zu: ", q->n_links);
    q->n_links++;
  }
  return true;
}

static bool parse(struct quality *q, const char *text, size_t bytes, const char *schema, const char *field,
                  bool (*read)(struct quality *, const cJSON *, struct error *), struct error *err) {
  cJSON *root = json_parse(text, bytes, err);
  const cJSON *array = root && json_check_schema(root, schema, err) ? json_array(root, field, err) : NULL;
  bool ok = array && read(q, array, err);
  cJSON_Delete(root);
  return ok;
}

bool quality_parse_figures(struct quality *q, const char *text, size_t bytes, struct error *err) {
  return parse(q, text, bytes, "vkpareto.quality/1", "figures", figures_read, err);
}

bool quality_parse_map(struct quality *q, const char *text, size_t bytes, struct error *err) {
  return parse(q, text, bytes, "vkpareto.quality-map/1", "map", links_read, err);
}

struct quality *quality_load(struct error *err) {
  struct quality *q = calloc(1, sizeof *q);
  if (!q) {
    error_set(err, ERROR_MEMORY, "out of memory for quality figures");
    return NULL;
  }
  for (size_t i = 0; i < n_embedded_files; i++) {
    const struct embedded *file = &embedded_files[i];
    if (strncmp(file->path, "quality/", 8) != 0) continue;
    bool is_map = strcmp(file->path, "quality/map.json") == 0;
    if (!(is_map ? quality_parse_map : quality_parse_figures)(q, file->text, file->bytes, err)) {
      error_prefix(err, "suites/%s: ", file->path);
      quality_free(q);
      return NULL;
    }
  }
  return q;
}

void quality_clear(struct quality *q) {
  free(q->figures);
  free(q->links);
  *q = (struct quality){0};
}

void quality_free(struct quality *q) {
  if (!q) return;
  quality_clear(q);
  free(q);
}

/* ---- choosing the figure */

static double size_distance(const struct quality_figure *f, double params) { return fabs(log(f->params / params)); }
static bool is_far(const struct quality_figure *f, double params) {
  return size_distance(f, params) > log(QUALITY_SIZE_RANGE);
}

/* a before b, by the order the header states. */
static bool before(const struct quality_figure *a, enum nearness near_a, const struct quality_figure *b,
                   enum nearness near_b, double params) {
  bool kl_a = strcmp(a->metric, "mean_kld") == 0, kl_b = strcmp(b->metric, "mean_kld") == 0;
  if (kl_a != kl_b) return kl_b;
  if (is_far(a, params) != is_far(b, params)) return is_far(b, params);
  if (!is_far(a, params) && near_a != near_b) return near_a < near_b;
  double da = size_distance(a, params), db = size_distance(b, params);
  if (da != db) return da < db;
  return near_a != near_b ? near_a < near_b : a->nats > b->nats;
}

struct quality_estimate quality_of(const struct quality *q, const char *ours, double params) {
  struct quality_estimate best = {.nats = NAN, .lo = NAN, .hi = NAN};
  for (size_t l = 0; l < q->n_links; l++) {
    const struct quality_link *link = &q->links[l];
    if (strcmp(link->ours, ours) != 0) continue;
    if (link->baseline) return (struct quality_estimate){.baseline = true};
    for (size_t f = 0; f < q->n_figures; f++) {
      const struct quality_figure *figure = &q->figures[f];
      if (strcmp(figure->technique, link->published) != 0) continue;
      if (best.figure && !before(figure, link->nearness, best.figure, best.nearness, params)) continue;
      best.figure = figure;
      best.nearness = link->nearness;
    }
  }
  if (!best.figure) return best;
  best.far = is_far(best.figure, params);
  best.too_large = best.figure->nats > QUALITY_LINEAR;
  if (best.too_large) return best;
  best.nats = best.figure->nats;
  best.lo = best.nats * (1 - QUALITY_INTERVAL);
  best.hi = best.nats * (1 + QUALITY_INTERVAL);
  return best;
}

void quality_text(const struct quality_estimate *e, char *out, size_t size) {
  if (e->baseline) {
    snprintf(out, size, "the base: no loss by definition");
    return;
  }
  if (!e->figure) {
    snprintf(out, size, "no published figure stands for it");
    return;
  }
  const struct quality_figure *f = e->figure;
  snprintf(out, size, "%s%s (%s) on %s: %.3g nats in all, %s%s%s; %s",
           e->too_large ? "losses this large do not add: " : "", f->technique,
           nearness_names[e->nearness], f->model, f->nats, f->dataset,
           strcmp(f->metric, "mean_kld") == 0 ? ", KL divergence" : "",
           e->far ? ", a model of quite another size (small models lose more)" : "", f->source);
}
