# V6SHIM_MISSING(WHAT, DEBIAN-PACKAGE, FEDORA-PACKAGE): remembers what configure will name as missing.
AC_DEFUN([V6SHIM_MISSING], [v6shim_missing="$v6shim_missing${v6shim_missing:+,} $1"
v6shim_debian="$v6shim_debian $2" v6shim_fedora="$v6shim_fedora $3"])
# V6SHIM_LINKS(LIBRARIES, IF-NOT): whether the compiler can link them: pkg-config knows nothing of its word size.
AC_DEFUN([V6SHIM_LINKS], [v6shim_saved_libs=$LIBS
LIBS="$1 $LIBS"
AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [], [$2])
LIBS=$v6shim_saved_libs])
# V6SHIM_PLACES: directories that make, or LD_PRELOAD (ld.so(8)), can't work with.
AC_DEFUN([V6SHIM_PLACES], [for v6shim_place in "$(pwd)" "$(cd "$srcdir" && pwd)"; do
  AS_CASE(["$v6shim_place"], [*" "* | *"	"*],
    [AC_MSG_ERROR([make can't work in a directory with a blank in its name: $v6shim_place; move it, or give it another name])])
done
AS_CASE(["$prefix$exec_prefix$libdir"], [*" "* | *"	"* | *:*],
  [AC_MSG_ERROR([LD_PRELOAD can't hold a path with a blank or a colon, so the library can't be installed in one: dnl
--prefix, --exec-prefix or --libdir has one])])])
