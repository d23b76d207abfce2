/* Finds the calls in x86-64 code and the constants that reach them; called by check/file/object.c and
   calls.c. */
#include "check/elf/code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CALL_LENGTH      5  /* E8 or E9 and four bytes of distance */
#define INDIRECT_LENGTH  6  /* FF 15 or FF 25 and four bytes of distance */
#define SYSCALL_REACH    24 /* bytes from the load of eax to the instruction it is for */
#define FUNCTION_MAXIMUM (1u << 20)

struct place {
    uint64_t address;
    unsigned id;
};

struct places {
    struct place *list;
    size_t count, size;
    bool failed;
};

static void places_add(struct places *places, uint64_t address, unsigned id)
{
    if (places->count == places->size) {
        size_t size = places->size == 0 ? 64 : places->size * 2;
        struct place *list = realloc(places->list, size * sizeof *list);
        if (list == NULL) {
            places->failed = true;
            return;
        }
        places->list = list;
        places->size = size;
    }
    places->list[places->count++] = (struct place){address, id};
}

static int compare_places(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    return a->address < b->address ? -1 : a->address > b->address;
}

static void places_sort(struct places *places)
{
    if (places->count > 1)
        qsort(places->list, places->count, sizeof *places->list, compare_places);
}

static const struct place *places_find(const struct places *places, uint64_t address)
{
    if (places->count == 0 || address < places->list[0].address || address > places->list[places->count - 1].address)
        return NULL;
    struct place key = {address, 0};
    return bsearch(&key, places->list, places->count, sizeof key, compare_places);
}

