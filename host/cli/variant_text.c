#include "variant_text.h"

#include <stdio.h>

void variant_requires_text(const struct variant *variant, char *out, size_t size) {
  size_t used = 0;
  for (unsigned bit = 0; bit < FEATURE_COUNT && used < size; bit++)
    if (variant->requires >> bit & 1)
      used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", feature_names[bit]);
  if (used == 0) snprintf(out, size, "Vulkan 1.2");
}

const char *variant_not_built(const struct variant *variant) {
  for (size_t s = 0; s < KERNEL_SHADERS && variant->shaders[s]; s++) {
    const struct spirv *spirv = spirv_find(variant->shaders[s]);
    if (!spirv) return "the build has no shader of that name";
    if (!spirv->words) return spirv->reason;
  }
  return NULL;
}
