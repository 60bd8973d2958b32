/* This room in double precision, and how far a correct kernel may be from it.
 *
 * u is the unit roundoff of f32. A single sum or product that Vulkan calls correctly rounded may be rounded either
 * way, by 2 u; longer chains follow tolerance.h. Under EXACT data additions, quarter turns and look-ups are compared
 * with ==. */
#include "block_shape.h"

#include <math.h>
#include <stdlib.h>

#include "tolerance.h"

static const double u = UNIT_F32;
static const double floor_f32 = 0x1p-126; /* what is smaller may be flushed to zero */

/* ---- rows */

struct task {
  struct block_shape shape;
  const void *const *data;
  enum fill fill;
};

/* What a row's elements have in common. */
struct row_stats {
  bool known;
  double mean, mean_error;    /* LayerNorm */
  double scale, scale_error;  /* norms: 1 / sqrt(...), relative error */
  double top, sum, sum_error; /* softmax; relative error */
};

/* Relative error of a sum of n terms of one sign: Higham and Mary 2019 where roundings are independent; the classic
 * worst case on EXTREME data, whose equal terms may be rounded the same way at every step. */
static double sum_error(const struct task *task, double n) {
  const double independent = TOLERANCE_C * sqrt(n + 1);
  return (task->fill == FILL_EXTREME ? fmax(n, independent) : independent) * u;
}

/* The same where EXACT data are integers: none, as long as f32 holds the sum of their magnitudes. */
static double data_sum_error(const struct task *task, double n, double magnitude) {
  return task->fill == FILL_EXACT && magnitude <= 0x1p24 ? 0 : sum_error(task, n);
}

static const float *rows_of(const struct task *task, size_t input, uint64_t row) {
  return (const float *)task->data[input] + row * task->shape.norm_width;
}

/* Element of the rows that are normed; *error is how far the kernel's may be. */
static double normed(const struct task *task, uint64_t row, uint64_t column, double *error) {
  const double x = rows_of(task, 0, row)[column];
  *error = 0;
  if (task->shape.op != OP_ADD_RMS_NORM) return x;
  const double sum = x + rows_of(task, 1, row)[column];
  *error = 2 * u * fabs(sum);
  return sum;
}

/* The square of a kernel's d' = (x - m')(1 + u): its mean is var + (m - m')^2 but for rounding, whatever m' is. */
static void norm_stats(const struct task *task, uint64_t row, struct row_stats *stats) {
  const double n = (double)task->shape.norm_width;
  double error, sum = 0, magnitude = 0, squares = 0, moved = 0;
  if (task->shape.op == OP_LAYER_NORM) {
    for (uint64_t c = 0; c < task->shape.norm_width; c++) {
      const double x = normed(task, row, c, &error);
      sum += x;
      magnitude += fabs(x);
    }
    stats->mean = sum / n;
    stats->mean_error = data_sum_error(task, n, magnitude) * magnitude / n + 3 * u * fabs(stats->mean);
  }
  for (uint64_t c = 0; c < task->shape.norm_width; c++) {
    const double x = normed(task, row, c, &error) - stats->mean;
    squares += x * x;
    moved += 2 * error * fabs(x);
  }
  /* relative: of the sum and of the products behind it */
  const double mean_square = squares / n, bottom = mean_square + BLOCK_EPSILON;
  const double summed = task->shape.op == OP_LAYER_NORM ? sum_error(task, n) : data_sum_error(task, n, squares);
  const double wrong = mean_square * (summed + 8 * u) + moved / n + stats->mean_error * stats->mean_error;
  stats->scale = 1 / sqrt(bottom);
  stats->scale_error = 0.5 * wrong / bottom + u + tolerance_inversesqrt();
}

/* exp(x - max) of each term is off by the rounding of the difference, exp itself, and one exp and product for each
 * time the running maximum of its invocation rose: at most once per vector, and less the more of them there are. */
static double term_error(const struct task *task, double below) {
  const double vectors = ceil((double)task->shape.width / 4 / 16); /* the smallest workgroup */
  const double rises = fmin(vectors, TOLERANCE_C * sqrt(vectors)) + 1;
  return u * fabs(below) + tolerance_exp(below) + rises * (tolerance_exp(0) + u);
}

static void softmax_stats(const struct task *task, uint64_t row, struct row_stats *stats) {
  const float *x = rows_of(task, 0, row);
  double wrong = 0;
  stats->top = -INFINITY;
  for (uint64_t c = 0; c < task->shape.width; c++) stats->top = fmax(stats->top, x[c]);
  for (uint64_t c = 0; c < task->shape.width; c++) {
    const double below = x[c] - stats->top, e = exp(below);
    stats->sum += e;
    wrong += e * term_error(task, below);
  }
  stats->sum_error = wrong / stats->sum + sum_error(task, (double)task->shape.width);
}

