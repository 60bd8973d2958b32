#include "bound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cover.h"

/* Faster than 9 at 560 decisions (scripts/front-times), whose fronts are longer; more were not timed. */
enum { EXACT_SLOTS = 18 };

struct point { double at[FRONT_COORDS]; uint32_t a, b; };   /* a: of the left child, b: of the right; a leaf's option is a */

struct node {
  struct point *points;
  size_t n, capacity, first, n_slots;
  struct node *left, *right;       /* the same node where the halves have the same options */
  double relative[FRONT_COORDS], absolute[FRONT_COORDS];   /* proved of this front */
};

struct bound {
  struct front_algebra algebra;
  struct front_cost base;
  const struct front_slot *slots;
  struct bound_slack slack;
  double least[FRONT_COORDS];      /* of all slots and the base: by + the sum, by max the base */
  size_t n_slots, max_points, levels;   /* levels that leave sums out */
  struct node *root;
};

struct bound_slack bound_exact(void) {
  struct bound_slack slack = {.exact_slots = EXACT_SLOTS};
  for (size_t c = 0; c < FRONT_COORDS; c++) slack.limit[c] = INFINITY;
  return slack;
}

static bool no_memory(struct error *err) { return error_set(err, ERROR_MEMORY, "out of memory for a front"); }

static void add_costs(const struct front_algebra *algebra, const double *a, const double *b, double *out) {
  for (size_t c = 0; c < algebra->n_sum; c++) out[c] = a[c] + b[c];
  if (algebra->n > algebra->n_sum) out[algebra->n_sum] = fmax(a[algebra->n_sum], b[algebra->n_sum]);
}

static bool at_most(const double *a, const double *b, size_t n) {
  for (size_t c = 0; c < n; c++)
    if (a[c] > b[c]) return false;
  return true;
}

static bool node_add(const struct bound *bound, struct node *node, const double *at, uint32_t a, uint32_t b, struct error *err) {
  if (node->n == bound->max_points || node->n == UINT32_MAX)
    return error_set(err, ERROR_UNSUPPORTED, "more than %zu configurations are near-optimal; give more slack, or limits", node->n);
  if (node->n == node->capacity) {
    const size_t capacity = node->capacity ? 2 * node->capacity : 64;
    struct point *grown = realloc(node->points, capacity * sizeof *grown);
    if (!grown) return no_memory(err);
    node->points = grown;
    node->capacity = capacity;
  }
  struct point *p = &node->points[node->n++];
  *p = (struct point){.a = a, .b = b};
  memcpy(p->at, at, bound->algebra.n * sizeof at[0]);
  return true;
}

/* ---- a node's own bounds */

/* What a partial sum of the node may cost so that the rest can be within the limits. */
static void find_room(const struct bound *bound, const struct node *node, double *room) {
  for (size_t c = 0; c < bound->algebra.n; c++) {
    const double most = bound->slack.limit[c] * (1 + bound->slack.relative[c]) + bound->slack.absolute[c];
    double others = 0;
    if (c < bound->algebra.n_sum) {
      others = bound->least[c];
      for (size_t s = node->first; s < node->first + node->n_slots; s++) {
        double least = INFINITY;
        for (size_t o = 0; o < bound->slots[s].n; o++) least = fmin(least, (double)bound->slots[s].options[o].at[c]);
        others -= least;
      }
    }
    room[c] = most - others;
  }
}

/* Points sorted by all coordinates, and of those that another is <= to none: what was kept first may be worse than what
 * was found after it. */
static int by_cost(const void *a, const void *b, void *n_coords) {
  const struct point *p = a, *q = b;
  for (size_t c = 0; c < *(const size_t *)n_coords; c++)
    if (p->at[c] != q->at[c]) return p->at[c] < q->at[c] ? -1 : 1;
  return p->a != q->a ? (p->a < q->a ? -1 : 1) : p->b < q->b ? -1 : p->b > q->b;
}

