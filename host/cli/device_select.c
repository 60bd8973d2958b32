#include "device_select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "text.h"

enum { UUID_DIGITS = 32 };

static bool consists_of(const char *text, const char *characters) {
  return text[0] && text[strspn(text, characters)] == '\0';
}

/* A UUID may happen to have decimal digits only: length decides before the digits do. */
static bool matches(const char *selector, size_t index, const struct caps *device) {
  if (strlen(selector) == UUID_DIGITS && consists_of(selector, "0123456789abcdefABCDEF"))
    return text_equal_nocase(selector, device->uuid);
  if (consists_of(selector, "0123456789")) return strlen(selector) < 10 && strtoul(selector, NULL, 10) == index;
  char vendor[16];
  snprintf(vendor, sizeof vendor, "0x%04x", (unsigned)device->vendor_id);
  return text_contains_nocase(device->name, selector) || text_contains_nocase(device->driver_name, selector) ||
         text_contains_nocase(device->driver_id, selector) || text_contains_nocase(vendor, selector);
}

static void list_devices(const struct caps *devices, const size_t *index, size_t n, char *out, size_t size) {
  size_t used = 0;
  out[0] = '\0';
  for (size_t i = 0; i < n && used < size; i++) {
    const struct caps *device = &devices[index ? index[i] : i];
    used += (size_t)snprintf(out + used, size - used, "\n  %zu  %s (%s)  %s", index ? index[i] : i, device->name,
                             device->driver_name, device->uuid);
  }
}

bool device_select(const char *selector, bool accept_all, const struct caps *devices, size_t n_devices, size_t *index,
                   size_t *n, struct error *err) {
  char list[700];
  *n = 0;
  if (n_devices == 0) return gpu_none(err);
  bool all = accept_all && selector && text_equal_nocase(selector, "all");
  for (size_t i = 0; i < n_devices; i++)
    if (all || (selector ? matches(selector, i, &devices[i]) : i == 0)) index[(*n)++] = i;
  if (*n == 0) {
    list_devices(devices, NULL, n_devices, list, sizeof list);
    return error_set(err, ERROR_NO_DEVICE, "no device matches '%.80s'; there is:%s", selector, list);
  }
  if (*n > 1 && !all) {
    list_devices(devices, index, *n, list, sizeof list);
    return error_set(err, ERROR_USAGE, "several devices match '%.80s'; name one by index or UUID:%s", selector, list);
  }
  return true;
}

bool device_select_here(const char *selector, struct selection *selection, struct error *err) {
  struct caps *devices = calloc(GPU_MAX_DEVICES, sizeof *devices);
  if (!devices) return error_set(err, ERROR_MEMORY, "out of memory listing the devices");
  size_t n_devices = 0, index[GPU_MAX_DEVICES];
  *selection = (struct selection){0};
  bool ok = client_devices(devices, GPU_MAX_DEVICES, &n_devices, err) &&
            device_select(selector, true, devices, n_devices, index, &selection->n, err);
  for (size_t i = 0; ok && i < selection->n; i++) {
    selection->device[i].index = index[i];
    snprintf(selection->device[i].uuid, sizeof selection->device[i].uuid, "%s", devices[index[i]].uuid);
  }
  free(devices);
  return ok;
}

int selection_each(const struct selection *selection, const struct args *args,
                   bool (*work)(void *context, size_t index, const char *uuid, int *status, struct error *),
                   void *context) {
  int first = EXIT_DONE;
  for (size_t i = 0; i < selection->n; i++) {
    struct error err = {0};
    int status = EXIT_DONE;
    size_t index = selection->device[i].index;
    if (!work(context, index, selection->device[i].uuid, &status, &err)) {
      if (selection->n > 1) error_prefix(&err, "device %zu: ", index);
      status = args_fail(args, &err);
    }
    if (first == EXIT_DONE) first = status;
    if (err.kind == ERROR_INTERRUPTED || err.kind == ERROR_USAGE) return status;
  }
  return first;
}
