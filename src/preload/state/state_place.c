/* Opens the state directory with its checks; called by preload/state/state_file.c. */
#include "preload/state/state_place.h"

#include <errno.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/linker/start.h"
#include "preload/base/newer_names.h"
#include "preload/base/raw_file.h"
#include "preload/state/state_rooms.h"

#define DIRECTORY_MODE  0700
#define PASSED_MODE     0711 /* root's: the way to the rooms of others */
#define DIRECTORY_FLAGS (O_PATH | O_DIRECTORY)

static const char root_parent[] = "/var/lib";
static const char own_name[] = "/v6shim";
static const char root_path[] = "/var/lib/v6shim";
static const char home_part[] = "/.local/state";

/* path = the first `length` bytes of base + part + name; "" if that is too long or `base` isn't absolute. */
static START_CODE void set_path_in(struct state_place *place, const char *base, size_t length, const char *part,
                                   const char *name)
{
    struct text path = text_on(place->path, sizeof place->path);
    text_add_bytes(&path, base, length);
    text_add(&path, part);
    text_add(&path, name);
    if (base[0] != '/' || length + strlen(part) + strlen(name) >= sizeof place->path)
        path = text_on(place->path, sizeof place->path);
    /* A slash at the end would make the kernel follow a link. */
    while (path.length > 1 && path.data[path.length - 1] == '/')
        path.data[--path.length] = '\0';
}

static START_CODE void set_path(struct state_place *place, const char *base, const char *part, const char *name)
{
    set_path_in(place, base, strlen(base), part, name);
}

/* The rules that are the same for this user and another; false where only the home is left. */
static bool set_fixed(struct state_place *place, const char *directory, uid_t user)
{
    if (directory != NULL && directory[0] != '\0') {
        set_path(place, directory, "", "");
        const char *slash = strrchr(place->path, '/');
        place->existing = slash != NULL ? (size_t)(slash - place->path) : 0;
        place->chosen = true;
        return true;
    }
    if (user == 0) {
        set_path(place, root_parent, "", own_name);
        place->existing = strlen(root_parent);
        return true;
    }
    return false;
}

static void set_home(struct state_place *place, const char *home)
{
    set_path(place, home, home_part, own_name);
    place->existing = strlen(home);
}

START_CODE void state_place_usual(struct state_place *place, const char *directory)
{
    *place = (struct state_place){.owner = STATE_OWNER_SELF};
    if (set_fixed(place, directory, geteuid()))
        return;
    /* What systemd has made for a service (StateDirectory=); several have colons between. */
    const char *service = secure_getenv("STATE_DIRECTORY");
    const char *base = secure_getenv("XDG_STATE_HOME");
    const char *home = secure_getenv("HOME");
    if (service != NULL && service[0] == '/') {
        place->existing = strcspn(service, ":");
        set_path_in(place, service, place->existing, "", own_name);
    } else if (base != NULL && base[0] == '/') {
        set_path(place, base, "", own_name);
    } else if (home != NULL && home[0] == '/') {
        set_home(place, home);
    }
}

void state_place_of_user(struct state_place *place, const char *directory, uid_t user, const char *home)
{
    *place = (struct state_place){.owner = user, .read_only = true};
    if (!set_fixed(place, directory, user))
        set_home(place, home);
}

/* The next component of the path into `name`, and what follows it; NULL at the end, or before one too long. */
static const char *next_component(const char *path, char name[NAME_MAX + 1])
{
    path += strspn(path, "/");
    size_t length = strcspn(path, "/");
    if (length == 0 || length > NAME_MAX)
        return NULL;
    memcpy(name, path, length);
    name[length] = '\0';
    return path + length;
}

/* Nobody else can put another file in the place of one in here that is root's or this user's. */
static bool is_trusted(const struct stat *status)
{
    return status->st_uid == 0 || status->st_uid == geteuid();
}

static bool keeps_its_entries(const struct stat *directory)
{
    return is_trusted(directory) &&
           ((directory->st_mode & (S_IWGRP | S_IWOTH)) == 0 || (directory->st_mode & S_ISVTX));
}

