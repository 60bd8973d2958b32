#include "cut.h"

static uint64_t units_of(const struct cut *cut) { return (cut->size + cut->unit - 1) / cut->unit; }

bool cut_make(struct cut *cut, uint64_t size, uint64_t unit, uint64_t most) {
  if (most < unit && most >= size) most = unit;
  if (most / unit == 0) return false;
  *cut = (struct cut){size, unit, 1};
  uint64_t fit = most / unit;
  cut->windows = (units_of(cut) + fit - 1) / fit;
  return true;
}

void cut_raise(struct cut *cut, uint64_t windows) {
  uint64_t most = units_of(cut);
  if (windows > most) windows = most;
  if (cut->windows < windows) cut->windows = windows;
}

uint64_t cut_begin(const struct cut *cut, uint64_t i) {
  uint64_t begin = units_of(cut) * i / cut->windows * cut->unit;
  return begin < cut->size ? begin : cut->size;
}
