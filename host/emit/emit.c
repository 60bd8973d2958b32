#include "emit.h"

#include <string.h>

#include "text.h"

const struct emitter emitters[] = {
  {"json", "vkpareto.config/1: everything that is known", NULL, emit_json},
  {"llama.cpp", "shell: the llama-quantize command, then the llama-server line", llama_cpp_lost, emit_llama_cpp},
};
const size_t n_emitters = sizeof emitters / sizeof emitters[0];

static const char *const planned[] = {"llama-server-preset", "llama-swap", "ollama", "vllm"};

const struct emitter *emit_find(const char *name, struct error *err) {
  for (size_t i = 0; i < n_emitters; i++)
    if (text_equal_nocase(emitters[i].name, name)) return &emitters[i];
  for (size_t i = 0; i < sizeof planned / sizeof planned[0]; i++)
    if (text_equal_nocase(planned[i], name)) {
      error_set(err, ERROR_USAGE, "--emit %s is not there yet; json and llama.cpp are", planned[i]);
      return NULL;
    }
  error_set(err, ERROR_USAGE, "unknown format '%s' for --emit; there are json and llama.cpp", name);
  return NULL;
}
