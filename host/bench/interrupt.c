#include "interrupt.h"

#include "platform.h"

void interrupt_begin(struct interrupt *interrupt) {
  *interrupt = (struct interrupt){.handle = platform_hold_interrupts()};
}

bool interrupt_seen(struct interrupt *interrupt) {
  if (platform_interrupted(interrupt->handle)) interrupt->seen = true;
  return interrupt->seen;
}

bool interrupt_end(struct interrupt *interrupt, bool ok, struct error *err) {
  if (platform_release_interrupts(interrupt->handle)) interrupt->seen = true;
  if (!interrupt->seen) return ok;
  if (ok) return error_set(err, ERROR_INTERRUPTED, "interrupted");
  err->kind = ERROR_INTERRUPTED;
  return false;
}
