#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device_lock.h"
#include "log.h"
#include "result.h"
#include "rig.h"

enum {
  LINE_BYTES = 4 << 20,   /* of an answer at most */
  START_SECONDS = 60,     /* until a worker has opened its device */
  STOP_SECONDS = 10,      /* until one that was told to end is killed */
  TRY_SECONDS = 60,       /* for trying limits: SwiftShader takes 3 s */
};

/* ---- the process */

static bool spawn(struct client *client, const char *const *words, struct error *err) {
  int failed = platform_start(&client->process, words);
  client->messages = 0;
  return !failed || error_set(err, ERROR_INPUT, "cannot start a worker process: %s; close other programs",
                              strerror(failed));
}

/* Ends the worker; says how it ended. One that a driver keeps in the kernel cannot be waited for. */
static void reap(struct client *client, double patience, char *how, size_t size) {
  char late[128];
  platform_close(client->process.channel);
  if (!platform_ended(&client->process, patience, how, size)) {
    platform_kill(&client->process);
    snprintf(how, size, "was killed");
    if (!platform_ended(&client->process, STOP_SECONDS, late, sizeof late))
      log_warn("worker %ld does not end; its driver may hang", client->process.id);
  }
  client->process = (struct platform_process){0};
}

/* ---- lines */

/* Takes the object. */
static bool send_line(const struct client *client, cJSON *json) {
  char *text = json_text(json, SIZE_MAX);
  cJSON_Delete(json);
  if (!text) return false;
  size_t bytes = strlen(text);
  text[bytes++] = '\n';   /* in the place of the terminating 0: no more text from here on */
  int failed = platform_send(client->process.channel, text, bytes);
  free(text);
  return !failed;
}

enum heard { HEARD_LINE, HEARD_NONSENSE, HEARD_END, HEARD_LATE, HEARD_INTERRUPT };

static enum heard grow_line(struct client *client, struct error *why) {
  if (client->used + 1 < client->capacity) return HEARD_LINE;
  size_t wanted = client->capacity ? 2 * client->capacity : 4096;
  char *grown = wanted <= LINE_BYTES ? realloc(client->line, wanted) : NULL;
  if (!grown) {
    error_set(why, ERROR_INPUT, "a line of over %zu bytes", client->capacity);
    return HEARD_NONSENSE;
  }
  client->line = grown;
  client->capacity = wanted;
  return HEARD_LINE;
}

/* Reads what there is; HEARD_LINE also when the line is not finished yet, which the caller sees. */
static enum heard read_some(struct client *client, struct error *why) {
  enum heard heard = grow_line(client, why);
  size_t got;
  if (heard != HEARD_LINE) return heard;
  if (platform_read(client->process.channel, client->line + client->used, client->capacity - client->used - 1, &got) ||
      !got)
    return HEARD_END;
  client->used += got;
  return HEARD_LINE;
}

/* Waits for a whole line; *json is it, or NULL. HEARD_NONSENSE says in `why` what is wrong with it. */
static enum heard hear(struct client *client, double seconds, cJSON **json, struct error *why) {
  double end = rig_now() + seconds;
  enum heard heard = HEARD_LINE;
  *json = NULL;
  for (client->used = 0; heard == HEARD_LINE;) {
    double left = end - rig_now();
    if (interrupt_seen(client->interrupt)) return HEARD_INTERRUPT;
    if (left <= 0) return HEARD_LATE;
    if (!platform_wait(client->process.channel, client->interrupt->handle, left)) continue;
    heard = read_some(client, why);
    if (heard == HEARD_LINE && client->used && client->line[client->used - 1] == '\n') break;
  }
  if (heard == HEARD_LINE && !(*json = json_parse(client->line, client->used, why))) return HEARD_NONSENSE;
  /* A signal to the whole group may end the worker before it is seen here. */
  return heard == HEARD_END && interrupt_seen(client->interrupt) ? HEARD_INTERRUPT : heard;
}

/* ---- the first line */

/* {"error": {"kind": 3, "text": "..."}} of a worker that could not start. */
static bool take_error(const cJSON *json, struct error *err) {
  const cJSON *error = json_object(json, "error", err);
  int64_t kind;
  const char *text;
  return error && json_int(error, "kind", ERROR_USAGE, ERROR_INTERRUPTED, &kind, err) &&
         (text = json_string(error, "text", 1023, err)) && error_set(err, (enum error_kind)kind, "%s", text);
}

static bool is_same(const struct caps *a, const struct caps *b) {
  return strcmp(a->uuid, b->uuid) == 0 && strcmp(a->pipeline_cache_uuid, b->pipeline_cache_uuid) == 0 &&
         strcmp(a->driver_slug, b->driver_slug) == 0;
}

