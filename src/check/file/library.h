/*
 * The libraries that programs need: each read once, with what its exported functions lead to.
 *
 * A library's functions are followed through its own call graph and into the libraries it needs itself, so that an
 * import such as curl_easy_perform shows what it does: getaddrinfo, sockets of any family.
 */
#ifndef V6SHIM_CHECK_FILE_LIBRARY_H
#define V6SHIM_CHECK_FILE_LIBRARY_H

#include "check/elf/search.h"
#include "check/file/object.h"

struct libraries; /* the cache: not for several threads at once */

struct library {
    const char *path;
    const char *soname; /* the file's name where it has none */
    facts_t facts;      /* of all its functions together */
    const struct library **needed;
    size_t needed_count;
    const char **missing; /* names of those that were not found or could not be read */
    size_t missing_count;
};

/* NULL: no memory. */
struct libraries *libraries_new(void);
void libraries_free(struct libraries *libraries);

/* The library of that name as the requester's loader would find it, or NULL. It lives as long as the cache. */
const struct library *libraries_get(struct libraries *libraries, const struct elf_requester *requester,
                                    const char *name);

/* What a library of that name is known to lead to, for where it isn't there to be read; 0: nothing is known. */
facts_t library_known_facts(const char *name);

/* Whether a library of that name, which isn't there to be read, might take the program to the network: not the C
   library's parts, plumbing, or a toolbox of whose network part the program imports nothing. */
bool library_may_matter(const char *name, const struct elf_image *program);

/* What calling its exported function leads to; 0 for a function that it doesn't export or that leads nowhere. */
facts_t library_leads_to(const struct library *library, const char *symbol);

/* A function of libc through which the library shows the fact, or NULL. */
const char *library_example(const struct library *library, enum fact fact);

#endif
