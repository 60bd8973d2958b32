/* What a variant asks of the device and of the build, in words. */
#ifndef VARIANT_TEXT_H
#define VARIANT_TEXT_H

#include <stddef.h>

#include "kernel.h"

/* "int_dot, subgroup_shuffle"; "Vulkan 1.2" when it asks for no feature. */
void variant_requires_text(const struct variant *, char *out, size_t size);
/* NULL when all its shaders are in this binary, else why one is not. */
const char *variant_not_built(const struct variant *);

#endif
