/* Keeps what registers and the stack hold while code is followed; called by check/elf/code.c. */
#include <string.h>

#include "check/elf/x86.h"

static const struct x86_value unknown = {.kind = X86_UNKNOWN};

/* The registers a call may change (System V ABI for AMD64, section 3.2.1): all but rbx, rsp, rbp and r12 to r15. */
static bool is_kept_by_calls(unsigned number)
{
    return number == X86_RBX || number == X86_RSP || number == X86_RBP || number >= 12;
}

void x86_state_begin(struct x86_state *state, enum x86_pass pass)
{
    memset(state->registers, 0, sizeof state->registers);
    memset(state->sse, 0, sizeof state->sse);
    memset(state->slots, 0, sizeof state->slots);
    state->slot_next = 0;
    state->pushed = unknown;
    state->registers[X86_RSP] = (struct x86_value){.kind = X86_STACK, .base = X86_RSP};
    state->registers[X86_RBP] = (struct x86_value){.kind = X86_STACK, .base = X86_RBP};
    state->live = true;
    state->keep_backward = pass != X86_FOLLOW;
    if (pass == X86_LEARN_FIRST)
        state->pending_count = 0;
}

static bool equal(struct x86_value left, struct x86_value right)
{
    return left.kind == right.kind && left.number == right.number &&
           (left.kind != X86_STACK || left.base == right.base) &&
           (left.kind != X86_EITHER || left.other == right.other);
}

static bool is_one_of(struct x86_value constant, struct x86_value either)
{
    return constant.kind == X86_CONSTANT && either.kind == X86_EITHER &&
           (constant.number == either.number || constant.number == either.other);
}

/* What holds where two ways meet. */
static struct x86_value join(struct x86_value left, struct x86_value right)
{
    if (equal(left, right) || is_one_of(right, left))
        return left;
    if (is_one_of(left, right))
        return right;
    if (left.kind == X86_CONSTANT && right.kind == X86_CONSTANT)
        return (struct x86_value){.kind = X86_EITHER, .number = left.number, .other = right.number};
    return unknown;
}

void x86_state_arrive(struct x86_state *state, uint64_t address)
{
    for (unsigned index = 0; index < state->pending_count;) {
        if (state->pending[index].target != address) {
            index++;
            continue;
        }
        for (unsigned number = 0; number < X86_REGISTERS; number++)
            state->registers[number] = state->live
                                           ? join(state->registers[number], state->pending[index].registers[number])
                                           : state->pending[index].registers[number];
        state->live = true;
        state->pending[index] = state->pending[--state->pending_count];
    }
}

static void remember_branch(struct x86_state *state, uint64_t address, uint64_t target)
{
    if ((target <= address && !state->keep_backward) || state->pending_count == X86_PENDING)
        return;
    state->pending[state->pending_count].target = target;
    memcpy(state->pending[state->pending_count++].registers, state->registers, sizeof state->registers);
}

static void forget_caller_saved(struct x86_state *state)
{
    for (unsigned number = 0; number < X86_REGISTERS; number++)
        if (!is_kept_by_calls(number))
            state->registers[number] = unknown;
    for (unsigned number = 0; number < X86_SSE; number++)
        state->sse[number] = unknown;
}

static void put(struct x86_state *state, unsigned number, struct x86_value value)
{
    state->registers[number] = value;
    if (number != X86_RSP || value.kind == X86_STACK)
        return;
    /* The frame is lost: start over with a new one. */
    state->registers[X86_RSP] = (struct x86_value){.kind = X86_STACK, .base = X86_RSP};
    memset(state->slots, 0, sizeof state->slots);
}

static void store(struct x86_state *state, struct x86_value place, struct x86_value value)
{
    if (place.kind != X86_STACK)
        return;
    unsigned chosen = X86_SLOTS;
    for (unsigned index = 0; index < X86_SLOTS && chosen == X86_SLOTS; index++)
        if (state->slots[index].base == place.base && state->slots[index].displacement == place.number)
            chosen = index;
    if (chosen == X86_SLOTS) {
        chosen = state->slot_next;
        state->slot_next = (state->slot_next + 1) % X86_SLOTS;
    }
    state->slots[chosen] = (struct x86_slot){place.base, place.number, value};
}

