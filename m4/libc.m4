# V6SHIM_LIBC: which C library $CC compiles for. glibc and musl are known; for musl the library alone is built, and it
# has no headers of the kernel. Others are refused.
AC_DEFUN([V6SHIM_LIBC], [AC_REQUIRE([AC_PROG_CC])
AC_CACHE_CHECK([which C library is compiled for], [v6shim_cv_libc], [
v6shim_cv_libc=unknown
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <features.h>
#ifndef __GLIBC__
#error
#endif
]], [])], [v6shim_cv_libc=glibc],
# musl defines no name that says so; these guards of its types have no other libc of Linux.
[AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <features.h>
#include <sys/types.h>
#if defined __GLIBC__ || defined __UCLIBC__ || defined __BIONIC__ || !defined __DEFINED_ssize_t
#error
#endif
]], [])], [v6shim_cv_libc=musl])])])
AM_CONDITIONAL([MUSL], [test "$v6shim_cv_libc" = musl])
AS_CASE([$v6shim_cv_libc],
[unknown], [AC_MSG_ERROR([libv6shim needs the GNU C library (glibc) or musl, with its headers, and $CC compiles for another libc or without headers: dnl
on Debian install libc6-dev, on Fedora glibc-devel, or name another compiler with CC=])],
[musl], [
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [[char of_64_bits[sizeof(void *) == 8 ? 1 : -1] = {0}; return of_64_bits[0];]])], [],
  [AC_MSG_ERROR([for musl, libv6shim is built for machines of 64 bits alone])])
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <linux/futex.h>
#include <asm/types.h>]], [])], [],
  [AC_MSG_ERROR([the headers of the kernel are missing, <linux/futex.h> and others, which musl does not have: on Alpine apk add linux-headers; dnl
elsewhere CPPFLAGS='-isystem DIRECTORY', of one that holds linux, asm and asm-generic alone])])])])

# V6SHIM_LIBC_LIMITS: what is asked for and can't be had with that C library.
AC_DEFUN([V6SHIM_LIBC_LIMITS], [AS_IF([test "$v6shim_cv_libc" = musl], [
AS_IF([test "x$enable_command" = xyes],
  [AC_MSG_ERROR([for musl the library alone is built: leave --enable-command out (the v6shim command of glibc starts programs of musl, too)])])
enable_command=no
AS_IF([test -n "$SANITIZERS$COVERAGE_CFLAGS"],
  [AC_MSG_ERROR([--enable-sanitizers and --enable-coverage need glibc])])])])
