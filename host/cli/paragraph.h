/* Text for people, broken at words into lines of at most 100 columns. */
#ifndef PARAGRAPH_H
#define PARAGRAPH_H

/* "source    Dao et al. ...", later lines indented to where the first one's text began. */
void paragraph_print(int margin, int indent, const char *title, const char *text);

#endif
