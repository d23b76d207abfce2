/* Asks the kernel whether memory of the program's can be read or written; called by hooks before they follow a
   pointer. */
#include "preload/base/pointer.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/linker/start.h"
#include "preload/libc/libc_object.h"

uintptr_t pointer_heap_start START_DATA; /* where the program break was at start; malloc()'s heap ends where it is */
uintptr_t pointer_stack_end START_DATA, pointer_data_start START_DATA, pointer_data_end START_DATA;
uintptr_t pointer_data_room START_DATA;
__thread char pointer_of_thread __attribute__((tls_model("initial-exec")));
__thread struct pointer_stack pointer_stack __attribute__((tls_model("initial-exec")));

__thread struct pointer_known pointer_known[POINTER_KNOWN] __attribute__((tls_model("initial-exec")));

static void *no_heap START_DATA;
void *const *pointer_heap_end = &no_heap;

/* The segment that the program's variables are in, but for the part that is made read-only before it starts. Where a
   program that can lie anywhere doesn't say where its headers are (PT_PHDR), that is not known. */
static START_CODE void find_data(void)
{
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    unsigned long count = getauxval(AT_PHNUM);
    uintptr_t base = 0, read_only_end = 0, data_start = 0, data_end = 0;
    bool is_there = false; /* the list itself is where it says, so the rest is, too */
    if (headers == NULL)
        return;
    for (unsigned long i = 0; i < count; i++)
        if (headers[i].p_type == PT_PHDR)
            base = (uintptr_t)headers - headers[i].p_vaddr;
    for (unsigned long i = 0; i < count; i++) {
        uintptr_t start = base + headers[i].p_vaddr, end = start + headers[i].p_memsz;
        if (headers[i].p_type == PT_GNU_RELRO)
            read_only_end = (end + POINTER_PAGE - 1) & ~(POINTER_PAGE - 1);
        if (headers[i].p_type == PT_LOAD && (uintptr_t)headers >= start && (uintptr_t)headers < end)
            is_there = true;
        if (headers[i].p_type == PT_LOAD && (headers[i].p_flags & PF_W) != 0) {
            data_start = start;
            data_end = (end + POINTER_PAGE - 1) & ~(POINTER_PAGE - 1); /* whole pages are mapped */
        }
    }
    if (data_start < read_only_end)
        data_start = read_only_end;
    if (!is_there || data_end <= data_start + POINTER_SMALL)
        return;
    pointer_data_start = data_start;
    pointer_data_end = data_end;
    pointer_data_room = data_end - data_start - POINTER_SMALL;
}

START_CODE void pointer_start(void)
{
    const char *name = (const char *)getauxval(AT_EXECFN); /* the last thing on the stack */
    pointer_stack_end = name != NULL ? (uintptr_t)name + strlen(name) + 1 : 0;
    no_heap = sbrk(0);
    pointer_heap_start = (uintptr_t)no_heap;
    /* Where libc keeps the program break, for sbrk(). It has no header, and musl has none. */
    void *const *known_break = libc_object_variable("__curbrk");
    if (known_break != NULL && *known_break == no_heap)
        pointer_heap_end = known_break;
    find_data();
}

/* Where a handler comes between the two lines, it finds a part of what it might. */
__attribute__((noinline)) void pointer_note_stack(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0), room = pointer_stack_end - POINTER_SMALL - here;
    if (room >= POINTER_STACK_REACH || here - pointer_stack.from < pointer_stack.room)
        return;
    pointer_stack.from = here;
    atomic_signal_fence(memory_order_seq_cst);
    pointer_stack.room = room;
}

static bool is_in_heap(uintptr_t from, size_t size)
{
    if (from < pointer_heap_start)
        return false;
    uintptr_t end = (uintptr_t)sbrk(0);
    return from < end && size <= end - from;
}

static void note(uintptr_t page, bool writing)
{
    struct pointer_known *at = pointer_place(page, writing);
    if (at->page != page)
        *at = (struct pointer_known){.page = page};
    at->asked++;
}

/* Eight bytes, which don't reach into another page: the kernel reads them as a set of signals, and then finds that it
   is to do nothing with it (EINVAL). */
static bool kernel_can_read(uintptr_t at)
{
    const int nothing_to_do = -1;
    uintptr_t aligned = at & ~(uintptr_t)7;
    return syscall(SYS_rt_sigprocmask, nothing_to_do, aligned, NULL, sizeof(uint64_t)) == 0 || errno != EFAULT;
}

/* Four bytes: the kernel changes them to what they are, as it does with those of a futex whose waiters it moves
   (futex(2), FUTEX_WAKE_OP). Nobody waits for ours. */
static bool kernel_can_write(uintptr_t at)
{
    static uint32_t nobody;
    uintptr_t aligned = at & ~(uintptr_t)3;
    return syscall(SYS_futex, &nobody, FUTEX_WAKE_OP_PRIVATE, 0, NULL, aligned,
                   FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_EQ, 0)) >= 0 ||
           errno != EFAULT;
}

static bool each_page(uintptr_t from, size_t size, bool (*can)(uintptr_t at), bool writing)
{
    uintptr_t last = from + size - 1;
    int saved = errno;
    bool good = last >= from;
    for (uintptr_t at = from; good && at <= last; at = (at | (POINTER_PAGE - 1)) + 1) {
        uintptr_t page = at & ~(POINTER_PAGE - 1);
        if (!pointer_is_known(page, writing))
            good = can(at);
        if (good)
            note(page, writing);
        if (page == (UINTPTR_MAX & ~(POINTER_PAGE - 1)))
            break;
    }
    errno = saved;
    return good;
}

bool pointer_can_read_elsewhere(const void *pointer, size_t size)
{
    uintptr_t from = (uintptr_t)pointer;
    if (size == 0)
        return true;
    return !pointer_is_bad(pointer) && (is_in_heap(from, size) || each_page(from, size, kernel_can_read, false));
}

bool pointer_can_write_elsewhere(const void *pointer, size_t size)
{
    uintptr_t from = (uintptr_t)pointer;
    if (size == 0)
        return true;
    return !pointer_is_bad(pointer) && (is_in_heap(from, size) || each_page(from, size, kernel_can_write, true));
}

bool pointer_can_read_text(const char *text)
{
    for (;;) {
        size_t left = POINTER_PAGE - (uintptr_t)text % POINTER_PAGE;
        if (!pointer_can_read(text, 1))
            return false;
        if (memchr(text, '\0', left) != NULL)
            return true;
        text += left;
    }
}
