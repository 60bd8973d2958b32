/* The registry: one line per room. */
#include <string.h>

#include "kernel.h"

extern const struct family ceilings_family, matmul_family, attention_family, block_family, kv_cache_family,
                           router_family, moe_family, adapter_family;

const struct family *const families[] = {
  &ceilings_family,
  &matmul_family,
  &attention_family,
  &block_family,
  &kv_cache_family,
  &router_family,
  &moe_family,
  &adapter_family,
};
const size_t n_families = sizeof families / sizeof families[0];

const struct family *family_find(const char *name) {
  for (size_t f = 0; f < n_families; f++)
    if (strcmp(families[f]->name, name) == 0) return families[f];
  return NULL;
}

const struct family *family_of_technique(const char *technique_id) {
  for (size_t f = 0; f < n_families; f++)
    for (size_t t = 0; t < families[f]->n_techniques; t++)
      if (strcmp(families[f]->techniques[t].id, technique_id) == 0) return families[f];
  return NULL;
}

const struct technique *technique_find(const char *id) {
  const struct family *family = family_of_technique(id);
  for (size_t t = 0; family && t < family->n_techniques; t++)
    if (strcmp(family->techniques[t].id, id) == 0) return &family->techniques[t];
  return NULL;
}

const struct technique *technique_of(const struct family *family, const struct variant *variant) {
  for (size_t t = 0; t < family->n_techniques; t++)
    if (strcmp(family->techniques[t].id, variant->technique) == 0) return &family->techniques[t];
  return NULL;
}

const struct variant *variant_find(const char *id) {
  for (size_t f = 0; f < n_families; f++)
    for (size_t v = 0; v < families[f]->n_variants; v++)
      if (strcmp(families[f]->variants[v].id, id) == 0) return &families[f]->variants[v];
  return NULL;
}
