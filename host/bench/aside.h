/* What an earlier run left unfinished makes room for a new one: it is renamed, never replaced. */
#ifndef ASIDE_H
#define ASIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Renames the file to PATH.old, or the first of .old.2, .old.3, ... that is free; *kept is its new name, "" where there
 * was no such file. */
bool aside_move(const char *path, char *kept, size_t size, struct error *);

#endif
