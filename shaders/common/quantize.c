#include "quantize.h"

#include <math.h>
#include <string.h>

#include "fp16.h"

enum { GROUP = WEIGHTS_GROUP };

static float inverse(float d) { return d == 0 ? 0 : 1 / d; }

static int clamp_code(float code, int high) { return code < 0 ? 0 : code > (float)high ? high : (int)code; }

/* Elements e and e + 16 share a byte. */
static void store_nibbles(const int code[GROUP], unsigned char *out) {
  for (int e = 0; e < GROUP / 2; e++) out[e] = (unsigned char)(code[e] | code[e + GROUP / 2] << 4);
}

static void encode_int8(const float *in, int count, unsigned char *out, uint16_t *scale) {
  float largest = 0;
  for (int e = 0; e < count; e++) largest = fmaxf(largest, fabsf(in[e]));
  float d = largest / 127, id = inverse(d);
  for (int e = 0; e < GROUP; e++) out[e] = e < count ? (unsigned char)(int)roundf(in[e] * id) : 0;
  *scale = fp16_from_float(d);
}

/* The element of largest magnitude gets code 0, which is -8: the step carries its sign. */
static void encode_int4(const float *in, int count, unsigned char *out, uint16_t *scale) {
  float largest = 0;
  for (int e = 0; e < count; e++)
    if (fabsf(in[e]) > fabsf(largest)) largest = in[e];
  float d = largest / -8, id = inverse(d);
  int code[GROUP];
  for (int e = 0; e < GROUP; e++) code[e] = e < count ? clamp_code(in[e] * id + 8.5f, 15) : 8;
  store_nibbles(code, out);
  *scale = fp16_from_float(d);
}

static void encode_int4z(const float *in, int count, unsigned char *out, uint16_t scale[2]) {
  float low = in[0], high = in[0];
  for (int e = 1; e < count; e++) {
    low = fminf(low, in[e]);
    high = fmaxf(high, in[e]);
  }
  float d = (high - low) / 15, id = inverse(d);
  int code[GROUP];
  for (int e = 0; e < GROUP; e++) code[e] = e < count ? clamp_code((in[e] - low) * id + 0.5f, 15) : 0;
  store_nibbles(code, out);
  scale[0] = fp16_from_float(d);
  scale[1] = fp16_from_float(low);
}

static void encode_half(const float *in, int count, uint16_t *out) {
  for (int e = 0; e < GROUP; e++) out[e] = e < count ? fp16_from_float(in[e]) : 0;
}

static void encode_float(const float *in, int count, float *out) {
  for (int e = 0; e < GROUP; e++) out[e] = e < count ? in[e] : 0;
}

static void encode_group(enum layout_format format, const float *in, int count, void *out, uint16_t *scale) {
  switch (format) {
    case LAYOUT_F32: encode_float(in, count, out); break;
    case LAYOUT_F16: encode_half(in, count, out); break;
    case LAYOUT_INT8_G32: encode_int8(in, count, out, scale); break;
    case LAYOUT_INT4_G32: encode_int4(in, count, out, scale); break;
    case LAYOUT_INT4Z_G32: encode_int4z(in, count, out, scale); break;
    case LAYOUT_FORMATS: break;
  }
}

static void decode_group(enum layout_format format, const unsigned char *codes, const uint16_t *scale,
                         float out[GROUP]) {
  float d = scale ? fp16_to_float(scale[0]) : 1;
  float z = format == LAYOUT_INT4Z_G32 ? fp16_to_float(scale[1]) : 0;
  for (int e = 0; e < GROUP; e++) {
    int nibble = codes[e % 16] >> (e < 16 ? 0 : 4) & 15;
    switch (format) {
      case LAYOUT_F32: out[e] = ((const float *)(const void *)codes)[e]; break;
      case LAYOUT_F16: out[e] = fp16_to_float(((const uint16_t *)(const void *)codes)[e]); break;
      case LAYOUT_INT8_G32: out[e] = d * (float)(int8_t)codes[e]; break;
      case LAYOUT_INT4_G32: out[e] = d * (float)(nibble - 8); break;
      case LAYOUT_INT4Z_G32: out[e] = d * (float)nibble + z; break;
      case LAYOUT_FORMATS: break;
    }
  }
}

static int group_size(uint64_t k, uint64_t group) {
  return k - group * GROUP < GROUP ? (int)(k - group * GROUP) : GROUP;
}

/* Halves of scale per group. */
static uint64_t scale_halves(const struct layout *layout) {
  return layout->scale_row / layout->groups / sizeof(uint16_t);
}

void quantize_matrix(const struct layout *layout, const float *in, uint64_t n, uint64_t k, void *w, void *scales) {
  uint64_t group_bytes = layout->w_row / layout->groups, halves = scale_halves(layout);
  if (halves) memset((char *)scales + layout_scale_bytes(layout, n) - 4, 0, 4);   /* the tail after an odd number */
  for (uint64_t i = 0; i < n * layout->groups; i++) {
    uint64_t row = i / layout->groups, group = i % layout->groups;
    encode_group(layout->format, in + row * k + group * GROUP, group_size(k, group), (char *)w + i * group_bytes,
                 halves ? (uint16_t *)scales + i * halves : NULL);
  }
}

static void decode_at(const struct layout *layout, const void *w, const void *scales, uint64_t i, float out[GROUP]) {
  uint64_t halves = scale_halves(layout);
  decode_group(layout->format, (const unsigned char *)w + i * (layout->w_row / layout->groups),
               halves ? (const uint16_t *)scales + i * halves : NULL, out);
}

void quantize_decode(const struct layout *layout, const void *w, const void *scales, uint64_t n, uint64_t k,
                     float *out) {
  for (uint64_t i = 0; i < n * layout->groups; i++) {
    uint64_t row = i / layout->groups, group = i % layout->groups;
    float values[GROUP];
    decode_at(layout, w, scales, i, values);
    memcpy(out + row * k + group * GROUP, values, (size_t)group_size(k, group) * sizeof *values);
  }
}

double quantize_error(const struct layout *layout, const float *in, uint64_t n, uint64_t k, const void *w,
                      const void *scales) {
  double lost = 0, all = 0;
  for (uint64_t i = 0; i < n * layout->groups; i++) {
    uint64_t row = i / layout->groups, group = i % layout->groups;
    const float *from = in + row * k + group * GROUP;
    float values[GROUP];
    decode_at(layout, w, scales, i, values);
    for (int e = 0; e < group_size(k, group); e++) {
      double difference = (double)from[e] - (double)values[e];
      lost += difference * difference;
      all += (double)from[e] * (double)from[e];
    }
  }
  return lost == 0 ? 0 : lost / all;
}
