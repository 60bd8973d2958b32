#include "execute.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t COMPILE_NS = 45ull * 1000000000;   /* SwiftShader took 25 s for 16 query rows of attention */
static const double SLOWER = 10;                         /* than before: other programs run too */
static const uint64_t LLC_UNKNOWN = 128ull << 20; /* the largest known in 2026: Infinity Cache and RTX 5090 */

static uint64_t round_up(uint64_t value, uint64_t step) { return (value + step - 1) / step * step; }

/* Guard, tensor, padding, guard. */
static uint64_t placed_bytes(uint64_t bytes) { return round_up(bytes + 2 * KERNEL_GUARD, PLACE_ALIGN); }

struct watchdog execution_watchdog(const struct caps *caps) {
  return caps->type == DEVICE_CPU ? (struct watchdog){2e9, 5e9} : (struct watchdog){50e6, 200e6};
}

static uint64_t stream_bytes(const struct tensor_list *tensors) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < tensors->n; i++)
    if (tensors->tensor[i].role == TENSOR_STREAM) bytes += placed_bytes(tensors->tensor[i].bytes);
  return bytes;
}

uint32_t execution_copies(const struct kernel_case *kase, const struct tensor_list *tensors, const struct caps *caps,
                          uint64_t llc_bytes) {
  uint64_t stream = stream_bytes(tensors);
  if (kase->mode != MODE_COLD || !stream) return 1;
  uint64_t wanted = 4 * (caps->llc_bytes ? caps->llc_bytes : llc_bytes ? llc_bytes : LLC_UNKNOWN);
  uint64_t room = caps_memory(caps) / 4;
  if (caps->limits.allocation && caps->limits.allocation < room) room = caps->limits.allocation;
  uint64_t copies = (wanted + stream - 1) / stream;
  if (room && copies > room / stream) copies = room / stream;
  return copies < 1 ? 1 : copies > UINT16_MAX ? UINT16_MAX : (uint32_t)copies;
}

/* ---- buffers */

static bool add_scratch(struct execution *ex, struct error *err) {
  if (ex->plan.n_scratch > KERNEL_SCRATCH || ex->tensors.n + ex->plan.n_scratch > KERNEL_TENSORS)
    return error_set(err, ERROR_UNSUPPORTED, "%s plans more tensors than there is room for", ex->variant->id);
  for (size_t s = 0; s < ex->plan.n_scratch; s++)
    ex->tensors.tensor[ex->tensors.n++] = (struct tensor){"scratch", TENSOR_SCRATCH, ex->plan.scratch[s]};
  return true;
}

void arena_release(struct arena *arena, struct gpu *gpu) {
  gpu_buffer_destroy(gpu, arena->buffer);
  *arena = (struct arena){0};
}

static bool make_arena(struct arena *arena, struct gpu *gpu, uint64_t stride, uint32_t copies, struct error *err) {
  if (arena->buffer && arena->stride == stride && arena->copies == copies) return true;
  const uint64_t bytes = stride * copies;
  if (arena->bytes < bytes) arena_release(arena, gpu);
  *arena = (struct arena){.buffer = arena->buffer, .bytes = arena->bytes, .stride = stride, .copies = copies};
  if (arena->buffer || !bytes) return true;
  if ((arena->buffer = gpu_buffer_create(gpu, bytes, err)) == NULL) return false;
  arena->bytes = bytes;
  return true;
}

static bool place_tensors(struct execution *ex, uint32_t copies, struct error *err) {
  if (!make_arena(ex->arena, ex->gpu, stream_bytes(&ex->tensors), copies, err)) return false;
  ex->memory = ex->arena->stride * copies;
  uint64_t at = 0;
  for (size_t i = 0; i < ex->tensors.n; i++) {
    uint64_t bytes = ex->place[i].bytes = placed_bytes(ex->tensors.tensor[i].bytes);
    if (ex->tensors.tensor[i].role == TENSOR_STREAM) {
      ex->place[i].buffer = ex->arena->buffer;
      ex->place[i].offset = at;
      at += bytes;
    } else {
      ex->place[i].buffer = gpu_buffer_create(ex->gpu, bytes, err);
      if (!ex->place[i].buffer) return false;
      ex->memory += bytes;
    }
    if (ex->tensors.tensor[i].role == TENSOR_OUTPUT) ex->output = i;
  }
  return true;
}

/* ---- dispatches */

