/* The formats of compare.h, one function each. False: memory ran out. */
#ifndef PRINT_H
#define PRINT_H

#include "compare.h"
#include "table.h"

bool print_wide(const struct comparison *, enum table_format, FILE *);   /* for people: results side by side */
bool print_csv(const struct comparison *, FILE *);                       /* a line per row and result */
bool print_json(const struct comparison *, FILE *);                      /* vkpareto.compare/1 */

/* "A", "B", ... "Z", "A1", ...: what a result is called in the output. */
void print_label(size_t result, char *out, size_t size);

#endif
