#include "layout.h"

#include <assert.h>
#include <string.h>

static const struct {
  const char *name;
  uint32_t w_group, scale_group;   /* bytes of a group of 32 */
} formats[LAYOUT_FORMATS] = {
  [LAYOUT_F32] = {"f32", 128, 0},
  [LAYOUT_F16] = {"f16", 64, 0},
  [LAYOUT_INT8_G32] = {"int8_g32", 32, 2},
  [LAYOUT_INT4_G32] = {"int4_g32", 16, 2},
  [LAYOUT_INT4Z_G32] = {"int4z_g32", 16, 4},
};

static bool ends_with(const char *text, const char *end) {
  size_t length = strlen(text), tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

enum layout_format layout_format(const struct technique *technique) {
  for (int f = 0; f < LAYOUT_FORMATS; f++)
    if (ends_with(technique->id, formats[f].name)) return (enum layout_format)f;
  assert(!"a technique with weights whose id names no format");
  return LAYOUT_F32;
}

struct layout layout_of(enum layout_format format, uint64_t k) {
  uint64_t groups = (k + WEIGHTS_GROUP - 1) / WEIGHTS_GROUP;
  return (struct layout){
    .format = format,
    .groups = groups,
    .x_row = groups * WEIGHTS_GROUP * sizeof(float),
    .w_row = groups * formats[format].w_group,
    .scale_row = groups * formats[format].scale_group,
  };
}

uint64_t layout_scale_bytes(const struct layout *layout, uint64_t n) { return (n * layout->scale_row + 3) / 4 * 4; }