/* What a room promises about a pass, checked here once: a slip must not become an access out of bounds. */
static bool check_pass(const struct execution *ex, const struct pass *pass, const struct caps *caps,
                       struct error *err) {
  const char *id = ex->variant->id;
  if (pass->n_bindings > KERNEL_BINDINGS || pass->n_spec > KERNEL_SPEC || pass->push_bytes > KERNEL_PUSH ||
      pass->push_bytes < 4 * pass->n_bindings || pass->push_bytes % 4)
    return error_set(err, ERROR_UNSUPPORTED, "%s: a pass with %u bindings, %u constants, %u push bytes", id,
                     pass->n_bindings, pass->n_spec, pass->push_bytes);
  for (uint32_t d = 0; d < 3; d++)
    if (!pass->groups[d] || (caps->limits.group_count[d] && pass->groups[d] > caps->limits.group_count[d]))
      return error_set(err, ERROR_UNSUPPORTED, "%s: %u workgroups in dimension %u; the device allows 1 to %u", id,
                       pass->groups[d], d, caps->limits.group_count[d]);
  for (uint32_t b = 0; b < pass->n_bindings; b++) {
    uint32_t t = pass->binding[b].tensor;
    uint64_t offset = pass->binding[b].offset, size = pass->binding[b].size, end;
    if (t >= ex->tensors.n || offset % 16 || !size || __builtin_add_overflow(offset, size, &end) ||
        end > ex->tensors.tensor[t].bytes)
      return error_set(err, ERROR_UNSUPPORTED, "%s: binding %u is no part of a tensor", id, b);
    if (caps->limits.storage_range && size + 2 * KERNEL_GUARD > caps->limits.storage_range)
      return error_set(err, ERROR_UNSUPPORTED,
                       "%s: binding %u takes %llu bytes with its guards; the device allows %llu", id, b,
                       (unsigned long long)size + 2 * KERNEL_GUARD, (unsigned long long)caps->limits.storage_range);
  }
  return true;
}

/* Binds [offset, offset + size) of each tensor with the guard on either side and tells the shader where it begins. */
static void bind_pass(const struct execution *ex, struct pass *pass, uint32_t copy, uint64_t align,
                      struct gpu_dispatch *out) {
  for (uint32_t b = 0; b < pass->n_bindings; b++) {
    uint32_t t = pass->binding[b].tensor;
    uint64_t offset = pass->binding[b].offset;
    uint64_t start = round_up(offset, align);   /* place and stride are multiples of any alignment */
    uint64_t end = offset + pass->binding[b].size + 2 * KERNEL_GUARD;
    uint32_t base = (uint32_t)((offset + KERNEL_GUARD - start) / 4);
    out->binding[b].buffer = ex->place[t].buffer;
    out->binding[b].offset =
        ex->place[t].offset + start + (ex->tensors.tensor[t].role == TENSOR_STREAM ? copy * ex->arena->stride : 0);
    out->binding[b].size = end - start;
    memcpy(pass->push + 4 * b, &base, sizeof base);
  }
  out->push = pass->push;
  memcpy(out->groups, pass->groups, sizeof out->groups);
}

static bool make_dispatches(struct execution *ex, struct pipelines *pipelines, struct error *err) {
  const struct caps *caps = gpu_caps(ex->gpu);
  uint64_t align = caps->limits.storage_align > 16 ? caps->limits.storage_align : 16;
  ex->dispatches = calloc(ex->plan.n * ex->arena->copies, sizeof *ex->dispatches);
  if (!ex->dispatches)
    return error_set(err, ERROR_MEMORY, "out of memory for %zu dispatches", ex->plan.n * ex->arena->copies);
  for (size_t p = 0; p < ex->plan.n; p++) {
    if (!check_pass(ex, &ex->plan.pass[p], caps, err)) return false;
    struct gpu_pipeline *pipeline = pipelines_get(pipelines, ex->variant, &ex->plan.pass[p], &ex->compile, &ex->fresh,
                                                  err);
    if (!pipeline) return false;
    for (uint32_t c = 0; c < ex->arena->copies; c++) {
      struct gpu_dispatch *dispatch = &ex->dispatches[c * ex->plan.n + p];
      dispatch->pipeline = pipeline;
      bind_pass(ex, &ex->plan.pass[p], c, align, dispatch);
    }
  }
  return true;
}

