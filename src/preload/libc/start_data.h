/*
 * Where variables lie that the start of every process writes.
 *
 * A page that is touched for the first time costs more than most of what is done in it. The loader writes the first
 * pages of initialized data anyway; in .bss, between tables of up to a megabyte, each of these variables would have a
 * page of its own.
 */
#ifndef V6SHIM_PRELOAD_LIBC_START_DATA_H
#define V6SHIM_PRELOAD_LIBC_START_DATA_H

/* For a small variable, at its definition. It is zero at first, as any other. */
#define START_DATA __attribute__((section(".data.start")))

#endif
