/* y in double precision, from the stored bytes; and how far from it a kernel may be that multiplies in f32, or on a
 * matrix unit whose operands are f16.
 *
 * Such operands saturate at the largest f16, which is part of the op then: the value is that of saturated operands.
 * They are rounded, each by at most tolerance_f16_operand. So far as those errors are independent and centred, what
 * they do to a sum stays within LAMBDA sqrt(sum of squares) but for 2 exp(-LAMBDA^2 / 2) of the draws (Hoeffding 1963):
 * RANDOM data with its random signs is like that; for other data they are added up. Sums: where IEEE 754 rounds, a
 * matrix unit may truncate, which doubles u (Fasi, Higham, Mikaitis and Pranesh 2021, "Numerical behavior of NVIDIA
 * tensor cores", PeerJ Computer Science 7:e330) and errs to one side: partial sums of RANDOM data grow with sqrt(K), so
 * that K such errors stay within those of tolerance_dot; of other data they may be as large as the sum of magnitudes,
 * and the errors are added up. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "layout.h"
#include "rng.h"
#include "room.h"
#include "tolerance.h"

enum { GROUP = WEIGHTS_GROUP, LAMBDA = 4 };
enum operands { IN_F32, IN_MATRIX_UNIT };

static const double u_sum[] = {[IN_F32] = UNIT_F32, [IN_MATRIX_UNIT] = 2 * UNIT_F32};

static double operand(enum operands how, double v) {
  return how == IN_F32 ? v : fmax(-TOLERANCE_F16_MAX, fmin(v, TOLERANCE_F16_MAX));
}

static double operand_error(enum operands how, double v) { return how == IN_F32 ? 0 : tolerance_f16_operand(v); }

static const void *scales_of(const struct layout *layout, const void *const *data) {
  return layout->scale_row ? data[MATMUL_SCALES] : NULL;
}

static const float *x_row(const struct layout *layout, const void *const *data, uint64_t row) {
  return (const float *)((const char *)data[MATMUL_X] + row * layout->x_row);
}

/* One output: its value, the sum of the magnitudes of its products, and what rounding its operands may add to it. */
struct dot { double value, magnitude, rounding; };

static struct dot dot_of(enum operands how, const struct layout *layout, const void *const *data, enum fill fill,
                         uint64_t col, uint64_t row, uint64_t k) {
  const float *x = x_row(layout, data, col);
  struct dot dot = {0};
  double sum = 0, squares = 0;
  for (uint64_t g = 0; g < layout->groups; g++) {
    double weight[GROUP], magnitude[GROUP];
    decode_group(layout, data[MATMUL_W], scales_of(layout, data), row, g, weight, magnitude);
    for (int e = 0; e < decode_count(k, g); e++) {
      double a = operand(how, (double)x[g * GROUP + e]), w = operand(how, weight[e]);
      double a_error = operand_error(how, a), w_error = operand_error(how, w);
      double error = a_error * fabs(w) + fabs(a) * w_error + a_error * w_error;
      dot.value += a * w;
      dot.magnitude += fabs(a) * fmax(fabs(w), magnitude[e]);
      sum += error;
      squares += error * error;
    }
  }
  dot.rounding = fill == FILL_RANDOM ? LAMBDA * sqrt(squares) : sum;
  return dot;
}

static double sum_error(enum operands how, enum fill fill, uint64_t k, const struct dot *dot) {
  if (how == IN_MATRIX_UNIT && fill != FILL_RANDOM)
    return (double)k * u_sum[how] * dot->magnitude + UNIT_F32 * fabs(dot->value);
  return tolerance_dot((double)k, u_sum[how], dot->magnitude, UNIT_F32, dot->value);
}

static void reference(enum operands how, const struct kernel_case *kase, const struct technique *technique,
                      enum fill fill, const void *const *data, const uint64_t *index, size_t count, double *value,
                      double *bound) {
  uint64_t n = (uint64_t)kase->dim[1], k = (uint64_t)kase->dim[2];
  struct layout layout = layout_of(layout_format(technique), k);
  for (size_t i = 0; i < count; i++) {
    struct dot dot = dot_of(how, &layout, data, fill, index[i] / n, index[i] % n, k);
    value[i] = dot.value;
    bound[i] = fill == FILL_EXACT ? 0 : sum_error(how, fill, k, &dot) + dot.rounding;
  }
}

void reference_matmul(const struct kernel_case *kase, const struct technique *technique, enum fill fill,
                      const void *const *data, const uint64_t *index, size_t n, double *value, double *bound) {
  reference(IN_F32, kase, technique, fill, data, index, n, value, bound);
}

