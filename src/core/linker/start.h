/*
 * Where that lies which the start of every process runs and writes.
 *
 * A page that is touched for the first time costs more than most of what is done in it. So the functions of the start
 * lie side by side, and so do its variables: among the others, each of them would have a page of its own.
 */
#ifndef V6SHIM_CORE_LINKER_START_H
#define V6SHIM_CORE_LINKER_START_H

/* For a small variable, at its definition. It is zero at first, as any other. The loader writes the first pages of
   initialized data anyway; .bss has tables of up to a megabyte. */
#define START_DATA __attribute__((section(".data.start")))

/* For a function, at its definition. Linkers put this section before the rest of the code, near the tables that the
   loader has just read. Not for what is always inlined. */
#define START_CODE __attribute__((section(".text.startup")))

#endif
