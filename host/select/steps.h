/* One decision changed, all others as chosen: what is worth knowing beside a recommendation. Pure. */
#ifndef STEPS_H
#define STEPS_H

#include "recommend.h"

enum gain { GAIN_MEMORY, GAIN_TIME, GAIN_QUALITY, GAIN_ENERGY, GAIN_COUNT };
extern const char *const gain_names[GAIN_COUNT];   /* "less memory", "faster", "better quality", "less energy" */

/* Options of a slot or settings, `to` in place of `from`, and what the configurations with either cost. */
struct step {
  const char *decision;            /* the slot's name, "setting", or "layers" */
  char from[256], to[256];
  struct prediction before, after;
  bool same_time[PHASE_COUNT];     /* within the error of the two */
  bool gains[GAIN_COUNT];          /* steps_away: what it is the next of */
};

/* The configurations of the front within the limits that differ from the chosen one in one decision. Of those that have
 * clearly less memory, request time, quality loss or energy (2 %, of quality loss a quarter, and more than the error),
 * the one for each that costs least in the eyes of the preference: the next in that direction. One that is next in
 * several stands once. */
size_t steps_away(const struct recommendation *, struct step out[GAIN_COUNT]);

/* What a decision bought, of a slot or, at CHOICE_SETTING, of the setting: from what the plain configuration (16-bit
 * weights and cache) has there to what was chosen, all else as chosen. False where that is the same, or cannot be
 * predicted. */
bool steps_bought(const struct recommendation *, int decision, struct step *);

/* What formats per layer gained: from the best choice of one format per class, by the same limits and preference, to
 * what was chosen. False where that has one format per class too, or there is none. */
bool steps_layers(const struct recommendation *, struct step *);

/* "120 MiB less, time per token 1.20 ms shorter (-8.0 %), perplexity +0.30 %"; a time whose change lies within the
 * error is "the same within the error"; what is unknown or equal is left out. */
void steps_text(const struct step *, char *out, size_t size);
/* "less memory, faster": by the gains. */
void steps_gains(const struct step *, char *out, size_t size);

#endif
