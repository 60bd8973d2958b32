#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "ceilings.h"
#include "room.h"

static_assert(sizeof(struct ceilings_stream) == 12, "the push block has no holes");
static_assert(sizeof(struct ceilings_chains) == 20, "the push block has no holes");
static_assert(sizeof(struct ceilings_empty) == 8, "the push block has no holes");
static_assert(CEILINGS_COOPMAT_CHAINS * CEILINGS_PERIOD == CEILINGS_CHAINS * CEILINGS_STEPS, "a trip is as much work");

static uint64_t ceil_div(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

static uint64_t window_bytes(const struct caps *caps) { return caps->limits.storage_range - 2 * KERNEL_GUARD; }

/* How many parts `units` fall into when none may be longer than `most`; window w begins at unit w * units / windows. */
static bool count_windows(uint64_t units, uint64_t most, uint32_t min_windows, uint32_t *windows, struct error *err) {
  uint64_t needed = ceil_div(units, most);
  if (needed < min_windows) needed = min_windows;
  if (needed > units || needed > UINT32_MAX)
    return error_set(err, ERROR_UNSUPPORTED, "%" PRIu64 " parts cannot become %" PRIu64 " windows", units, needed);
  *windows = needed ? (uint32_t)needed : 1;
  return true;
}

static void set_push(struct pass *pass, const void *push, uint32_t bytes) {
  memcpy(pass->push, push, bytes);
  pass->push_bytes = bytes;
}

static bool plan_stream(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                        const int32_t *tuning, uint32_t min_windows, uint64_t lanes, struct dispatch_plan *out,
                        struct error *err) {
  uint64_t tiles = (uint64_t)kase->dim[DIM_BYTES] / CEILINGS_TILE_BYTES;
  uint64_t result_bytes = ceiling_of(variant->technique) == CEILING_COPY ? CEILINGS_TILE_BYTES : CEILINGS_TILE * 4;
  if (!count_windows(tiles, window_bytes(caps) / CEILINGS_TILE_BYTES, min_windows, &out->windows, err)) return false;
  for (uint64_t w = 0; w < out->windows; w++) {
    struct pass *pass = dispatch_plan_add(out, err);
    if (!pass) return false;
    uint64_t first = w * tiles / out->windows, n = (w + 1) * tiles / out->windows - first;
    uint32_t group = (uint32_t)tuning[TUNE_GROUP];
    uint64_t groups = ceil_div(n * lanes, (uint64_t)group * (uint64_t)tuning[TUNE_TURNS]);
    uint32_t most = caps->limits.group_count[0];
    pass->spec[0] = group;
    pass->spec[1] = tuning[TUNE_TURNS] == 1 && groups <= most;
    pass->n_spec = 2;
    pass->binding[0].tensor = 0;
    pass->binding[0].offset = first * CEILINGS_TILE_BYTES;
    pass->binding[0].size = n * CEILINGS_TILE_BYTES;
    pass->binding[1].tensor = 1;
    pass->binding[1].offset = first * result_bytes;
    pass->binding[1].size = n * result_bytes;
    pass->n_bindings = 2;
    set_push(pass, &(struct ceilings_stream){.tiles = (uint32_t)n}, sizeof(struct ceilings_stream));
    pass->groups[0] = groups < most ? (uint32_t)groups : most;
    pass->groups[1] = pass->groups[2] = 1;
  }
  return true;
}

bool ceiling_plan_columns(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                          const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  return plan_stream(variant, kase, caps, tuning, min_windows, CEILINGS_TILE, out, err);
}

bool ceiling_plan_tiles(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                        const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  return plan_stream(variant, kase, caps, tuning, min_windows, 1, out, err);
}

/* A compute ceiling's constants, and how many elements a workgroup of it advances. */
struct chains { uint32_t spec[KERNEL_SPEC], n_spec; uint64_t group_elements, factor_bytes; };

/* Windows begin at multiples of 4 elements, since bound ranges do so at multiples of 16 bytes. */
static bool plan_chains(const struct chains *chains, const struct kernel_case *kase, const struct caps *caps,
                        uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  uint64_t elements = (uint64_t)kase->dim[DIM_BYTES] / 4, quads = ceil_div(elements, 4);
  uint64_t most = window_bytes(caps) / 16, most_groups = caps->limits.group_count[0] * chains->group_elements / 4;
  if (!count_windows(quads, most < most_groups ? most : most_groups, min_windows, &out->windows, err)) return false;
  for (uint64_t w = 0; w < out->windows; w++) {
    struct pass *pass = dispatch_plan_add(out, err);
    if (!pass) return false;
    uint64_t first = w * quads / out->windows * 4, end = (w + 1) * quads / out->windows * 4;
    uint64_t n = (end < elements ? end : elements) - first;
    memcpy(pass->spec, chains->spec, sizeof pass->spec);
    pass->n_spec = chains->n_spec;
    for (uint32_t i = 0; i < 3; i++) {
      pass->binding[i].tensor = i;
      pass->binding[i].offset = i == 1 ? 0 : first * 4;
      pass->binding[i].size = i == 1 ? chains->factor_bytes : n * 4;
    }
    pass->n_bindings = 3;
    const struct ceilings_chains push = {.elements = (uint32_t)n, .trips = (uint32_t)kase->dim[DIM_TRIPS]};
    set_push(pass, &push, sizeof push);
    pass->groups[0] = (uint32_t)ceil_div(n, chains->group_elements);
    pass->groups[1] = pass->groups[2] = 1;
  }
  return true;
}

bool ceiling_plan_chains(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                         const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  (void)variant;
  uint32_t group = (uint32_t)tuning[TUNE_GROUP];
  const struct chains chains = {.spec = {group}, .n_spec = 1, .group_elements = group, .factor_bytes = 16};
  return plan_chains(&chains, kase, caps, min_windows, out, err);
}

/* One tile a subgroup. */
static uint64_t coopmat_threads(const struct caps *caps, const int32_t *tuning) {
  return (uint64_t)tuning[TUNE_SUBGROUPS] * caps->subgroup.size;
}

const char *ceiling_valid_coopmat(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  (void)kase;
  const struct coopmat *side = caps_coopmat(caps, COMPONENT_F16, COMPONENT_F32);
  if (!side) return "the device has no cooperative matrix of f16 that sums in f32";
  if (side->n % 4 || side->k % CEILINGS_PERIOD || 32 % side->k)
    return "the device's cooperative matrix has sides that the chains do not divide into";
  uint64_t shared = 2 * (uint64_t)(side->m + side->n) * side->k +
                    4 * (uint64_t)tuning[TUNE_SUBGROUPS] * side->m * side->n;
  if (shared > caps->limits.shared_memory) return "the tiles need more shared memory than the device has";
  uint64_t threads = coopmat_threads(caps, tuning);
  return threads > caps->limits.invocations || threads > caps->limits.group_size[0]
           ? "the workgroup is larger than the device takes" : NULL;
}

bool ceiling_plan_coopmat(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                          const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  (void)variant;
  const struct coopmat *side = caps_coopmat(caps, COMPONENT_F16, COMPONENT_F32);
  if (!side) return error_set(err, ERROR_UNSUPPORTED, "the device has no cooperative matrix of f16 that sums in f32");
  uint32_t tiles = (uint32_t)tuning[TUNE_SUBGROUPS];
  const struct chains chains = {
    .spec = {[CEILINGS_SPEC_THREADS] = (uint32_t)coopmat_threads(caps, tuning),
             [CEILINGS_SPEC_SIDE_M] = side->m,
             [CEILINGS_SPEC_SIDE_N] = side->n,
             [CEILINGS_SPEC_SIDE_K] = side->k,
             [CEILINGS_SPEC_TILES] = tiles},
    .n_spec = 5,
    .group_elements = (uint64_t)tiles * side->m * side->n,
    .factor_bytes = 64,
  };
  return plan_chains(&chains, kase, caps, min_windows, out, err);
}

bool ceiling_plan_empty(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                        const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  (void)variant, (void)caps, (void)tuning;
  if (!count_windows(1, 1, min_windows, &out->windows, err)) return false;
  struct pass *pass = dispatch_plan_add(out, err);
  if (!pass) return false;
  pass->spec[0] = CEILINGS_EMPTY;
  pass->n_spec = 1;
  pass->binding[0].size = (uint64_t)kase->dim[DIM_BYTES];
  pass->n_bindings = 1;
  const struct ceilings_empty push = {.elements = (uint32_t)kase->dim[DIM_BYTES] / 4};
  set_push(pass, &push, sizeof push);
  pass->groups[0] = pass->groups[1] = pass->groups[2] = 1;
  return true;
}
