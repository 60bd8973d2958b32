#include "decode.h"

#include <math.h>
#include <string.h>

#include "fp16.h"

enum { GROUP = WEIGHTS_GROUP };

static double half_at(const unsigned char *at) { return fp16_to_float((uint16_t)(at[0] | at[1] << 8)); }

void decode_group(const struct layout *layout, const void *w, const void *scales, uint64_t row, uint64_t group,
                  double weight[GROUP], double magnitude[GROUP]) {
  const unsigned char *codes =
      (const unsigned char *)w + row * layout->w_row + group * (layout->w_row / layout->groups);
  const unsigned char *scale_bytes = scales;
  uint64_t scale = row * layout->groups + group;
  for (int e = 0; e < GROUP; e++) {
    double d = 1, z = 0, code = 0;
    switch (layout->format) {
      case LAYOUT_F32: {
        float value;
        memcpy(&value, codes + 4 * e, sizeof value);
        code = value;
        break;
      }
      case LAYOUT_F16: code = half_at(codes + 2 * e); break;
      case LAYOUT_INT8_G32:
        d = half_at(scale_bytes + 2 * scale);
        code = (signed char)codes[e];
        break;
      case LAYOUT_INT4_G32:
        d = half_at(scale_bytes + 2 * scale);
        code = (codes[e & 15] >> (e < 16 ? 0 : 4) & 15) - 8;
        break;
      case LAYOUT_INT4Z_G32:
        d = half_at(scale_bytes + 4 * scale);
        z = half_at(scale_bytes + 4 * scale + 2);
        code = codes[e & 15] >> (e < 16 ? 0 : 4) & 15;
        break;
      case LAYOUT_FORMATS: break;
    }
    weight[e] = d * code + z;
    magnitude[e] = fabs(d * code) + fabs(z);
  }
}

int decode_count(uint64_t k, uint64_t group) { return k - group * GROUP < GROUP ? (int)(k - group * GROUP) : GROUP; }

double decode_project(const struct layout *layout, const void *w, const void *scales, uint64_t n, uint64_t k,
                      const signed char *sign, double *sum) {
  double squares = 0;
  memset(sum, 0, k * sizeof *sum);
  for (uint64_t j = 0; j < n; j++)
    for (uint64_t g = 0; g < layout->groups; g++) {
      double weight[GROUP], magnitude[GROUP];
      decode_group(layout, w, scales, j, g, weight, magnitude);
      for (int e = 0; e < decode_count(k, g); e++) {
        sum[g * GROUP + e] += sign[j] * weight[e];
        squares += magnitude[e] * magnitude[e];
      }
    }
  return squares;
}
