#include <stdio.h>

#include "clock.h"
#include "vk_internal.h"

/* Work of known length that needs no shader: one buffer filled over and over. */
enum {
  WORK_BYTES = 1 << 20,
  LENGTHS = 6,    /* 8, 32, 128, ... 8192 fills: 1 MiB at 1 TB/s takes 1 us */
  EACH = 3,       /* readings of a length */
};
/* Work as long as this tells a slow clock from a busy machine, and is no longer than submissions may be. On one with
 * seven busy processes a core, submitting and waiting alone took over 10 ms. */
static const uint64_t telling_ns = 200000000;

void timer_begin(struct gpu *gpu) {
  if (!gpu->queries) return;
  vkCmdResetQueryPool(gpu->commands, gpu->queries, 0, 2);
  vkCmdWriteTimestamp(gpu->commands, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT, gpu->queries, 0);
}

void timer_end(struct gpu *gpu) {
  if (!gpu->queries) return;
  vkCmdWriteTimestamp(gpu->commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, gpu->queries, 1);
}

static bool read_ticks(struct gpu *gpu, struct clock_reading *reading, struct error *err) {
  uint64_t tick[2] = {0};
  VK(vkGetQueryPoolResults(gpu->device, gpu->queries, 0, 2, sizeof tick, tick, sizeof tick[0], VK_QUERY_RESULT_64_BIT));
  reading->begin = tick[0];
  reading->end = tick[1];
  return true;

error:
  return false;
}

bool timer_read(struct gpu *gpu, struct gpu_time *time, struct error *err) {
  struct caps *caps = &gpu->physical.caps;
  struct clock_reading reading;
  if (!gpu->queries || caps->timestamps.rejected) return true;
  if (!read_ticks(gpu, &reading, err)) return false;
  double ns = clock_ns(reading.begin, reading.end, caps->timestamps.valid_bits, caps->timestamps.period_ns);
  caps->timestamps.rejected = clock_exceeds(ns, (double)time->host_ns, caps->timestamps.resolution_ns);
  time->gpu_ns = caps->timestamps.rejected ? 0 : (uint64_t)ns;
  return true;
}

static bool take_reading(struct gpu *gpu, const struct gpu_buffer *buffer, uint32_t fills,
                         struct clock_reading *reading, struct error *err) {
  if (!queue_begin(gpu, err)) return false;
  timer_begin(gpu);
  for (uint32_t i = 0; i < fills; i++) {
    vkCmdFillBuffer(gpu->commands, buffer->handle, 0, VK_WHOLE_SIZE, i);
    queue_barrier(gpu, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT,
                  VK_ACCESS_TRANSFER_WRITE_BIT);
  }
  timer_end(gpu);
  return queue_finish(gpu, gpu_patience_ns, &reading->host_ns, err) && read_ticks(gpu, reading, err);
}

/* Four times the work each time, until there is enough of it to judge by. */
static bool take_readings(struct gpu *gpu, const struct gpu_buffer *buffer, struct clock_judgement *judgement,
                          struct error *err) {
  struct clock_reading reading[LENGTHS * EACH];
  for (uint32_t length = 0, n = 0; length < LENGTHS; length++) {
    uint64_t shortest = UINT64_MAX;
    for (int i = 0; i < EACH; i++, n++) {
      if (!take_reading(gpu, buffer, 8u << 2 * length, &reading[n], err)) return false;
      if (reading[n].host_ns < shortest) shortest = reading[n].host_ns;
    }
    *judgement = clock_judge(reading, n, gpu->physical.caps.timestamps.valid_bits,
                             gpu->physical.caps.timestamps.period_ns);
    if (shortest >= (judgement->state == CLOCK_SLOW ? telling_ns : clock_long_ns)) break;
  }
  return true;
}

/* The device works but not for this: a driver without hardware, or memory that is used up. */
static void give_up(struct caps *caps, struct error *why) {
  caps->timestamps.rejected = true;
  snprintf(caps->timestamps.verdict, sizeof caps->timestamps.verdict,
           "the clock could not be tested (%.120s); times are of the host's clock and hold the submission too",
           why->text);
  *why = (struct error){0};
}

bool gpu_test_clock(struct gpu *gpu, struct error *err) {
  struct caps *caps = &gpu->physical.caps;
  const uint32_t bits = caps->timestamps.valid_bits;
  const double period_ns = caps->timestamps.period_ns;
  struct clock_judgement judgement = clock_judge(NULL, 0, bits, period_ns);
  if (judgement.state == CLOCK_GOOD) {
    struct gpu_buffer *buffer = gpu_buffer_create(gpu, WORK_BYTES, err);
    bool ok = buffer && take_readings(gpu, buffer, &judgement, err);
    gpu_buffer_destroy(gpu, buffer);
    if (!ok && gpu->lost) return error_prefix(err, "testing the device's clock: ");
    if (!ok) {
      give_up(caps, err);
      return true;
    }
  }
  caps->timestamps.resolution_ns = judgement.resolution_ns;
  caps->timestamps.rejected = bits && judgement.state != CLOCK_GOOD;
  clock_describe(&judgement, bits, period_ns, caps->timestamps.verdict, sizeof caps->timestamps.verdict);
  return true;
}
