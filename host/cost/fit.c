#include "fit.h"

#include <math.h>

/* Rows (x . c - y)^2 to be summed: a point's are its amounts over its time, and 1. */
struct row { double x[FIT_TERMS], y; };

/* Normal equations of the rows, columns scaled to unit length so that one pivot threshold fits all units. */
struct normal { double a[FIT_TERMS][FIT_TERMS], b[FIT_TERMS], yy, scale[FIT_TERMS]; };

double fit_at(const struct fit *fit, const double amount[FIT_TERMS]) {
  double ns = 0;
  for (int t = 0; t < FIT_TERMS; t++) ns += fit->ns[t] * amount[t];
  return ns;
}

static void add_row(struct normal *eq, const struct row *row) {
  for (int r = 0; r < FIT_TERMS; r++) {
    eq->b[r] += row->x[r] * row->y;
    for (int c = 0; c < FIT_TERMS; c++) eq->a[r][c] += row->x[r] * row->x[c];
  }
  eq->yy += row->y * row->y;
}

static bool is_in(const struct fit_point *point, long without) {
  return point->unit == FIT_NEVER || point->unit != without;
}

static size_t add_points(struct normal *eq, const struct fit_point *points, size_t n, long without,
                         double share[FIT_TERMS]) {
  size_t used = 0;
  for (size_t i = 0; i < n; i++) {
    if (!is_in(&points[i], without)) continue;
    struct row row = {.y = 1};
    for (int t = 0; t < FIT_TERMS; t++) row.x[t] = points[i].amount[t] / points[i].ns;
    add_row(eq, &row);
    if (points[i].unit == FIT_NEVER) continue;
    used++;
    for (int t = 0; t < FIT_TERMS; t++) share[t] += row.x[t];
  }
  for (int t = 0; t < FIT_TERMS && used > 0; t++) share[t] /= (double)used;
  return used;
}

static void add_law(struct normal *eq, const struct fit *law, const double share[FIT_TERMS]) {
  for (int t = 0; t < FIT_TERMS; t++) {
    const double x = share[t] * sqrt(FIT_LAW_WEIGHT);
    struct row row = {.y = x * law->ns[t]};
    row.x[t] = x;
    add_row(eq, &row);
  }
}

static void scale(struct normal *eq) {
  for (int r = 0; r < FIT_TERMS; r++) eq->scale[r] = eq->a[r][r] > 0 ? 1 / sqrt(eq->a[r][r]) : 0;
  for (int r = 0; r < FIT_TERMS; r++) {
    eq->b[r] *= eq->scale[r];
    for (int c = 0; c < FIT_TERMS; c++) eq->a[r][c] *= eq->scale[r] * eq->scale[c];
  }
}

/* Cholesky on the chosen terms; false when they are collinear. Others get 0. In scaled units. */
static bool solve_subset(const struct normal *eq, unsigned subset, double c[FIT_TERMS]) {
  const double collinear = 1e-10;   /* of a unit diagonal: below it double precision has no digits of the answer left */
  int at[FIT_TERMS], n = 0;
  for (int t = 0; t < FIT_TERMS; t++) {
    c[t] = 0;
    if (subset >> t & 1) at[n++] = t;
  }
  double l[FIT_TERMS][FIT_TERMS] = {{0}}, y[FIT_TERMS];
  for (int r = 0; r < n; r++) {
    for (int k = 0; k <= r; k++) {
      double sum = eq->a[at[r]][at[k]];
      for (int j = 0; j < k; j++) sum -= l[r][j] * l[k][j];
      if (k < r) {
        l[r][k] = sum / l[k][k];
      } else {
        if (sum < collinear) return false;
        l[r][r] = sqrt(sum);
      }
    }
    y[r] = eq->b[at[r]];
    for (int j = 0; j < r; j++) y[r] -= l[r][j] * y[j];
    y[r] /= l[r][r];
  }
  for (int r = n; r-- > 0;) {
    double sum = y[r];
    for (int j = r + 1; j < n; j++) sum -= l[j][r] * c[at[j]];
    c[at[r]] = sum / l[r][r];
  }
  return true;
}

/* The sum of squares at c, in scaled units. */
static double squares(const struct normal *eq, const double c[FIT_TERMS]) {
  double sum = eq->yy;
  for (int r = 0; r < FIT_TERMS; r++) {
    sum -= 2 * eq->b[r] * c[r];
    for (int k = 0; k < FIT_TERMS; k++) sum += c[r] * eq->a[r][k] * c[k];
  }
  return sum;
}

static int terms_of(unsigned subset) {
  int n = 0;
  for (; subset; subset &= subset - 1) n++;
  return n;
}

bool fit_solve(const struct fit_point *points, size_t n, long without, const struct fit *law, struct fit *out) {
  struct normal eq = {0};
  double share[FIT_TERMS] = {0};
  if (add_points(&eq, points, n, without, share) < FIT_MIN_POINTS) return false;
  if (law) add_law(&eq, law, share);
  scale(&eq);
  const double tie = 1e-12 * eq.yy;   /* sums are differences of numbers as large as yy, exact to some 1e-15 of it */
  double best = INFINITY;
  for (int size = 1; size <= FIT_TERMS; size++)   /* fewer terms first: they win ties */
    for (unsigned subset = 1; subset < 1u << FIT_TERMS; subset++) {
      double c[FIT_TERMS];
      bool fits = terms_of(subset) == size && solve_subset(&eq, subset, c);
      for (int t = 0; fits && t < FIT_TERMS; t++) fits = c[t] >= 0;
      const double sum = fits ? squares(&eq, c) : INFINITY;
      if (sum >= best - tie) continue;
      best = sum;
      for (int t = 0; t < FIT_TERMS; t++) out->ns[t] = c[t] * eq.scale[t];
    }
  return best < INFINITY;
}
