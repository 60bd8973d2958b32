#include "instance.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "rng.h"

/* Bits of a weight with its scales; time per byte against f16; what the format loses of a whole model, nats. */
static const struct { double bits, slowness, loss; } formats[INSTANCE_FORMATS] = {
  {16, 1.00, 0.0}, {8.5, 1.04, 0.0006}, {6.6, 1.10, 0.003}, {5.5, 1.12, 0.009}, {4.5, 1.08, 0.03}, {3.4, 1.25, 0.11},
};

struct noise { double tpot, ttft, joules, scratch; };

static struct noise random_noise(struct rng *rng) {
  struct noise n = {1 + 0.06 * rng_normal(rng), 1 + 0.06 * rng_normal(rng), 1 + 0.06 * rng_normal(rng),
                    rng_uniform(rng)};
  return n;
}

/* weights: how many in this slot; share of the loss; ns of 1 GB at 100 GB/s. */
static struct front_cost cost_of(size_t coords, size_t format, double weights, double share, struct noise noise) {
  const double bytes = weights * formats[format].bits / 8;
  const double tpot = bytes / 100 * formats[format].slowness * noise.tpot;
  const double ttft = weights * 40e-3 * 512 / 100 * (0.6 + 0.4 * formats[format].slowness) * noise.ttft;
  const double watts = 90 + 12 * formats[format].slowness;
  const double loss = 1e9 * formats[format].loss * share, scratch = 1e6 * floor(64 * noise.scratch);
  const double small[] = {tpot, bytes, loss, tpot * watts * noise.joules};
  const double large[] = {ttft, tpot, bytes, ttft * watts * noise.joules, tpot * watts * noise.joules, loss, scratch};
  const double *from = coords == 7 ? large : small;
  struct front_cost cost = {{0}};
  for (size_t i = 0; i < coords; i++) cost.at[i] = llround(from[i]);
  return cost;
}

static void begin(struct instance *in, size_t coords, size_t n_slots) {
  in->algebra = (struct front_algebra){coords, coords == 7 ? 6 : coords};
  in->base = (struct front_cost){{0}};
  in->n_slots = n_slots;
  for (size_t s = 0; s < n_slots; s++) in->slots[s] = (struct front_slot){in->options[s], INSTANCE_FORMATS};
}

void instance_classes(struct instance *in, size_t coords, uint64_t seed) {
  /* Parameters of Llama 3.1 8B by class (hidden 4096, feed-forward 14336, 32 layers, 8 KV heads of 128). */
  static const double weights[9] = {537e6, 134e6, 134e6, 537e6, 1879e6, 1879e6, 1879e6, 525e6, 525e6};
  struct rng rng = rng_make(seed);
  begin(in, coords, 9);
  double all = 0;
  for (size_t s = 0; s < 9; s++) all += weights[s];
  for (size_t s = 0; s < 9; s++) {
    const double share = weights[s] / all * (0.5 + 1.5 * rng_uniform(&rng));
    for (size_t f = 0; f < INSTANCE_FORMATS; f++)
      in->options[s][f] = cost_of(coords, f, weights[s], share, random_noise(&rng));
  }
}

void instance_layers(struct instance *in, size_t coords, size_t layers, uint64_t seed) {
  static const double weights[INSTANCE_CLASSES] = {8192e0 * 8192, 8192e0 * 1024, 8192e0 * 1024, 8192e0 * 8192,
                                                   8192e0 * 28672, 8192e0 * 28672, 8192e0 * 28672};
  struct rng rng = rng_make(seed);
  begin(in, coords, layers * INSTANCE_CLASSES);
  double all = 0;
  for (size_t c = 0; c < INSTANCE_CLASSES; c++) all += (double)layers * weights[c];
  for (size_t c = 0; c < INSTANCE_CLASSES; c++) {
    struct noise noise[INSTANCE_FORMATS];   /* of a shape: one kernel serves it in every layer */
    for (size_t f = 0; f < INSTANCE_FORMATS; f++) noise[f] = random_noise(&rng);
    for (size_t l = 0; l < layers; l++) {
      const double share = weights[c] / all * (0.3 + 1.7 * rng_uniform(&rng));
      for (size_t f = 0; f < INSTANCE_FORMATS; f++)
        in->options[c * layers + l][f] = cost_of(coords, f, weights[c], share, noise[f]);
    }
  }
}

static void require(bool condition, const char *name, const struct error *err) {
  if (condition) return;
  fprintf(stderr, "error: instance %s: %s\n", name, err->text);
  exit(EXIT_FAILURE);
}

static bool read_cost(const cJSON *numbers, struct front_cost *out, struct error *err) {
  size_t c = 0;
  const cJSON *number;
  cJSON_ArrayForEach(number, numbers) {
    if (c == FRONT_COORDS || !json_item_int(number, "cost", 0, INT64_C(1) << 53, &out->at[c], err)) return false;
    c++;
  }
  return c == 7;
}

void instance_file(struct instance *in, const char *name) {
  char path[512];
  snprintf(path, sizeof path, "%s/tests/front/instances/%s.json", SOURCE_DIR, name);
  struct error err = {0};
  cJSON *root = json_parse_file(path, 1 << 20, &err);
  require(root, name, &err);
  begin(in, 7, 0);
  require(read_cost(cJSON_GetObjectItem(root, "base"), &in->base, &err), name, &err);
  const cJSON *slot, *option;
  cJSON_ArrayForEach(slot, cJSON_GetObjectItem(root, "slots")) {
    struct front_cost *options = in->options[in->n_slots];
    in->slots[in->n_slots] = (struct front_slot){options, 0};
    cJSON_ArrayForEach(option, slot) {
      size_t *n = &in->slots[in->n_slots].n;
      require(*n < INSTANCE_OPTIONS && read_cost(option, &options[(*n)++], &err), name, &err);
    }
    in->n_slots++;
  }
  cJSON_Delete(root);
}
