/*
 * The words of a value in a unit's file: quotes and escapes as systemd reads them (systemd.syntax(7), "Quoting").
 */
#ifndef V6SHIM_COMMAND_SERVICE_UNIT_WORD_H
#define V6SHIM_COMMAND_SERVICE_UNIT_WORD_H

/* What a backslash means, which differs from setting to setting. */
enum unit_escapes {
    UNIT_ESCAPES_NONE,   /* the next character is itself */
    UNIT_ESCAPES_C,      /* an escape as in C; where it is none, systemd reads no further in this value */
    UNIT_ESCAPES_RELAXED /* an escape as in C; where it is none, the backslash is itself */
};

/* The next word, written over the value itself; NULL at the end, and where nothing more is read. *rest is where to go
   on. */
char *unit_next_word(char **rest, enum unit_escapes escapes);

#endif
