/*
 * A process as /proc tells it: whether it has the library, whose it is, and its sockets' numbers. For v6shim status
 * and v6shim doctor --pid. Nothing here touches the process.
 */
#ifndef V6SHIM_COMMAND_DOCTOR_PROCESS_H
#define V6SHIM_COMMAND_DOCTOR_PROCESS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCESS_NAME_SIZE 64 /* comm of proc(5) has 16; that of a kernel thread may have more */

enum process_library {
    PROCESS_UNREADABLE, /* it is gone, or not ours to look at: errno says which */
    PROCESS_WITHOUT,
    PROCESS_WITH,
};

struct process {
    pid_t pid;
    uid_t user; /* the effective one */
    char name[PROCESS_NAME_SIZE];
    char library[PATH_MAX]; /* of PROCESS_WITH: its file */
    bool replaced;          /* that file is another one by now, or none */
    uint64_t begin, end;    /* where a part of it is mapped */
    uint64_t inode;         /* of the file that is mapped */
};

/* Reads all of it but the sockets. */
enum process_library process_read(pid_t pid, struct process *process);

#define PROCESS_VERSION_SIZE 32

/* The version of the library that the process has, as that file says it; false where it can't be read. */
bool process_library_version(const struct process *process, char version[PROCESS_VERSION_SIZE]);

/* A socket of a process: its descriptor, and the inode by which the kernel's tables name it. */
struct process_socket {
    int fd;
    uint64_t inode;
};

/*
 * The sockets of a process, by their descriptors, in new memory (free()); NULL with a count of 0 where there are
 * none, or with `*unreadable` set where the kernel doesn't let the caller see them.
 */
struct process_socket *process_sockets(pid_t pid, size_t *count, bool *unreadable);

#endif
