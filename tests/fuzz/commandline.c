/* Any command line: one argument per line of the input, `@result` is a file that holds a result. The status is one that
 * the help documents. Verbs that would open a device are asked for their help first and get no further. Other paths
 * have no slash: what is written stays in a folder that is emptied after each input. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "fuzz.h"

enum { WORDS = 40, BYTES = 1000 };

static const char *result_path(void) {
  static const char *path;
  size_t bytes;
  struct error err = {0};
  if (path) return path;
  char *text = file_read(SOURCE_DIR "/tests/fuzz/seeds/result/small.json", 1 << 20, &bytes, &err);
  PROMISE(text && chdir(fuzz_folder()) == 0);
  path = fuzz_file(0, text, bytes);
  free(text);
  return path;
}

static bool opens_device(const char *word) {
  static const char *const verbs[] = {"devices", "doctor", "check", "codegen", "run", "worker"};
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
    if (strcmp(word, verbs[i]) == 0) return true;
  return false;
}

/* `--baseline=@result` too. Free with free(). */
static char *argument(const char *word) {
  static const char mark[] = "@result";
  const char *path = result_path(), *at = strstr(word, mark);
  size_t before = at ? (size_t)(at - word) : strlen(word);
  char *out = calloc(1, strlen(word) + strlen(path) + 1);
  PROMISE(out);
  memcpy(out, word, before);
  for (char *c = out; *c; c++)
    if (*c == '/') *c = '_';
  if (at && !at[sizeof mark - 1]) strcpy(out + before, path);
  return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char line[BYTES + 1] = {0}, *rest = NULL;
  const char *words[WORDS];
  int n = 0;
  memcpy(line, data, size < BYTES ? size : BYTES);
  for (char *word = strtok_r(line, "\n", &rest); word && n < WORDS - 1; word = strtok_r(NULL, "\n", &rest)) {
    words[n++] = argument(word);
    if (n == 1 && opens_device(word)) words[n++] = strdup("--help");
  }
  int status = fuzz_program(words, n);
  PROMISE((status >= EXIT_DONE && status <= EXIT_NO_ROWS) || status == EXIT_INTERRUPTED);
  for (int i = 0; i < n; i++) free((char *)words[i]);
  fuzz_empty_folder();
  return 0;
}
