#include "fit.h"

#include <math.h>

enum { TERMS = 3 };

static void terms(const struct fit_point *p, double x[TERMS]) {
  x[0] = 1 / p->ns;
  x[1] = p->bytes / p->ns;
  x[2] = p->flops / p->ns;
}

/* Normal equations of sum (x . c - 1)^2, columns scaled to unit length so that one pivot threshold fits all units. */
struct normal { double a[TERMS][TERMS], b[TERMS], scale[TERMS]; size_t n; };

static struct normal normal_of(const struct fit_point *points, size_t n, size_t without) {
  struct normal eq = {0};
  for (size_t i = 0; i < n; i++) {
    if (points[i].unit == without) continue;
    double x[TERMS];
    terms(&points[i], x);
    for (int r = 0; r < TERMS; r++) {
      eq.b[r] += x[r];
      for (int c = 0; c < TERMS; c++) eq.a[r][c] += x[r] * x[c];
    }
    eq.n++;
  }
  for (int r = 0; r < TERMS; r++) eq.scale[r] = eq.a[r][r] > 0 ? 1 / sqrt(eq.a[r][r]) : 0;
  for (int r = 0; r < TERMS; r++) {
    eq.b[r] *= eq.scale[r];
    for (int c = 0; c < TERMS; c++) eq.a[r][c] *= eq.scale[r] * eq.scale[c];
  }
  return eq;
}

/* Cholesky on the chosen terms; false when they are collinear. Others get 0. */
static bool solve_subset(const struct normal *eq, unsigned subset, double c[TERMS]) {
  const double collinear = 1e-10;   /* of a unit diagonal: below it double precision has no digits of the answer left */
  int at[TERMS], n = 0;
  for (int t = 0; t < TERMS; t++) {
    c[t] = 0;
    if (subset >> t & 1) at[n++] = t;
  }
  double l[TERMS][TERMS] = {{0}}, y[TERMS];
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
  for (int t = 0; t < TERMS; t++) c[t] *= eq->scale[t];
  return true;
}

static double residual(const struct fit_point *points, size_t n, size_t without, const struct fit *fit) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    if (points[i].unit == without) continue;
    double error = fit_at(fit, points[i].bytes, points[i].flops) / points[i].ns - 1;
    sum += error * error;
  }
  return sum;
}

bool fit_solve(const struct fit_point *points, size_t n, size_t without, struct fit *out) {
  static const unsigned subsets[] = {1, 2, 4, 3, 5, 6, 7};   /* fewer terms first: they win ties */
  const struct normal eq = normal_of(points, n, without);
  if (eq.n < FIT_MIN_POINTS) return false;
  double best = INFINITY;
  for (size_t s = 0; s < sizeof subsets / sizeof subsets[0]; s++) {
    double c[TERMS];
    if (!solve_subset(&eq, subsets[s], c) || c[0] < 0 || c[1] < 0 || c[2] < 0) continue;
    struct fit fit = {c[0], c[1], c[2]};
    double error = residual(points, n, without, &fit);
    if (error < best * (1 - 1e-9)) {
      best = error;
      *out = fit;
    }
  }
  return best < INFINITY;
}

double fit_at(const struct fit *fit, double bytes, double flops) {
  return fit->latency_ns + fit->ns_per_byte * bytes + fit->ns_per_flop * flops;
}

double fit_leave_one_out(const struct fit_point *points, size_t n, size_t n_units) {
  if (n_units < 2) return NAN;
  double sum = 0;
  for (size_t unit = 0; unit < n_units; unit++) {
    struct fit fit;
    if (!fit_solve(points, n, unit, &fit)) return NAN;
    for (size_t i = 0; i < n; i++) {
      if (points[i].unit != unit) continue;
      double error = fit_at(&fit, points[i].bytes, points[i].flops) / points[i].ns - 1;
      sum += error * error;
    }
  }
  return sqrt(sum / (double)n);
}
