#include "client.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "result.h"
#include "rig.h"

enum {
  LINE_BYTES = 4 << 20,   /* of an answer at most */
  START_SECONDS = 60,     /* until a worker has opened its device */
  STOP_SECONDS = 10,      /* until one that was told to end is killed */
};

/* ---- the process */

static void become_worker(const struct client *client, int fd, pid_t parent) {
  char device[24];
  snprintf(device, sizeof device, "%zu", client->device);
  char *argv[] = {"vkpareto", "worker", "--device", device, client->validation ? "--validation" : NULL, NULL};
  signal(SIGINT, SIG_IGN);   /* already here: a signal to the group may come before the worker's first line runs */
  signal(SIGTERM, SIG_IGN);
  sigprocmask(SIG_SETMASK, &client->interrupt->before, NULL);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(EXIT_INPUT);   /* it died before the line above */
  if (dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0) _exit(EXIT_INPUT);
  execv("/proc/self/exe", argv);
  _exit(EXIT_INPUT);
}

static bool spawn(struct client *client, struct error *err) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    return error_set(err, ERROR_INPUT, "cannot talk to a worker process: %s", strerror(errno));
  pid_t parent = getpid(), pid = fork();
  if (pid == 0) become_worker(client, ends[1], parent);
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return error_set(err, ERROR_INPUT, "cannot start a worker process: %s", strerror(errno));
  }
  client->pid = pid;
  client->fd = ends[0];
  client->used = 0;
  client->messages = 0;
  return true;
}

/* Waits for the process for at most `seconds`; false when it is still there. */
static bool wait_for(pid_t pid, double seconds, int *status) {
  double end = rig_now() + seconds;
  while (waitpid(pid, status, WNOHANG) == 0) {
    if (rig_now() > end) return false;
    poll(NULL, 0, 5);
  }
  return true;
}