/* Where the memory operand lies, as far as it is known. */
static struct x86_value operand_place(const struct x86_state *state, const struct x86_instruction *in,
                                      uint64_t address)
{
    if (in->rip_relative)
        return (struct x86_value){.kind = X86_ADDRESS,
                                  .number = (int64_t)(address + in->length + (uint64_t)in->displacement)};
    if (!in->memory || in->base < 0)
        return unknown;
    struct x86_value place = state->registers[in->base];
    if (place.kind != X86_STACK && place.kind != X86_ADDRESS)
        return unknown;
    place.number = (int64_t)((uint64_t)place.number + (uint64_t)in->displacement);
    return place;
}

/* Stores a general register or an immediate of 4 or 8 bytes. */
static void store_words(struct x86_state *state, struct x86_value place, struct x86_value value, unsigned words)
{
    for (unsigned word = 0; word < words; word++) {
        struct x86_value part = value;
        if (value.kind == X86_CONSTANT)
            part.number = (int32_t)((uint64_t)value.number >> (32 * word));
        else if (value.kind == X86_COPY)
            part.number += 4 * (int64_t)word;
        else if (words > 1)
            part = unknown;
        store(state, place, part);
        place.number += 4;
    }
}

/* Stores a copy of bytes of the program, or zeros. */
static void store_copy(struct x86_state *state, struct x86_value place, struct x86_value value, unsigned words)
{
    for (unsigned word = 0; word < words; word++) {
        store(state, place, value);
        place.number += 4;
        if (value.kind == X86_COPY)
            value.number += 4;
    }
}

static struct x86_value copy_of(struct x86_value address)
{
    address.kind = X86_COPY;
    return address;
}

struct x86_value x86_state_load(const struct x86_state *state, struct x86_value pointer, int64_t offset)
{
    pointer.number = (int64_t)((uint64_t)pointer.number + (uint64_t)offset);
    if (pointer.kind == X86_ADDRESS)
        return copy_of(pointer);
    for (unsigned index = 0; pointer.kind == X86_STACK && index < X86_SLOTS; index++)
        if (state->slots[index].base == pointer.base && state->slots[index].displacement == pointer.number)
            return state->slots[index].value;
    return unknown;
}

/* and, or, add, sub, xor with a constant: only what compilers use to make constants and frames. */
static struct x86_value compute(struct x86_value value, unsigned operation, int64_t operand)
{
    uint64_t left = (uint64_t)value.number, right = (uint64_t)operand;
    if (operation == 1 && operand == -1)
        return (struct x86_value){.kind = X86_CONSTANT, .number = -1};
    if (operation == 4 && operand == 0)
        return (struct x86_value){.kind = X86_CONSTANT, .number = 0};
    if (value.kind == X86_UNKNOWN || value.kind == X86_EITHER)
        return unknown;
    if (operation == 0)
        value.number = (int64_t)(left + right);
    else if (operation == 5)
        value.number = (int64_t)(left - right);
    else if (operation == 1 && value.kind == X86_CONSTANT)
        value.number = (int64_t)(left | right);
    else if (operation == 4 && value.kind == X86_CONSTANT)
        value.number = (int64_t)(left & right);
    else if (operation != 4 || value.kind != X86_STACK) /* and $-16,%rsp keeps the frame */
        value = unknown;
    return value;
}

static void apply_arithmetic(struct x86_state *state, const struct x86_instruction *in, struct x86_value place)
{
    unsigned operation = in->opcode >> 3;
    if (operation == 7) /* cmp */
        return;
    unsigned form = in->opcode & 7;
    if (form >= 4) {
        state->registers[X86_RAX] = unknown;
        return;
    }
    bool to_register = form >= 2;
    if (!to_register && in->memory) {
        store(state, place, unknown);
        return;
    }
    unsigned target = to_register ? in->reg : in->rm;
    const struct x86_value *left = &state->registers[target];
    const struct x86_value *right = &state->registers[to_register ? in->rm : in->reg];
    struct x86_value value = unknown;
    if (!in->memory && in->reg == in->rm && (operation == 6 || operation == 5)) /* xor, sub with itself */
        value = (struct x86_value){.kind = X86_CONSTANT};
    else if (!in->memory && operation == 0 && left->kind == X86_CONSTANT && right->kind == X86_CONSTANT)
        value = (struct x86_value){.kind = X86_CONSTANT,
                                   .number = (int64_t)((uint64_t)left->number + (uint64_t)right->number)};
    put(state, target, value);
}