/* ---- elements */

struct judged { double value, bound; };

static struct judged norm_element(const struct task *task, const struct row_stats *stats, uint64_t row,
                                  uint64_t column) {
  const size_t weight = task->shape.op == OP_ADD_RMS_NORM ? 2 : 1;
  const double w = ((const float *)task->data[weight])[column];
  double error;
  const double x = normed(task, row, column, &error) - stats->mean;
  struct judged y = {.value = x * stats->scale * w};
  const double moved = error + stats->mean_error + (stats->mean_error > 0 ? u * fabs(x) : 0);
  y.bound = fabs(w) * stats->scale * moved + fabs(y.value) * (stats->scale_error + 4 * u) + floor_f32;
  if (task->shape.op == OP_LAYER_NORM) {
    y.value += ((const float *)task->data[2])[column];
    y.bound += 2 * u * fabs(y.value);
  }
  return y;
}

/* Both partners of the normed head, each off by its own bound, and what a turn adds. */
static struct judged turned_norm(const struct task *task, const struct row_stats *stats, uint64_t row,
                                 uint64_t column) {
  const uint64_t half = task->shape.norm_width / 2, token = row / (task->shape.norm_rows / task->shape.rows);
  const bool second = column >= half;
  const struct judged own = norm_element(task, stats, row, column);
  const struct judged other = norm_element(task, stats, row, second ? column - half : column + half);
  const float *angle = (const float *)task->data[2] + (token * half + column % half) * 2;
  const double cosine = angle[0], sine = second ? angle[1] : -angle[1];
  struct judged y = {.value = own.value * cosine + other.value * sine};
  const double moved = own.bound * fabs(cosine) + other.bound * fabs(sine);
  y.bound = moved + tolerance_dot(2, u, fabs(own.value * cosine) + fabs(other.value * sine), 2 * u, y.value);
  return y;
}

static struct judged softmax_element(const struct task *task, const struct row_stats *stats, uint64_t row,
                                     uint64_t column) {
  const double below = rows_of(task, 0, row)[column] - stats->top, p = exp(below) / stats->sum;
  const double error = u * fabs(below) + tolerance_exp(below) + stats->sum_error + tolerance_div();
  return (struct judged){p, p * expm1(error) + floor_f32};
}

static struct judged rope_element(const struct task *task, uint64_t row, uint64_t column) {
  const uint64_t half = task->shape.head / 2, within = column % task->shape.head, start = column - within;
  const bool pairs = task->shape.op == OP_ROPE_PAIRS;
  const uint64_t pair = pairs ? within / 2 : within % half;
  const bool second = pairs ? within % 2 : within >= half;
  const uint64_t other = pairs ? (second ? within - 1 : within + 1) : (second ? within - half : within + half);
  const float *x = (const float *)task->data[0] + row * task->shape.width + start;
  const float *angle = (const float *)task->data[1] + (row * half + pair) * 2;
  const double own = (double)x[within] * angle[0], from = (double)x[other] * angle[1] * (second ? 1 : -1);
  struct judged y = {.value = own + from};
  y.bound = task->fill == FILL_EXACT ? 0 : tolerance_dot(2, u, fabs(own) + fabs(from), 2 * u, y.value);
  return y;
}

static double logistic(double z) { return 1 / (1 + exp(-z)); }

/* x / (1 + exp(-z)), times `up`: z is off by z_error, and the kernel cuts its exp at e^80, itself off by a little. */
static struct judged gate_element(double x, double z, double z_error, double up) {
  const double sigmoid = logistic(z), y = x * sigmoid * up;
  const double moved = fabs(x * up) * (logistic(z + z_error) - logistic(z - z_error) + 2 * exp(-80));
  const double relative = (1 - sigmoid) * tolerance_exp(z) + tolerance_div() + 4 * u;
  return (struct judged){y, fabs(y) * relative + moved + floor_f32 * (1 + fabs(up))};
}

static struct judged gated_element(const struct task *task, uint64_t row, uint64_t column) {
  const float *gate = (const float *)task->data[0] + row * 2 * task->shape.width + column;
  const double x = gate[0], up = gate[task->shape.width];
  if (task->shape.op == OP_SWIGLU) return gate_element(x, x, 0, up);
  const double c = 2 * sqrt(2 / acos(-1)), cube = 0.044715 * x * x * x;
  return gate_element(x, c * (x + cube), c * (fabs(x) * 3 * u + fabs(cube) * 7 * u),
                      up); /* roundings on the way, of constants too */
}

