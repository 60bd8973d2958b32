#include "suite.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "embed.h"
#include "file.h"
#include "json.h"
#include "text.h"

enum {
  SUITE_BYTES = 4 << 20,   /* of a suite file */
  SUITE_CASES = 20000,     /* after lists are multiplied out */
  SHAPE_VALUES = 64,       /* values of one dimension in a list */
};

/* The values a suite line gives for each dimension: cases are their product. */
struct shape_range {
  int64_t value[KERNEL_DIMS][SHAPE_VALUES];
  size_t n[KERNEL_DIMS];
};

static bool dim_value(const struct dim_def *dim, const cJSON *json, int64_t *out, struct error *err) {
  if (!cJSON_IsNumber(json))
    return error_set(err, ERROR_INPUT, "shape: '%s' must be a whole number or a list of them", dim->name);
  if (!(json->valuedouble >= (double)dim->min && json->valuedouble <= (double)dim->max))
    return error_set(err, ERROR_INPUT, "shape: '%s' is %g; it must lie between %" PRId64 " and %" PRId64, dim->name,
                     json->valuedouble, dim->min, dim->max);
  if (json->valuedouble != (double)(int64_t)json->valuedouble)
    return error_set(err, ERROR_INPUT, "shape: '%s' is %g; it must be a whole number", dim->name, json->valuedouble);
  *out = (int64_t)json->valuedouble;
  return true;
}

static bool parse_dim(const struct dim_def *dim, const cJSON *json, int64_t *values, size_t *n, struct error *err) {
  *n = 0;
  if (!json) {
    if (dim->preset < dim->min)
      return error_set(err, ERROR_INPUT, "shape: '%s' is missing; it has no preset", dim->name);
    values[(*n)++] = dim->preset;
    return true;
  }
  if (!cJSON_IsArray(json)) return dim_value(dim, json, &values[(*n)++], err);
  const cJSON *item;
  cJSON_ArrayForEach(item, json) {
    if (*n == SHAPE_VALUES)
      return error_set(err, ERROR_INPUT, "shape: '%s' lists more than %d values", dim->name, SHAPE_VALUES);
    if (!dim_value(dim, item, &values[(*n)++], err)) return false;
  }
  return *n || error_set(err, ERROR_INPUT, "shape: '%s' is an empty list", dim->name);
}

static bool parse_shape(const struct family *family, const cJSON *shape, struct shape_range *range, struct error *err) {
  const cJSON *member;
  cJSON_ArrayForEach(member, shape) {
    size_t d = 0;
    while (d < family->n_dims && strcmp(family->dims[d].name, member->string) != 0) d++;
    if (d == family->n_dims)
      return error_set(err, ERROR_INPUT, "shape: %s has no dimension '%.40s'", family->name, member->string);
  }
  for (size_t d = 0; d < family->n_dims; d++) {
    const cJSON *json = cJSON_GetObjectItemCaseSensitive(shape, family->dims[d].name);
    if (!parse_dim(&family->dims[d], json, range->value[d], &range->n[d], err)) return false;
  }
  return true;
}

/* "int4_g32" of the family "matmul" is the technique "matmul.int4_g32". */
static const struct technique *family_technique(const struct family *family, const char *name) {
  size_t prefix = strlen(family->name);
  for (size_t t = 0; t < family->n_techniques; t++) {
    const char *id = family->techniques[t].id;
    if (strncmp(id, family->name, prefix) == 0 && id[prefix] == '.' && strcmp(id + prefix + 1, name) == 0)
      return &family->techniques[t];
  }
  return NULL;
}

static bool parse_techniques(const struct family *family, const cJSON *names, struct suite_case *out,
                             struct error *err) {
  if (!names) return true;
  if (!cJSON_IsArray(names)) return error_set(err, ERROR_INPUT, "field 'techniques' must be a list of names");
  out->techniques = calloc((size_t)cJSON_GetArraySize(names) + 1, sizeof *out->techniques);
  if (!out->techniques) return error_set(err, ERROR_MEMORY, "out of memory");
  const cJSON *name;
  cJSON_ArrayForEach(name, names) {
    if (!cJSON_IsString(name)) return error_set(err, ERROR_INPUT, "field 'techniques' must be a list of names");
    if (!family_technique(family, name->valuestring))
      return error_set(err, ERROR_INPUT, "unknown technique '%.80s' of %s; `vkpareto list techniques` shows them",
                       name->valuestring, family->name);
    out->techniques[out->n_techniques] = strdup(name->valuestring);
    if (!out->techniques[out->n_techniques++]) return error_set(err, ERROR_MEMORY, "out of memory");
  }
  return out->n_techniques || error_set(err, ERROR_INPUT, "field 'techniques' is empty; leave it out for all of them");
}