static bool prune(const struct bound *bound, struct node *node, struct error *err) {
  size_t n = bound->algebra.n, kept = 0;
  if (node->n > 0) qsort_r(node->points, node->n, sizeof node->points[0], by_cost, &n);
  struct cover_archive archive;
  if (!cover_archive_open(&archive, n)) return no_memory(err);
  bool ok = true;
  for (size_t i = 0; ok && i < node->n; i++) {
    if (cover_archive_holds(&archive, node->points[i].at)) continue;
    ok = cover_archive_add(&archive, node->points[i].at);
    node->points[kept++] = node->points[i];
  }
  cover_archive_close(&archive);
  node->n = kept;
  struct point *fitting = realloc(node->points, (kept ? kept : 1) * sizeof *fitting);   /* often a tenth: it is kept to the end */
  if (fitting) {
    node->points = fitting;
    node->capacity = kept ? kept : 1;
  }
  return ok || no_memory(err);
}

/* ---- merging two fronts: both are trees, and a pair of blocks that is covered or over a limit as a whole is left out */

struct pairs {
  const struct bound *bound;
  struct node *out;
  struct cover_tree a, b;
  struct cover_archive kept;
  double factor[FRONT_COORDS], plus[FRONT_COORDS], room[FRONT_COORDS];
  bool same;                       /* a is b: only half of the pairs differ */
  struct error *err;
};

/* Costs are whole, so rounding down loses nothing and keeps what is left out within the slack. */
static bool is_covered(struct pairs *p, const double *cost) {
  double limit[FRONT_COORDS];
  for (size_t c = 0; c < p->bound->algebra.n; c++) limit[c] = floor(cost[c] * p->factor[c] + p->plus[c]);
  return cover_archive_holds(&p->kept, limit);
}

static bool merge_leaves(struct pairs *p, size_t leaf_a, size_t leaf_b) {
  const size_t n = p->bound->algebra.n;
  const double *block_a = p->a.leaf + leaf_a * n * COVER_LEAF, *block_b = p->b.leaf + leaf_b * n * COVER_LEAF;
  for (size_t i = 0; i < COVER_LEAF && !isinf(block_a[i]); i++)
    for (size_t j = p->same && leaf_a == leaf_b ? i : 0; j < COVER_LEAF && !isinf(block_b[j]); j++) {
      double a[FRONT_COORDS] = {0}, b[FRONT_COORDS] = {0}, sum[FRONT_COORDS];
      for (size_t c = 0; c < n; c++) {
        a[c] = block_a[c * COVER_LEAF + i];
        b[c] = block_b[c * COVER_LEAF + j];
      }
      add_costs(&p->bound->algebra, a, b, sum);
      if (!at_most(sum, p->room, n) || is_covered(p, sum)) continue;
      if (!node_add(p->bound, p->out, sum, p->a.id[leaf_a * COVER_LEAF + i], p->b.id[leaf_b * COVER_LEAF + j], p->err)) return false;
      if (!cover_archive_add(&p->kept, sum)) return no_memory(p->err);
    }
  return true;
}

static bool merge_nodes(struct pairs *p, size_t a, size_t b) {
  const size_t n = p->bound->algebra.n;
  double low[FRONT_COORDS];
  add_costs(&p->bound->algebra, p->a.low + a * n, p->b.low + b * n, low);
  if (isinf(low[0]) || !at_most(low, p->room, n) || is_covered(p, low)) return true;
  const bool leaf_a = a >= p->a.n_leaves, leaf_b = b >= p->b.n_leaves;
  if (leaf_a && leaf_b) return merge_leaves(p, a - p->a.n_leaves, b - p->b.n_leaves);
  if (leaf_a) return merge_nodes(p, a, 2 * b) && merge_nodes(p, a, 2 * b + 1);
  if (leaf_b) return merge_nodes(p, 2 * a, b) && merge_nodes(p, 2 * a + 1, b);
  return merge_nodes(p, 2 * a, 2 * b) && merge_nodes(p, 2 * a, 2 * b + 1)
      && ((p->same && a == b) || merge_nodes(p, 2 * a + 1, 2 * b)) && merge_nodes(p, 2 * a + 1, 2 * b + 1);
}

