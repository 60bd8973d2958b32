/* A study as text: tables for people, Markdown, JSON (vkpareto.study/1). */
#ifndef PRESENT_H
#define PRESENT_H

#include <stdio.h>

#include "summary.h"

enum study_format { STUDY_TABLE, STUDY_MD, STUDY_JSON, STUDY_FORMATS };
extern const char *const study_format_names[STUDY_FORMATS];   /* "table", "md", "json" */

/* ERROR_MEMORY only; what the stream cannot take is the caller's to see. */
bool study_print(const struct study *, enum study_format, FILE *, struct error *);
bool study_print_json(const struct study *, FILE *, struct error *);

#endif