/* Who may have made a link that is followed. */
enum link_owner { LINK_OF_ROOT, LINK_OF_ROOT_OR_SELF };

/* Whether what is no directory is a link that may be followed, else errno says what is wrong. What is not inline here
   and below is for small stacks: what each of these functions needs is not needed at the same time. */
__attribute__((noinline)) static bool may_follow(int parent, const char *name, enum link_owner owner)
{
    struct stat link, directory;
    if (fstatat(parent, name, &link, AT_SYMLINK_NOFOLLOW) != 0 || fstat(parent, &directory) != 0)
        return false;
    errno = S_ISLNK(link.st_mode) ? ELOOP : ENOTDIR;
    bool trusted = owner == LINK_OF_ROOT ? link.st_uid == 0 : is_trusted(&link);
    return S_ISLNK(link.st_mode) && trusted && keeps_its_entries(&directory);
}

/*
 * Opens a directory inside another one. A link is followed where it is of this owner, in a directory in which nobody
 * else can exchange it; else ELOOP or ENOTDIR.
 */
static int open_component(int parent, const char *name, enum link_owner owner)
{
    int fd = raw_openat(parent, name, DIRECTORY_FLAGS | O_NOFOLLOW, 0);
    if (fd >= 0 || (errno != ENOTDIR && errno != ELOOP))
        return fd;
    return may_follow(parent, name, owner) ? raw_openat(parent, name, DIRECTORY_FLAGS, 0) : -1;
}

/* Opens the directory in which the place is, component by component. */
__attribute__((noinline)) static int open_parent(const char *path)
{
    char name[NAME_MAX + 1];
    const char *end = strrchr(path, '/'), *at = path;
    int parent = raw_openat(AT_FDCWD, "/", DIRECTORY_FLAGS, 0);
    while (parent >= 0 && at < end && (at = next_component(at, name)) != NULL) {
        int next = open_component(parent, name, LINK_OF_ROOT_OR_SELF), error = errno;
        raw_close(parent);
        parent = next;
        errno = error;
    }
    return parent;
}

/*
 * Opens the place itself. Usually no part of its path is a link, which the kernel finds out in one step (openat2,
 * Linux 5.6). Another user's link in it could lead to any directory of this user's. The place itself may be a link
 * that root has made: with DynamicUser= systemd makes one from /var/lib/NAME to /var/lib/private/NAME.
 */
static int open_place(const char *path)
{
    struct open_how how = {.flags = DIRECTORY_FLAGS | O_NOFOLLOW | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    if (fd >= 0 || (errno != ELOOP && errno != ENOTDIR && errno != ENOSYS && errno != EPERM))
        return fd;
    int parent = open_parent(path);
    if (parent < 0)
        return -1;
    fd = open_component(parent, strrchr(path, '/') + 1, LINK_OF_ROOT);
    int error = errno;
    raw_close(parent);
    errno = error;
    return fd;
}

/* Makes what is missing of the path after place->existing. Whoever finds something missing all the same says so. */
__attribute__((noinline)) static void make_directories(const struct state_place *place)
{
    char name[NAME_MAX + 1];
    const char *at = place->path;
    int parent = raw_openat(AT_FDCWD, "/", DIRECTORY_FLAGS, 0);
    while (parent >= 0 && (at = next_component(at, name)) != NULL) {
        if ((size_t)(at - place->path) > place->existing)
            mkdirat(parent, name, *at == '\0' && geteuid() == 0 ? PASSED_MODE : DIRECTORY_MODE);
        int next = open_component(parent, name, LINK_OF_ROOT_OR_SELF);
        raw_close(parent);
        parent = next;
    }
    if (parent >= 0)
        raw_close(parent);
}

static bool fail(struct state_fault *fault, enum state_reason reason, int error)
{
    *fault = (struct state_fault){.reason = reason, .error = error};
    return false;
}

__attribute__((noinline)) static bool check_directory(int fd, const struct state_place *place,
                                                      struct state_fault *fault)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return fail(fault, STATE_PLACE_ERROR, errno);
    if (status.st_uid != (place->owner == STATE_OWNER_SELF ? geteuid() : place->owner))
        return fail(fault, STATE_PLACE_OWNER, 0);
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return fail(fault, STATE_PLACE_WRITABLE, 0);
    return true;
}