/* What a worker tells of its device must be what the one before told: indices move when a device goes. */
static bool take_caps(struct client *client, const cJSON *json, struct error *err) {
  struct caps caps;
  if (!caps_from_json(json, &caps, err)) return false;
  if (client->caps.name[0] && !is_same(&client->caps, &caps))
    return error_set(err, ERROR_NO_DEVICE, "%s (%s) has gone: device %zu is now %s (%s); `vkpareto devices` shows what "
                     "there is, --resume goes on when it is back", client->caps.name, client->caps.uuid,
                     client->device, caps.name, caps.uuid);
  if (client->caps.name[0]) {   /* tried by the first worker alone */
    caps.tried = client->caps.tried;
    caps.limits = client->caps.limits;
  }
  client->caps = caps;
  return true;
}

static bool take_greeting(struct client *client, const cJSON *json, struct error *err) {
  const cJSON *caps = cJSON_GetObjectItemCaseSensitive(json, "caps");
  return caps ? take_caps(client, caps, err) : take_error(json, err);
}

/* Hears the first line of a worker; without one it is ended and `what` failed. Free with cJSON_Delete. */
static cJSON *hear_first(struct client *client, const char *what, const char *remedy, struct error *err) {
  cJSON *json;
  char how[128];
  struct error why = {0};
  enum heard heard = hear(client, START_SECONDS, &json, &why);
  if (json) return json;
  reap(client, heard == HEARD_END ? 1 : 0, how, sizeof how);
  if (heard == HEARD_INTERRUPT) error_set(err, ERROR_INTERRUPTED, "interrupted");
  else if (heard == HEARD_NONSENSE)
    error_set(err, ERROR_LOST, "%s: the worker talks nonsense (%s); %s", what, why.text, remedy);
  else if (heard == HEARD_LATE)
    error_set(err, ERROR_LOST, "%s: no answer within %d s; %s", what, START_SECONDS, remedy);
  else error_set(err, ERROR_LOST, "%s: the worker %s; %s", what, how, remedy);
  return NULL;
}

static bool start_once(struct client *client, struct error *err) {
  char device[24], what[64], how[128], most[2][24];
  snprintf(device, sizeof device, "%zu", client->device);
  snprintf(what, sizeof what, "opening device %zu", client->device);
  const char *words[13] = {"vkpareto", "worker", "--device", device};
  size_t n = 4;
  if (client->validation) words[n++] = "--validation";
  if (client->anew) words[n++] = "--anew";
  if (log_verbose()) words[n++] = "--verbose";
  if (client->caps.tried.allocation.claimed || client->caps.tried.storage_range.claimed) {
    snprintf(most[0], sizeof most[0], "%llu", (unsigned long long)client->caps.limits.allocation);
    snprintf(most[1], sizeof most[1], "%llu", (unsigned long long)client->caps.limits.storage_range);
    words[n++] = "--allocation", words[n++] = most[0];
    words[n++] = "--range", words[n++] = most[1];
  }
  if (!spawn(client, words, err)) return false;
  cJSON *json = hear_first(client, what, "try another driver or device", err);
  bool ok = json && take_greeting(client, json, err);
  cJSON_Delete(json);
  if (!ok && client->process.id) reap(client, 1, how, sizeof how);
  return ok;
}

/* What loses a device while it is opened need not do so again. */
static bool start(struct client *client, struct error *err) {
  if (start_once(client, err)) return true;
  client->anew = true;
  if (err->kind != ERROR_LOST && err->kind != ERROR_TIMEOUT) return false;
  log_warn("%s; trying once more", err->text);
  *err = (struct error){0};
  return start_once(client, err);
}

bool client_start(struct client *client, size_t device, const char *uuid, bool validation, struct interrupt *interrupt,
                  struct error *err) {
  *client = (struct client){.device = device, .validation = validation, .interrupt = interrupt};
  if (!start(client, err)) return false;
  return !uuid || strcmp(uuid, client->caps.uuid) == 0 ||
         error_set(err, ERROR_NO_DEVICE, "device %zu, which had the UUID %s, has gone: in its place is %s (%s); "
                   "`vkpareto devices` shows what there is now", device, uuid, client->caps.name, client->caps.uuid);
}

/* ---- questions */

/* A worker that says something unasked, or nothing any more, died between two questions: not the next one's fault. */
static bool is_gone(const struct client *client) { return platform_wait(client->process.channel, -1, 0); }

static enum heard ask(struct client *client, const struct job *job, double seconds, struct answer *answer,
                      struct error *why) {
  cJSON *json = job_to_json(job);
  int64_t number;
  cJSON_AddNumberToObject(json, "id", ++client->asked);
  if (!send_line(client, json)) return HEARD_END;
  enum heard heard = hear(client, seconds, &json, why);
  if (heard != HEARD_LINE) return heard;
  bool good = json_int(json, "id", 0, UINT32_MAX, &number, why) &&
              (number == client->asked || error_set(why, ERROR_INPUT, "the answer to another question")) &&
              answer_from_json(json, answer, why) && answer_fits(answer, job, why);
  cJSON_Delete(json);
  return good ? HEARD_LINE : HEARD_NONSENSE;
}

