/* Small parsers and printers of text that the command line and the files share. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* "8GiB", "6.5GB", "512MiB": GiB MiB KiB GB MB KB B, case-insensitive. A bare number, a sign, NaN or overflow is
 * refused. */
bool text_parse_size(const char *text, uint64_t *bytes, struct error *);
bool text_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out, struct error *);
bool text_parse_double(const char *text, double min, double max, double *out, struct error *);
/* Shell-like pattern over the whole text: * any run, ? one character; nothing else is special. */
bool text_glob(const char *pattern, const char *text);
bool text_equal_nocase(const char *, const char *);
bool text_contains_nocase(const char *text, const char *part);
/* The candidate with the smallest Damerau-Levenshtein distance (optimal string alignment), NULL when none is
 * near (distance over a third of the longer length). */
const char *text_nearest(const char *word, const char *const *candidates, size_t n);
/* Lower case, runs of anything outside [a-z0-9.-] become one '-', no '-' or '.' at the ends (so that it is a safe file
 * name); "device" when nothing is left. */
void text_slug(const char *text, char *out, size_t size);
/* "1.23 ms", "18.0 min", "8.50 GiB" with three significant digits; NAN prints "-". */
void text_duration(double ns, char *out, size_t size);
void text_bytes(double bytes, char *out, size_t size);         /* GiB, MiB, KiB */
/* A text of fixed size that grows at its end; `out` holds a 0 from the first addition on. What does not fit is cut. */
struct text { char *out; size_t size, used; };
void text_add(struct text *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Bytes of the UTF-8 character that a 0-terminated text begins with (RFC 3629), 0 at its end and where it is
 * not valid. */
size_t text_utf8_length(const char *text);

#endif