/* Ends the worker; says how it ended. One that a driver keeps in the kernel cannot be waited for. */
static void reap(struct client *client, double patience, char *how, size_t size) {
  int status = 0;
  close(client->fd);
  bool ended = wait_for(client->pid, patience, &status);
  if (!ended) {
    kill(client->pid, SIGKILL);
    snprintf(how, size, "was killed");
    if (!wait_for(client->pid, STOP_SECONDS, &status))
      log_warn("worker %d does not end; its driver may hang", (int)client->pid);
  } else if (WIFSIGNALED(status)) {
    snprintf(how, size, "died of signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
  } else {
    snprintf(how, size, "ended with status %d", WEXITSTATUS(status));
  }
  client->pid = 0;
}

/* ---- lines */

static bool send_job(const struct client *client, const struct job *job) {
  cJSON *json = job_to_json(job);
  char *text = json_text(json, SIZE_MAX);
  cJSON_Delete(json);
  if (!text) return false;
  size_t bytes = strlen(text), sent = 0;
  text[bytes++] = '\n';   /* in the place of the terminating 0: no more text from here on */
  while (sent < bytes) {
    ssize_t n = send(client->fd, text + sent, bytes - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    sent += (size_t)n;
  }
  free(text);
  return sent == bytes;
}

enum heard { HEARD_LINE, HEARD_END, HEARD_LATE, HEARD_INTERRUPT };

/* Reads what there is; HEARD_LINE also when the line is not finished yet, which the caller sees. */
static enum heard read_some(struct client *client) {
  if (client->used + 1 >= client->capacity) {
    size_t wanted = client->capacity ? 2 * client->capacity : 4096;
    char *grown = wanted <= LINE_BYTES ? realloc(client->line, wanted) : NULL;
    if (!grown) return HEARD_END;
    client->line = grown;
    client->capacity = wanted;
  }
  ssize_t n = read(client->fd, client->line + client->used, client->capacity - client->used - 1);
  if (n < 0 && errno == EINTR) return HEARD_LINE;
  if (n <= 0) return HEARD_END;
  client->used += (size_t)n;
  return HEARD_LINE;
}

/* Waits for a whole line; *json is it, or NULL. */
static enum heard hear(struct client *client, double seconds, cJSON **json) {
  double end = rig_now() + seconds;
  *json = NULL;
  for (client->used = 0;;) {
    double left = end - rig_now();
    if (interrupt_seen(client->interrupt)) return HEARD_INTERRUPT;
    if (left <= 0) return HEARD_LATE;
    struct pollfd fds[2] = {{client->fd, POLLIN, 0}, {client->interrupt->fd, POLLIN, 0}};
    if (poll(fds, 2, (int)fmin(ceil(1000 * left), 3600e3)) <= 0 || !fds[0].revents) continue;
    enum heard heard = read_some(client);
    if (heard != HEARD_LINE) return heard;
    if (client->used && client->line[client->used - 1] == '\n') {
      struct error ignored = {0};
      *json = json_parse(client->line, client->used, &ignored);
      return *json ? HEARD_LINE : HEARD_END;
    }
  }
}

/* ---- questions */

static bool take_greeting(struct client *client, const cJSON *json, struct error *err) {
  const cJSON *caps = cJSON_GetObjectItemCaseSensitive(json, "caps");
  if (caps) return caps_from_json(caps, &client->caps, err);
  const cJSON *error = json_object(json, "error", err);
  int64_t kind;
  const char *text;
  if (!error || !json_int(error, "kind", ERROR_USAGE, ERROR_INTERRUPTED, &kind, err) ||
      !(text = json_string(error, "text", 1023, err)))
    return false;
  return error_set(err, (enum error_kind)kind, "%s", text);
}

static bool start(struct client *client, struct error *err) {
  if (!spawn(client, err)) return false;
  cJSON *json;
  char how[128];
  enum heard heard = hear(client, START_SECONDS, &json);
  if (heard == HEARD_END && interrupt_seen(client->interrupt)) heard = HEARD_INTERRUPT;
  bool ok = json && take_greeting(client, json, err);
  cJSON_Delete(json);
  if (ok) return true;
  reap(client, heard == HEARD_LATE || heard == HEARD_INTERRUPT ? 0 : 1, how, sizeof how);
  if (heard == HEARD_INTERRUPT) return error_set(err, ERROR_INTERRUPTED, "interrupted");
  if (err->kind == ERROR_NONE)
    error_set(err, ERROR_LOST, "opening device %zu: the worker %s; try another driver or device", client->device, how);
  return false;
}

bool client_start(struct client *client, size_t device, bool validation, struct interrupt *interrupt,
                  struct error *err) {
  *client = (struct client){.device = device, .validation = validation, .interrupt = interrupt};
  return start(client, err);
}

static void set_lost(struct answer *answer, enum heard heard, const char *how, double seconds) {
  *answer = (struct answer){.status = heard == HEARD_LATE ? STATUS_TIMEOUT : STATUS_LOST};
  if (heard == HEARD_LATE)
    snprintf(answer->reason, sizeof answer->reason, "no answer within %.0f s; the worker was killed", seconds);
  else snprintf(answer->reason, sizeof answer->reason, "the worker %s", how);
}

/* A worker that says something unasked, or nothing any more, died between two questions: not the next one's fault. */
static bool is_gone(const struct client *client) {
  struct pollfd idle = {client->fd, POLLIN, 0};
  return poll(&idle, 1, 0) > 0;
}

bool client_ask(struct client *client, const struct job *job, double seconds, struct answer *answer,
                struct error *err) {
  cJSON *json = NULL;
  char how[128];
  if (client->pid && is_gone(client)) reap(client, 1, how, sizeof how);
  if (!client->pid && !start(client, err)) return false;
  struct error broken = {0};
  enum heard heard = send_job(client, job) ? hear(client, seconds, &json) : HEARD_END;
  bool ok = json && answer_from_json(json, answer, &broken);
  cJSON_Delete(json);
  if (ok) {
    /* It ends by itself after a job that left its device in doubt. */
    if (answer->status == STATUS_LOST || answer->status == STATUS_TIMEOUT) reap(client, STOP_SECONDS, how, sizeof how);
    return true;
  }
  if (heard == HEARD_END && interrupt_seen(client->interrupt)) heard = HEARD_INTERRUPT;
  reap(client, heard == HEARD_END ? 1 : 0, how, sizeof how);
  if (heard == HEARD_INTERRUPT) return error_set(err, ERROR_INTERRUPTED, "interrupted");
  set_lost(answer, heard, how, seconds);
  return true;
}

void client_stop(struct client *client) {
  char how[128];
  if (client->pid) {
    reap(client, interrupt_seen(client->interrupt) ? 0 : STOP_SECONDS, how, sizeof how);
    log_detail("the worker %s", how);
  }
  free(client->line);
  *client = (struct client){0};
}
