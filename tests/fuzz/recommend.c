/* A hostile result through everything that reads one: every model and task, every target of the emission, comparison.
 * Which of them follows from the size of the input. */
#include "error.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const models[] = {"smollm2-135m", "llama-3.1-8b", "qwen2.5-7b"};
  static const char *const tasks[] = {"chat", "batch", "summarise"};
  static const char *const preferences[] = {"balanced", "latency", "memory", "quality"};
  static const char *const targets[] = {"json", "llama.cpp"};
  static const char *const formats[] = {"table", "csv", "md", "json"};
  const char *path = fuzz_file(0, data, size);
  const char *recommend[] = {"recommend", "--result", path, "--model", models[size % 3], "--task", tasks[size / 3 % 3],
    "--prefer", preferences[size / 9 % 4], "--emit", targets[size / 36 % 2], "--verbose",
    size / 72 % 2 ? "--allow-unknown-quality" : NULL};
  const char *compare[] = {"compare", path, path, "--format", formats[size % 4], "--fail-if-slower", "5"};
  int status = fuzz_program(recommend, 12 + size / 72 % 2);
  PROMISE(status == EXIT_DONE || status == EXIT_INPUT || status == EXIT_WRONG);
  status = fuzz_program(compare, 7);
  PROMISE(status == EXIT_DONE || status == EXIT_INPUT || status == EXIT_WRONG);
  return 0;
}
