/*
 * --root: another system's files as they would be found there.
 */
#ifndef V6SHIM_CHECK_ROOT_H
#define V6SHIM_CHECK_ROOT_H

/*
 * Makes the directory the root of this process, so that no path and no symbolic link leads out of it: the kernel sees
 * to that (chroot(2), for a user without rights in a user namespace of its own). Returns 0, or -errno: -ENOENT and
 * the like of the directory, -EPERM where neither is allowed.
 */
int root_enter(const char *directory);

#endif
