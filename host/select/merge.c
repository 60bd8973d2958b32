/* k-way merge by a binary heap of cursors, one per option: each walks the sorted points with its option added. */
#include <stdlib.h>

#include "front.h"

struct cursor { struct front_cost cost; size_t point, option; };

struct merge {
  const struct front_algebra *algebra;
  const struct front *front;
  const struct front_slot *slot;
  size_t n;                /* live cursors, a heap with the smallest at 0 */
  struct cursor heap[];
};

/* Ties go to the earlier option, then the earlier point: the stream is the same on every machine. */
static bool precedes(const struct merge *m, const struct cursor *a, const struct cursor *b) {
  int order = front_compare(m->algebra, &a->cost, &b->cost);
  if (order != 0) return order < 0;
  return a->option != b->option ? a->option < b->option : a->point < b->point;
}

static void sift_down(struct merge *m, size_t at) {
  for (;;) {
    size_t least = at, left = 2 * at + 1;
    for (size_t child = left; child < m->n && child <= left + 1; child++)
      if (precedes(m, &m->heap[child], &m->heap[least])) least = child;
    if (least == at) return;
    struct cursor swap = m->heap[at];
    m->heap[at] = m->heap[least];
    m->heap[least] = swap;
    at = least;
  }
}

static void place(struct merge *m, struct cursor *c, size_t point) {
  c->point = point;
  c->cost = front_combine(m->algebra, &m->front->points[point].cost, &m->slot->options[c->option]);
}

struct merge *merge_open(const struct front_algebra *algebra, const struct front *front, const struct front_slot *slot,
                         struct error *err) {
  struct merge *m = malloc(sizeof *m + slot->n * sizeof m->heap[0]);
  if (!m) {
    error_set(err, ERROR_MEMORY, "out of memory merging %zu options", slot->n);
    return NULL;
  }
  *m = (struct merge){.algebra = algebra, .front = front, .slot = slot, .n = front->n ? slot->n : 0};
  for (size_t o = 0; o < m->n; o++) {
    m->heap[o].option = o;
    place(m, &m->heap[o], 0);
  }
  for (size_t at = m->n / 2; at-- > 0;) sift_down(m, at);
  return m;
}

bool merge_next(struct merge *m, struct front_cost *cost, size_t *point, size_t *option) {
  if (m->n == 0) return false;
  struct cursor *top = &m->heap[0];
  *cost = top->cost;
  *point = top->point;
  *option = top->option;
  if (top->point + 1 < m->front->n)
    place(m, top, top->point + 1);
  else
    *top = m->heap[--m->n];
  sift_down(m, 0);
  return true;
}

void merge_close(struct merge *m) { free(m); }
