#include "codegen.h"

#include <math.h>

const struct codegen_field codegen_fields[CODEGEN_FIELDS] = {
  {"registers", offsetof(struct codegen, registers)},
  {"scalar_registers", offsetof(struct codegen, scalar_registers)},
  {"spills", offsetof(struct codegen, spills)},
  {"scratch", offsetof(struct codegen, scratch)},
  {"shared", offsetof(struct codegen, shared)},
  {"code", offsetof(struct codegen, code)},
  {"occupancy", offsetof(struct codegen, occupancy)},
  {"subgroup", offsetof(struct codegen, subgroup)},
};

double *codegen_member(struct codegen *codegen, size_t field) {
  return (double *)((char *)codegen + codegen_fields[field].at);
}

double codegen_value(const struct codegen *codegen, size_t field) {
  return *(const double *)((const char *)codegen + codegen_fields[field].at);
}

struct codegen codegen_unknown(void) {
  struct codegen unknown;
  for (size_t f = 0; f < CODEGEN_FIELDS; f++) *codegen_member(&unknown, f) = NAN;
  return unknown;
}

bool codegen_known(const struct codegen *codegen) {
  for (size_t f = 0; f < CODEGEN_FIELDS; f++)
    if (!isnan(codegen_value(codegen, f))) return true;
  return false;
}

bool codegen_spills(const struct codegen *codegen) { return codegen->spills > 0 || codegen->scratch > 0; }

bool codegen_worse(const struct codegen *a, const struct codegen *b) {
  const double more[][2] = {
    {a->scratch, b->scratch}, {a->spills, b->spills}, {-a->occupancy, -b->occupancy}, {a->registers, b->registers},
  };
  for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
    if (more[i][0] > more[i][1]) return true;
    if (more[i][0] < more[i][1]) return false;   /* neither: equal, or one is not known */
  }
  return false;
}

void codegen_add_time(struct compile_time *time, struct compile_time another) {
  bool any = time->cached == CACHED_YES || another.cached == CACHED_YES;
  bool none = (time->cached == CACHED_NO || !time->ns) && another.cached == CACHED_NO;
  time->ns += another.ns;
  time->cached = any ? CACHED_YES : none ? CACHED_NO : CACHED_UNKNOWN;
}

void codegen_keep_time(struct compile_time *time, struct compile_time another) {
  static const int says[] = {[CACHED_NO] = 2, [CACHED_UNKNOWN] = 1, [CACHED_YES] = 0};
  int more = says[another.cached] - says[time->cached];
  if (another.ns && (!time->ns || more > 0 || (more == 0 && another.ns > time->ns))) *time = another;
}