static int32_t distance_at(const uint8_t *bytes)
{
    return (int32_t)((uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                     (uint32_t)bytes[3] << 24);
}

/* Where the relative operand that ends `length` bytes after the address leads. */
static uint64_t target_of(uint64_t address, unsigned length, const uint8_t *distance)
{
    return address + length + (uint64_t)(int64_t)distance_at(distance);
}

static bool is_known(const struct elf_image *image)
{
    return image->program.machine == EM_X86_64 && image->program.elf_class == ELFCLASS64;
}

/* --- functions --- */

static int compare_addresses(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

/* The binary search table of .eh_frame_hdr, in the one encoding that linkers write (Linux Standard Base,
 * core 10.6.2). */
static bool read_unwind_table(const struct elf_image *image, struct elf_functions *functions)
{
    enum { VERSION = 1, POINTER_RELATIVE = 0x1b, COUNT_UDATA4 = 0x03, TABLE_DATA_RELATIVE = 0x3b, HEADER_SIZE = 12 };
    uint64_t header = image->eh_frame_header;
    const uint8_t *bytes = header == 0 ? NULL : elf_image_at(image, header, HEADER_SIZE);
    if (bytes == NULL || bytes[0] != VERSION || bytes[1] != POINTER_RELATIVE || bytes[2] != COUNT_UDATA4 ||
        bytes[3] != TABLE_DATA_RELATIVE)
        return false;
    uint32_t count = (uint32_t)distance_at(bytes + 8);
    const uint8_t *table = elf_image_at(image, header + HEADER_SIZE, (size_t)count * 8);
    if (table == NULL || count < 2 || count > FUNCTION_MAXIMUM)
        return false;
    functions->starts = malloc(count * sizeof *functions->starts);
    if (functions->starts == NULL)
        return false;
    for (uint32_t index = 0; index < count; index++)
        functions->starts[index] = header + (uint64_t)(int64_t)distance_at(table + (size_t)index * 8);
    functions->count = count;
    return true;
}

static int read_call_targets(const struct elf_image *image, struct elf_functions *functions)
{
    struct places targets = {0};
    for (size_t index = 0; index < image->segment_count; index++) {
        const struct elf_segment *segment = &image->segments[index];
        const uint8_t *code = image->data + segment->offset;
        for (uint64_t at = 0; segment->executable && at + CALL_LENGTH <= segment->file_size; at++) {
            if (code[at] != 0xe8)
                continue;
            uint64_t target = target_of(segment->address + at, CALL_LENGTH, code + at + 1);
            if (target - segment->address < segment->file_size && targets.count < 4 * FUNCTION_MAXIMUM)
                places_add(&targets, target, 0);
        }
    }
    places_sort(&targets);
    functions->starts = malloc((targets.count + 1) * sizeof *functions->starts);
    for (size_t index = 0; functions->starts != NULL && index < targets.count; index++)
        if (index == 0 || targets.list[index].address != targets.list[index - 1].address)
            functions->starts[functions->count++] = targets.list[index].address;
    bool failed = targets.failed || functions->starts == NULL;
    free(targets.list);
    return failed ? -ENOMEM : 0;
}

int elf_functions_read(const struct elf_image *image, struct elf_functions *functions)
{
    *functions = (struct elf_functions){0};
    if (!is_known(image))
        return 0;
    if (!read_unwind_table(image, functions)) {
        int error = read_call_targets(image, functions);
        if (error != 0)
            return error;
    }
    if (functions->count > 1)
        qsort(functions->starts, functions->count, sizeof *functions->starts, compare_addresses);
    return 0;
}

void elf_functions_free(struct elf_functions *functions)
{
    free(functions->starts);
    *functions = (struct elf_functions){0};
}

size_t elf_functions_find(const struct elf_functions *functions, uint64_t address)
{
    size_t low = 0, high = functions->count; /* starts[low - 1] <= address < starts[high] */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (functions->starts[middle] <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? SIZE_MAX : low - 1;
}

/* --- calls --- */

/* The stubs of the procedure linkage table: an indirect jump through a slot, with endbr64 or bnd before it or not. */
static void find_stubs(const struct elf_image *image, const struct places *slots, struct places *stubs)
{
    for (size_t index = 0; index < image->segment_count; index++) {
        const struct elf_segment *segment = &image->segments[index];
        const uint8_t *code = image->data + segment->offset;
        for (uint64_t at = 0; segment->executable && at + INDIRECT_LENGTH <= segment->file_size; at++) {
            const uint8_t *found = memchr(code + at, 0x25, segment->file_size - at);
            if (found == NULL)
                break;
            uint64_t jump = (uint64_t)(found - code);
            at = jump;
            if (jump == 0 || code[jump - 1] != 0xff || --jump + INDIRECT_LENGTH > segment->file_size)
                continue;
            uint64_t address = segment->address + jump;
            const struct place *slot = places_find(slots, target_of(address, INDIRECT_LENGTH, code + jump + 2));
            if (slot == NULL)
                continue;
            places_add(stubs, address, slot->id);
            bool bound = jump >= 1 && code[jump - 1] == 0xf2;
            if (bound)
                places_add(stubs, address - 1, slot->id);
            uint64_t before = jump - (bound ? 1 : 0);
            if (before >= 4 && memcmp(code + before - 4, "\xf3\x0f\x1e\xfa", 4) == 0) /* endbr64 */
                places_add(stubs, address - (bound ? 1 : 0) - 4, slot->id);
        }
    }
}

/* The next byte that may begin an instruction which leads elsewhere: what makes going through megabytes bearable. */
static uint64_t next_transfer(const uint8_t *code, uint64_t at, uint64_t end)
{
    static const bool begins[256] = {[0xe8] = true, [0xe9] = true, [0xff] = true, [0x0f] = true, [0x8d] = true};
    while (at < end && !begins[code[at]])
        at++;
    return at;
}

static void find_sites(const struct elf_segment *segment, const uint8_t *code, const struct places *slots,
                       const struct places *stubs, struct places *sites)
{
    uint64_t end = segment->file_size < CALL_LENGTH ? 0 : segment->file_size - CALL_LENGTH + 1;
    for (uint64_t at = 0; (at = next_transfer(code, at, end)) < end; at++) {
        const struct place *target = NULL;
        uint64_t address = segment->address + at;
        if ((code[at] & 0xfe) == 0xe8)
            target = places_find(stubs, target_of(address, CALL_LENGTH, code + at + 1));
        else if (code[at] == 0xff && code[at + 1] == 0x15 && at + INDIRECT_LENGTH <= segment->file_size)
            target = places_find(slots, target_of(address, INDIRECT_LENGTH, code + at + 2));
        if (target != NULL)
            places_add(sites, address, target->id);
    }
}

/* The code from an address to the end of its segment. */
static const uint8_t *code_at(const struct elf_segment *segment, const struct elf_image *image, uint64_t address,
                              size_t *available)
{
    uint64_t offset = segment == NULL ? 0 : address - segment->address;
    if (segment == NULL || address < segment->address || offset >= segment->file_size)
        return NULL;
    *available = segment->file_size - offset;
    return image->data + segment->offset + offset;
}

/* A pass over a function only to learn what its branches that lead back carry. */
static void learn_function(const struct elf_image *image, uint64_t start, uint64_t limit, struct x86_state *state,
                           enum x86_pass pass)
{
    const struct elf_segment *segment = elf_image_code(image, start);
    struct x86_instruction instruction;
    x86_state_begin(state, pass);
    for (uint64_t address = start; address < limit; address += instruction.length) {
        size_t available = 0;
        const uint8_t *code = code_at(segment, image, address, &available);
        if (code == NULL || !x86_decode(code, available, &instruction))
            break;
        x86_state_arrive(state, address);
        x86_state_apply(state, &instruction, address);
    }
}

/* Follows one function from its start over its sites, from `first` up to the one before `last`. */
static void follow_function(const struct elf_image *image, uint64_t start, uint64_t limit, const struct place *first,
                            const struct place *last, elf_call_visit *visit, void *context)
{
    struct x86_state state;
    learn_function(image, start, limit, &state, X86_LEARN_FIRST);
    if (state.pending_count > 0)
        learn_function(image, start, limit, &state, X86_LEARN_AGAIN);
    x86_state_begin(&state, X86_FOLLOW);
    const struct elf_segment *segment = elf_image_code(image, start);
    uint64_t address = start;
    while (first < last) {
        struct x86_instruction instruction;
        size_t available = 0;
        const uint8_t *code = address <= first->address ? code_at(segment, image, address, &available) : NULL;
        bool decoded = code != NULL && x86_decode(code, available, &instruction);
        if (decoded)
            x86_state_arrive(&state, address);
        if (!decoded || address == first->address) {
            struct elf_call_site site = {first->address, start, first->id, decoded ? &state : NULL};
            visit(&site, context);
            first++;
            if (!decoded)
                continue;
        }
        x86_state_apply(&state, &instruction, address);
        address += instruction.length;
    }
}

/* Until here a place's id was the index of its target; from here it is the target's own. The sites of one function
   are followed together if any of them asks for it. */
static void visit_sites(const struct elf_image *image, const struct elf_functions *functions,
                        const struct elf_target *targets, struct places *sites, elf_call_visit *visit, void *context)
{
    for (size_t index = 0; index < sites->count;) {
        size_t function = elf_functions_find(functions, sites->list[index].address);
        bool known = function != SIZE_MAX;
        uint64_t start = known ? functions->starts[function] : 0;
        uint64_t limit = sites->list[index].address + 1;
        if (known)
            limit = function + 1 == functions->count ? UINT64_MAX : functions->starts[function + 1];
        bool follow = false;
        size_t end = index;
        for (; end < sites->count && sites->list[end].address < limit; end++) {
            const struct elf_target *target = &targets[sites->list[end].id];
            follow = follow || target->follow;
            sites->list[end].id = target->id;
        }
        if (follow && known)
            follow_function(image, start, limit, &sites->list[index], &sites->list[end], visit, context);
        else
            for (size_t site = index; site < end; site++)
                visit(&(struct elf_call_site){sites->list[site].address, start, sites->list[site].id, NULL}, context);
        index = end;
    }
}

int elf_calls(const struct elf_image *image, const struct elf_functions *functions, const struct elf_target *targets,
              size_t count, elf_call_visit *visit, void *context)
{
    if (!is_known(image) || count == 0)
        return 0;
    struct places slots = {0}, stubs = {0}, sites = {0};
    for (size_t index = 0; index < count; index++)
        places_add(targets[index].direct ? &stubs : &slots, targets[index].address, (unsigned)index);
    places_sort(&slots);
    if (slots.count > 0)
        find_stubs(image, &slots, &stubs);
    places_sort(&stubs);
    for (size_t index = 0; index < image->segment_count; index++)
        if (image->segments[index].executable)
            find_sites(&image->segments[index], image->data + image->segments[index].offset, &slots, &stubs, &sites);
    places_sort(&sites);
    visit_sites(image, functions, targets, &sites, visit, context);
    bool failed = slots.failed || stubs.failed || sites.failed;
    free(slots.list);
    free(stubs.list);
    free(sites.list);
    return failed ? -ENOMEM : 0;
}

/* --- the call graph --- */

/* The target of the call, jump, branch or lea at these bytes (six are readable), or 0. */
static uint64_t edge_target(const uint8_t *code, uint64_t address, bool with_addresses)
{
    if ((code[0] & 0xfe) == 0xe8)
        return target_of(address, CALL_LENGTH, code + 1);
    if (code[0] == 0x0f && (code[1] & 0xf0) == 0x80)
        return target_of(address, 6, code + 2);
    if (with_addresses && code[0] == 0x8d && (code[1] & 0xc7) == 0x05)
        return target_of(address, 6, code + 2);
    return 0;
}

void elf_call_graph(const struct elf_image *image, const struct elf_functions *functions, bool with_addresses,
                    elf_edge_visit *visit, void *context)
{
    if (functions->count == 0)
        return;
    for (size_t index = 0; index < image->segment_count; index++) {
        const struct elf_segment *segment = &image->segments[index];
        const uint8_t *code = image->data + segment->offset;
        size_t from = SIZE_MAX;
        uint64_t end = !segment->executable || segment->file_size < INDIRECT_LENGTH
                           ? 0
                           : segment->file_size - INDIRECT_LENGTH + 1;
        for (uint64_t at = 0; (at = next_transfer(code, at, end)) < end; at++) {
            uint64_t address = segment->address + at;
            uint64_t target = edge_target(code + at, address, with_addresses);
            if (target - segment->address >= segment->file_size)
                continue;
            size_t to = elf_functions_find(functions, target);
            if (to == SIZE_MAX || functions->starts[to] != target)
                continue;
            /* Addresses ascend: look only when the next function has begun. */
            if (from == SIZE_MAX || (from + 1 < functions->count && address >= functions->starts[from + 1]))
                from = elf_functions_find(functions, address);
            if (from != SIZE_MAX && from != to)
                visit(from, to, context);
        }
    }
}

/* --- what is reached --- */

struct reach {
    const struct elf_functions *functions;
    uint32_t *stack; /* functions found, whose own calls are still to be followed */
    size_t depth;
    bool *reached;
};

static void note_edge(size_t from, size_t to, void *context)
{
    struct places *edges = context;
    places_add(edges, from, (unsigned)to);
}

static void reach_function(struct reach *reach, size_t function)
{
    if (function == SIZE_MAX || reach->reached[function])
        return;
    reach->reached[function] = true;
    reach->stack[reach->depth++] = (uint32_t)function;
}

/* A pointer in the data to the start of a function. */
static void note_pointer(uint64_t value, void *context)
{
    struct reach *reach = context;
    size_t function = elf_functions_find(reach->functions, value);
    if (function != SIZE_MAX && reach->functions->starts[function] == value)
        reach_function(reach, function);
}

static void follow_edges(struct reach *reach, const struct places *edges)
{
    while (reach->depth > 0) {
        size_t from = reach->stack[--reach->depth];
        size_t low = 0, high = edges->count;
        while (low < high) { /* the first edge of this function */
            size_t middle = low + (high - low) / 2;
            if (edges->list[middle].address < from)
                low = middle + 1;
            else
                high = middle;
        }
        for (; low < edges->count && edges->list[low].address == from; low++)
            reach_function(reach, edges->list[low].id);
    }
}

bool *elf_reached(const struct elf_image *image, const struct elf_functions *functions)
{
    GElf_Ehdr header;
    if (functions->count == 0 || !elf_image_is_relocated(image) || gelf_getehdr(image->elf, &header) == NULL ||
        elf_functions_find(functions, header.e_entry) == SIZE_MAX)
        return NULL;
    struct places edges = {0};
    struct reach reach = {.functions = functions};
    reach.reached = calloc(functions->count, sizeof *reach.reached);
    reach.stack = calloc(functions->count, sizeof *reach.stack);
    elf_call_graph(image, functions, true, note_edge, &edges);
    if (reach.reached == NULL || reach.stack == NULL || edges.failed) {
        free(reach.reached);
        reach.reached = NULL;
    } else {
        places_sort(&edges);
        reach_function(&reach, elf_functions_find(functions, header.e_entry));
        elf_image_pointers(image, note_pointer, &reach);
        struct elf_symbol symbol;
        for (size_t index = 1; index < image->symbol_count; index++)
            if (elf_image_symbol(image, index, &symbol) && !symbol.undefined && symbol.function)
                reach_function(&reach, elf_functions_find(functions, symbol.value));
        follow_edges(&reach, &edges);
    }
    free(reach.stack);
    free(edges.list);
    return reach.reached;
}

void elf_system_calls(const struct elf_image *image, elf_syscall_visit *visit, void *context)
{
    for (size_t index = 0; is_known(image) && index < image->segment_count; index++) {
        const struct elf_segment *segment = &image->segments[index];
        const uint8_t *code = image->data + segment->offset;
        for (uint64_t at = 1; segment->executable && at < segment->file_size; at++) {
            if (code[at] != 0x05 || code[at - 1] != 0x0f)
                continue;
            for (uint64_t back = 6; back <= SYSCALL_REACH && back <= at; back++) /* mov $number,%eax; ...; syscall */
                if (code[at - back] == 0xb8) {
                    visit(segment->address + at - 1, (unsigned)distance_at(code + at - back + 1), context);
                    break;
                }
        }
    }
}
