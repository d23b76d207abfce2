# V6SHIM_MISSING(WHAT, DEBIAN-PACKAGE, FEDORA-PACKAGE): remembers what configure will name as missing.
AC_DEFUN([V6SHIM_MISSING], [v6shim_missing="$v6shim_missing${v6shim_missing:+,} $1"
v6shim_debian="$v6shim_debian $2" v6shim_fedora="$v6shim_fedora $3"])
