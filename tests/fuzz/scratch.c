#include <dirent.h>
#include <fcntl.h>
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

int vkpareto_main(int argc, char **argv);   /* main of host/main.c */

_Noreturn void fuzz_broken(const char *promise, const char *file, int line) {
  fprintf(stderr, "%s:%d: broken: %s\n", file, line, promise);
  abort();
}

void fuzz_check_error(bool taken, const struct error *err) {
  PROMISE(taken ? err->kind == ERROR_NONE : err->kind != ERROR_NONE && err->text[0]);
}

/* Free with free(). */
static char *written(const struct fuzz_format *format, const void *one) {
  cJSON *json = format->write(one);
  char *text = json_text(json, SIZE_MAX);
  cJSON_Delete(json);
  PROMISE(text);
  return text;
}

void fuzz_round_trip(const struct fuzz_format *format, const void *one, void *another) {
  struct error err = {0};
  char *first = written(format, one);
  cJSON *json = json_parse(first, strlen(first), &err);
  PROMISE(json && format->read(json, another, &err));
  char *second = written(format, another);
  PROMISE(strcmp(first, second) == 0);
  cJSON_Delete(json);
  free(first);
  free(second);
}

const char *fuzz_file(int slot, const void *data, size_t size) {
  static struct { int fd; char path[64]; } files[FUZZ_FILES];
  if (!files[slot].fd) {
    files[slot].fd = memfd_create("fuzz", 0);
    snprintf(files[slot].path, sizeof files[slot].path, "/proc/self/fd/%d", files[slot].fd);
  }
  PROMISE(ftruncate(files[slot].fd, 0) == 0 && pwrite(files[slot].fd, data, size, 0) == (ssize_t)size);
  return files[slot].path;
}

/* ---- the folder; in memory where there is such a place, since what is written is also synced */

static char folder[64];

void fuzz_empty_folder(void) {
  DIR *dir = opendir(folder);
  for (const struct dirent *entry; dir && (entry = readdir(dir));)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
      PROMISE(unlinkat(dirfd(dir), entry->d_name, 0) == 0);
  if (dir) closedir(dir);
}

static void remove_folder(void) {
  fuzz_empty_folder();
  rmdir(folder);
}

const char *fuzz_folder(void) {
  if (folder[0]) return folder;
  snprintf(folder, sizeof folder, "%s/vkpareto-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  PROMISE(mkdtemp(folder) && atexit(remove_folder) == 0);
  return folder;
}

/* ---- the program */

/* stdout and stderr go to the null device; what they were, to put back. A sanitizer still reports to the old stderr. */
static void hide_output(int before[2]) {
  int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  fflush(stdout);
  for (int fd = 0; fd < 2; fd++) {
    before[fd] = dup(fd + 1);
    PROMISE(null >= 0 && before[fd] >= 0 && dup2(null, fd + 1) >= 0);
  }
  close(null);
  __sanitizer_set_report_fd((void *)(intptr_t)before[1]);
}

static void show_output(const int before[2]) {
  fflush(stdout);
  for (int fd = 0; fd < 2; fd++) {
    dup2(before[fd], fd + 1);
    close(before[fd]);
  }
  __sanitizer_set_report_fd((void *)(intptr_t)2);
}

int fuzz_program(const char *const *words, int n) {
  char *argv[64] = {"vkpareto"};
  int before[2];
  PROMISE(n < 63);
  for (int i = 0; i < n; i++) argv[i + 1] = (char *)words[i];
  hide_output(before);
  int status = vkpareto_main(n + 1, argv);
  show_output(before);
  return status;
}
