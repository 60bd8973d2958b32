/* IEEE 754 binary16 in software: round to nearest even, subnormals, infinities and NaN kept. */
#ifndef FP16_H
#define FP16_H

#include <stdint.h>

uint16_t fp16_from_float(float);
float fp16_to_float(uint16_t);

#endif
