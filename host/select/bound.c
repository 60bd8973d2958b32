#include "bound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "merge.h"

/* Single runs at 560 decisions, seed 1, on a busy machine, with 3 and 4 coordinates: 9 took 1.3 and 10.5 s,
 * 18 0.7 and 5.5 s, 36 0.6 and 4.3 to 5.1 s but 72 MB with four instead of 18, 72 1.6 s with three. */
enum { EXACT_SLOTS = 18 };

struct node {
  struct merge_front front;        /* a: point of the left child, b: of the right; of one decision a is the option */
  size_t first, n_slots;
  struct node *left, *right;       /* the same node where the halves have the same options */
  double relative[FRONT_COORDS], absolute[FRONT_COORDS];   /* proved of this front */
};

struct bound {
  struct front_algebra algebra;
  struct front_cost base;
  const struct front_slot *slots;
  struct bound_slack slack;
  size_t n_slots, max_points, levels;   /* levels that leave sums out */
  struct node *root;
};

struct bound_slack bound_exact(void) {
  struct bound_slack slack = {.exact_slots = EXACT_SLOTS};
  for (size_t c = 0; c < FRONT_COORDS; c++) slack.limit[c] = INFINITY;
  return slack;
}

static bool no_memory(struct error *err) { return error_set(err, ERROR_MEMORY, "out of memory for a front"); }

/* ---- a node's own bounds */

static int64_t least_of(const struct front_slot *slot, size_t c) {
  int64_t least = slot->options[0].at[c];
  for (size_t o = 1; o < slot->n; o++) least = slot->options[o].at[c] < least ? slot->options[o].at[c] : least;
  return least;
}

/* What a partial sum of the node may cost so that the rest can be within the limits. */
static void find_room(const struct bound *bound, const struct node *node, int64_t *room) {
  for (size_t c = 0; c < bound->algebra.n; c++) {
    const double most = bound->slack.limit[c] * (1 + bound->slack.relative[c]) + bound->slack.absolute[c];
    room[c] = COVER_MAX;
    if (most >= (double)COVER_MAX) continue;
    room[c] = (int64_t)floor(fmax(most, -1));
    if (c >= bound->algebra.n_sum) continue;
    room[c] -= bound->base.at[c];
    for (size_t s = 0; s < bound->n_slots; s++)
      if (s < node->first || s >= node->first + node->n_slots) room[c] -= least_of(&bound->slots[s], c);
  }
}

/* The slack that this node may use, and what is proved with it. At level l of the tree there are at most 2^l nodes. */
static void spend_slack(const struct bound *bound, struct node *node, size_t level, struct merge_terms *terms) {
  const struct node *a = node->left, *b = node->right;
  for (size_t c = 0; c < bound->algebra.n; c++) {
    if (level < bound->levels) {
      const double each = expm1(log1p(bound->slack.relative[c]) / (double)bound->levels);
      terms->relative[c] = each * (1 - 1e-9);   /* never more by rounding */
      terms->absolute[c] = floor(bound->slack.absolute[c] / (double)bound->levels / ldexp(1, (int)level));
    }
    node->relative[c] = (1 + fmax(a->relative[c], b->relative[c])) * (1 + terms->relative[c]) - 1;
    node->absolute[c] = a->absolute[c] + b->absolute[c] + terms->absolute[c];
  }
}

static bool merge_children(const struct bound *bound, struct node *node, size_t level, struct error *err) {
  struct merge_terms terms = {.algebra = &bound->algebra, .max_points = bound->max_points};
  spend_slack(bound, node, level, &terms);
  find_room(bound, node, terms.room);
  return merge_fronts(&terms, &node->left->front, &node->right->front, &node->front, err);
}

/* ---- the tree of decisions */

static void node_free(struct node *node) {
  if (!node) return;
  if (node->right != node->left) node_free(node->right);
  node_free(node->left);
  free(node->front.points);
  free(node);
}

/* By max the base is part of every option: what it hides is no reason to keep a point. */
static bool make_leaf(const struct bound *bound, struct node *node, struct error *err) {
  const struct front_algebra *algebra = &bound->algebra;
  const struct front_slot *slot = &bound->slots[node->first];
  int64_t room[FRONT_COORDS];
  find_room(bound, node, room);
  for (size_t o = 0; o < slot->n; o++) {
    struct cover_row row = {.a = (uint32_t)o};
    bool fits = true;
    for (size_t c = 0; c < algebra->n; c++) {
      const int64_t least = c < algebra->n_sum ? 0 : bound->base.at[c];
      row.at[c] = slot->options[o].at[c] > least ? slot->options[o].at[c] : least;
      fits &= row.at[c] <= room[c];
    }
    if (fits && !merge_add(&node->front, &row, bound->max_points, err)) return false;
  }
  return merge_prune(&node->front, algebra->n, err);
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
  if (!node) return no_memory(err), NULL;
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

struct bound *bound_build(const struct front_algebra *algebra, const struct front_cost *base,
                          const struct front_slot *slots, size_t n_slots, const struct bound_slack *slack,
                          size_t max_points, struct error *err) {
  if (!front_check(algebra, base, slots, n_slots, err)) return NULL;
  struct bound *bound = malloc(sizeof *bound);
  if (!bound) return no_memory(err), NULL;
  *bound = (struct bound){.algebra = *algebra, .base = *base, .slots = slots, .slack = *slack, .n_slots = n_slots,
                          .max_points = max_points, .levels = levels_over(n_slots, slack->exact_slots)};
  bound->root = node_build(bound, 0, n_slots, 0, err);
  if (bound->root) return bound;
  free(bound);
  return NULL;
}

void bound_free(struct bound *bound) {
  if (!bound) return;
  node_free(bound->root);
  free(bound);
}

/* ---- reading it */

size_t bound_count(const struct bound *bound) { return bound->root->front.n; }

struct front_cost bound_cost(const struct bound *bound, size_t point) {
  struct front_cost cost = {{0}};
  memcpy(cost.at, bound->root->front.points[point].at, sizeof cost.at);
  return front_combine(&bound->algebra, &bound->base, &cost);
}

/* A node that stands for both halves was made for the first: `first` says where it stands now. */
static void write_choice(const struct node *node, size_t point, size_t first, uint8_t *choice) {
  if (!node->left) {
    choice[first] = (uint8_t)node->front.points[point].a;
    return;
  }
  write_choice(node->left, node->front.points[point].a, first, choice);
  write_choice(node->right, node->front.points[point].b, first + node->left->n_slots, choice);
}

void bound_choice(const struct bound *bound, size_t point, uint8_t *choice) {
  write_choice(bound->root, point, 0, choice);
}

struct bound_slack bound_proved(const struct bound *bound) {
  struct bound_slack proved = bound->slack;
  memcpy(proved.relative, bound->root->relative, sizeof proved.relative);
  memcpy(proved.absolute, bound->root->absolute, sizeof proved.absolute);
  return proved;
}
