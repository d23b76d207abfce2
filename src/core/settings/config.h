/*
 * The settings: text -> struct settings, with source, line and column in every complaint. The list is settings.def; a
 * new setting is an entry there and a field here.
 *
 * Pure, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_SETTINGS_CONFIG_H
#define V6SHIM_CORE_SETTINGS_CONFIG_H

#include "core/settings/program.h"
#include "core/settings/setting.h"

/* The longest line of a configuration file, in bytes without its end. */
#define CONFIG_LINE_LENGTH 1024

/* Enumerators in the order of the choices in settings.def. */
enum prefer { PREFER_POLICY, PREFER_IPV6, PREFER_IPV4 };
enum families { FAMILIES_BOTH, FAMILIES_INET, FAMILIES_INET6 };
enum own_queries { OWN_QUERIES_TRANSLATE, OWN_QUERIES_LEAVE };
enum aware { AWARE_AUTO, AWARE_YES, AWARE_NO };
enum shape { SHAPE_AUTO, SHAPE_IPV4, SHAPE_NATIVE };
enum follow { FOLLOW_YES, FOLLOW_NO };
enum other_preloads { OTHER_PRELOADS_RESPECT, OTHER_PRELOADS_IGNORE };
enum source_preference { SOURCE_SYSTEM, SOURCE_PUBLIC, SOURCE_TEMPORARY };
enum nat64_private { NAT64_PRIVATE_AUTO, NAT64_PRIVATE_NO, NAT64_PRIVATE_YES };
enum connect_mode { CONNECT_RACE, CONNECT_ORDER };
enum listen { LISTEN_MAPPED, LISTEN_INET6, LISTEN_INET };
enum log_level { LOG_LEVEL_QUIET, LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* What has a default, or is looked at in every process, comes first: it shares a page (core/linker/start.h). */
struct settings {
    enum prefer prefer;
    enum families families;
    enum source_preference source;
    enum nat64_private nat64_private;
    uint32_t resolution_delay_ms;
    struct ipv4_prefix alias_pool;
    enum aware aware;
    enum own_queries own_queries;
    enum listen listen;
    enum shape shape;
    enum follow follow;
    enum other_preloads other_preloads;
    enum connect_mode connect;
    uint32_t attempt_delay_ms;
    uint32_t silence_limit_ms;
    enum log_level log;
    struct port_list ftp_ports;
    struct nat64_setting nat64;
    struct nat64_setting nat64_inbound; /* never NAT64_AUTO */
    struct choice_or_file policy;       /* choices: enum policy_builtin */
    char alias_key[128];
    char state_dir[512];          /* "": the usual place */
    char log_file[512];           /* "": standard error */
    struct prefix_map listen_map; /* IPv4 to IPv6 */
    struct prefix_map alias_map;  /* IPv6 to IPv4 */
    struct redirects redirects;
};

/* Something wrong in a configuration. Strings last for the call only. */
struct config_problem {
    const char *source; /* name of the file or of the variable */
    unsigned line;      /* from 1; 0 where the source is a variable */
    unsigned column;    /* from 1, in bytes */
    const char *message;
    bool voids_block; /* nothing below it is in force, up to the next program line */
};

typedef void config_report(void *context, const struct config_problem *problem);

/* A value that is in force from now on, and where it came from; `line` is 0 where the source is a variable. */
struct config_origin {
    const char *source;
    unsigned line;
    const char *value; /* not NUL-terminated */
    size_t length;
};

typedef void config_taken(void *context, const struct setting *setting, const struct config_origin *origin);

/* Who reads, and who hears of it. Any of the functions may be NULL. */
struct config_reader {
    struct settings *settings;
    const struct program_name *(*program)(
        void *context); /* asked at a program line; NULL: a program without a name */
    config_report *report;
    config_taken *taken;
    void *context;
};

/* The list, in the order of settings.def. */
const struct setting *config_list(size_t *count);
/* The setting with that keyword, or NULL. */
const struct setting *config_find(const char *keyword, size_t length);

/* Sets what is not zero from the start. All bytes of the settings have to be zero before. */
void config_defaults(struct settings *settings);

/*
 * Reads the text of a configuration file: lines "keyword value", blank lines, comments from a '#' at the start of a
 * line or after a blank to its end. CRLF, a missing last line end and a byte order mark are taken. Of several lines
 * with one keyword the last counts; those of a map add up.
 *
 * Lines below "program PATTERN..." (program.h), up to the next such line or the end of the file, are in force for the
 * programs that it is for; those above the first, for all.
 *
 * Each bad line is reported, then ignored. One that may have been meant as the head of a block (its first word is no
 * setting, nor near one) makes all ignored that is below it, up to the next program line: what was meant for some
 * programs never holds for others. Values there, and in blocks for other programs, are checked all the same.
 */
void config_parse(const char *text, size_t length, const char *source, const struct config_reader *reader);

/* Whether an environment variable of that name is a setting, known or mistyped: it starts with V6SHIM_ and is none of
   those that mean something else (V6SHIM_CONF, V6SHIM_LIBRARY, V6SHIM_OBSERVE, V6SHIM_TRACE). */
bool config_is_variable(const char *name, size_t length);

/*
 * Reads a variable for which config_is_variable holds. An empty one counts as not set. What is bad or unknown is
 * reported, then ignored. A map given here replaces the one of the file.
 */
void config_set_variable(const char *name, size_t name_length, const char *value, const struct config_reader *reader);

#endif