static bool tree_of(const struct node *node, size_t n_coords, struct cover_tree *tree, struct error *err) {
  struct cover_row *rows = malloc(node->n * sizeof *rows);
  for (size_t i = 0; rows && i < node->n; i++) {
    memcpy(rows[i].at, node->points[i].at, n_coords * sizeof rows[i].at[0]);
    rows[i].id = (uint32_t)i;
  }
  const bool ok = rows && cover_tree_build(tree, n_coords, rows, node->n);
  free(rows);
  return ok || no_memory(err);
}

/* The slack that this node may use, and what is proved with it. At level l of the tree there are at most 2^l nodes. */
static void spend_slack(const struct bound *bound, struct node *node, size_t level, struct pairs *p) {
  const struct node *a = node->left, *b = node->right;
  for (size_t c = 0; c < bound->algebra.n; c++) {
    double relative = 0, absolute = 0;
    if (level < bound->levels) {
      relative = expm1(log1p(bound->slack.relative[c]) / (double)bound->levels) * (1 - 1e-9);   /* never more by rounding */
      absolute = floor(bound->slack.absolute[c] / (double)bound->levels / ldexp(1, (int)level));
    }
    p->factor[c] = 1 + relative;
    p->plus[c] = absolute;
    node->relative[c] = (1 + fmax(a->relative[c], b->relative[c])) * (1 + relative) - 1;
    node->absolute[c] = a->absolute[c] + b->absolute[c] + absolute;
  }
}

static bool merge_children(const struct bound *bound, struct node *node, size_t level, struct error *err) {
  struct pairs p = {.bound = bound, .out = node, .same = node->left == node->right, .err = err};
  spend_slack(bound, node, level, &p);
  if (node->left->n == 0 || node->right->n == 0) return true;
  find_room(bound, node, p.room);
  bool ok = tree_of(node->left, bound->algebra.n, &p.a, err) && tree_of(node->right, bound->algebra.n, &p.b, err);
  ok = ok && (cover_archive_open(&p.kept, bound->algebra.n) || no_memory(err));
  ok = ok && merge_nodes(&p, 1, 1);
  cover_archive_close(&p.kept);
  cover_tree_free(&p.a);
  cover_tree_free(&p.b);
  return ok && prune(bound, node, err);
}

/* ---- the tree of decisions */

static void node_free(struct node *node) {
  if (!node) return;
  if (node->right != node->left) node_free(node->right);
  node_free(node->left);
  free(node->points);
  free(node);
}

static bool make_leaf(const struct bound *bound, struct node *node, struct error *err) {
  const struct front_slot *slot = &bound->slots[node->first];
  double room[FRONT_COORDS];
  find_room(bound, node, room);
  for (size_t o = 0; o < slot->n; o++) {
    double at[FRONT_COORDS];
    for (size_t c = 0; c < bound->algebra.n; c++) at[c] = (double)slot->options[o].at[c];
    if (at_most(at, room, bound->algebra.n) && !node_add(bound, node, at, (uint32_t)o, 0, err)) return false;
  }
  return prune(bound, node, err);
}

static bool same_options(const struct bound *bound, size_t a, size_t b, size_t n) {
  for (size_t s = 0; s < n; s++) {
    const struct front_slot *x = &bound->slots[a + s], *y = &bound->slots[b + s];
    if (x->n != y->n) return false;
    for (size_t o = 0; o < x->n; o++)
      if (front_compare(&bound->algebra, &x->options[o], &y->options[o]) != 0) return false;
  }
  return true;
}