/* mov in its forms, lea, and the groups with an immediate. Returns false for other opcodes. */
static bool apply_moves(struct x86_state *state, const struct x86_instruction *in, struct x86_value place)
{
    uint8_t opcode = in->opcode;
    unsigned words = in->wide ? 2 : 1;
    struct x86_value immediate = {.kind = X86_CONSTANT, .number = in->wide ? in->immediate : (uint32_t)in->immediate};
    if (opcode == 0x88 || opcode == 0x89) {
        struct x86_value value = opcode == 0x89 && !in->operand16 ? state->registers[in->reg] : unknown;
        if (in->memory)
            store_words(state, place, value, words);
        else
            put(state, in->rm, value);
    } else if (opcode == 0x8b) {
        if (in->memory && !in->operand16)
            put(state, in->reg, x86_state_load(state, place, 0));
        else
            put(state, in->reg, in->memory ? unknown : state->registers[in->rm]);
    } else if (opcode == 0x8d) {
        put(state, in->reg, place);
    } else if (opcode == 0xc6 || opcode == 0xc7) {
        bool partial = opcode == 0xc6 || in->operand16;
        if (in->memory && !partial)
            store_words(state, place, immediate, words);
        else if (!in->memory)
            put(state, in->rm, partial ? unknown : immediate);
    } else if (opcode >= 0xb8 && opcode <= 0xbf) {
        put(state, in->rm, immediate);
    } else if (opcode == 0x80 || opcode == 0x81 || opcode == 0x83) {
        unsigned operation = in->reg & 7;
        if (operation != 7 && in->memory)
            store(state, place, unknown);
        else if (operation != 7)
            put(state, in->rm,
                opcode == 0x80 ? unknown : compute(state->registers[in->rm], operation, in->immediate));
    } else {
        return false;
    }
    return true;
}

static void apply_stack(struct x86_state *state, const struct x86_instruction *in, struct x86_value pushed)
{
    uint8_t opcode = in->opcode;
    bool push = (opcode >= 0x50 && opcode <= 0x57) || opcode == 0x68 || opcode == 0x6a;
    bool pop = opcode >= 0x58 && opcode <= 0x5f;
    if (push) {
        state->pushed = opcode >= 0x68 ? (struct x86_value){.kind = X86_CONSTANT, .number = in->immediate}
                                       : state->registers[in->rm];
        state->registers[X86_RSP].number -= 8;
    } else if (pop) {
        state->registers[X86_RSP].number += 8;
        put(state, in->rm, pushed);
    }
}

/* The remaining one-byte opcodes: which register is lost. */
static void apply_other(struct x86_state *state, const struct x86_instruction *in, struct x86_value place)
{
    uint8_t opcode = in->opcode;
    if (opcode == 0x63 || opcode == 0x69 || opcode == 0x6b || opcode == 0x8a)
        put(state, in->reg, unknown);
    else if (opcode == 0x86 || opcode == 0x87) {
        put(state, in->reg, unknown);
        if (!in->memory)
            put(state, in->rm, unknown);
    } else if (opcode >= 0x91 && opcode <= 0x97) {
        put(state, in->rm, unknown);
        state->registers[X86_RAX] = unknown;
    } else if (opcode == 0x98 || (opcode >= 0xa0 && opcode <= 0xa1) || (opcode >= 0xac && opcode <= 0xad))
        state->registers[X86_RAX] = unknown;
    else if (opcode == 0x99)
        state->registers[X86_RDX] = unknown;
    else if (opcode >= 0xb0 && opcode <= 0xb7)
        put(state, in->rm, unknown);
    else if ((opcode & 0xfe) == 0xf6 && (in->reg & 7) >= 4) {
        state->registers[X86_RAX] = unknown;
        state->registers[X86_RDX] = unknown;
    } else if ((opcode & 0xfe) == 0xc0 || (opcode & 0xfc) == 0xd0 || (opcode & 0xfe) == 0xfe ||
               ((opcode & 0xfe) == 0xf6 && (in->reg & 7) >= 2) || opcode == 0x8f) {
        if (in->memory)
            store(state, place, unknown);
        else
            put(state, in->rm, unknown);
    } else if (opcode >= 0xa4 && opcode <= 0xaf &&
               (opcode & 0xfe) != 0xa8) { /* string instructions move their pointers */
        state->registers[X86_RDI] = unknown;
        state->registers[X86_RSI] = unknown;
        state->registers[X86_RCX] = unknown;
    } else if (opcode == 0xc9) /* leave */
        put(state, X86_RSP, unknown);
}

