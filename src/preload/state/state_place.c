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

#define DIRECTORY_MODE  0700
#define DIRECTORY_FLAGS (O_PATH | O_DIRECTORY)

static const char root_parent[] = "/var/lib";
static const char own_name[] = "/v6shim";
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
            mkdirat(parent, name, DIRECTORY_MODE);
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

bool state_directory_open(struct state_directory *directory, const struct state_place *place, bool make,
                          struct state_fault *fault)
{
    if (place->path[0] == '\0')
        return fail(fault, STATE_NO_PLACE, 0);
    *directory = (struct state_directory){.fd = -1};
    int fd = open_place(place->path);
    if (fd < 0 && errno == ENOENT && make) {
        make_directories(place);
        fd = open_place(place->path);
    }
    if (fd < 0 && errno == ENOENT && !make)
        return fail(fault, STATE_ABSENT, 0);
    while (fd >= 0 && fd <= STDERR_FILENO && directory->lows < STATE_LOW_NUMBERS) {
        directory->low[directory->lows++] = fd;
        fd = open_place(place->path);
    }
    directory->fd = fd;
    if (fd >= 0 ? check_directory(fd, place, fault) : fail(fault, STATE_PLACE_ERROR, errno))
        return true;
    state_directory_close(directory);
    return false;
}

void state_directory_close(const struct state_directory *directory)
{
    if (directory->fd >= 0)
        raw_close(directory->fd);
    for (unsigned i = 0; i < directory->lows; i++)
        raw_close(directory->low[i]);
}
