#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *remedy(int number) {
  switch (number) {
    case ENOENT: return "check the name and that its folder exists";
    case EACCES:
    case EPERM: return "change its permissions or name another place";
    case EISDIR: return "name a file in it";
    case ENOTDIR: return "a part of the path is a file; name another place";
    case EEXIST: return "nothing was overwritten; remove it or name another file";
    case ENOSPC:
    case EDQUOT: return "free some space or name another place";
    case EFBIG: return "raise the limit (ulimit -f) or name another file system";
    case EROFS: return "name a place that can be written to";
    case ENAMETOOLONG: return "choose a shorter name";
    case ELOOP: return "its symbolic links go in a circle";
    case EMFILE:
    case ENFILE: return "raise the limit (ulimit -n)";
    case EIO: return "the disk or the network file system is at fault";
    default: return "check the path";
  }
}

bool file_error(struct error *err, const char *doing, const char *path, int number) {
  return error_set(err, number == ENOMEM ? ERROR_MEMORY : ERROR_INPUT, "cannot %s '%s': %s; %s", doing, path,
                   strerror(number), remedy(number));
}

static bool check_regular(int fd, const char *path, size_t max_bytes, struct error *err) {
  struct stat info;
  if (fstat(fd, &info) != 0) return file_error(err, "read", path, errno);
  if (S_ISDIR(info.st_mode)) return file_error(err, "read", path, EISDIR);
  if (!S_ISREG(info.st_mode))
    return error_set(err, ERROR_INPUT, "cannot read '%s': it is not a regular file; copy its content into one", path);
  if ((unsigned long long)info.st_size > max_bytes)
    return error_set(err, ERROR_INPUT, "'%s' has %lld bytes, at most %zu are read; is it the right file?", path,
                     (long long)info.st_size, max_bytes);
  return true;
}

char *file_read(const char *path, size_t max_bytes, size_t *bytes, struct error *err) {
  char *data = NULL;
  size_t used = 0, capacity = 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);   /* not blocking: the path may be a pipe without a writer */
  if (fd < 0) {
    file_error(err, "read", path, errno);
    return NULL;
  }
  if (!check_regular(fd, path, max_bytes, err)) goto error;
  for (;;) {   /* until the end, since files under /proc tell no size */
    if (capacity - used < 2) {
      capacity = capacity ? 2 * capacity : 16384;
      char *grown = realloc(data, capacity);
      if (!grown) {
        file_error(err, "read", path, ENOMEM);
        goto error;
      }
      data = grown;
    }
    ssize_t n = read(fd, data + used, capacity - used - 1);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      file_error(err, "read", path, errno);
      goto error;
    }
    if (n == 0) break;
    used += (size_t)n;
    if (used > max_bytes) {
      error_set(err, ERROR_INPUT, "'%s' is longer than %zu bytes; is it the right file?", path, max_bytes);
      goto error;
    }
  }
  close(fd);
  data[used] = '\0';
  if (bytes) *bytes = used;
  return data;

error:
  close(fd);
  free(data);
  return NULL;
}

/* 0, or the error number. */
static int write_all(int fd, const char *data, size_t bytes) {
  while (bytes) {
    ssize_t n = write(fd, data, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return ENOSPC;
    data += n;
    bytes -= (size_t)n;
  }
  return 0;
}

static int open_temporary(const char *path, char *temporary, size_t size) {
  for (int attempt = 0; attempt < 100; attempt++) {
    int wrote = snprintf(temporary, size, "%s.tmp%ld-%d", path, (long)getpid(), attempt);
    if (wrote < 0 || (size_t)wrote >= size) {
      errno = ENAMETOOLONG;
      return -1;
    }
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

/* Gives the finished temporary file its name; 0, or the error number. */
static int publish(const char *temporary, const char *path, bool replace) {
  if (replace) return rename(temporary, path) == 0 ? 0 : errno;
  if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (link(temporary, path) != 0) return errno;   /* file systems without that flag, NFS for one, have links */
  unlink(temporary);
  return 0;
}

/* The new name itself must survive a power cut; a file system that cannot sync a folder is not an error. */
static void sync_folder(const char *path) {
  char folder[4096];
  const char *slash = strrchr(path, '/');
  snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

bool file_write(const char *path, const void *data, size_t bytes, bool replace, struct error *err) {
  char temporary[4096];
  struct stat info;
  if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) return file_error(err, "write", path, EISDIR);
  int fd = open_temporary(path, temporary, sizeof temporary);
  if (fd < 0) return file_error(err, "write", path, errno);
  int failed = write_all(fd, data, bytes);
  if (!failed && fsync(fd) != 0) failed = errno;
  if (close(fd) != 0 && !failed) failed = errno;
  if (!failed) failed = publish(temporary, path, replace);
  if (failed) {
    unlink(temporary);
    return file_error(err, "write", path, failed);
  }
  sync_folder(path);
  return true;
}

static bool make_folder(const char *path, struct error *err) {
  if (mkdir(path, 0777) == 0) return true;
  int number = errno;
  struct stat info;
  if (stat(path, &info) == 0) {
    if (S_ISDIR(info.st_mode)) return true;
    number = ENOTDIR;
  }
  return file_error(err, "make the folder", path, number);
}

bool file_make_folders(const char *path, struct error *err) {
  char part[4096];
  size_t length = strlen(path);
  if (length >= sizeof part) return file_error(err, "make the folder", path, ENAMETOOLONG);
  memcpy(part, path, length + 1);
  for (size_t i = 1; i < length; i++) {
    if (part[i] != '/' || part[i - 1] == '/') continue;
    part[i] = '\0';
    if (!make_folder(part, err)) return false;
    part[i] = '/';
  }
  return make_folder(part, err);
}

bool file_exists(const char *path) {
  struct stat info;
  return stat(path, &info) == 0;
}
