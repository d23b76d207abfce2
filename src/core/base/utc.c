/* Makes a date and a time of seconds; called by the log. */
#include "core/base/utc.h"

#define SECONDS_PER_MINUTE 60
#define SECONDS_PER_HOUR   3600
#define SECONDS_PER_DAY    86400
#define MONTHS_PER_YEAR    12

/* In years and months that begin with March the leap day is the last of all, and the lengths of months follow a rule:
   five of them have 153 days. 1970 began so many days after the first of March of the year 0. */
#define DAYS_TO_1970       719468
#define DAYS_PER_400_YEARS 146097
#define DAYS_PER_5_MONTHS  153

static int days_to_year(int year)
{
    return year * 365 + year / 4 - year / 100 + year / 400;
}

static void add_padded(struct text *text, int number, const char *end)
{
    text_add(text, number < 10 ? "0" : "");
    text_add_number(text, number);
    text_add(text, end);
}

void text_add_utc(struct text *text, int64_t seconds)
{
    int days = (int)(seconds / SECONDS_PER_DAY) + DAYS_TO_1970, time = (int)(seconds % SECONDS_PER_DAY);
    int year = (int)((int64_t)days * 400 / DAYS_PER_400_YEARS);
    while (days_to_year(year) > days)
        year--;
    while (days_to_year(year + 1) <= days)
        year++;
    days -= days_to_year(year);
    int month = (days * 5 + 2) / DAYS_PER_5_MONTHS; /* 0 is March */
    int day = days - (month * DAYS_PER_5_MONTHS + 2) / 5 + 1;
    month += 3;
    if (month > MONTHS_PER_YEAR) {
        month -= MONTHS_PER_YEAR;
        year++;
    }
    text_add_number(text, year);
    text_add(text, "-");
    add_padded(text, month, "-");
    add_padded(text, day, "T");
    add_padded(text, time / SECONDS_PER_HOUR, ":");
    add_padded(text, time / SECONDS_PER_MINUTE % 60, ":");
    add_padded(text, time % SECONDS_PER_MINUTE, "Z");
}
