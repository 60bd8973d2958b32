/* How far a correct kernel may be from the fp64 reference: the terms of which every
 * tolerance is made. A room composes them, and writes the derivation beside it.
 *
 * Dot products follow the probabilistic bound of Higham and Mary (2019, "A new approach to probabilistic
 * rounding error analysis"): |err| <= c sqrt(K) u sum|a_i b_i| holds with overwhelming probability for c of
 * a few; TOLERANCE_C is written down there with its reason. Elementary functions enter with the ULP bounds of
 * the Vulkan specification, appendix "Precision and Operation of SPIR-V Instructions". */
#ifndef TOLERANCE_H
#define TOLERANCE_H

/* Lambda of their theorem 2.4: a correct kernel exceeds the bound at an element with probability below 2 exp(-8),
 * even at K = 1. */
enum { TOLERANCE_C = 4 };

#define UNIT_F32 5.9604644775390625e-8   /* 2^-24 */
#define UNIT_F16 4.8828125e-4            /* 2^-11 */

/* A dot product of k terms accumulated with unit roundoff u (each product may round too), stored with unit
 * roundoff u_out: c sqrt(k + 1) u magnitude + u_out |value|, plus the f32 denormal floor that a device may flush. */
double tolerance_dot(double k, double u, double magnitude, double u_out, double value);
/* How far an operand may be from v once it has been rounded to f16, |v| <= TOLERANCE_F16_MAX: nothing where f16 holds
 * v; else two unit roundoffs, since Vulkan leaves the direction of a conversion to the device (appendix "Precision and
 * Operation of SPIR-V Instructions"); all of v below the smallest normal number, which a device may flush. */
#define TOLERANCE_F16_MAX 65504.0
double tolerance_f16_operand(double v);
/* Relative error bound of exp(x) in f32: (3 + 2 |x|) ULP (Vulkan precision table); an ULP is at most 2 u relative. */
double tolerance_exp(double x);
/* Relative error bound of a / b in f32: 2.5 ULP. */
double tolerance_div(void);
/* Relative error bound of inversesqrt in f32: 2 ULP. */
double tolerance_inversesqrt(void);

#endif
