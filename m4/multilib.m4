# V6SHIM_MULTILIB: --enable-multilib builds the libraries for programs of 32 bits as well, in the folder 32 of the build
# directory (src/Makefile.inc), and installs those of both classes so that the dynamic loader picks one for each program by
# $LIB (ld.so(8)): each is found in a folder for each text that may stand for it. Which texts these are is known of the
# compilers' own folders (lib64 and lib on Fedora, lib and lib32 on Arch) and of Debian's names (lib/i386-linux-gnu).
AC_DEFUN([V6SHIM_MULTILIB], [AC_REQUIRE([V6SHIM_LIBC])
AC_ARG_ENABLE([multilib],
  [AS_HELP_STRING([--enable-multilib@<:@=COMPILER@:>@],
    [build and install the libraries for programs of 32 bits, too, with this compiler (default: $CC -m32)])],
  [], [enable_multilib=no])
CC_32= PLACES_32= PLACES_64=
AS_IF([test "x$enable_multilib" != xno], [
AS_IF([test "x$enable_multilib" = xyes], [CC_32="$CC -m32"], [CC_32=$enable_multilib])
AS_IF([test "$v6shim_cv_libc" = musl],
  [AC_MSG_ERROR([--enable-multilib is for glibc alone: the loader of musl knows no \$LIB, by which it would find both])])
AS_IF([test "$(cd "$srcdir" && pwd -P)" = "$(pwd -P)"],
  [AC_MSG_ERROR([--enable-multilib makes two builds, which the source directory itself can't hold: dnl
mkdir build && cd build && ../configure --enable-multilib])])
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [[char of_64_bits[sizeof(void *) == 8 ? 1 : -1] = {0}; return of_64_bits[0];]])], [],
  [AC_MSG_ERROR([--enable-multilib is for a build of 64 bits, and '$CC $CFLAGS' compiles for less: leave it out])])
AC_MSG_CHECKING([for a compiler for programs of 32 bits])
v6shim_saved_cc=$CC
CC=$CC_32
AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <netdb.h>]], [[char of_32_bits[sizeof(void *) == 4 ? 1 : -1] = {0}; return of_32_bits[0];]])],
  [AC_MSG_RESULT([$CC_32])],
  [AC_MSG_RESULT([no])
  AC_MSG_ERROR([--enable-multilib: '$CC_32' makes no programs of 32 bits; Debian: apt-get install gcc-multilib; dnl
Fedora: dnf install glibc-devel.i686 libgcc.i686; another compiler is named by --enable-multilib=COMPILER])])
CC=$v6shim_saved_cc
v6shim_places() { # COMPILER: the folder of its libraries, and Debian's name of it
  basename "$($[1] -print-multi-os-directory 2>/dev/null)"
  $[1] -print-multiarch 2>/dev/null | $SED -n 's,^..*,lib/&,p'
}
PLACES_64=$({ echo lib64; v6shim_places "$CC"; } | sort -u | tr '\n' ' ')
PLACES_32=$({ echo lib32; v6shim_places "$CC_32"; } | sort -u | tr '\n' ' ')])
# What the second build is told as this one was.
SAME_OPTIONS="--disable-command${enable_werror:+ --enable-werror=$enable_werror}dnl
${build_alias:+ --build=$build_alias}${host_alias:+ --host=$host_alias}"
AC_SUBST([SAME_OPTIONS])
AC_SUBST([CC_32])
AC_SUBST([PLACES_32])
AC_SUBST([PLACES_64])
AM_CONDITIONAL([MULTILIB], [test "x$enable_multilib" != xno])])
