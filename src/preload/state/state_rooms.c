/* Makes and opens the rooms of users in root's state directory; called by preload/state/state_place.c and
   preload/alias/aliases.c. */
#include "preload/state/state_rooms.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "core/linker/start.h"
#include "preload/base/newer_names.h"
#include "preload/base/raw_file.h"
#include "preload/base/ready.h"
#include "preload/state/state_place.h"

#define ROOMS_MODE      0711 /* each finds its own by name, and sees no other's */
#define ROOM_MODE       0700
#define DIRECTORY_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW)
#define HIGH_NUMBERS    1024 /* the descriptor's, or in the upper half of a smaller limit */
#define NAME_SIZE       12   /* of a user: ten digits */

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

/* `number` is the descriptor's, and 0 where there is none: standard input is never ours. */
static struct {
    _Atomic int number;
    _Atomic uint64_t device, inode;
} kept START_DATA;

void state_room_label(uid_t user, struct text *label)
{
    text_add(label, STATE_ROOMS_NAME "/");
    text_add_unsigned(label, user);
}

/* Root's, and nobody else makes or exchanges what is in it. */
static bool is_roots(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == 0 &&
           (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static int open_rooms(int parent)
{
    int rooms = raw_openat(parent, STATE_ROOMS_NAME, DIRECTORY_FLAGS, 0);
    if (rooms < 0 || is_roots(rooms))
        return rooms;
    raw_close(rooms);
    errno = EACCES;
    return -1;
}

static int open_room(int rooms, uid_t user)
{
    char name_data[NAME_SIZE];
    struct text name = text_on(name_data, sizeof name_data);
    text_add_unsigned(&name, user);
    return raw_openat(rooms, name_data, DIRECTORY_FLAGS, 0);
}

int state_room_open(int parent)
{
    int rooms = is_roots(parent) ? open_rooms(parent) : -1;
    int room = rooms >= 0 ? open_room(rooms, geteuid()) : -1, error = errno;
    if (rooms >= 0)
        raw_close(rooms);
    errno = error;
    return room;
}

/* The program may have closed the number, or have given it to a file of its own. */
static int find_kept(void)
{
    struct stat status;
    int fd = atomic_load(&kept.number);
    return fd != 0 && fstat(fd, &status) == 0 && status.st_dev == atomic_load(&kept.device) &&
                   status.st_ino == atomic_load(&kept.inode)
               ? fd
               : -1;
}

int state_room_open_kept(void)
{
    int rooms = find_kept();
    errno = ENOENT;
    return rooms >= 0 ? open_room(rooms, geteuid()) : -1;
}

/* One that a process was killed over is still root's, and empty: only root makes anything there. */
static bool make_room(int rooms, uid_t user)
{
    struct stat status;
    char name_data[NAME_SIZE];
    struct text name = text_on(name_data, sizeof name_data);
    text_add_unsigned(&name, user);
    mkdirat(rooms, name_data, ROOM_MODE);
    if (fstatat(rooms, name_data, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(status.st_mode))
        return false;
    return status.st_uid == user ||
           (status.st_uid == 0 && syscall(SYS_fchownat, rooms, name_data, user, -1, AT_SYMLINK_NOFOLLOW) == 0);
}

/* Whoever makes it takes away what umask(2) says. */
static int make_rooms(int parent)
{
    if (mkdirat(parent, STATE_ROOMS_NAME, ROOMS_MODE) == 0)
        syscall(SYS_fchmodat, parent, STATE_ROOMS_NAME, ROOMS_MODE);
    return open_rooms(parent);
}

static int make_rooms_of(const struct state_place *place)
{
    struct state_directory directory;
    struct state_fault fault;
    if (!state_directory_open(&directory, place, true, &fault))
        return -1;
    state_directory_let_pass(&directory, place);
    int rooms = make_rooms(directory.fd);
    state_directory_close(&directory);
    return rooms;
}

bool state_rooms_hand_over(const struct state_place *place, uid_t user)
{
    int old = find_kept(), rooms = old >= 0 ? old : make_rooms_of(place);
    bool made = rooms >= 0 && make_room(rooms, user);
    if (rooms >= 0 && rooms != old)
        raw_close(rooms);
    return made;
}

/* What `fd` leads to, at a high number. A number that the program has taken from us is not closed: it is the
   program's. */
static void keep(int fd)
{
    struct stat status;
    struct rlimit limit;
    int old = atomic_load(&kept.number);
    bool small = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= 2 * HIGH_NUMBERS;
    int high = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, small ? (int)(limit.rlim_cur / 2) : HIGH_NUMBERS);
    if (high < 0)
        return;
    if (fstat(high, &status) != 0 || !atomic_compare_exchange_strong(&kept.number, &old, high)) {
        raw_close(high);
        return;
    }
    atomic_store(&kept.device, status.st_dev);
    atomic_store(&kept.inode, status.st_ino);
}

void state_rooms_keep(const struct state_place *place)
{
    if (!owns_memory() || find_kept() >= 0)
        return;
    int rooms = make_rooms_of(place);
    if (rooms < 0)
        return;
    int tree = (int)syscall(SYS_open_tree, rooms, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | O_CLOEXEC);
    raw_close(rooms);
    if (tree < 0)
        return;
    keep(tree);
    raw_close(tree);
}
