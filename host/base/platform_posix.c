#include "platform.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- this process */

void platform_begin(void) {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  signal(SIGCHLD, SIG_DFL);   /* who ignores it, and has us inherit that, would have no process tell how it ended */
  /* A file opened later must not become stdout. The wrong access mode keeps every use of these failing. */
  for (int fd = 0; fd < 3; fd++)
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

bool platform_terminal(void) {
  const char *term = getenv("TERM");
  return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

size_t platform_terminal_width(void) {
  struct winsize size;
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

bool platform_reader_has_gone(void) {
  struct pollfd pipe = {.fd = STDOUT_FILENO, .events = POLLOUT};
  return poll(&pipe, 1, 0) == 1 && (pipe.revents & (POLLERR | POLLHUP));
}

int platform_take_stdout(void) {
  int handle = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (handle >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0) return handle;
  if (handle >= 0) close(handle);
  return -1;
}

/* ---- the machine */

uint64_t platform_clock_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void platform_random(void *out, size_t bytes) {
  if (getrandom(out, bytes, GRND_NONBLOCK) == (ssize_t)bytes) return;
  struct timespec t;   /* right after the machine has started there may be no randomness yet */
  clock_gettime(CLOCK_REALTIME, &t);
  uint64_t mix = (uint64_t)t.tv_sec ^ (uint64_t)t.tv_nsec << 32 ^ (uint64_t)getpid() << 16;
  for (size_t i = 0; i < bytes; i++) ((unsigned char *)out)[i] = (unsigned char)(mix >> 8 * (i % sizeof mix));
}

long platform_process_id(void) { return (long)getpid(); }

void platform_kernel(char *out, size_t size) {
  struct utsname name;
  snprintf(out, size, "%s", uname(&name) == 0 ? name.release : "");
}

const char *platform_program(void) { return "/proc/self/exe"; }

const char *platform_shared_folder(void) {
  const char *folder = getenv("VKPARETO_LOCKS");
  return folder && platform_kind(folder) == PLATFORM_FOLDER ? folder : "/tmp";
}

bool platform_cache_folder(char *out, size_t size) {
  const char *ours = getenv("VKPARETO_CACHE"), *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  int length = 0;
  /* The rules of XDG_CACHE_HOME say to ignore a path that is not absolute. */
  if (ours) length = snprintf(out, size, "%s", ours);
  else if (cache && *cache == '/') length = snprintf(out, size, "%s/vkpareto", cache);
  else if (home && *home == '/') length = snprintf(out, size, "%s/.cache/vkpareto", home);
  return length > 0 && (size_t)length < size;
}

/* ---- libraries */

void *platform_symbol(const char *library, const char *name) {
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  return handle ? dlsym(handle, name) : NULL;
}

void platform_keep_libraries(void) {
  void *self = dlopen(NULL, RTLD_LAZY);
  struct link_map *library = NULL;
  if (!self || dlinfo(self, RTLD_DI_LINKMAP, &library)) return;
  for (; library; library = library->l_next)
    if (library->l_name[0]) dlopen(library->l_name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

/* ---- files */

static enum platform_kind kind_of(const struct stat *info) {
  return S_ISREG(info->st_mode) ? PLATFORM_FILE : S_ISDIR(info->st_mode) ? PLATFORM_FOLDER : PLATFORM_OTHER;
}

enum platform_kind platform_kind(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 ? kind_of(&info) : PLATFORM_NOTHING;
}

int platform_open(const char *path, enum platform_mode mode, int *handle) {
  static const int flags[] = {
    [PLATFORM_READ] = O_RDONLY | O_NONBLOCK,
    [PLATFORM_CREATE] = O_WRONLY | O_CREAT | O_EXCL | O_NONBLOCK,
    [PLATFORM_WRITE] = O_WRONLY,
    [PLATFORM_APPEND] = O_RDWR | O_APPEND | O_NONBLOCK,
    [PLATFORM_APPEND_NEW] = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK,
  };
  *handle = open(path, flags[mode] | O_CLOEXEC, 0666);
  return *handle < 0 ? errno : 0;
}

int platform_examine(int handle, enum platform_kind *kind, uint64_t *bytes) {
  struct stat info;
  if (fstat(handle, &info) != 0) return errno;
  *kind = kind_of(&info);
  *bytes = (uint64_t)info.st_size;
  return 0;
}

int platform_read(int handle, void *out, size_t most, size_t *got) {
  ssize_t n;
  do n = read(handle, out, most);
  while (n < 0 && errno == EINTR);
  *got = n > 0 ? (size_t)n : 0;
  return n < 0 ? errno : 0;
}

int platform_write(int handle, const void *data, size_t bytes) {
  for (const char *at = data; bytes;) {
    ssize_t n = write(handle, at, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return ENOSPC;
    at += n;
    bytes -= (size_t)n;
  }
  return 0;
}

int platform_sync(int handle) { return fsync(handle) == 0 || errno == EINVAL ? 0 : errno; }

int platform_cut(int handle, uint64_t bytes) { return ftruncate(handle, (off_t)bytes) == 0 ? 0 : errno; }

int platform_lock(int handle, bool shared) {
  return flock(handle, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 ? 0 : errno;
}

int platform_close(int handle) { return close(handle) == 0 ? 0 : errno; }

int platform_rename(const char *from, const char *to, bool replace) {
  if (replace) return rename(from, to) == 0 ? 0 : errno;
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (link(from, to) != 0) return errno;   /* file systems without that flag, NFS for one, have links */
  unlink(from);
  return 0;
}

int platform_remove(const char *path) { return unlink(path) == 0 ? 0 : errno; }

void platform_each_entry(const char *folder, void (*visit)(void *to, const char *name), void *to) {
  DIR *dir = opendir(folder);
  for (struct dirent *entry; dir && (entry = readdir(dir));)
    if (entry->d_name[0] != '.') visit(to, entry->d_name);
  if (dir) closedir(dir);
}

int platform_make_folder(const char *path) { return mkdir(path, 0777) == 0 ? 0 : errno; }

void platform_sync_folder(const char *path) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

/* ---- interrupts */

static sigset_t mask_before;   /* interrupts were held; a mask belongs to the process as these do */

int platform_hold_interrupts(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd >= 0) sigprocmask(SIG_BLOCK, &set, &mask_before);
  return fd;
}

bool platform_interrupted(int handle) {
  struct signalfd_siginfo info;
  return handle >= 0 && read(handle, &info, sizeof info) == (ssize_t)sizeof info;
}

bool platform_release_interrupts(int handle) {
  bool seen = false;
  if (handle < 0) return seen;
  while (platform_interrupted(handle)) seen = true;
  close(handle);
  sigprocmask(SIG_SETMASK, &mask_before, NULL);
  return seen;
}

void platform_ignore_interrupts(void) {
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
}

/* ---- a second process */

static void become(const char *const *words, int channel, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  platform_ignore_interrupts();   /* here already: a signal to the group may come before its first line runs */
  sigprocmask(SIG_SETMASK, &none, NULL);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);   /* it died before the line above */
  if (dup2(channel, STDIN_FILENO) < 0 || dup2(channel, STDOUT_FILENO) < 0) _exit(1);
  execv(platform_program(), (char *const *)words);
  _exit(1);
}

int platform_start(struct platform_process *process, const char *const *words) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return errno;
  pid_t parent = getpid(), pid = fork();
  if (pid == 0) become(words, ends[1], parent);
  int number = errno;
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return number;
  }
  *process = (struct platform_process){pid, ends[0]};
  return 0;
}

bool platform_ended(const struct platform_process *process, double seconds, char *how, size_t size) {
  uint64_t begin = platform_clock_ns();
  int status = 0;
  while (waitpid((pid_t)process->id, &status, WNOHANG) == 0) {
    if (1e-9 * (double)(platform_clock_ns() - begin) >= seconds) return false;
    poll(NULL, 0, 2);
  }
  if (WIFSIGNALED(status))
    snprintf(how, size, "died of signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
  else
    snprintf(how, size, "ended with status %d", WEXITSTATUS(status));
  return true;
}

void platform_kill(const struct platform_process *process) {
  if (process->id > 0) kill((pid_t)process->id, SIGKILL);   /* 0 is this process's whole group */
}

int platform_send(int channel, const void *data, size_t bytes) {
  for (const char *at = data; bytes;) {
    ssize_t n = send(channel, at, bytes, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : EPIPE;
    at += n;
    bytes -= (size_t)n;
  }
  return 0;
}

bool platform_wait(int channel, int interrupts, double seconds) {
  struct pollfd fds[2] = {{channel, POLLIN, 0}, {interrupts, POLLIN, 0}};   /* poll passes over a descriptor of -1 */
  int ms = seconds > 3600 ? 3600000 : seconds > 0 ? (int)(1000 * seconds) + 1 : 0;
  return poll(fds, 2, ms) > 0 && fds[0].revents;
}