static void set_lost(struct answer *answer, enum heard heard, const char *how, const char *nonsense, double seconds) {
  *answer = (struct answer){.status = heard == HEARD_LATE ? STATUS_TIMEOUT : STATUS_LOST};
  if (heard == HEARD_LATE)
    snprintf(answer->reason, sizeof answer->reason, "no answer within %.0f s; the worker was killed", seconds);
  else if (heard == HEARD_NONSENSE)
    snprintf(answer->reason, sizeof answer->reason, "the worker talked nonsense and was ended: %.400s", nonsense);
  else snprintf(answer->reason, sizeof answer->reason, "the worker %s", how);
}

bool client_ask(struct client *client, const struct job *job, double seconds, struct answer *answer,
                struct error *err) {
  char how[128];
  struct error why = {0};
  if (client->process.id && is_gone(client)) {
    client->anew = true;
    reap(client, 1, how, sizeof how);
  }
  if (!client->process.id && !start(client, err)) {
    if (err->kind == ERROR_DRIVER || err->kind == ERROR_MEMORY) err->kind = ERROR_LOST;   /* it was there before */
    return false;
  }
  enum heard heard = ask(client, job, seconds, answer, &why);
  /* It ends by itself after a job that left its device in doubt. */
  bool in_doubt = heard == HEARD_LINE && (answer->status == STATUS_LOST || answer->status == STATUS_TIMEOUT);
  if (heard == HEARD_LINE && !in_doubt) return true;
  client->anew = true;
  reap(client, in_doubt ? STOP_SECONDS : heard == HEARD_END ? 1 : 0, how, sizeof how);
  if (heard == HEARD_INTERRUPT) return error_set(err, ERROR_INTERRUPTED, "interrupted");
  if (!in_doubt) set_lost(answer, heard, how, why.text, seconds);
  return true;
}

bool client_try_limits(struct client *client, struct error *err) {
  static struct answer answer;   /* large */
  const struct job job = {.kind = JOB_MEMORY, .samples = 1};
  if (!client_ask(client, &job, TRY_SECONDS, &answer, err)) return false;
  if (answer.status != STATUS_OK) {
    answer.tried = (struct tried_limits){0};
    snprintf(answer.tried.reason, sizeof answer.tried.reason, "%.150s", answer.reason);
  }
  caps_take_trial(&client->caps, &answer.tried);
  return true;
}

void client_stop(struct client *client) {
  char how[128];
  if (client->process.id) {
    reap(client, interrupt_seen(client->interrupt) ? 0 : STOP_SECONDS, how, sizeof how);
    log_detail("the worker %s", how);
  }
  free(client->line);
  *client = (struct client){0};
}

/* ---- listing */

static bool take_devices(const cJSON *json, struct caps *out, size_t max, size_t *n, struct error *err) {
  if (!cJSON_HasObjectItem(json, "devices")) return take_error(json, err);
  const cJSON *list = json_array(json, "devices", err), *item;
  if (!list) return false;
  cJSON_ArrayForEach(item, list) {
    if (*n < max && !caps_from_json(item, &out[(*n)++], err)) return error_prefix(err, "device %zu: ", *n - 1);
  }
  return true;
}

bool client_devices(struct caps *out, size_t max, size_t *n, struct error *err) {
  static const char *const words[] = {"vkpareto", "worker", NULL};
  struct interrupt interrupt;
  struct client client = {.interrupt = &interrupt};
  *n = 0;
  interrupt_begin(&interrupt);
  cJSON *json = spawn(&client, words, err)
                    ? hear_first(&client, "listing the devices",
                                 "a Vulkan driver is at fault: name one that is not in VK_DRIVER_FILES, as "
                                 "/usr/share/vulkan/icd.d/NAME.json", err)
                    : NULL;
  bool ok = json && take_devices(json, out, max, n, err);
  cJSON_Delete(json);
  client_stop(&client);
  return interrupt_end(&interrupt, ok, err);
}

bool client_examine(size_t device, struct caps *caps, struct error *err) {
  struct interrupt interrupt;
  struct client client;
  interrupt_begin(&interrupt);
  int lock = -1;
  struct error used = {0};
  bool ok = client_start(&client, device, NULL, false, &interrupt, err);
  if (ok && device_lock(&client.caps, false, &lock, &used)) ok = client_try_limits(&client, err);
  else if (ok) snprintf(client.caps.tried.reason, sizeof client.caps.tried.reason, "another vkpareto uses the device");
  *caps = client.caps;
  client_stop(&client);
  device_unlock(lock);
  return interrupt_end(&interrupt, ok, err);
}
