#include "interrupt.h"

#include "platform.h"

void interrupt_begin(struct interrupt *interrupt) {
  *interrupt = (struct interrupt){.handle = platform_hold_interrupts()};
}

bool interrupt_seen(struct interrupt *interrupt) {
  if (platform_interrupted(interrupt->handle)) interrupt->seen = true;
  return interrupt->seen;
}

void interrupt_end(struct interrupt *interrupt) { platform_release_interrupts(interrupt->handle); }
