/* Meters on a stand-in: a tree of sysfs files in a folder of the test's own, or a library in the place of NVML's. */
#ifndef METER_TREE_H
#define METER_TREE_H

#include <stdint.h>

#include "meter.h"
#include "standin.h"

/* Paths in the tree. */
#define HWMON "bus/pci/devices/0000:03:00.0/hwmon/hwmon0/"
#define PACKAGE "class/powercap/intel-rapl:0/"

extern const char NOWHERE[], PCI[];   /* a path that is not there; the address of HWMON's device */
extern const uint64_t RANGE;          /* of a package's counter, microjoules: that of several processors */
extern char tree_folder[];

/* Setup and teardown of a test that has a tree; IN_TREE(test) names it with both. */
int tree_make(void **state);
int tree_remove(void **state);
#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, tree_make, tree_remove)

/* What the file says from now on; it and its folders are made where they are missing. */
void tree_put(const char *path, uint64_t value);
void tree_put_text(const char *path, const char *text);

struct meter *meter_at(const char *sysfs, const char *nvml, enum device_type, const char *pci, struct error *);
/* These fail the test where there is none. */
struct meter *meter_of_tree(enum device_type);
struct meter *meter_of_nvml(void);
/* What the library answers, reset to that of a healthy device. */
struct nvml_standin *nvml_answers(void);

/* There is no meter, for a reason that says `says`; reading it fails likewise. */
void meter_is_none(const char *sysfs, const char *nvml, enum device_type, const char *pci, const char *says);
void meter_read_fails(struct meter *, const char *says);

#endif