static void free_techniques(struct suite_case *c) {
  for (size_t t = 0; t < c->n_techniques; t++) free(c->techniques[t]);
  free(c->techniques);
  *c = (struct suite_case){0};
}

bool suite_case_has(const struct suite_case *c, const struct technique *technique) {
  if (!c->techniques) return true;
  for (size_t t = 0; t < c->n_techniques; t++)
    if (family_technique(c->kase.family, c->techniques[t]) == technique) return true;
  return false;
}

/* Cold where something streams, else resident; asked for by name, it must be one that the op has. */
static bool choose_mode(struct suite_case *c, const char *name, struct error *err) {
  bool streams = false, sense = false;
  const struct family *family = c->kase.family;
  for (size_t t = 0; t < family->n_techniques; t++) {
    struct tensor_list list = {0};
    if (!suite_case_has(c, &family->techniques[t]) || !family->tensors(&c->kase, &family->techniques[t], &list, err))
      continue;
    sense = true;
    for (size_t i = 0; i < list.n; i++) streams |= list.tensor[i].role == TENSOR_STREAM;
  }
  if (!sense) return false;
  *err = (struct error){0};
  c->kase.mode = streams ? MODE_COLD : MODE_RESIDENT;
  if (!name) return true;
  for (int mode = 0; mode < MODE_COUNT; mode++)
    if (strcmp(name, kernel_mode_names[mode]) == 0) {
      if ((mode == MODE_RESIDENT) == streams)
        return error_set(err, ERROR_INPUT, "field 'mode': %s has %s; leave it out", family->name,
                         streams ? "weights or KV, and the modes cold and warm"
                                 : "no weights or KV, and only the mode resident");
      c->kase.mode = (enum kernel_mode)mode;
      return true;
    }
  return error_set(err, ERROR_INPUT, "field 'mode' is '%.40s'; it must be cold, warm or resident", name);
}

static bool add_case(struct suite *suite, size_t *capacity, struct suite_case *c, struct error *err) {
  if (suite->n_cases == SUITE_CASES) return error_set(err, ERROR_INPUT, "more than %d cases", SUITE_CASES);
  if (suite->n_cases == *capacity) {
    size_t wanted = *capacity ? 2 * *capacity : 64;
    struct suite_case *grown = realloc(suite->cases, wanted * sizeof *grown);
    if (!grown) return error_set(err, ERROR_MEMORY, "out of memory for %zu cases", wanted);
    suite->cases = grown;
    *capacity = wanted;
  }
  suite->cases[suite->n_cases++] = *c;
  return true;
}

/* Steps through the product of the ranges; false when it is done. */
static bool next_shape(const struct family *family, const struct shape_range *range, size_t *at) {
  for (size_t d = family->n_dims; d-- > 0;) {
    if (++at[d] < range->n[d]) return true;
    at[d] = 0;
  }
  return false;
}

static bool parse_case(struct suite *suite, size_t *capacity, const cJSON *json, struct error *err) {
  const char *op = json_string(json, "op", 40, err);
  if (!op) return false;
  const struct family *family = family_find(op);
  if (!family) {
    char known[200] = "";
    size_t used = 0;
    for (size_t f = 0; f < n_families && used < sizeof known; f++)
      used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", f ? ", " : "", families[f]->name);
    return error_set(err, ERROR_INPUT, "unknown op '%s'; there are: %s", op, known);
  }
  const cJSON *shape = json_object(json, "shape", err);
  const char *mode;
  bool energy;
  if (!shape || !json_string_or(json, "mode", 16, NULL, &mode, err) ||
      !json_bool_or(json, "energy", false, &energy, err))
    return false;
  struct shape_range *range = calloc(1, sizeof *range);
  if (!range) return error_set(err, ERROR_MEMORY, "out of memory");
  bool ok = parse_shape(family, shape, range, err);
  size_t at[KERNEL_DIMS] = {0};
  const cJSON *names = cJSON_GetObjectItemCaseSensitive(json, "techniques");
  for (bool more = ok; more && ok; more = next_shape(family, range, at)) {
    struct suite_case c = {.kase.family = family, .energy = energy};
    for (size_t d = 0; d < family->n_dims; d++) c.kase.dim[d] = range->value[d][at[d]];
    ok = parse_techniques(family, names, &c, err) && choose_mode(&c, mode, err) && add_case(suite, capacity, &c, err);
    if (!ok) free_techniques(&c);
  }
  free(range);
  return ok;
}

