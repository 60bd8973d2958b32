/* The machine round the device, for result.host. */
#ifndef HOST_INFO_H
#define HOST_INFO_H

#include "result.h"

/* From /etc/os-release, uname and /proc; what they do not tell stays "" or 0. */
void host_info_fill(struct result *);

#endif