/* Loads and stores of SSE registers, as compilers use them to fill structures with constants. Returns false for
   other opcodes. */
static bool apply_sse(struct x86_state *state, const struct x86_instruction *in, struct x86_value place)
{
    uint8_t opcode = in->opcode;
    bool load16 = opcode == 0x28 || opcode == 0x10 || (opcode == 0x6f && (in->operand16 || in->repeat));
    bool store16 = opcode == 0x29 || opcode == 0x11 || (opcode == 0x7f && (in->operand16 || in->repeat));
    unsigned half = (in->repeat || in->repeat_not) && (opcode & 0xfe) == 0x10; /* movss, movsd */
    struct x86_value *target = &state->sse[in->reg % X86_SSE];
    if (load16 || (in->repeat && opcode == 0x7e)) {
        if (in->memory)
            *target = place.kind == X86_ADDRESS ? copy_of(place) : unknown;
        else
            *target = state->sse[in->rm % X86_SSE];
    } else if (store16 && in->memory) {
        store_copy(state, place, *target, half ? (in->repeat ? 1 : 2) : 4);
    } else if (in->operand16 && opcode == 0xd6 && in->memory) {
        store_copy(state, place, *target, 2);
    } else if ((opcode == 0xef || opcode == 0x57) && !in->memory && in->reg == in->rm) {
        *target = (struct x86_value){.kind = X86_CONSTANT, .number = 0};
    } else if (opcode == 0x6e) { /* movd, movq from a general register */
        *target = unknown;
    } else {
        return false;
    }
    return true;
}

static void apply_two_byte(struct x86_state *state, const struct x86_instruction *in, struct x86_value place)
{
    uint8_t opcode = in->opcode;
    if (in->map != 1) { /* of maps 2 and 3, a few write a general register */
        if (in->map == 2 && opcode >= 0xf0)
            put(state, in->reg, unknown);
        return;
    }
    if (apply_sse(state, in, place))
        return;
    if ((opcode & 0xf0) == 0x40 || (opcode >= 0xb6 && opcode <= 0xb8) || (opcode >= 0xbc && opcode <= 0xbf) ||
        opcode == 0xaf || opcode == 0x02 || opcode == 0x03 || opcode == 0x50 || opcode == 0xd7 ||
        ((opcode & 0xfe) == 0x2c)) {
        put(state, in->reg, unknown);
    } else if ((opcode & 0xf0) == 0x90 || opcode == 0x7e || (opcode & 0xfe) == 0xb0 || (opcode & 0xfe) == 0xc0 ||
               opcode == 0xba || (opcode >= 0xa3 && opcode <= 0xad && (opcode & 7) >= 3)) {
        if (!in->memory)
            put(state, in->rm, unknown);
        else
            store(state, place, unknown);
        if ((opcode & 0xfe) == 0xb0)
            state->registers[X86_RAX] = unknown;
        else if ((opcode & 0xfe) == 0xc0)
            put(state, in->reg, unknown);
    } else if (opcode >= 0xc8 && opcode <= 0xcf) {
        put(state, in->rm, unknown);
    } else if (opcode == 0xa2 || opcode == 0x05 || opcode == 0x31) { /* cpuid, syscall, rdtsc */
        forget_caller_saved(state);
    } else if (opcode == 0x12 || opcode == 0x16 || (opcode >= 0x51 && opcode <= 0xfe)) {
        state->sse[in->reg % X86_SSE] = unknown;
    }
}

void x86_state_apply(struct x86_state *state, const struct x86_instruction *in, uint64_t address)
{
    struct x86_value place = operand_place(state, in, address);
    struct x86_value pushed = state->pushed;
    state->pushed = unknown;
    enum x86_flow flow = x86_flow(in);
    uint64_t target = address + in->length + (uint64_t)in->immediate;
    if (flow == X86_CALL || flow == X86_INDIRECT_CALL) {
        forget_caller_saved(state);
    } else if (flow == X86_JUMP || flow == X86_BRANCH) {
        remember_branch(state, address, target);
    } else if (in->vector || in->map != 0) {
        apply_two_byte(state, in, place);
    } else if (in->opcode < 0x40) {
        apply_arithmetic(state, in, place);
    } else if (!apply_moves(state, in, place)) {
        apply_stack(state, in, pushed);
        apply_other(state, in, place);
    }
    if (flow == X86_JUMP || flow == X86_INDIRECT_JUMP || flow == X86_RETURN) {
        state->live = false;
        forget_caller_saved(state);
    }
}
