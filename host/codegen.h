/* What a driver's compiler says of the code it made of a kernel, in the same words for every driver. NAN: this driver
 * does not tell. Drivers count in their own ways, so that numbers of two of them compare only where the comment says
 * so; whether something is 0 always does. */
#ifndef CODEGEN_H
#define CODEGEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct codegen {
  double registers;          /* vector registers of an invocation, as the driver allocates them */
  double scalar_registers;   /* registers that a subgroup has once */
  double spills;             /* registers, or instructions that store them, which did not fit */
  double scratch;            /* bytes of private memory: what was spilled, and arrays that are indexed by a variable */
  double shared;             /* bytes of shared memory of a workgroup */
  double code;               /* bytes of machine code */
  double occupancy;          /* subgroups that the unit running them holds at once: AMD a SIMD, Adreno a core */
  double subgroup;           /* invocations of a subgroup in this code */
};

enum { CODEGEN_FIELDS = 8 };
/* The members by the names they have in JSON. */
struct codegen_field { const char *name; size_t at; };
extern const struct codegen_field codegen_fields[CODEGEN_FIELDS];
double *codegen_member(struct codegen *, size_t field);
double codegen_value(const struct codegen *, size_t field);

struct codegen codegen_unknown(void);
bool codegen_known(const struct codegen *);    /* it tells at least one thing */
bool codegen_spills(const struct codegen *);   /* registers went to memory; false where the driver does not tell */
/* Is a the worse of the two: more scratch, then more spills, fewer subgroups at once, more registers? */
bool codegen_worse(const struct codegen *a, const struct codegen *b);

/* Did pipelines come out of our cache on disk? */
enum cached { CACHED_UNKNOWN, CACHED_NO, CACHED_YES };

/* What making pipelines took. Where one of them was cached, that is not what a first use costs. */
struct compile_time {
  uint64_t ns;          /* 0: not known */
  enum cached cached;   /* any of them was */
};
/* Another pipeline of the same op: the times add up. */
void codegen_add_time(struct compile_time *, struct compile_time another);
/* Of two times of an op that which says more of a first use: of one where nothing was cached, then of one where that is
 * unknown; of equals the longer. */
void codegen_keep_time(struct compile_time *, struct compile_time another);

#endif
