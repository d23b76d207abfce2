/* Prints dates; called by v6shim alias, history and nat64. */
#include "command/common/date.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

static size_t print(const struct tm *date, enum date_form form, char text[DATE_SIZE])
{
    switch (form) {
    case DATE_JSON_SECOND:
        return strftime(text, DATE_SIZE, "%Y-%m-%dT%H:%M:%SZ", date);
    case DATE_JSON_MINUTE:
        return strftime(text, DATE_SIZE, "%Y-%m-%dT%H:%MZ", date);
    case DATE_SECOND:
        return strftime(text, DATE_SIZE, "%Y-%m-%d %H:%M:%S", date);
    case DATE_MINUTE:
        return strftime(text, DATE_SIZE, "%Y-%m-%d %H:%M", date);
    case DATE_OF_DAY:
    default:
        return strftime(text, DATE_SIZE, "%H:%M:%S", date);
    }
}

char *date_print(int64_t time_s, enum date_form form, char text[DATE_SIZE])
{
    bool is_utc = form == DATE_JSON_SECOND || form == DATE_JSON_MINUTE;
    time_t time = (time_t)time_s;
    struct tm broken;
    const struct tm *date = NULL;
    if (time == time_s) /* it may have 32 bits on i386 */
        date = is_utc ? gmtime_r(&time, &broken) : localtime_r(&time, &broken);
    if (date == NULL || print(date, form, text) == 0)
        strcpy(text, "unknown");
    return text;
}