static bool parse_cases(struct suite *suite, const cJSON *root, struct error *err) {
  const cJSON *list = json_array(root, "cases", err), *item;
  if (!list) return false;
  size_t capacity = 0, line = 0;
  cJSON_ArrayForEach(item, list) {
    if (!parse_case(suite, &capacity, item, err)) return error_prefix(err, "cases[%zu]: ", line);
    line++;
  }
  return suite->n_cases || error_set(err, ERROR_INPUT, "field 'cases' is empty; a suite needs at least one case");
}

static bool parse_header(struct suite *suite, const cJSON *root, struct error *err) {
  int64_t rounds, samples;
  const char *name = NULL, *description = NULL;
  if (!json_check_schema(root, "vkpareto.suite/1", err) ||
      !(name = json_string(root, "name", sizeof suite->name - 1, err)) ||
      !json_string_or(root, "description", sizeof suite->description - 1, "", &description, err) ||
      !json_int(root, "rounds", 5, 1000, &rounds, err) || !json_int(root, "samples", 2, 1000, &samples, err) ||
      !json_number(root, "sample_seconds", 1e-5, 10, &suite->sample_seconds, err) ||
      !json_number(root, "case_seconds", 0.01, 86400, &suite->case_seconds, err) ||
      !json_bool_or(root, "fastest_only", false, &suite->fastest_only, err))
    return false;
  snprintf(suite->name, sizeof suite->name, "%s", name);
  snprintf(suite->description, sizeof suite->description, "%s", description);
  suite->rounds = (uint32_t)rounds;
  suite->samples = (uint32_t)samples;
  char slug[sizeof suite->name];
  text_slug(name, slug, sizeof slug);
  return strcmp(slug, name) == 0 ||
         error_set(err, ERROR_INPUT, "field 'name' is '%s'; it becomes part of a file name: use a-z 0-9 . and - only",
                   name);
}

struct suite *suite_parse(const char *text, size_t bytes, struct error *err) {
  struct suite *suite = calloc(1, sizeof *suite);
  cJSON *root = json_parse(text, bytes, err);
  if (!suite) error_set(err, ERROR_MEMORY, "out of memory");
  if (!suite || !root || !parse_header(suite, root, err) || !parse_cases(suite, root, err)) goto error;
  sha256_hex(text, bytes, suite->sha256);
  cJSON_Delete(root);
  return suite;
error:
  cJSON_Delete(root);
  suite_free(suite);
  return NULL;
}

static struct suite *load_embedded(const char *name, struct error *err) {
  const char *known[64];
  size_t n = 0;
  char names[64][64];
  for (size_t i = 0; i < n_embedded_files && n < 64; i++) {
    const char *path = embedded_files[i].path;
    if (strchr(path, '/')) continue;   /* models/, tasks/, quality/ */
    snprintf(names[n], sizeof names[n], "%.*s", (int)(strlen(path) - strlen(".json")), path);
    if (text_equal_nocase(names[n], name)) return suite_parse(embedded_files[i].text, embedded_files[i].bytes, err);
    known[n] = names[n];
    n++;
  }
  const char *nearest = text_nearest(name, known, n);
  error_set(err, ERROR_USAGE, "unknown suite '%.80s'; %s%s%s", name,
            nearest ? "did you mean '" : "`vkpareto list suites` shows them", nearest ? nearest : "",
            nearest ? "'?" : ", or give a path to a .json file");
  return NULL;
}

struct suite *suite_load(const char *name, struct error *err) {
  size_t length = strlen(name), bytes;
  bool is_path = strchr(name, '/') || (length > 5 && strcmp(name + length - 5, ".json") == 0);
  if (!is_path) return load_embedded(name, err);
  char *text = file_read(name, SUITE_BYTES, &bytes, err);
  if (!text) return NULL;
  struct suite *suite = suite_parse(text, bytes, err);
  if (!suite) error_prefix(err, "%s: ", name);
  free(text);
  return suite;
}

void suite_free(struct suite *suite) {
  if (!suite) return;
  for (size_t c = 0; c < suite->n_cases; c++) free_techniques(&suite->cases[c]);
  free(suite->cases);
  free(suite);
}
