/*
 * Which package each checked file came with, and in which version.
 */
#ifndef V6SHIM_CHECK_PACKAGES_H
#define V6SHIM_CHECK_PACKAGES_H

#include "check/file/report.h"

/*
 * Sets `package` and `package_version` of the reports: from dpkg's database (/var/lib/dpkg), else from what rpm says,
 * where `ask_rpm` and that is here. What no package has stays as it is. NULLs among the reports are left out.
 */
void packages_name(struct report *const *reports, size_t count, bool ask_rpm);

#endif
