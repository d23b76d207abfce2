/*
 * What a call of a libc function shows about a program: which facts, decided by the constants it passes.
 */
#ifndef V6SHIM_CHECK_FILE_CALLS_H
#define V6SHIM_CHECK_FILE_CALLS_H

#include "check/elf/code.h"
#include "check/file/gaps.h"

/* FACT_NAME_OLD and so on, in the order of calls.def. */
enum fact {
#define FACT(name, text) FACT_##name,
#define CALL(symbol, reading, fact)
#define HABIT(symbol, reading, fact)
#include "check/file/calls.def"
#undef FACT
#undef CALL
#undef HABIT
    FACT_COUNT /* also: no fact */
};

/* A set of facts. */
typedef uint64_t facts_t;
#define FACT_BIT(fact) ((fact) == FACT_COUNT ? 0 : UINT64_C(1) << (fact))
_Static_assert(FACT_COUNT <= 64, "a set of facts is 64 bits");

struct call; /* one line of the table */

/* The line for a symbol, or NULL: of those that any program is read for, and of the habits of IPv4 code. */
const struct call *call_find(const char *symbol);
const struct call *call_find_habit(const char *symbol);

const char *call_symbol(const struct call *call);

/* Whether its arguments decide what it shows. */
bool call_reads_arguments(const struct call *call);

/* What a call shows where its arguments are not known. */
enum fact call_default(const struct call *call);

/* What the import shows where no call is to be seen, as on machines whose code is not read. A function that takes a
   family is not taken for a sign of IPv6 then. */
enum fact call_imported(const struct call *call);

/* What the call at a site with this state shows. `image` serves constants that lie in its data. */
enum fact call_read(const struct call *call, const struct elf_image *image, const struct x86_state *state);

/* What a network system call number shows when the program makes it itself (x86-64 numbers), or FACT_COUNT. */
enum fact system_call_fact(uint64_t number);

/* "looks names up for IPv4 only" */
const char *fact_text(enum fact fact);

/* The gap that the fact is, or GAP_COUNT for what is none. */
enum gap_number fact_gap(enum fact fact);

#endif
