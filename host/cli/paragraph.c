#include "paragraph.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_WIDTH = 100 };

void paragraph_print(int margin, int indent, const char *title, const char *text) {
  size_t start = (size_t)(margin + indent), column = start;
  printf("%*s%-*s", margin, "", indent, title);
  for (const char *word = text; *word;) {
    size_t length = strcspn(word, " \n");
    if (column > start && column + 1 + length > PAGE_WIDTH) {
      printf("\n%*s", (int)start, "");
      column = start;
    } else if (column > start) {
      putchar(' ');
      column++;
    }
    fwrite(word, 1, length, stdout);
    column += length;
    word += length;
    word += strspn(word, " \n");
  }
  putchar('\n');
}
