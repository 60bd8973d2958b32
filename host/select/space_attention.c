/* The slot of attention: KV format x algorithm of the prefill x algorithm of the decode. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "space_internal.h"

enum { MAX_TECHNIQUES = 64 };

struct attention_name space_attention_name(const struct technique *technique) {
  const char *name = strchr(technique->id, '.') + 1, *last = strrchr(name, '_');
  struct attention_name out;
  snprintf(out.algorithm, sizeof out.algorithm, "%.*s", last ? (int)(last - name) : 0, name);
  snprintf(out.kv, sizeof out.kv, "%s", last ? last + 1 : name);
  return out;
}

static struct phase_time time_attention(const struct space_request *request, const struct workload *work,
                                        const struct technique *technique, enum phase phase, struct error *err) {
  const struct attention_name name = space_attention_name(technique);
  const struct timing_names names = {name.algorithm, name.kv, technique->id, WAYS_ALL};
  return space_time_slot(request, work, SLOT_ATTENTION, phase, &names, err);
}

static double kv_bytes(const struct workload *work, const struct technique *technique) {
  double bytes = 0;
  for (size_t i = 0; i < work->n_caches; i++)
    bytes += work->caches[i].count * cost_stream_bytes(&work->caches[i].kase, technique);
  return bytes;
}

static void offer_pair(const struct space_request *request, struct space *space,
                       const struct technique *const technique[PHASE_COUNT],
                       const struct phase_time *const part[PHASE_COUNT], size_t rank) {
  const struct attention_name prefill = space_attention_name(technique[PHASE_PREFILL]);
  const struct attention_name decode = space_attention_name(technique[PHASE_DECODE]);
  struct space_option option = {.rank = rank};
  for (int p = 0; p < PHASE_COUNT; p++) {
    option.technique[p] = technique[p];
    option.time[p] = part[p]->time;
    option.scratch_bytes = fmax(option.scratch_bytes, part[p]->scratch);
  }
  snprintf(option.kv, sizeof option.kv, "%s", decode.kv);
  if (strcmp(prefill.algorithm, decode.algorithm) == 0)
    snprintf(option.name, sizeof option.name, "%s %s", decode.algorithm, decode.kv);
  else
    snprintf(option.name, sizeof option.name, "%s/%s %s", prefill.algorithm, decode.algorithm, decode.kv);
  option.kv_bytes = kv_bytes(&space->work, technique[PHASE_DECODE]);
  char key[32];
  snprintf(key, sizeof key, "kv.%s", decode.kv);
  option.quality = quality_of(request->quality, key, request->setting.model->params);
  space_offer(request, &space->slots[SLOT_ATTENTION], &option);
}

bool space_build_attention(const struct space_request *request, struct space *space, struct error *err) {
  const struct family *family = family_find("attention");
  const size_t n = family ? family->n_techniques : 0;
  if (n == 0 || n > MAX_TECHNIQUES)
    return error_set(err, ERROR_UNSUPPORTED, "this build has %zu attention techniques", n);
  struct space_slot *slot = &space->slots[SLOT_ATTENTION];
  slot->share = 1;
  if (!space_slot_open(slot, n * n + n * PHASE_COUNT, err)) return false;

  struct phase_time parts[MAX_TECHNIQUES][PHASE_COUNT];
  for (size_t t = 0; t < n; t++)
    for (int p = 0; p < PHASE_COUNT; p++) {
      struct error why = {0};
      parts[t][p] = time_attention(request, &space->work, &family->techniques[t], (enum phase)p, &why);
      if (!parts[t][p].ok) {
        char name[96];
        snprintf(name, sizeof name, "%.60s (%s)", strchr(family->techniques[t].id, '.') + 1,
                 p == PHASE_PREFILL ? "prefill" : "decode");
        space_refuse(slot, name, why.text);
      }
    }

  for (size_t a = 0; a < n; a++)
    for (size_t b = 0; b < n; b++) {
      const struct technique *const pair[PHASE_COUNT] = {&family->techniques[a], &family->techniques[b]};
      const struct phase_time *const part[PHASE_COUNT] = {&parts[a][PHASE_PREFILL], &parts[b][PHASE_DECODE]};
      if (!part[0]->ok || !part[1]->ok) continue;
      if (strcmp(space_attention_name(pair[0]).kv, space_attention_name(pair[1]).kv) != 0) continue;
      offer_pair(request, space, pair, part, a == b ? a : n + a * n + b);
    }
  return true;
}
