/* A recommendation as a file that something else reads. One row per target in emit.c, one file per target. */
#ifndef EMIT_H
#define EMIT_H

#include <stdio.h>

#include "recommend.h"

struct emitter {
  const char *name;                                    /* of --emit: "llama.cpp" */
  const char *about;
  const char *(*lost)(const struct space_option *);   /* why the target cannot hold it, else NULL; NULL: it holds all */
  /* Text of the whole file in memory, from malloc; NULL with the error set. */
  char *(*text)(const struct recommendation *, struct error *);
};

extern const struct emitter emitters[];
extern const size_t n_emitters;
/* NULL with ERROR_USAGE: unknown, or planned and not there yet, naming what exists. */
const struct emitter *emit_find(const char *name, struct error *);

/* json.c, llama_cpp.c */
char *emit_json(const struct recommendation *, struct error *);
const char *llama_cpp_lost(const struct space_option *);
char *emit_llama_cpp(const struct recommendation *, struct error *);

#endif
