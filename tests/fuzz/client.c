/* The parent's side against a worker that says anything: the first line of the input is its greeting, each further one
 * its answer to a job; after the last it dies. It is forked where the client would start the program again. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "fuzz.h"

static const uint8_t *script;
static size_t script_size;

int __wrap_execv(const char *path, char *const argv[]);

/* A worker: says its next line, then hears one, until either ends. */
int __wrap_execv(const char *path, char *const argv[]) {
  char heard[4096];
  (void)path, (void)argv;
  close_range(3, ~0U, 0);   /* as exec would: its end of the parent must be the last */
  for (size_t at = 0; at < script_size;) {
    const uint8_t *end = memchr(script + at, '\n', script_size - at);
    size_t length = end ? (size_t)(end - script) + 1 - at : script_size - at;
    if (write(STDOUT_FILENO, script + at, length) != (ssize_t)length || !end) break;
    if (read(STDIN_FILENO, heard, sizeof heard) <= 0) break;
    at += length;
  }
  _exit(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct answer answer;   /* large */
  struct interrupt interrupt = {0};
  struct client client = {0};
  struct error err = {0};
  struct job job = {.kind = JOB_SUBMIT, .samples = 3};
  script = data;
  script_size = size;
  interrupt_begin(&interrupt);
  bool started = client_start(&client, 0, NULL, false, &interrupt, &err);
  fuzz_check_error(started, &err);
  for (int i = 0; started && i < 2; i++) {
    started = client_ask(&client, &job, 5, &answer, &err);
    fuzz_check_error(started, &err);
    if (started) PROMISE(answer.status < STATUS_COUNT && answer.n_samples <= JOB_SAMPLES);
  }
  client_stop(&client);
  interrupt_end(&interrupt, started, &err);
  return 0;
}
