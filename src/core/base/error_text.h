/*
 * Names and words of errors, as strerrorname_np() and strerrordesc_np() have them, which only libcs since glibc 2.32
 * do; strerror() may allocate, and speaks the language of the program. Pure and async-signal-safe: constant strings.
 */
#ifndef V6SHIM_CORE_BASE_ERROR_TEXT_H
#define V6SHIM_CORE_BASE_ERROR_TEXT_H

/* ECONNREFUSED is "ECONNREFUSED"; NULL for a number that is no error of Linux. */
const char *error_name(int error);

/* ECONNREFUSED is "Connection refused"; NULL for a number that is no error of Linux. */
const char *error_words(int error);

#endif
