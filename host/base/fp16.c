#include "fp16.h"

#include <string.h>

uint16_t fp16_from_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000)   /* NaN: keep what fits of the payload, quiet */
    return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
  if (magnitude >= 0x477ff000)  /* 65520 and above round to infinity */
    return (uint16_t)(sign | 0x7c00);
  if (magnitude < 0x33000000)   /* below 2^-25 */
    return (uint16_t)sign;
  uint32_t exponent = magnitude >> 23, mantissa = magnitude & 0x7fffff, drop = 13, half;
  if (exponent < 113) {         /* subnormal half: the leading one becomes explicit */
    mantissa |= 0x800000;
    drop = 126 - exponent;
    half = mantissa >> drop;
  } else {
    half = (exponent - 112) << 10 | mantissa >> drop;
  }
  uint32_t rest = mantissa & ((1u << drop) - 1), tie = 1u << (drop - 1);
  half += rest > tie || (rest == tie && (half & 1));   /* a carry moves into the exponent, as it should */
  return (uint16_t)(sign | half);
}

float fp16_to_float(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 0x1f, mantissa = half & 0x3ff, bits;
  if (exponent == 0) {
    float magnitude = (float)mantissa * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  if (exponent == 31) bits = sign | 0x7f800000 | mantissa << 13;
  else bits = sign | (exponent + 112) << 23 | mantissa << 13;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
