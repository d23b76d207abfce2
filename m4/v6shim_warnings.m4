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
