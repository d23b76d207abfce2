/*
 * Pointers of the program's that we follow before the kernel does. The kernel answers EFAULT to those that lead
 * nowhere, or to memory that can't be written; so the calls that we look into have to do that, too. Where one of
 * these functions says no, the call is passed on as it is: the kernel then gives its own answer, with its own side
 * effects.
 *
 * What a program passes lies mostly where it is known to be mapped without a question: on the stack, above our own
 * frame; in the heap; in the program's own data. Of other memory the kernel is asked, by a system call that follows
 * the pointer and does nothing else (rt_sigprocmask with a verb that it doesn't know, futex with an operation that
 * changes nothing). A page that has been good that often is believed to be good from then on, while no other one
 * takes its place: a server that keeps its addresses in memory of its own pays nothing for each datagram.
 *
 * Async-signal-safe; errno kept.
 */
#ifndef V6SHIM_PRELOAD_BASE_POINTER_H
#define V6SHIM_PRELOAD_BASE_POINTER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "preload/base/hook.h"

#define POINTER_PAGE ((uintptr_t)4096) /* nobody has the first page, nor the last one */

/* At start: where the stack of the first thread, the heap and the program's data are. */
void pointer_start(void);

/* NULL, and what programs make of small numbers and of errors, (void *)-1. Others that lead nowhere are found by the
   functions below. */
static inline bool pointer_is_bad(const void *pointer)
{
    return (uintptr_t)pointer + POINTER_PAGE < 2 * POINTER_PAGE;
}

/* The end of the first thread's stack. Nothing else is mapped this far below it: the kernel keeps a gap of 128 MB, or
   of the stack's limit if that is larger. */
extern uintptr_t pointer_stack_end NEARBY;
#define POINTER_STACK_REACH ((uintptr_t)64 * 1024 * 1024)
/* Thread-local data lies at the end of a thread's stack. */
extern __thread char pointer_of_thread __attribute__((tls_model("initial-exec")));
#define POINTER_THREAD_REACH ((uintptr_t)64 * 1024)

/* Whether these bytes lie between our own frame and the end of the stack that it is on. */
static inline bool pointer_is_on_stack(const void *pointer, size_t size)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0), from = (uintptr_t)pointer;
    uintptr_t end = pointer_stack_end;
    if (__builtin_expect(end - here >= POINTER_STACK_REACH, 0)) {
        end = (uintptr_t)&pointer_of_thread;
        if (end - here >= POINTER_THREAD_REACH)
            end = (here | (POINTER_PAGE - 1)) + 1; /* the page that we are on */
    }
    return from >= here && from < end && size <= end - from;
}

/* The program's own data, which does not move. */
extern uintptr_t pointer_data_start NEARBY, pointer_data_end NEARBY;
static inline bool pointer_is_in_data(const void *pointer, size_t size)
{
    uintptr_t from = (uintptr_t)pointer;
    return from >= pointer_data_start && from < pointer_data_end && size <= pointer_data_end - from;
}

/* In how much of the data, from its start, an object of POINTER_SMALL bytes may begin. */
extern uintptr_t pointer_data_room NEARBY;
#define POINTER_SMALL 64u

/*
 * In the first thread: the part of its stack that it has been seen to use, where an object of POINTER_SMALL bytes may
 * begin. The kernel takes nothing of that away again. In other threads this is empty: what looks like the thread's
 * stack could be a coroutine's beside it, which the program may unmap.
 */
extern __thread struct pointer_stack {
    uintptr_t from, room;
} pointer_stack __attribute__((tls_model("initial-exec")));

/* For slow paths, which are taken where pointer_is_at_hand() has said no: makes it say yes from now on for what lies
   on the first thread's stack, above the caller's frame. */
void pointer_note_stack(void);

/*
 * Pages of other memory that this thread has asked the kernel about, and how often. What was found good so often is
 * believed. What is known of a page for writing stands beside what is known for reading.
 */
#define POINTER_ASKED_UNTIL 32u
#define POINTER_KNOWN       8u
extern __thread struct pointer_known {
    uintptr_t page; /* its address; 0: none */
    unsigned asked;
} pointer_known[POINTER_KNOWN] __attribute__((tls_model("initial-exec")));

