/*
 * Included before everything else in the libraries that are preloaded (preload/hooks/Makefile.inc): libc's headers
 * would make functions that we define inline, and calls of ours calls of its checked ones (__memcpy_chk), where the
 * builder's flags or the compiler itself ask for _FORTIFY_SOURCE. On the command line the builder's would be the last
 * word.
 */
#undef _FORTIFY_SOURCE
