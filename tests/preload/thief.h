/*
 * Another user of the machine who wants a port that the program holds, and tries at every moment: the program is
 * stopped before and after each of its system calls, and a process of another user tries to bind the port in every
 * way that would take something of IPv4 from it.
 */
#ifndef V6SHIM_TESTS_THIEF_H
#define V6SHIM_TESTS_THIEF_H

#include <stdint.h>

enum thief_ways {
    THIEF_ALL_WAYS,
    THIEF_BOTH_FAMILIES, /* every address of them; for a socket that has one address, whichever that is */
};

/* In a part: from here on the port is the program's. The thief tries until thief_stop(). */
void thief_start(int type, uint16_t port, enum thief_ways ways);
void thief_stop(void);

struct thief_report {
    char output[4096];  /* of the part */
    int status;         /* as waitpid() gives it */
    unsigned tries;     /* moments */
    unsigned got;       /* in which the thief had the port */
    unsigned got_all;   /* on all addresses of both families */
    unsigned late;      /* those among `got` that were the last ones */
    long call;          /* the number of the system call where that was first, and */
    unsigned form;      /* the way in which it was bound */
    unsigned exchanges; /* dup3() of the part, and those among them */
    unsigned open;      /* that a handler of the program could have interrupted */
};

/* Runs a part of this program, preloaded, with these further variables ("A=b", up to a NULL; or NULL). Skips the test
   where there is no other user, or processes can't be traced. Of static storage. */
const struct thief_report *thief_watch(const char *part, const char *const variables[]);

#endif