static inline struct pointer_known *pointer_place(uintptr_t page, bool writing)
{
    return &pointer_known[(page / POINTER_PAGE * 2 + writing) % POINTER_KNOWN];
}

static inline bool pointer_is_known(uintptr_t page, bool writing)
{
    const struct pointer_known *at = pointer_place(page, writing);
    return at->page == page && at->asked >= POINTER_ASKED_UNTIL;
}

/* The start of malloc()'s heap, and where libc keeps its end (where that is not known: at the start). It ends before
   that start where what was there before us has been given back. */
extern uintptr_t pointer_heap_start NEARBY;
extern void *const *pointer_heap_end NEARBY;

static inline bool pointer_is_in_known_memory(uintptr_t from)
{
    uintptr_t end = (uintptr_t)__atomic_load_n(pointer_heap_end, __ATOMIC_RELAXED);
    return (from >= pointer_heap_start && from < end && end - from >= POINTER_SMALL) ||
           (from % POINTER_PAGE <= POINTER_PAGE - POINTER_SMALL &&
            pointer_is_known(from & ~(POINTER_PAGE - 1), false));
}

/* In other threads: whether it lies above our own frame (as pointer_is_on_stack). */
static inline bool pointer_is_on_thread_stack(uintptr_t from)
{
    uintptr_t here = (uintptr_t)__builtin_dwarf_cfa(), room = (uintptr_t)&pointer_of_thread - POINTER_SMALL - here;
    return from - here < room && room < POINTER_THREAD_REACH;
}

/*
 * Guesses, in a hook itself and without a call: whether an object of at most POINTER_SMALL bytes is surely mapped, as
 * it lies on the stack or in the program's data (near), or there, in the heap or on a page that is believed (at
 * hand). False says nothing.
 */
__attribute__((always_inline)) static inline bool pointer_is_near(const void *pointer)
{
    uintptr_t from = (uintptr_t)pointer;
    return __builtin_expect(from - pointer_stack.from < pointer_stack.room, 1) ||
           __builtin_expect(from - pointer_data_start < pointer_data_room, 1) || pointer_is_on_thread_stack(from);
}

__attribute__((always_inline)) static inline bool pointer_is_at_hand(const void *pointer)
{
    return pointer_is_near(pointer) || pointer_is_in_known_memory((uintptr_t)pointer);
}

/* For the functions below: anywhere else. */
bool pointer_can_read_elsewhere(const void *pointer, size_t size);
bool pointer_can_write_elsewhere(const void *pointer, size_t size);

/* Whether all of these bytes can be read, or written. True for none. */
static inline bool pointer_can_read(const void *pointer, size_t size)
{
    return pointer_is_on_stack(pointer, size) || pointer_is_in_data(pointer, size) ||
           pointer_can_read_elsewhere(pointer, size);
}

static inline bool pointer_can_write(const void *pointer, size_t size)
{
    return pointer_is_on_stack(pointer, size) || pointer_is_in_data(pointer, size) ||
           pointer_can_write_elsewhere(pointer, size);
}

/* Whether a string can be read, up to its end. */
bool pointer_can_read_text(const char *text);

/* The room for an address that the program gave, with a length that can be read and written, and is not negative. The
   address can be written as far as an IPv4 one goes. */
static inline bool pointer_can_write_address(const struct sockaddr *address, const socklen_t *length)
{
    const socklen_t most = sizeof(struct sockaddr_in);
    return pointer_can_write(length, sizeof *length) && (int)*length >= 0 &&
           pointer_can_write(address, *length < most ? *length : most);
}

/* Reads the room for an IPv4 address that the program gave, whatever family it says. False: too short, or longer than
   the kernel takes. */
static inline bool pointer_read_ipv4(const void *address, socklen_t length, struct sockaddr_in *ipv4)
{
    bool has_its_length = __builtin_expect(length == sizeof *ipv4, 1) ||
                          (length > sizeof *ipv4 && length <= sizeof(struct sockaddr_storage));
    if (!has_its_length || !pointer_can_read(address, length))
        return false;
    memcpy(ipv4, address, sizeof *ipv4);
    return true;
}

#endif
