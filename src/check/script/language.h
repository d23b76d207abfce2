/*
 * Which language a script is in, also where a shell is only there to start the interpreter. Pure.
 */
#ifndef V6SHIM_CHECK_SCRIPT_LANGUAGE_H
#define V6SHIM_CHECK_SCRIPT_LANGUAGE_H

#include <limits.h>
#include <stdbool.h>

enum language { OTHER_LANGUAGE, PERL, PYTHON, RUBY, PHP, TCL, JAVASCRIPT, SHELL, AWK };

/* By the file name of the interpreter, with or without a directory. */
enum language language_of(const char *interpreter);

struct launcher {
    char interpreter[PATH_MAX];
    char script[PATH_MAX]; /* "": the script itself, which the other language reads too */
};

/*
 * Whether the text of a shell script hands over to the interpreter of another language: a line `exec wish "$0"`, as
 * Tcl and Perl scripts begin, or `exec python3 -u /usr/share/x/x.py "$@"`. `exec` may be missing before a path. The
 * first such line counts.
 */
bool launcher_find(const char *text, struct launcher *launcher);

#endif
