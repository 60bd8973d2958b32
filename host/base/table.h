/* A table of text, printed aligned for people, or as csv (RFC 4180), md (GitHub). */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum table_format { TABLE_TEXT, TABLE_CSV, TABLE_MARKDOWN };
struct table;

/* One heading per column; one that starts with '>' is aligned right (the sign is not printed). NULL: memory ran out. */
struct table *table_create(const char *const *headings, size_t columns);
void table_free(struct table *);
/* Fills row by row; control characters become spaces. A row with nothing but its first cell is a heading within the
 * table, whose text may run over the columns beside it. */
void table_cell(struct table *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* False: an incomplete row, memory or a write error. */
bool table_print(const struct table *, enum table_format, FILE *);

#endif