/* gelu = x (1 + erf) / 2. The kernel's half erfc is off by half the 1.5e-7 of its formula, and by rounding: the
 * series has coefficients of 4.5 in all and ten operations, its t a division; exp has an argument that is itself off
 * by 4 u z^2. */
static struct judged gelu_element(double x) {
  const double z = fabs(x) / sqrt(2), tail = 0.5 * erfc(z), bell = exp(-z * z);
  const double series = 0.5 * 4.5 * bell * (10 * u + tolerance_div()) + tail * (4 * u * z * z + tolerance_exp(z * z));
  const double value = x * (x > 0 ? 1 - tail : tail);
  return (struct judged){value, fabs(x) * (0.75e-7 + series) + fabs(value) * 4 * u + floor_f32};
}

static struct judged sum_element(double a, double b, bool exact) {
  return (struct judged){a + b, exact ? 0 : 2 * u * fabs(a + b) + floor_f32};
}

static double decode_half(uint16_t half) {
  const int exponent = half >> 10 & 31, mantissa = half & 1023;
  const double magnitude = exponent ? ldexp(1024 + mantissa, exponent - 25) : ldexp(mantissa, -24);
  return half & 0x8000 ? -magnitude : magnitude;
}

static struct judged embed_element(const struct task *task, uint64_t row, uint64_t column) {
  const uint32_t token = ((const uint32_t *)task->data[0])[row];
  const double value = decode_half(((const uint16_t *)task->data[1])[token * task->shape.width + column]);
  return (struct judged){value, fabs(value) < 0x1p-14 ? fabs(value) : 0}; /* subnormal halves may be flushed */
}

static struct judged map_element(const struct task *task, uint64_t row, uint64_t column) {
  const uint64_t at = row * task->shape.width + column;
  const float *x = task->data[0], *other = task->data[1];
  switch (task->shape.op) {
    case OP_SWIGLU: case OP_GEGLU: return gated_element(task, row, column);
    case OP_GELU: return gelu_element(x[at]);
    case OP_BIAS: return sum_element(x[at], other[column], task->fill == FILL_EXACT);
    case OP_RESIDUAL: return sum_element(x[at], other[at], task->fill == FILL_EXACT);
    case OP_EMBED: return embed_element(task, row, column);
    default: return rope_element(task, row, column);
  }
}

static bool is_norm(enum block_op op) {
  return op == OP_RMS_NORM || op == OP_LAYER_NORM || op == OP_HEAD_NORM || op == OP_HEAD_NORM_ROPE ||
         op == OP_ADD_RMS_NORM;
}

/* Element `index` of the output of an op with statistics. */
static struct judged stats_element(const struct task *task, struct row_stats *of_row, uint64_t index) {
  const uint64_t line = index / task->shape.norm_width, row = line / task->shape.out_rows,
                 column = index % task->shape.norm_width;
  if (line % task->shape.out_rows + 1 < task->shape.out_rows)
    return sum_element(rows_of(task, 0, row)[column], rows_of(task, 1, row)[column], task->fill == FILL_EXACT);
  struct row_stats *stats = &of_row[row];
  if (!stats->known) (is_norm(task->shape.op) ? norm_stats : softmax_stats)(task, row, stats);
  stats->known = true;
  if (task->shape.op == OP_HEAD_NORM_ROPE) return turned_norm(task, stats, row, column);
  return (is_norm(task->shape.op) ? norm_element : softmax_element)(task, stats, row, column);
}

void block_reference(const struct kernel_case *kase, const struct technique *technique, enum fill fill,
                     const void *const *data, const uint64_t *index, size_t n, double *value, double *bound) {
  const struct task task = {block_shape_of(kase, technique->id), data, fill};
  const bool with_stats = is_norm(task.shape.op) || task.shape.op == OP_SOFTMAX;
  struct row_stats *of_row = with_stats ? calloc(task.shape.norm_rows, sizeof *of_row) : NULL;
  for (size_t i = 0; i < n; i++) {
    struct judged y = {NAN, 0}; /* which no output equals: without memory nothing is proved */
    if (of_row) y = stats_element(&task, of_row, index[i]);
    else if (!with_stats) y = map_element(&task, index[i] / task.shape.width, index[i] % task.shape.width);
    value[i] = y.value;
    bound[i] = y.bound;
  }
  free(of_row);
}
