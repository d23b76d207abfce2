/*
 * One setting: its kind, the values that it takes, and the words that say so. What a kind has in common for the
 * configuration file, the variables and the options of the command.
 *
 * Pure, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_SETTINGS_SETTING_H
#define V6SHIM_CORE_SETTINGS_SETTING_H

#include "core/address/address.h"
#include "core/base/text.h"
#include "core/nat64/nat64.h"
#include "core/settings/port_list.h"

#define SETTING_VARIABLE_PREFIX "V6SHIM_"
/* Room for any setting's variable name. */
#define SETTING_VARIABLE_SIZE 64
/* As much of a bad value as a message shows, in bytes. */
#define SETTING_SHOWN_LENGTH 48

/* Kind, constraint as written in settings.def, and the type of the field. */
enum setting_kind {
    SETTING_CHOICE,         /* "policy|ipv6|ipv4"; an enum whose enumerators count from 0 in that order */
    SETTING_MILLISECONDS,   /* "0..10000"; uint32_t */
    SETTING_TEXT,           /* "127", the greatest length in bytes; a char array with room for NUL */
    SETTING_PATH,           /* the same; an absolute path */
    SETTING_IPV4_POOL,      /* "8..28", the lengths allowed; struct ipv4_prefix */
    SETTING_PREFIX_MAP,     /* "IPv6=IPv4", the families of both sides; struct prefix_map */
    SETTING_CHOICE_OR_FILE, /* "system|rfc6724"; an absolute path as well, alone or as "file PATH"; struct
                               choice_or_file */
    SETTING_NAT64,          /* "auto|off|PREFIX..." or "off|PREFIX..."; struct nat64_setting */
    SETTING_REDIRECTS,      /* "IPv4=NAME|IPv6"; struct redirects */
    SETTING_PORTS,          /* "off|PORT..."; struct port_list */
};

struct choice_or_file {
    unsigned choice; /* counts from 0 in the order of the constraint */
    char path[512];  /* absolute; "": the choice counts */
};

enum nat64_mode { NAT64_AUTO, NAT64_OFF, NAT64_GIVEN };

struct nat64_setting {
    enum nat64_mode mode;
    unsigned count; /* of prefixes, 0 but with NAT64_GIVEN */
    struct nat64_prefix prefixes[NAT64_PREFIXES_MAX];
};

#define REDIRECTS_SIZE 32
#define HOST_NAME_SIZE 254 /* RFC 1035 section 2.3.4, and NUL */

/* Lines "A = NAME" or "A = IPv6", in the order given. */
struct redirects {
    unsigned count;
    struct redirect {
        struct in_addr from;
        struct ip_address to; /* AF_UNSPEC: the name's */
        char name[HOST_NAME_SIZE];
    } entries[REDIRECTS_SIZE];
};

struct ipv4_prefix {
    struct in_addr address; /* host bits zero */
    unsigned length;
};

#define PREFIX_MAP_SIZE 32

/* Lines "A = B", in the order given; a lone address is a prefix of full length. */
struct prefix_map {
    unsigned count;
    struct prefix_mapping {
        struct ip_address from, to;
        unsigned from_length, to_length;
    } entries[PREFIX_MAP_SIZE];
};

/* Without pointers: the loader would have to set those in every process. What only people read of a setting is in
   command/common/setting_words.h. */
struct setting {
    char keyword[20];
    char constraint[52];
    enum setting_kind kind;
    uint32_t offset; /* of the field */
    uint32_t size;   /* of the field, in bytes */
};

/* Where in a value, counted in bytes from 0, the part starts that is wrong, and that part. */
struct setting_fault {
    size_t offset;
    size_t length;
};

/*
 * Reads a value (without surrounding blanks, not NUL-terminated) into the field at `base` + offset; with `base` NULL
 * only checks it. A map takes several entries, separated by commas, and adds them to those it has. False: nothing is
 * stored, and `fault` says where. An empty value is never right.
 */
bool setting_parse(const struct setting *setting, const char *value, size_t length, void *base,
                   struct setting_fault *fault);

/* Makes all bytes of the field zero: a map is empty, as it is before the first line that adds to it. */
void setting_clear(const struct setting *setting, void *base);

/* The values that are right: "policy, ipv6 or ipv4", "a whole number of milliseconds from 0 to 10000". */
void setting_describe(const struct setting *setting, struct text *text);

/* `expected <those values>, found "<the wrong part>"`, for a value that setting_parse refused. */
void setting_explain(const struct setting *setting, const char *value, const struct setting_fault *fault,
                     struct text *text);

/* V6SHIM_ and the keyword in capitals, with _ for -. */
void setting_variable(const struct setting *setting, char name[SETTING_VARIABLE_SIZE]);

/* Bytes from outside, harmless on a terminal, cut after SETTING_SHOWN_LENGTH. The second puts them in double quotes
   and says how many there were where it cut. */
void setting_show(const char *bytes, size_t length, struct text *text);
void setting_quote(const char *bytes, size_t length, struct text *text);

#endif
