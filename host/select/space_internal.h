/* What the files that build a space share. */
#ifndef SPACE_INTERNAL_H
#define SPACE_INTERNAL_H

#include "space.h"

/* Room for `most` options and as many refusals. */
bool space_slot_open(struct space_slot *, size_t most, struct error *);
void space_refuse(struct space_slot *, const char *name, const char *reason);
/* Fills in the cost and adds the option, or refuses it where the target cannot hold it or its quality is unknown. */
void space_offer(const struct space_request *, struct space_slot *, struct space_option *);

/* The time of one choice on all ops of a slot in a phase. */
struct phase_time { bool ok; struct space_time time; double scratch; };
struct phase_time space_time_slot(const struct space_request *, const struct workload *, int slot, enum phase,
                                  const struct timing_names *, struct error *);

/* "attention.flash_split_int8" -> "flash_split" and "int8". */
struct attention_name { char algorithm[48], kv[24]; };
struct attention_name space_attention_name(const struct technique *);
bool space_build_attention(const struct space_request *, struct space *, struct error *);

#endif
