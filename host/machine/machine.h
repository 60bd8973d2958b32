/* What beside the kernels decides how fast a machine runs: other load, power source, power saving, and of the device
 * its clock, temperature and power limit, where the kernel's drivers tell. Linux; elsewhere everything stays unknown.
 * Sources:
 *   /proc/stat                                  proc(5): jiffies by state since boot
 *   /sys/devices/system/cpu/cpu0/cpufreq        kernel, admin-guide/pm/cpufreq.rst
 *   /sys/firmware/acpi/platform_profile         kernel, ABI/testing/sysfs-platform_profile
 *   /sys/class/power_supply                     kernel, ABI/testing/sysfs-class-power
 *   /sys/bus/pci/devices/PCI/hwmon              kernel, ABI/testing/sysfs-class-hwmon and gpu/amdgpu/thermal.rst */
#ifndef MACHINE_H
#define MACHINE_H

#include <stddef.h>

#include "result.h"

/* `root` stands before every path ("" for this machine; tests pass a folder). `pci` is caps.pci, "" for none. Waits
 * for a fifth of a second to see how busy the processors are. */
void machine_read(const char *root, const char *pci, struct machine_state *);

/* What in a state makes timings worse, each with its remedy; at most `max` of them. */
struct machine_remark { char what[160], remedy[160]; };
size_t machine_remarks(const struct machine_state *, struct machine_remark *out, size_t max);

#endif
