/*
 * Words for what was observed: where an address came from, what an option is called.
 */
#ifndef V6SHIM_CHECK_RUN_WORDS_H
#define V6SHIM_CHECK_RUN_WORDS_H

#include "check/file/report.h"
#include "core/events/observation.h"

/* What an address is that nobody gave to the program, or that is a constant of it. */
enum run_constant {
    CONSTANT_NONE,
    CONSTANT_ANY,
    CONSTANT_LOOPBACK,
    CONSTANT_BROADCAST,
    CONSTANT_GROUP,
    CONSTANT_HOST
};

/* CONSTANT_NONE where it came from somewhere, or that isn't known. */
enum run_constant run_constant_of(const struct observation *observation);

/* For JSON: "resolver", "text", "any", "hard-coded" and so on. */
const char *run_origin_name(const struct observation *observation);

/* For people: gethostbyname("www.example.com"). */
const char *run_origin_words(struct report *report, const struct observation *observation);

/* "IP_TOS"; a number where it is not known. */
const char *run_option_name(struct report *report, int level, int option);

/* Whether an option of level IPPROTO_IP is about groups, as IPv4 alone has them. */
bool run_option_is_multicast(int option);

#endif
