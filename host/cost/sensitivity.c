#include "sensitivity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "kernel.h"
#include "text.h"

enum { MAX_FILE = 8 << 20, MAX_LAYERS = 1 << 12, MAX_TABLES = CLASS_COUNT * 64 };
static const double most = 1e9;
static const char *const units[] = {"nats", "relative"};

/* ---- one list of numbers */

static bool read_number(const cJSON *item, size_t layer, double *out, struct error *err) {
  if (!cJSON_IsNumber(item))
    return error_set(err, ERROR_INPUT, "layer %zu is no number; a layer that was not measured cannot be left open",
                     layer);
  *out = item->valuedouble;
  if (*out < 0)
    return error_set(err, ERROR_INPUT, "layer %zu is %g, below 0; rounding improves nothing: write 0 for what is noise",
                     layer, *out);
  return (*out <= most) || error_set(err, ERROR_INPUT, "layer %zu is %g, over %g", layer, *out, most);
}

static bool read_numbers(const cJSON *array, size_t layers, struct sensitivity_table *table, struct error *err) {
  if (!cJSON_IsArray(array)) return error_set(err, ERROR_INPUT, "a list of numbers is wanted, one for each layer");
  const size_t n = (size_t)cJSON_GetArraySize(array);
  if (n != layers)
    return error_set(err, ERROR_INPUT, "%zu numbers for %zu layers; give one for each layer, 0 to %zu", n, layers,
                     layers - 1);
  table->at = calloc(layers, sizeof *table->at);
  if (!table->at) return error_set(err, ERROR_MEMORY, "out of memory for %zu layers", layers);
  const cJSON *item;
  size_t layer = 0;
  cJSON_ArrayForEach(item, array) {
    if (!read_number(item, layer, &table->at[layer], err)) return false;
    table->sum += table->at[layer++];
  }
  return true;
}

static bool make_shares(struct sensitivity_table *table, size_t layers, struct error *err) {
  if (!(table->sum > 0)) return error_set(err, ERROR_INPUT, "every layer is 0: then none has a share of the loss");
  for (size_t l = 0; l < layers; l++) table->at[l] /= table->sum;
  return true;
}

static void make_figure(const struct sensitivity *s, struct sensitivity_table *table) {
  struct quality_figure *f = &table->figure;
  snprintf(f->technique, sizeof f->technique, "%s in %s", table->format, tensor_class_names[table->class_]);
  snprintf(f->model, sizeof f->model, "%s", s->model);
  snprintf(f->metric, sizeof f->metric, "perplexity");
  snprintf(f->dataset, sizeof f->dataset, "measured layer by layer");
  snprintf(f->source, sizeof f->source, "%s", s->source);
  f->nats = table->sum;
}

/* ---- the tables */

static struct sensitivity_table *find(const struct sensitivity *s, enum tensor_class class_, const char *format) {
  for (size_t t = 0; t < s->n_tables; t++)
    if (s->tables[t].class_ == class_ && strcmp(s->tables[t].format, format) == 0) return &s->tables[t];
  return NULL;
}

static bool check_format(const char *format, struct error *err) {
  const struct family *family = family_find("matmul");
  for (size_t t = 0; family && t < family->n_techniques; t++)
    if (strcmp(strchr(family->techniques[t].id, '.') + 1, format) == 0) return true;
  error_set(err, ERROR_INPUT, "no weight format is called '%.40s'; there are", format);
  struct text words = {err->text, sizeof err->text, strlen(err->text)};
  for (size_t t = 0; family && t < family->n_techniques; t++)
    text_add(&words, "%s %s", t ? "," : "", strchr(family->techniques[t].id, '.') + 1);
  return false;
}

static bool add_table(struct sensitivity *s, enum tensor_class class_, const char *format, const cJSON *array,
                      struct error *err) {
  if (find(s, class_, format)) return error_set(err, ERROR_INPUT, "is there twice");
  if (s->n_tables == MAX_TABLES) return error_set(err, ERROR_INPUT, "more than %d lists", MAX_TABLES);
  struct sensitivity_table *table = &s->tables[s->n_tables++];
  table->class_ = class_;
  snprintf(table->format, sizeof table->format, "%s", format);
  if (!read_numbers(array, s->layers, table, err)) return false;
  if (s->relative) return make_shares(table, s->layers, err);
  make_figure(s, table);
  return true;
}

static bool read_formats(struct sensitivity *s, enum tensor_class class_, const cJSON *formats, struct error *err) {
  if (!cJSON_IsObject(formats))
    return error_set(err, ERROR_INPUT, "in nats a class has a list for each format, by its name");
  if (!formats->child) return error_set(err, ERROR_INPUT, "has no format");
  const cJSON *array;
  cJSON_ArrayForEach(array, formats)
    if (!check_format(array->string, err) || !add_table(s, class_, array->string, array, err))
      return error_prefix(err, "%.40s: ", array->string);
  return true;
}

