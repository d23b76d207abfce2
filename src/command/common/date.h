/* Dates as v6shim's subcommands print them. */
#ifndef V6SHIM_COMMAND_COMMON_DATE_H
#define V6SHIM_COMMAND_COMMON_DATE_H

#include <stdint.h>

#define DATE_SIZE 32

enum date_form {
    DATE_JSON_SECOND, /* 2024-02-29T23:59:58Z, of RFC 3339: in UTC */
    DATE_JSON_MINUTE, /* 2024-02-29T23:59Z */
    DATE_SECOND,      /* 2024-02-29 23:59:58, in local time */
    DATE_MINUTE,      /* 2024-02-29 23:59 */
    DATE_OF_DAY,      /* 23:59:58 */
};

/* Writes the time, in seconds of the calendar (clock_calendar_s), and returns `text`. "unknown" where it has no date:
   a state file may say anything. */
char *date_print(int64_t time_s, enum date_form form, char text[DATE_SIZE]);

#endif
