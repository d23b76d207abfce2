/*
 * What parts of the library that the command shares say (preload/base/log.h): here it goes to standard error, in the
 * command's own words.
 */
#ifndef V6SHIM_CLI_TELL_H
#define V6SHIM_CLI_TELL_H

/* The command that is running: "alias". Before it is set, lines begin with "v6shim: ". */
void tell_as(const char *command);

#endif
