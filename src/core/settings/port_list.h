/*
 * A list of ports, as a setting has it: "off", or numbers from 1 to 65535 between commas or blanks.
 *
 * Pure, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_SETTINGS_PORT_LIST_H
#define V6SHIM_CORE_SETTINGS_PORT_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PORT_LIST_SIZE 8

struct port_list {
    unsigned count; /* 0: "off" */
    uint16_t ports[PORT_LIST_SIZE];
};

/* Reads the text. False: it is wrong from `fault` on, for `fault_length` bytes; the list is left alone. */
bool port_list_parse(const char *text, size_t length, struct port_list *list, size_t *fault, size_t *fault_length);

#endif