/* Where a directory is looked for: under its path; among the rooms that are kept; as a room in the directory of that
   path, or in root's usual one. */
enum source { OF_PATH, OF_KEPT_ROOMS, OF_ROOM_HERE, OF_ROOM_OF_ROOT };

static int open_room_in(const char *path)
{
    int parent = open_place(path);
    int room = parent >= 0 ? state_room_open(parent) : -1, error = errno;
    if (parent >= 0)
        raw_close(parent);
    errno = error;
    return room;
}

static int open_source(const struct state_place *place, enum source source)
{
    return source == OF_KEPT_ROOMS  ? state_room_open_kept()
           : source == OF_ROOM_HERE ? open_room_in(place->path)
           : source == OF_PATH      ? open_place(place->path)
                                    : open_room_in(root_path);
}

/* Not one of the numbers of standard input and output: those are held until it is closed. */
static bool take(struct state_directory *directory, const struct state_place *place, enum source source, int fd,
                 struct state_fault *fault)
{
    while (fd >= 0 && fd <= STDERR_FILENO && directory->lows < STATE_LOW_NUMBERS) {
        directory->low[directory->lows++] = fd;
        fd = open_source(place, source);
    }
    directory->fd = fd;
    if (fd >= 0 ? check_directory(fd, place, fault) : fail(fault, STATE_PLACE_ERROR, errno))
        return true;
    state_directory_close(directory);
    *directory = (struct state_directory){.fd = -1};
    return false;
}

static bool take_own(struct state_directory *directory, const struct state_place *place, bool make,
                     struct state_fault *fault)
{
    if (place->path[0] == '\0')
        return fail(fault, STATE_NO_PLACE, 0);
    int fd = open_place(place->path);
    if (fd < 0 && errno == ENOENT && make) {
        make_directories(place);
        fd = open_place(place->path);
    }
    if (fd < 0 && errno == ENOENT && !make)
        return fail(fault, STATE_ABSENT, 0);
    return take(directory, place, OF_PATH, fd, fault);
}

static bool take_room(struct state_directory *directory, const struct state_place *place, enum source source)
{
    struct state_fault unused;
    bool taken = take(directory, place, source, open_source(place, source), &unused);
    directory->is_room = taken;
    return taken;
}

bool state_directory_open(struct state_directory *directory, const struct state_place *place, bool make,
                          struct state_fault *fault)
{
    *directory = (struct state_directory){.fd = -1};
    bool rooms = place->owner == STATE_OWNER_SELF && geteuid() != 0;
    if (rooms && take_room(directory, place, OF_KEPT_ROOMS))
        return true;
    if (take_own(directory, place, make, fault))
        return true;
    bool taken = rooms && fault->reason != STATE_PLACE_WRITABLE &&
                 ((place->path[0] != '\0' && take_room(directory, place, OF_ROOM_HERE)) ||
                  (!place->chosen && take_room(directory, place, OF_ROOM_OF_ROOT)));
    if (taken)
        *fault = (struct state_fault){0};
    return taken;
}

void state_directory_let_pass(const struct state_directory *directory, const struct state_place *place)
{
    struct stat status;
    if (strcmp(place->path, root_path) != 0 || fstat(directory->fd, &status) != 0 || (status.st_mode & S_IXOTH) != 0)
        return;
    int fd = raw_openat(directory->fd, ".", O_RDONLY | O_DIRECTORY, 0);
    if (fd >= 0) {
        fchmod(fd, (status.st_mode & 07777) | S_IXGRP | S_IXOTH);
        raw_close(fd);
    }
}

void state_directory_close(const struct state_directory *directory)
{
    if (directory->fd >= 0)
        raw_close(directory->fd);
    for (unsigned i = 0; i < directory->lows; i++)
        raw_close(directory->low[i]);
}
