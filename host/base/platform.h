/* What only the operating system can do. platform_posix.c is all of it for Linux; another system is another file beside
 * it, and tests/arrows keeps the system's own headers out of every other.
 *
 * A function that returns int gives 0 or an error number of errno.h. A handle is a number as C's libraries have them,
 * -1 is none; programs that are started do not inherit them. */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- this process */

/* Once, before anything else: a closed pipe or a limit on file sizes becomes an error of the write instead of the end
 * of the process, and descriptors 0 to 2 that are closed are kept from being reused. */
void platform_begin(void);
bool platform_terminal(void);            /* stderr is a terminal that understands escape sequences */
size_t platform_terminal_width(void);    /* its columns; 80 where nothing tells */
bool platform_reader_has_gone(void);     /* stdout is a pipe that nobody reads any more */
/* Data goes to this handle from now on, what anybody prints to stdout goes to stderr: for a process that talks over its
 * stdout while drivers print. -1: cannot be had. */
int platform_take_stdout(void);

/* ---- the machine */

uint64_t platform_clock_ns(void);                  /* never steps back */
void platform_random(void *out, size_t bytes);     /* differs from call to call; not for secrets */
long platform_process_id(void);
void platform_kernel(char *out, size_t size);      /* its release, "" unknown */
const char *platform_program(void);                /* a path that opens the program that runs */
/* That all users of the machine may write to, for locks; the environment's VKPARETO_LOCKS in its place. */
const char *platform_shared_folder(void);
/* Of the user, for what can be made again: the environment's VKPARETO_CACHE, else vkpareto in its XDG_CACHE_HOME or in
 * ~/.cache (XDG Base Directory Specification). False: there is none, or VKPARETO_CACHE is empty, which asks for
 * none. */
bool platform_cache_folder(char *out, size_t size);

/* ---- libraries */

void *platform_symbol(const char *library, const char *name);   /* loads it for good; NULL: no such library or symbol */
void platform_keep_libraries(void);                             /* none that is loaded now is ever unloaded */

/* ---- files */

enum platform_kind { PLATFORM_NOTHING, PLATFORM_FILE, PLATFORM_FOLDER, PLATFORM_OTHER };
enum platform_mode {
  PLATFORM_READ,
  PLATFORM_CREATE,       /* to write; EEXIST where there is something */
  PLATFORM_WRITE,        /* into what is there; waits for a pipe's other end */
  PLATFORM_APPEND,       /* to read, and to write at the end; ENOENT where there is nothing */
  PLATFORM_APPEND_NEW,   /* the same, made where there is nothing; not through a symbolic link */
};

enum platform_kind platform_kind(const char *path);
int platform_open(const char *path, enum platform_mode, int *handle);   /* the others do not wait for it */
int platform_examine(int handle, enum platform_kind *, uint64_t *bytes);
int platform_read(int handle, void *out, size_t most, size_t *got);     /* *got == 0: the end */
int platform_write(int handle, const void *data, size_t bytes);         /* all of it, or ENOSPC */
int platform_sync(int handle);                                          /* what cannot be synced counts as synced */
int platform_cut(int handle, uint64_t bytes);                           /* what lies behind is gone */
/* Over processes, without waiting: EWOULDBLOCK while another has it. It ends with the handle, at the latest when the
 * process dies. Any number may share one. */
int platform_lock(int handle, bool shared);
int platform_close(int handle);
int platform_rename(const char *from, const char *to, bool replace);    /* at once; EEXIST unless replace */
int platform_remove(const char *path);
/* Names of what lies in a folder, in no order, without . and .. and all that begins with a dot; none if there is no
 * such folder. */
void platform_each_entry(const char *folder, void (*visit)(void *to, const char *name), void *to);
int platform_make_folder(const char *path);
void platform_sync_folder(const char *path);   /* so that new names in it survive a power cut */

/* ---- interrupts: Ctrl-C and the wish to terminate, as something to look at instead of something that strikes */

int platform_hold_interrupts(void);             /* a handle for the two below and platform_wait; -1: still striking */
bool platform_interrupted(int handle);          /* one has come since the last call */
bool platform_release_interrupts(int handle);   /* they strike again; true: one has come since it was looked at */
void platform_ignore_interrupts(void);          /* for good */

/* ---- a second process of this program */

struct platform_process {
  long id;        /* 0: none */
  int channel;    /* handle of our end of its stdin and stdout */
};

/* words: its arguments, NULL at the end. It ignores interrupts until it says otherwise, and dies with this process. */
int platform_start(struct platform_process *, const char *const *words);
/* Waits for at most `seconds` until it has ended; how: "ended with status 2", "died of signal 11 (...)". */
bool platform_ended(const struct platform_process *, double seconds, char *how, size_t size);
void platform_kill(const struct platform_process *);
/* All of it, or EPIPE when the process has gone. */
int platform_send(int channel, const void *data, size_t bytes);
/* Waits until there is something to read or the other side has gone: true. False: time is up, or an interrupt came
 * (handle of platform_hold_interrupts, or -1). */
bool platform_wait(int channel, int interrupts, double seconds);

#endif