struct execution *execution_create(struct gpu *gpu, struct pipelines *pipelines, const struct kernel_case *kase,
                                   const struct variant *variant, const int32_t *tuning, uint32_t min_windows,
                                   uint32_t copies, struct arena *shared, struct error *err) {
  struct execution *ex = calloc(1, sizeof *ex);
  if (!ex) {
    error_set(err, ERROR_MEMORY, "out of memory");
    return NULL;
  }
  *ex = (struct execution){.gpu = gpu, .variant = variant};
  ex->arena = shared ? shared : &ex->own;
  const struct technique *technique = technique_of(kase->family, variant);
  if (!kase->family->tensors(kase, technique, &ex->tensors, err)) goto error;
  ex->n_given = ex->tensors.n;
  if (!variant->plan(variant, kase, gpu_caps(gpu), tuning, min_windows, &ex->plan, err)) goto error;
  if (!ex->plan.n) {
    error_set(err, ERROR_UNSUPPORTED, "%s plans no dispatch", variant->id);
    goto error;
  }
  if (!add_scratch(ex, err) || !place_tensors(ex, copies, err) || !make_dispatches(ex, pipelines, err)) goto error;
  return ex;
error:
  execution_destroy(ex);
  return NULL;
}

void execution_destroy(struct execution *ex) {
  if (!ex) return;
  for (size_t i = 0; i < ex->tensors.n; i++)
    if (ex->tensors.tensor[i].role != TENSOR_STREAM) gpu_buffer_destroy(ex->gpu, ex->place[i].buffer);
  arena_release(&ex->own, ex->gpu);
  dispatch_plan_free(&ex->plan);
  free(ex->dispatches);
  free(ex);
}

/* ---- running */

static uint64_t timeout_ns(const struct execution *ex) {
  return gpu_patience_ns + (ex->ran ? 0 : COMPILE_NS) + (uint64_t)ex->slack_ns;
}

static bool run_list(struct execution *ex, const struct gpu_dispatch *list, size_t n, struct gpu_time *total,
                     struct error *err) {
  struct gpu_time time;
  if (!gpu_run(ex->gpu, list, n, timeout_ns(ex), &time, err)) return false;
  ex->ran = true;
  ex->slack_ns = fmax(ex->slack_ns, SLOWER * (double)time.host_ns);
  total->gpu_ns += time.gpu_ns;
  total->host_ns += time.host_ns;
  return true;
}

bool execution_run(struct execution *ex, uint32_t first, uint32_t repeats, size_t max_dispatches, struct gpu_time *time,
                   struct error *err) {
  size_t ring = ex->plan.n * ex->arena->copies, all = ex->plan.n * repeats;
  size_t batch = max_dispatches && max_dispatches < all ? max_dispatches : all;
  struct gpu_dispatch *list = malloc(batch * sizeof *list);
  if (!list) return error_set(err, ERROR_MEMORY, "out of memory for %zu dispatches", batch);
  *time = (struct gpu_time){0};
  bool ok = true;
  for (size_t done = 0; ok && done < all;) {
    size_t n = all - done < batch ? all - done : batch;
    for (size_t i = 0; i < n; i++)
      list[i] = ex->dispatches[((size_t)(first % ex->arena->copies) * ex->plan.n + done + i) % ring];
    ok = run_list(ex, list, n, time, err);
    done += n;
  }
  free(list);
  return ok;
}

bool execution_run_part(struct execution *ex, size_t begin, size_t n, struct gpu_time *time, struct error *err) {
  *time = (struct gpu_time){0};
  return run_list(ex, ex->dispatches + begin, n, time, err);
}

size_t execution_batch(const struct execution *ex, double op_ns) {
  enum { MOST = 4096 };   /* dispatches recorded in one command buffer */
  double n = execution_watchdog(gpu_caps(ex->gpu)).submission_ns * (double)ex->plan.n / fmax(op_ns, 1);
  return n < 1 ? 1 : n > MOST ? MOST : (size_t)n;
}

struct compile_time execution_compile(const struct execution *ex, uint64_t first_host_ns, uint64_t second_host_ns) {
  bool late = ex->fresh && first_host_ns > second_host_ns;
  return (struct compile_time){ex->compile.ns + (late ? first_host_ns - second_host_ns : 0), ex->compile.cached};
}

double execution_ns(const struct gpu_time *time) {
  uint64_t ns = time->gpu_ns ? time->gpu_ns : time->host_ns;
  return ns ? (double)ns : 1;
}

uint64_t execution_hash(const float *output, uint64_t n) {
  /* FNV-1a over 32-bit words, with a final mix (splitmix64): equal outputs are told by 64 bits, nobody is attacking. */
  uint64_t hash = 0xcbf29ce484222325u;
  for (uint64_t i = 0; i < n; i++) {
    uint32_t word;
    memcpy(&word, &output[i], sizeof word);
    hash = (hash ^ word) * 0x100000001b3u;
  }
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
  return hash ^ (hash >> 31);
}
