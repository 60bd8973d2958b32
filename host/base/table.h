/* A table of text, printed aligned for people, or as csv (RFC 4180), md (GitHub). */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum table_format { TABLE_TEXT, TABLE_CSV, TABLE_MARKDOWN };
struct table;

/* One heading per column; a heading that starts with '>' is aligned right (the sign is not printed). NULL when memory runs out. */
struct table *table_create(const char *const *headings, size_t columns);
void table_free(struct table *);
void table_cell(struct table *, const char *format, ...) __attribute__((format(printf, 2, 3)));   /* fills row by row; control characters become spaces */
bool table_print(const struct table *, enum table_format, FILE *);   /* false: an incomplete row, memory or a write error */

#endif
