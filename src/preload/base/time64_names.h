/* Whether this port of glibc has two sizes of time_t (preload/base/time64.h). For lists that are preprocessed, too.
 */
#ifndef V6SHIM_PRELOAD_BASE_TIME64_NAMES_H
#define V6SHIM_PRELOAD_BASE_TIME64_NAMES_H

/* The older ports of 32 bits; x32, riscv32, arc and others had times of 64 bits from the beginning. */
#if !defined(LIBC_IS_musl) &&                                                                              \
    (defined(__i386__) || defined(__arm__) || defined(__hppa__) || defined(__m68k__) || defined(__sh__) || \
     ((defined(__mips__) || defined(__powerpc__) || defined(__sparc__)) && __SIZEOF_LONG__ == 4) ||        \
     defined(__csky__) || defined(__microblaze__) || defined(__nios2__))
#define TIME64_NAMES 1
#else
#define TIME64_NAMES 0
#endif

#endif
