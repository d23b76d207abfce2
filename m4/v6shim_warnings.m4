# V6SHIM_WARNINGS(FLAGS): adds to WARNING_CFLAGS each flag that the compiler takes without complaint.
AC_DEFUN([V6SHIM_WARNINGS], [
  v6shim_saved_cflags=$CFLAGS
  for v6shim_flag in $1; do
    AC_MSG_CHECKING([whether $CC accepts $v6shim_flag])
    CFLAGS="$v6shim_saved_cflags -Werror $v6shim_flag"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
      [AC_MSG_RESULT([yes]); WARNING_CFLAGS="$WARNING_CFLAGS $v6shim_flag"],
      [AC_MSG_RESULT([no])])
  done
  CFLAGS=$v6shim_saved_cflags
])
# V6SHIM_LINK_FLAGS(VARIABLE, FLAGS): adds to VARIABLE each flag that a shared library is linked with without complaint.
AC_DEFUN([V6SHIM_LINK_FLAGS], [
  v6shim_saved_cflags=$CFLAGS v6shim_saved_ldflags=$LDFLAGS
  CFLAGS="$CFLAGS -fPIC"
  for v6shim_flag in $2; do
    AC_MSG_CHECKING([whether a library can be linked with $v6shim_flag])
    LDFLAGS="$v6shim_saved_ldflags -shared -Wl,--fatal-warnings $v6shim_flag"
    AC_LINK_IFELSE([AC_LANG_SOURCE([[int nothing(void) { return 0; }]])],
      [AC_MSG_RESULT([yes]); $1="$$1 $v6shim_flag"],
      [AC_MSG_RESULT([no])])
  done
  CFLAGS=$v6shim_saved_cflags LDFLAGS=$v6shim_saved_ldflags
])