static bool find_class(const char *name, enum tensor_class *out, struct error *err) {
  for (int c = 0; c < CLASS_COUNT; c++)
    if (strcmp(tensor_class_names[c], name) == 0) {
      *out = (enum tensor_class)c;
      return c != CLASS_LOGITS || error_set(err, ERROR_INPUT, "belongs to no layer");
    }
  return error_set(err, ERROR_INPUT, "is no class of weights; there are qkv, attn_out, ffn_up and ffn_down");
}

static bool read_classes(struct sensitivity *s, const cJSON *classes, struct error *err) {
  if (!classes->child) return error_set(err, ERROR_INPUT, "has no class");
  const cJSON *item;
  cJSON_ArrayForEach(item, classes) {
    enum tensor_class class_ = CLASS_LOGITS;
    bool ok = find_class(item->string, &class_, err);
    if (ok && !s->relative && sensitivity_covers(s, class_)) ok = error_set(err, ERROR_INPUT, "is there twice");
    ok = ok && (s->relative ? add_table(s, class_, "", item, err) : read_formats(s, class_, item, err));
    if (!ok) return error_prefix(err, "%.40s: ", item->string);
  }
  return true;
}

/* ---- the file */

static bool read_root(const cJSON *root, struct sensitivity *s, struct error *err) {
  int64_t layers;
  int unit;
  if (!json_check_schema(root, "vkpareto.sensitivity/1", err)
      || !json_copy(root, "model", s->model, sizeof s->model, err)
      || !json_copy(root, "source", s->source, sizeof s->source, err) || !json_member(root, "unit", err)
      || !json_name_or(root, "unit", units, 2, 0, &unit, err) || !json_int(root, "layers", 1, MAX_LAYERS, &layers, err))
    return false;
  if (!s->model[0] || !s->source[0])
    return error_set(err, ERROR_INPUT, "field '%s' is empty; say %s", s->model[0] ? "source" : "model",
                     s->model[0] ? "how and on what text it was measured" : "of which model the numbers are");
  s->relative = unit == 1;
  s->layers = (size_t)layers;
  s->tables = calloc(MAX_TABLES, sizeof *s->tables);
  if (!s->tables) return error_set(err, ERROR_MEMORY, "out of memory for sensitivities");
  const cJSON *classes = json_object(root, "classes", err);
  return classes && (read_classes(s, classes, err) || error_prefix(err, "field 'classes': "));
}

static struct sensitivity *from_root(const cJSON *root, struct error *err) {
  struct sensitivity *s = calloc(1, sizeof *s);
  if (!s) error_set(err, ERROR_MEMORY, "out of memory for sensitivities");
  if (!s || read_root(root, s, err)) return s;
  sensitivity_free(s);
  return NULL;
}

struct sensitivity *sensitivity_parse(const char *text, size_t bytes, struct error *err) {
  cJSON *root = json_parse(text, bytes, err);
  struct sensitivity *s = root ? from_root(root, err) : NULL;
  cJSON_Delete(root);
  return s;
}

struct sensitivity *sensitivity_read(const char *path, struct error *err) {
  cJSON *root = json_parse_file(path, MAX_FILE, err);
  struct sensitivity *s = root ? from_root(root, err) : NULL;
  if (root && !s) error_prefix(err, "%s: ", path);
  cJSON_Delete(root);
  return s;
}

void sensitivity_free(struct sensitivity *s) {
  if (!s) return;
  for (size_t t = 0; t < s->n_tables; t++) free(s->tables[t].at);
  free(s->tables);
  free(s);
}

/* ---- what it says */

bool sensitivity_fits(const struct sensitivity *s, const struct model *model, struct error *err) {
  if (s->layers == (size_t)model->layers) return true;
  return error_set(err, ERROR_INPUT, "the sensitivities are of %.60s with %zu layers, %.60s has %lld; give those of "
                                     "this model",
                   s->model, s->layers, model->id, (long long)model->layers);
}

bool sensitivity_covers(const struct sensitivity *s, enum tensor_class class_) {
  for (size_t t = 0; t < s->n_tables; t++)
    if (s->tables[t].class_ == class_) return true;
  return false;
}

struct quality_estimate sensitivity_of_class(const struct sensitivity *s, enum tensor_class class_, const char *format,
                                             const struct quality_estimate *published) {
  const struct sensitivity_table *table = s->relative || published->baseline ? NULL : find(s, class_, format);
  if (!table) return *published;
  struct quality_estimate out = {.nats = NAN, .lo = NAN, .hi = NAN, .figure = &table->figure,
                                 .nearness = NEARNESS_SAME};
  out.too_large = table->sum > QUALITY_LINEAR;
  if (out.too_large) return out;
  out.nats = table->sum;
  out.lo = out.nats * (1 - QUALITY_INTERVAL);
  out.hi = out.nats * (1 + QUALITY_INTERVAL);
  return out;
}

double sensitivity_of_layer(const struct sensitivity *s, enum tensor_class class_, const char *format,
                            const struct quality_estimate *whole, size_t layer) {
  if (whole->baseline) return 0;
  const struct sensitivity_table *table = find(s, class_, s->relative ? "" : format);
  if (!table) return NAN;
  return s->relative ? whole->nats * table->at[layer] : table->at[layer];
}
