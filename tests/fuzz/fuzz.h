/* What the fuzz targets share. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "json.h"

/* Called by libFuzzer with each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process with the name of the promise that was broken; libFuzzer keeps the input. */
#define PROMISE(kept) ((kept) ? (void)0 : fuzz_broken(#kept, __FILE__, __LINE__))
_Noreturn void fuzz_broken(const char *promise, const char *file, int line);

/* What is refused is refused with a reason, what is taken leaves no error behind. */
void fuzz_check_error(bool taken, const struct error *);

/* A struct and its JSON. */
struct fuzz_format {
  cJSON *(*write)(const void *);
  bool (*read)(const cJSON *, void *, struct error *);
};
/* What was read is written as text, that is read into `another`, which is written the same. */
void fuzz_round_trip(const struct fuzz_format *, const void *one, void *another);

/* A file in memory with these bytes, and its path. The next call with the same slot (below FUZZ_FILES) replaces it. */
enum { FUZZ_FILES = 2 };
const char *fuzz_file(int slot, const void *data, size_t size);

/* A folder for what the code under test writes; it goes when the process ends. */
const char *fuzz_folder(void);
void fuzz_empty_folder(void);

/* Runs the program with these words after its name, its output hidden; the exit status. */
int fuzz_program(const char *const *words, int n);

#endif