static struct node *node_build(const struct bound *bound, size_t first, size_t n, size_t level, struct error *err) {
  struct node *node = calloc(1, sizeof *node);
  if (!node) {
    no_memory(err);
    return NULL;
  }
  node->first = first;
  node->n_slots = n;
  bool ok = true;
  if (n == 1) {
    ok = make_leaf(bound, node, err);
  } else {
    const size_t half = n / 2;
    node->left = node_build(bound, first, half, level + 1, err);
    const bool same = n == 2 * half && same_options(bound, first, first + half, half);
    node->right = !node->left ? NULL : same ? node->left : node_build(bound, first + half, n - half, level + 1, err);
    ok = node->right && merge_children(bound, node, level, err);
  }
  if (ok) return node;
  node_free(node);
  return NULL;
}

static size_t levels_over(size_t n_slots, size_t exact_slots) {
  size_t levels = 0;
  for (size_t n = n_slots; n > exact_slots && n > 1; n = (n + 1) / 2) levels++;
  return levels;
}

static bool find_least(struct bound *bound, struct error *err) {
  for (size_t c = 0; c < bound->algebra.n; c++) bound->least[c] = (double)bound->base.at[c];
  for (size_t s = 0; s < bound->n_slots; s++) {
    if (bound->slots[s].n == 0) return error_set(err, ERROR_INPUT, "decision %zu has no options", s);
    for (size_t c = 0; c < bound->algebra.n_sum; c++) {
      double least = INFINITY;
      for (size_t o = 0; o < bound->slots[s].n; o++) least = fmin(least, (double)bound->slots[s].options[o].at[c]);
      bound->least[c] += least;
    }
  }
  return true;
}

struct bound *bound_build(const struct front_algebra *algebra, const struct front_cost *base, const struct front_slot *slots,
                          size_t n_slots, const struct bound_slack *slack, size_t max_points, struct error *err) {
  if (!front_check(algebra, base, slots, n_slots, err)) return NULL;
  struct bound *bound = malloc(sizeof *bound);
  if (!bound) {
    no_memory(err);
    return NULL;
  }
  *bound = (struct bound){.algebra = *algebra, .base = *base, .slots = slots, .slack = *slack, .n_slots = n_slots,
                          .max_points = max_points, .levels = levels_over(n_slots, slack->exact_slots)};
  if (n_slots > 0 && find_least(bound, err) && (bound->root = node_build(bound, 0, n_slots, 0, err))) return bound;
  if (n_slots == 0) error_set(err, ERROR_INPUT, "no decisions");
  free(bound);
  return NULL;
}

void bound_free(struct bound *bound) {
  if (!bound) return;
  node_free(bound->root);
  free(bound);
}

/* ---- reading it */

size_t bound_count(const struct bound *bound) { return bound->root->n; }

struct front_cost bound_cost(const struct bound *bound, size_t point) {
  struct front_cost cost = {{0}};
  for (size_t c = 0; c < bound->algebra.n; c++) cost.at[c] = (int64_t)bound->root->points[point].at[c];
  return front_combine(&bound->algebra, &bound->base, &cost);
}

/* A node that stands for both halves was made for the first: `first` says where it stands now. */
static void write_choice(const struct node *node, size_t point, size_t first, uint8_t *choice) {
  if (!node->left) {
    choice[first] = (uint8_t)node->points[point].a;
    return;
  }
  write_choice(node->left, node->points[point].a, first, choice);
  write_choice(node->right, node->points[point].b, first + node->left->n_slots, choice);
}

void bound_choice(const struct bound *bound, size_t point, uint8_t *choice) { write_choice(bound->root, point, 0, choice); }

struct bound_slack bound_proved(const struct bound *bound) {
  struct bound_slack proved = bound->slack;
  memcpy(proved.relative, bound->root->relative, sizeof proved.relative);
  memcpy(proved.absolute, bound->root->absolute, sizeof proved.absolute);
  return proved;
}
