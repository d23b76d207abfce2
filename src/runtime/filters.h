/*
 * The program's own packet filter (SO_ATTACH_FILTER) on another socket. Async-signal-safe, no lock; errno kept.
 */
#ifndef V6SHIM_RUNTIME_FILTERS_H
#define V6SHIM_RUNTIME_FILTERS_H

/* 0, also where there is none. -EACCES for one of the other kind (SO_ATTACH_BPF), which the kernel doesn't tell;
   or another -errno. */
int filters_copy(int from, int to);

#endif
