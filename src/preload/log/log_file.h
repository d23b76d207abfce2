/*
 * Adding lines to the log file.
 *
 * It is opened for each line (O_APPEND), so that a file that was moved away is made anew; not through a link, and
 * only where it is this user's or root's. A process of root's also keeps a descriptor of it, at a high number: when
 * it has become another user, or has changed its root, and can't open the file any more, lines go there. The program
 * may close that number, or give it to a file of its own: it counts only while it leads to the file that was opened.
 *
 * Where the path is a socket, as /dev/log is, the line is sent there as syslog(3) does it, without waiting.
 *
 * Async-signal-safe, no malloc, no lock. errno is not kept.
 */
#ifndef V6SHIM_PRELOAD_LOG_LOG_FILE_H
#define V6SHIM_PRELOAD_LOG_LOG_FILE_H

#include "core/base/text.h"

/* NULL: the line was written, or could not be for want of room, which nobody can be told. Else what is wrong. */
const char *log_file_add(const char *path, const struct text *line);

/* Keeps the descriptor while this process is root's, and makes the file where there is none. Again where the program
   has closed it, as daemons do that close whatever they were given. */
void log_file_keep(const char *path);

#endif
