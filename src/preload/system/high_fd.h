/*
 * High numbers for descriptors of our own, so that the program finds the lowest number free when it makes one.
 * Async-signal-safe; errno kept.
 */
#ifndef V6SHIM_PRELOAD_SYSTEM_HIGH_FD_H
#define V6SHIM_PRELOAD_SYSTEM_HIGH_FD_H

/* A duplicate of a descriptor, at a high number. Or -errno. */
int high_fd_copy(int fd);

/* Gives a descriptor of ours a high number; the old one is closed. The number it has then: the old one where there is
   no high one. */
int high_fd_move(int fd);

#endif
