#include "gguf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "platform.h"

/* A tokenizer of 262,144 entries (Gemma's) takes less than 10 MB of metadata. Models have a dozen tensors per layer,
 * and llama.cpp allows names of 64 (GGML_MAX_NAME). */
enum { PIECE = 1 << 16, MAX_HEADER = 1 << 26, MAX_KEYS = 1 << 16, MAX_TENSORS = 1 << 17 };
enum { MAX_KEY_LENGTH = 65535, MAX_DEPTH = 4 };

enum value_type {
  TYPE_U8, TYPE_I8, TYPE_U16, TYPE_I16, TYPE_U32, TYPE_I32, TYPE_F32, TYPE_BOOL, TYPE_STRING, TYPE_ARRAY,
  TYPE_U64, TYPE_I64, TYPE_F64, TYPES
};
static const unsigned value_bytes[TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

static const struct { const char *name; uint32_t elements, bytes; } tensor_types[GGUF_TYPES] = {
  [0] = {"F32", 1, 4}, [1] = {"F16", 1, 2}, [2] = {"Q4_0", 32, 18}, [3] = {"Q4_1", 32, 20}, [6] = {"Q5_0", 32, 22},
  [7] = {"Q5_1", 32, 24}, [8] = {"Q8_0", 32, 34}, [9] = {"Q8_1", 32, 40}, [10] = {"Q2_K", 256, 84},
  [11] = {"Q3_K", 256, 110}, [12] = {"Q4_K", 256, 144}, [13] = {"Q5_K", 256, 176}, [14] = {"Q6_K", 256, 210},
  [15] = {"Q8_K", 256, 292}, [16] = {"IQ2_XXS", 256, 66}, [17] = {"IQ2_XS", 256, 74},
  [18] = {"IQ3_XXS", 256, 98}, [19] = {"IQ1_S", 256, 50},
  [20] = {"IQ4_NL", 32, 18}, [21] = {"IQ3_S", 256, 110}, [22] = {"IQ2_S", 256, 82}, [23] = {"IQ4_XS", 256, 136},
  [24] = {"I8", 1, 1}, [25] = {"I16", 1, 2}, [26] = {"I32", 1, 4}, [27] = {"I64", 1, 8}, [28] = {"F64", 1, 8},
  [29] = {"IQ1_M", 256, 56}, [30] = {"BF16", 1, 2}, [34] = {"TQ1_0", 256, 54}, [35] = {"TQ2_0", 256, 66},
  [39] = {"MXFP4", 32, 17}, [40] = {"NVFP4", 64, 36}, [41] = {"Q1_0", 128, 18},
};

const char *gguf_type_name(uint32_t type) { return type < GGUF_TYPES ? tensor_types[type].name : NULL; }

/* ---- bytes, in order */

struct reader {
  int handle;                        /* -1: from memory alone */
  const unsigned char *data;         /* what is at hand: bytes from `at` to `end` */
  size_t at, end;
  uint64_t done;
  unsigned char *piece;
};

static bool refill(struct reader *r, struct error *err) {
  size_t got = 0;
  const int failed = r->handle < 0 ? 0 : platform_read(r->handle, r->piece, PIECE, &got);
  if (failed) return file_error(err, "read", "the GGUF header", failed);
  if (got == 0)
    return error_set(err, ERROR_INPUT, "the file ends within its GGUF header, after %llu bytes; fetch it again",
                     (unsigned long long)r->done);
  r->at = 0;
  r->end = got;
  return true;
}

/* out NULL: skipped. */
static bool take(struct reader *r, void *out, uint64_t bytes, struct error *err) {
  if (bytes > MAX_HEADER - r->done)
    return error_set(err, ERROR_INPUT, "the GGUF header is over %d MiB: no model's is", MAX_HEADER >> 20);
  unsigned char *to = out;
  while (bytes > 0) {
    if (r->at == r->end && !refill(r, err)) return false;
    const size_t here = bytes < r->end - r->at ? (size_t)bytes : r->end - r->at;
    if (to) memcpy(to, r->data + r->at, here);
    to = to ? to + here : NULL;
    r->at += here;
    r->done += here;
    bytes -= here;
  }
  return true;
}

static bool take_number(struct reader *r, unsigned bytes, uint64_t *out, struct error *err) {
  unsigned char raw[8];
  if (!take(r, raw, bytes, err)) return false;
  *out = 0;
  for (unsigned i = 0; i < bytes; i++) *out |= (uint64_t)raw[i] << (8 * i);
  return true;
}

/* Cut to GGUF_NAME - 1 characters; control characters become '?', since names are printed. */
static bool take_string(struct reader *r, char out[GGUF_NAME], uint64_t most, uint64_t *length, struct error *err) {
  if (!take_number(r, 8, length, err)) return false;
  if (*length > most)
    return error_set(err, ERROR_INPUT, "a GGUF string of %llu bytes where at most %llu are allowed",
                     (unsigned long long)*length,
                     (unsigned long long)most);
  const size_t kept = *length < GGUF_NAME ? (size_t)*length : GGUF_NAME - 1;
  if (!take(r, out, kept, err) || !take(r, NULL, *length - kept, err)) return false;
  out[kept] = '\0';
  for (size_t i = 0; i < kept; i++)
    if ((unsigned char)out[i] < ' ' || (unsigned char)out[i] > '~') out[i] = '?';
  return true;
}

/* ---- metadata */

static double number_of(enum value_type type, uint64_t raw) {
  float f;
  double d;
  const uint32_t low = (uint32_t)raw;
  switch (type) {
    case TYPE_I8: return (int8_t)raw;
    case TYPE_I16: return (int16_t)raw;
    case TYPE_I32: return (int32_t)raw;
    case TYPE_I64: return (double)(int64_t)raw;
    case TYPE_F32: memcpy(&f, &low, sizeof f); return f;
    case TYPE_F64: memcpy(&d, &raw, sizeof d); return d;
    default: return (double)raw;
  }
}

static void add_number(struct gguf_key *key, double value) {
  key->low = isnan(key->low) ? value : fmin(key->low, value);
  key->high = isnan(key->high) ? value : fmax(key->high, value);
  key->sum = isnan(key->sum) ? value : key->sum + value;
}

static bool take_array(struct reader *r, struct gguf_key *key, int depth, struct error *err);

/* One value; strings and inner arrays of an array are passed over. */
static bool take_value(struct reader *r, uint64_t type, struct gguf_key *key, int depth, struct error *err) {
  uint64_t raw;
  char ignored[GGUF_NAME];
  if (type >= TYPES)
    return error_set(err, ERROR_INPUT, "GGUF key '%s' has a value of the unknown type %llu", key->name,
                     (unsigned long long)type);
  if (type == TYPE_STRING) return take_string(r, depth ? ignored : key->text, MAX_HEADER, &raw, err);
  if (type == TYPE_ARRAY) return take_array(r, key, depth + 1, err);
  if (!take_number(r, value_bytes[type], &raw, err)) return false;
  if (type == TYPE_BOOL && raw > 1)
    return error_set(err, ERROR_INPUT, "GGUF key '%s' holds a boolean of %llu", key->name, (unsigned long long)raw);
  if (depth <= 1) add_number(key, number_of((enum value_type)type, raw));
  return true;
}

/* A count that the file cannot hold ends at its end: every element takes a byte or more. */
static bool take_array(struct reader *r, struct gguf_key *key, int depth, struct error *err) {
  uint64_t type, count;
  if (depth > MAX_DEPTH)
    return error_set(err, ERROR_INPUT, "GGUF key '%s' nests arrays deeper than %d", key->name, MAX_DEPTH);
  if (!take_number(r, 4, &type, err) || !take_number(r, 8, &count, err)) return false;
  if (depth == 1) key->count = count;
  if (count > MAX_HEADER)
    return error_set(err, ERROR_INPUT, "GGUF key '%s' is an array of %llu elements", key->name,
                     (unsigned long long)count);
  for (uint64_t i = 0; i < count; i++)
    if (!take_value(r, type, key, depth, err)) return false;
  return true;
}

static bool take_keys(struct reader *r, uint64_t n, struct gguf *g, struct error *err) {
  for (uint64_t i = 0; i < n; i++) {
    struct gguf_key key = {.count = 1, .low = NAN, .high = NAN, .sum = NAN};
    uint64_t length, type;
    if (!take_string(r, key.name, MAX_KEY_LENGTH, &length, err) || !take_number(r, 4, &type, err)
        || !take_value(r, type, &key, 0, err))
      return false;
    if (length < GGUF_NAME && g->n_keys < GGUF_KEYS) g->keys[g->n_keys++] = key;
  }
  return true;
}

const struct gguf_key *gguf_find(const struct gguf *g, const char *name) {
  for (size_t i = 0; i < g->n_keys; i++)
    if (strcmp(g->keys[i].name, name) == 0) return &g->keys[i];
  return NULL;
}

/* ---- tensor infos */

static bool take_tensor(struct reader *r, struct gguf_tensor *t, struct error *err) {
  uint64_t length, n, type, offset;
  if (!take_string(r, t->name, GGUF_NAME - 1, &length, err) || !take_number(r, 4, &n, err)) return false;
  if (n < 1 || n > 4)
    return error_set(err, ERROR_INPUT, "GGUF tensor '%s' has %llu dimensions, 1 to 4 are allowed", t->name,
                     (unsigned long long)n);
  t->n_dims = (uint32_t)n;
  for (uint32_t d = 0; d < 4; d++) {
    t->dim[d] = 1;
    if (d < t->n_dims && !take_number(r, 8, &t->dim[d], err)) return false;
  }
  if (!take_number(r, 4, &type, err) || !take_number(r, 8, &offset, err)) return false;
  t->type = (uint32_t)type;
  if (!gguf_type_name(t->type))
    return error_set(err, ERROR_INPUT, "GGUF tensor '%s' has the unknown type %u", t->name, t->type);
  return true;
}

static bool add_tensor(struct gguf *g, const struct gguf_tensor *t, struct error *err) {
  double elements = 1;
  for (uint32_t d = 0; d < 4; d++) elements *= (double)t->dim[d];
  if (elements < 1 || elements > 1e15 || t->dim[0] % tensor_types[t->type].elements)
    return error_set(err, ERROR_INPUT, "GGUF tensor '%s' of type %s has impossible dimensions: %llu, %llu, %llu, %llu",
                     t->name, gguf_type_name(t->type), (unsigned long long)t->dim[0], (unsigned long long)t->dim[1],
                     (unsigned long long)t->dim[2], (unsigned long long)t->dim[3]);
  const double bytes = elements / tensor_types[t->type].elements * tensor_types[t->type].bytes;
  g->params += elements;
  g->bytes += bytes;
  g->type_bytes[t->type] += bytes;
  if (strcmp(t->name, "token_embd.weight") == 0) g->vocab = t->dim[1];
  g->has_output |= strcmp(t->name, "output.weight") == 0;
  g->has_qkv_bias |= strcmp(t->name, "blk.0.attn_q.bias") == 0 || strcmp(t->name, "blk.0.attn_qkv.bias") == 0;
  g->has_q_norm |= strcmp(t->name, "blk.0.attn_q_norm.weight") == 0;
  return true;
}

/* ---- the whole */

bool gguf_is(const void *data, size_t bytes) { return bytes >= 4 && memcmp(data, "GGUF", 4) == 0; }

static bool read_all(struct reader *r, struct gguf *g, struct error *err) {
  char magic[4];
  uint64_t version, n_keys;
  if (!take(r, magic, sizeof magic, err) || !take_number(r, 4, &version, err)) return false;
  if (!gguf_is(magic, sizeof magic)) return error_set(err, ERROR_INPUT, "no GGUF file: it does not begin with GGUF");
  if (version != 2 && version != 3)
    return error_set(err, ERROR_INPUT, "GGUF version %llu is not known, only 2 and 3%s", (unsigned long long)version,
                     version > 0xffff ? "; big-endian files are not read" : "; convert it with a newer llama.cpp");
  g->version = (uint32_t)version;
  if (!take_number(r, 8, &g->n_tensors, err) || !take_number(r, 8, &n_keys, err)) return false;
  if (g->n_tensors > MAX_TENSORS || n_keys > MAX_KEYS)
    return error_set(err, ERROR_INPUT, "the GGUF header has %llu tensors and %llu keys; at most %d and %d are believed",
                     (unsigned long long)g->n_tensors, (unsigned long long)n_keys, MAX_TENSORS, MAX_KEYS);
  if (!take_keys(r, n_keys, g, err)) return false;
  for (uint64_t i = 0; i < g->n_tensors; i++) {
    struct gguf_tensor tensor;
    if (!take_tensor(r, &tensor, err) || !add_tensor(g, &tensor, err)) return false;
  }
  return true;
}

bool gguf_parse(const void *data, size_t bytes, struct gguf *g, struct error *err) {
  *g = (struct gguf){0};
  struct reader r = {.handle = -1, .data = data, .end = bytes};
  return read_all(&r, g, err);
}

bool gguf_read(const char *path, struct gguf *g, struct error *err) {
  *g = (struct gguf){0};
  struct reader r = {.piece = malloc(PIECE)};
  if (!r.piece) return error_set(err, ERROR_MEMORY, "out of memory for a GGUF header");
  r.data = r.piece;
  const int failed = platform_open(path, PLATFORM_READ, &r.handle);
  const bool ok = failed ? file_error(err, "read", path, failed) : read_all(&r, g, err);
  if (!failed) platform_close(r.handle);
  free(r.piece);
  return ok;
}
