/* A library with nothing in it, to be preloaded in place of the real one. */
int v6shim_empty;
