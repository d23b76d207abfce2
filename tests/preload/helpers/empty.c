/* A library that is preloaded and does nothing: what every preload costs. */
int empty_library;
