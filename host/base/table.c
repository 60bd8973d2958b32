#include "table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

struct table {
  char **cell;        /* the first `columns` are the headings */
  size_t n, capacity;
  size_t columns;
  bool *right;        /* column is aligned right */
  bool failed;        /* memory ran out */
};

/* Takes the text, NULL where memory ran out. */
static void append(struct table *table, char *text) {
  if (text && table->n == table->capacity) {
    size_t capacity = table->capacity ? 2 * table->capacity : 64;
    char **grown = realloc(table->cell, capacity * sizeof *grown);
    if (grown) {
      table->cell = grown;
      table->capacity = capacity;
    }
  }
  if (!text || table->n == table->capacity) {
    free(text);
    table->failed = true;
    return;
  }
  for (char *c = text; *c; c++)   /* a device's name must not move the cursor of a terminal */
    if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = ' ';
  table->cell[table->n++] = text;
}

struct table *table_create(const char *const *headings, size_t columns) {
  struct table *table = calloc(1, sizeof *table);
  if (!table) return NULL;
  table->columns = columns;
  table->right = calloc(columns, sizeof *table->right);
  for (size_t i = 0; i < columns && table->right; i++) {
    table->right[i] = headings[i][0] == '>';
    append(table, strdup(headings[i] + table->right[i]));
  }
  if (!table->right || table->failed) {
    table_free(table);
    return NULL;
  }
  return table;
}

void table_free(struct table *table) {
  if (!table) return;
  for (size_t i = 0; i < table->n; i++) free(table->cell[i]);
  free(table->cell);
  free(table->right);
  free(table);
}

void table_cell(struct table *table, const char *format, ...) {
  char *text = NULL;
  va_list args;
  va_start(args, format);
  if (vasprintf(&text, format, args) < 0) text = NULL;
  va_end(args);
  append(table, text);
}

/* Characters, one column each. */
static size_t width_of(const char *text) {
  size_t width = 0;
  for (size_t length; *text; text += length ? length : 1, width++) length = text_utf8_length(text);
  return width;
}

static void pad(FILE *out, size_t n, char with) {
  while (n--) putc(with, out);
}

/* Doubled quotes inside quotes, where the text needs them (RFC 4180). */
static void print_csv(FILE *out, const char *text) {
  if (!text[strcspn(text, "\",")]) {
    fputs(text, out);
    return;
  }
  putc('"', out);
  for (; *text; text++) {
    if (*text == '"') putc('"', out);
    putc(*text, out);
  }
  putc('"', out);
}

static void print_markdown(FILE *out, const char *text) {
  for (; *text; text++) {
    if (*text == '|' || *text == '\\') putc('\\', out);
    putc(*text, out);
  }
}

/* Nothing but the first cell: a heading within the table, which may run over the columns beside it. */
static bool spans(const struct table *table, const char *const *row) {
  size_t i = 1;
  while (i < table->columns && !*row[i]) i++;
  return i == table->columns && i > 1;
}

static void print_aligned(const struct table *table, const size_t *widths, const char *const *row, FILE *out) {
  if (spans(table, row)) {
    fprintf(out, "%s\n", row[0]);
    return;
  }
  for (size_t i = 0; i < table->columns; i++) {
    size_t space = widths[i] - width_of(row[i]);
    if (i) fputs("  ", out);
    if (table->right[i]) pad(out, space, ' ');
    fputs(row[i], out);
    if (!table->right[i] && i + 1 < table->columns) pad(out, space, ' ');
  }
  putc('\n', out);
}

static bool print_text(const struct table *table, FILE *out) {
  size_t *widths = calloc(table->columns, sizeof *widths);
  if (!widths) return false;
  for (size_t i = 0; i < table->n; i++) {
    size_t column = i % table->columns, width = width_of(table->cell[i]);
    if (width > widths[column] && !spans(table, (const char *const *)table->cell + i - column)) widths[column] = width;
  }
  for (size_t i = 0; i < table->n; i += table->columns) {
    print_aligned(table, widths, (const char *const *)table->cell + i, out);
    if (i) continue;
    for (size_t c = 0; c < table->columns; c++) {
      if (c) fputs("  ", out);
      pad(out, widths[c], '-');
    }
    putc('\n', out);
  }
  free(widths);
  return true;
}

static void print_lines(const struct table *table, bool markdown, FILE *out) {
  for (size_t i = 0; i < table->n; i++) {
    size_t column = i % table->columns;
    bool last = column + 1 == table->columns;
    if (markdown) {
      fputs(column ? " | " : "| ", out);
      print_markdown(out, table->cell[i]);
      if (last) fputs(" |\n", out);
    } else {
      print_csv(out, table->cell[i]);
      fputs(last ? "\r\n" : ",", out);
    }
    if (!markdown || i + 1 != table->columns) continue;
    for (size_t c = 0; c < table->columns; c++) fputs(table->right[c] ? "|---:" : "|---", out);
    fputs("|\n", out);
  }
}

bool table_print(const struct table *table, enum table_format format, FILE *out) {
  if (table->failed || table->n % table->columns) return false;
  if (format == TABLE_TEXT) {
    if (!print_text(table, out)) return false;
  } else {
    print_lines(table, format == TABLE_MARKDOWN, out);
  }
  return !ferror(out);
}
