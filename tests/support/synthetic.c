#include "synthetic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

void synthetic_start(struct synthetic *synthetic) {
  synthetic->result = (struct result){.rows = synthetic->rows};
  struct caps *caps = &synthetic->result.caps;
  caps->limits.storage_range = caps->limits.allocation = 1u << 31;
  caps->limits.shared_memory = 32768;
  caps->limits.invocations = 1024;
  caps->limits.storage_align = 16;
  for (int i = 0; i < 3; i++) caps->limits.group_size[i] = 1024, caps->limits.group_count[i] = 65535;
  caps->limits.group_size[2] = 64;
  caps->subgroup.size = caps->subgroup.min = caps->subgroup.max = 32;
}

struct kernel_case synthetic_matmul(int64_t m, int64_t n, int64_t k) {
  return (struct kernel_case){.family = family_find("matmul"), .dim = {m, n, k}, .mode = MODE_COLD};
}

struct result_row *synthetic_add(struct synthetic *synthetic, const struct kernel_case *kase, char *technique,
                                 char *variant, double ns) {
  assert_true(synthetic->result.n_rows < SYNTHETIC_ROWS);
  struct result_row *row = &synthetic->rows[synthetic->result.n_rows++];
  *row = (struct result_row){.technique = technique, .variant = variant, .family = kase->family, .mode = kase->mode,
                             .status = STATUS_OK, .time = {.median = ns, .lo = 0.9 * ns, .hi = 1.1 * ns}};
  memcpy(row->dim, kase->dim, sizeof row->dim);
  return row;
}

struct cost_model *synthetic_build(const struct synthetic *synthetic) {
  struct error err = {0};
  struct cost_model *cost = cost_build(&synthetic->result, &err);
  if (!cost) fail_msg("%s", err.text);
  return cost;
}

struct cost_estimate synthetic_predict(const struct cost_model *cost, const char *technique,
                                       const struct kernel_case *kase) {
  struct cost_estimate e;
  struct error err = {0};
  if (!cost_predict(cost, technique, kase, &e, &err)) fail_msg("%s", err.text);
  return e;
}
