/*
 * Where x86-64 machine code calls imported functions, and with which constants. Other machines have no call sites
 * here: their imports have to speak for themselves.
 */
#ifndef V6SHIM_CHECK_ELF_CODE_H
#define V6SHIM_CHECK_ELF_CODE_H

#include "check/elf/image.h"
#include "check/elf/x86.h"

/* The starts of the functions, ascending: from .eh_frame_hdr, or else the targets of calls. */
struct elf_functions {
    uint64_t *starts;
    size_t count;
};

/* Returns 0 or -ENOMEM. An image of another machine has none. */
int elf_functions_read(const struct elf_image *image, struct elf_functions *functions);
void elf_functions_free(struct elf_functions *functions);

/* The index of the function that the address lies in (from its start to the next one), or SIZE_MAX. */
size_t elf_functions_find(const struct elf_functions *functions, uint64_t address);

/* A place by which code reaches something that is looked for: an entry of the global offset table that the loader
   fills with its address, or, where `direct`, the function itself. */
struct elf_target {
    uint64_t address;
    unsigned id;
    bool direct;
    bool follow; /* whether the arguments matter: the code before its calls is followed */
};

struct elf_call_site {
    uint64_t address;
    uint64_t function;             /* where its function starts; 0: unknown */
    unsigned id;                   /* of the target */
    const struct x86_state *state; /* before the call; NULL where it was not followed up to here */
};

typedef void elf_call_visit(const struct elf_call_site *site, void *context);

/* Calls visit for each call of a target. Returns 0 or -ENOMEM. */
int elf_calls(const struct elf_image *image, const struct elf_functions *functions, const struct elf_target *targets,
              size_t count, elf_call_visit *visit, void *context);

/* A direct jump or call to the start of a function, or an instruction that takes its address. */
typedef void elf_edge_visit(size_t from, size_t to, void *context);

/* Calls visit for each edge of the call graph, by function index. Addresses taken count as calls if `with_addresses`.
 */
void elf_call_graph(const struct elf_image *image, const struct elf_functions *functions, bool with_addresses,
                    elf_edge_visit *visit, void *context);

/*
 * For each function whether the program can come to it: from its entry, an exported symbol or a pointer in its data,
 * through calls and addresses taken. NULL where that can't be told (no relocations, another machine, no memory): then
 * all count. The caller frees it.
 */
bool *elf_reached(const struct elf_image *image, const struct elf_functions *functions);

/* The addresses of the `syscall` instructions that follow a load of the number into eax within a few bytes. */
typedef void elf_syscall_visit(uint64_t address, unsigned number, void *context);
void elf_system_calls(const struct elf_image *image, elf_syscall_visit *visit, void *context);

#endif
