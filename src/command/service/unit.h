/*
 * A service of systemd, as far as v6shim enable has to know it: read from the unit's files, so that no running
 * systemd is needed (systemd.unit(5), systemd.exec(5)).
 */
#ifndef V6SHIM_COMMAND_SERVICE_UNIT_H
#define V6SHIM_COMMAND_SERVICE_UNIT_H

#include <limits.h>
#include <stdbool.h>

#define UNIT_NAME_SIZE 256

struct unit {
    char name[UNIT_NAME_SIZE]; /* with its suffix */
    char file[PATH_MAX];       /* the unit's own file */
    char program[PATH_MAX];    /* the first of ExecStart=, without its arguments; "": none */
    char *preload;             /* LD_PRELOAD of Environment=, in memory of its own; NULL: none */
    char overrides[PATH_MAX];  /* what sets LD_PRELOAD behind Environment=, or unsets it; "": nothing */
    char root[PATH_MAX];       /* RootDirectory= or RootImage=; "": none */
    bool other_user;           /* User= of another user than root, or DynamicUser= */
    bool families_restricted;  /* RestrictAddressFamilies= is in force */
    bool families_allow;       /* as a list of those allowed, not of those forbidden */
    bool families_name_ipv6;   /* and AF_INET6 is in it */
    bool addresses_allowed;    /* IPAddressAllow= has entries, ... */
    bool addresses_allow_ipv6; /* ... one of them for IPv6 */
};

/* Where units and the files that add to them are: a directory before all paths, "" for none. */
struct unit_search {
    const char *root;
    bool user; /* those of a user's manager */
};

/* The name with its suffix: oldd is oldd.service. False after a complaint: what can be no service. */
bool unit_complete_name(const char *command, const char *name, char complete[UNIT_NAME_SIZE]);

/*
 * Completes the name, finds the unit and reads it, what adds to it in UNIT.d/ too, but for the file
 * `own` there. False after a complaint.
 */
bool unit_read(const char *command, const struct unit_search *search, const char *name, const char *own,
               struct unit *unit);

/* Whether a socket(AF_INET6) is refused. */
bool unit_forbids_ipv6(const struct unit *unit);

/* The directory of the administrator's (or the user's own) files for this unit. False where the path is too long. */
bool unit_drop_in_directory(const struct unit_search *search, const char *name, char path[PATH_MAX]);

#endif
