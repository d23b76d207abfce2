/*
 * What parts of the library that the command shares say (preload/log/log.h): here it goes to standard error, in the
 * command's own words.
 */
#ifndef V6SHIM_COMMAND_COMMON_LOG_STDERR_H
#define V6SHIM_COMMAND_COMMON_LOG_STDERR_H

/* The command that is running: "alias". Before it is set, lines begin with "v6shim: ". */
void log_stderr_as(const char *command);

/* Nothing is said from now on: the command finds out by itself what is wrong, and tells it in its own way. */
void log_stderr_silence(void);

#endif