void reference_matmul_f16(const struct kernel_case *kase, const struct technique *technique, enum fill fill,
                          const void *const *data, const uint64_t *index, size_t n, double *value, double *bound) {
  reference(IN_MATRIX_UNIT, kase, technique, fill, data, index, n, value, bound);
}

/* squares[e] = sum over the rows of w of the squared error of rounding column e. */
static void column_errors(const struct layout *layout, const void *const *data, uint64_t n, uint64_t k,
                          double *squares) {
  memset(squares, 0, k * sizeof *squares);
  for (uint64_t row = 0; row < n; row++)
    for (uint64_t g = 0; g < layout->groups; g++) {
      double weight[GROUP], magnitude[GROUP];
      decode_group(layout, data[MATMUL_W], scales_of(layout, data), row, g, weight, magnitude);
      for (int e = 0; e < decode_count(k, g); e++) {
        double error = tolerance_f16_operand(weight[e]);
        squares[g * GROUP + e] += error * error;
      }
    }
}

/* Freivalds (1977): with random signs r, row i of y satisfies y_i . r = x_i . (W' r). Each y_ij may be wrong by
 * E_ij <= t |x_i| |w_j| (tolerance of a dot product, Cauchy-Schwarz), and signs that do not depend on the errors give
 * |sum of r_j e_ij| <= LAMBDA sqrt(sum of E_ij^2) = LAMBDA t |x_i| ||W||_F but for 2 exp(-LAMBDA^2 / 2) of the draws
 * (Hoeffding 1963). Likewise operands in f16: the errors dx of x_i meet W' r as it is, those of w meet x_i with the
 * signs of r, which gives LAMBDA (sqrt(sum (dx_k (W' r)_k)^2) + sqrt(sum x_ik^2 dw_jk^2)) more. The data are RANDOM: no
 * operand saturates. The row nearest to or farthest over its bound is returned. */
static void whole(enum operands how, const struct kernel_case *kase, const struct technique *technique,
                  enum fill fill, const void *const *data, const float *output, uint64_t seed, double *residual,
                  double *bound) {
  uint64_t m = (uint64_t)kase->dim[0], n = (uint64_t)kase->dim[1], k = (uint64_t)kase->dim[2];
  struct layout layout = layout_of(layout_format(technique), k);
  double *combined = malloc(k * sizeof *combined);   /* W' r */
  double *column = calloc(k, sizeof *column);        /* sum over j of dw_jk^2 */
  signed char *sign = malloc(n);
  *residual = INFINITY;   /* memory ran out: not proved */
  *bound = 0;
  if (!combined || !column || !sign) goto done;

  struct rng rng = rng_make(seed);
  for (uint64_t j = 0; j < n; j++) sign[j] = rng_next(&rng) >> 63 ? 1 : -1;
  double squares = decode_project(&layout, data[MATMUL_W], scales_of(&layout, data), n, k, sign, combined);
  if (how == IN_MATRIX_UNIT) column_errors(&layout, data, n, k, column);
  double worst = -1;
  for (uint64_t i = 0; i < m; i++) {
    const float *x = x_row(&layout, data, i);
    double expected = 0, found = 0, length = 0, of_x = 0, of_w = 0;
    for (uint64_t e = 0; e < k; e++) {
      double a = (double)x[e], a_error = operand_error(how, a) * combined[e];
      expected += combined[e] * a;
      length += a * a;
      of_x += a_error * a_error;
      of_w += a * a * column[e];
    }
    for (uint64_t j = 0; j < n; j++) found += sign[j] * (double)output[i * n + j];
    double difference = fabs(found - expected), norm = sqrt(length * squares);
    double limit = LAMBDA * (tolerance_dot((double)k, u_sum[how], norm, UNIT_F32, norm) + sqrt(of_x) + sqrt(of_w));
    if (fill == FILL_EXACT) limit = 0;
    double ratio = limit > 0 ? difference / limit : difference > 0 ? INFINITY : 0;
    if (!isfinite(difference)) ratio = difference = INFINITY;
    if (ratio > worst) {
      worst = ratio;
      *residual = difference;
      *bound = limit;
    }
  }
done:
  free(combined);
  free(column);
  free(sign);
}

void reference_whole(const struct kernel_case *kase, const struct technique *technique, enum fill fill,
                     const void *const *data, const float *output, uint64_t seed, double *residual, double *bound) {
  whole(IN_F32, kase, technique, fill, data, output, seed, residual, bound);
}

void reference_whole_f16(const struct kernel_case *kase, const struct technique *technique, enum fill fill,
                         const void *const *data, const float *output, uint64_t seed, double *residual,
                         double *bound) {
  whole(IN_MATRIX_UNIT, kase, technique, fill, data, output, seed, residual, bound);
}
