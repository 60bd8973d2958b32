#include "ceilings_of.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool ceilings_family_is(const struct family *family) { return strcmp(family->name, "ceilings") == 0; }

static void raise_to(double *best, double value) { *best = fmax(*best, value); }   /* the number of a number and NAN */

static double *flops_slot(struct result *result, const char *name) {
  for (size_t i = 0; i < result->ceilings.n_flops; i++)
    if (strcmp(result->ceilings.flops[i].name, name) == 0) return &result->ceilings.flops[i].value;
  if (result->ceilings.n_flops == RESULT_CEILINGS) return NULL;
  size_t i = result->ceilings.n_flops++;
  snprintf(result->ceilings.flops[i].name, sizeof result->ceilings.flops[i].name, "%s", name);
  result->ceilings.flops[i].value = NAN;
  return &result->ceilings.flops[i].value;
}

/* "fma_f32" and "muladd_f32" are two ways to the ceiling "f32"; "coopmat_f16_f32" is one of its own. */
static const char *flops_name(const char *name) {
  static const char *const ways[] = {"fma_", "muladd_"};
  for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
    if (strncmp(name, ways[i], strlen(ways[i])) == 0) return name + strlen(ways[i]);
  return name;
}

static const char *name_of(const char *technique) {
  const char *dot = strchr(technique, '.');
  return dot ? dot + 1 : "";
}

const char *ceilings_kind(const struct family *family, const char *technique, enum kernel_mode mode) {
  const char *name = name_of(technique);
  if (!ceilings_family_is(family) || strcmp(name, "copy") == 0 || strcmp(name, "empty") == 0) return NULL;
  if (strcmp(name, "read") == 0) return mode == MODE_COLD ? "read_memory" : NULL;
  return flops_name(name);
}

/* A row without a time leaves the ceiling unknown, but named. */
static void take_row(struct result *result, const struct result_row *row) {
  const char *name = name_of(row->technique);
  bool cold = row->mode == MODE_COLD;
  double ns = status_has_time(row->status) ? row->time.median : NAN;
  double bytes_per_s = 1e9 * row->bytes / ns;
  if (strcmp(name, "read") == 0) {
    raise_to(cold ? &result->ceilings.read_memory : &result->ceilings.read_llc, bytes_per_s);
  } else if (strcmp(name, "copy") == 0) {
    raise_to(cold ? &result->ceilings.copy_memory : &result->ceilings.copy_llc, bytes_per_s);
  } else if (strcmp(name, "empty") == 0) {
    result->ceilings.dispatch_ns = fmin(result->ceilings.dispatch_ns, ns);
  } else {
    double *slot = flops_slot(result, flops_name(name));
    if (slot) raise_to(slot, 1e9 * row->flops / ns);
  }
}

void ceilings_fill(struct result *result) {
  result->ceilings.read_memory = result->ceilings.read_llc = NAN;
  result->ceilings.copy_memory = result->ceilings.copy_llc = NAN;
  result->ceilings.dispatch_ns = NAN;   /* fmin takes the number of a number and NAN */
  result->ceilings.n_flops = 0;
  for (size_t i = 0; i < result->n_rows; i++) {
    const struct result_row *row = &result->rows[i];
    if (row->family && ceilings_family_is(row->family)) take_row(result, row);
  }
}

/* Shortest time that the ceilings allow, NAN unknown. */
static double ideal_ns(const struct result *result, const struct result_row *row, bool *memory_bound) {
  double bandwidth = result->ceilings.read_memory;
  if (row->mode != MODE_COLD) bandwidth = fmax(bandwidth, result->ceilings.read_llc);
  const char *compute = row->family ? arithmetic_of(row->family, variant_find(row->variant)).compute_ceiling : NULL;
  double memory = 1e9 * row->bytes / bandwidth;
  double arithmetic = compute ? 1e9 * row->flops / result_flops_ceiling(result, compute) : NAN;
  *memory_bound = !(arithmetic > memory);
  return fmax(memory, arithmetic);
}

void ceilings_rate(const struct result *result, struct result_row *row) {
  row->roofline = NAN;
  if (!status_has_time(row->status) || !row->family || ceilings_family_is(row->family)) return;
  row->roofline = ideal_ns(result, row, &row->memory_bound) / row->time.median;
}

bool ceilings_exceeded(const struct result *result, const struct result_row *row) {
  double allowed = result->caps.type == DEVICE_CPU ? 1.30 : 1.05;
  bool ignored;
  if (!status_has_time(row->status) || isnan(row->roofline)) return false;
  return ideal_ns(result, row, &ignored) / row->time.hi > allowed;
}
