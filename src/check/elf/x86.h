/*
 * Enough of the x86-64 instruction set to follow constants through straight code: where an instruction ends, where it
 * jumps, what it puts into general registers, into four SSE-sized copies and onto the stack.
 *
 * Pure: works on bytes alone, allocates nothing.
 */
#ifndef V6SHIM_CHECK_ELF_X86_H
#define V6SHIM_CHECK_ELF_X86_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum x86_register { X86_RAX, X86_RCX, X86_RDX, X86_RBX, X86_RSP, X86_RBP, X86_RSI, X86_RDI, X86_REGISTERS = 16 };

struct x86_instruction {
    unsigned length;
    unsigned map; /* 0: one-byte opcodes, 1: 0F, 2: 0F 38, 3: 0F 3A */
    uint8_t opcode;
    bool operand16, repeat, repeat_not, vector; /* prefixes 66, F3, F2; VEX or EVEX */
    bool wide;                                  /* REX.W */
    bool has_modrm;
    unsigned mod, reg, rm; /* REX bits included */
    bool memory;           /* the operand rm is memory */
    bool rip_relative;     /* ... at the next instruction's address + displacement */
    int base;              /* ... at this register + displacement, -1: none or an index besides */
    int64_t displacement;
    int64_t immediate; /* sign-extended; also a relative jump's distance */
};

/* Decodes one instruction. Returns false where the bytes are none, or end too soon. */
bool x86_decode(const uint8_t *code, size_t available, struct x86_instruction *instruction);

enum x86_flow { X86_NEXT, X86_CALL, X86_JUMP, X86_BRANCH, X86_INDIRECT_CALL, X86_INDIRECT_JUMP, X86_RETURN };

/* What the instruction does to the flow of control. */
enum x86_flow x86_flow(const struct x86_instruction *instruction);

enum x86_kind {
    X86_UNKNOWN,
    X86_CONSTANT, /* number */
    X86_EITHER,   /* number or other, depending on the way that led here */
    X86_STACK,    /* register `base` as it was when last set to something unknown, plus number */
    X86_ADDRESS,  /* the address `number` in the program */
    X86_COPY,     /* what stands at that address */
};

struct x86_value {
    enum x86_kind kind;
    int base;
    int64_t number;
    int64_t other;
};

#define X86_SLOTS   48
#define X86_SSE     16
#define X86_PENDING 192

/* A four-byte word on the stack whose value is known. */
struct x86_slot {
    int base;
    int64_t displacement;
    struct x86_value value;
};

/* What is known at one place of a function. */
struct x86_state {
    struct x86_value registers[X86_REGISTERS];
    struct x86_value sse[X86_SSE]; /* X86_COPY, or X86_CONSTANT 0 */
    struct x86_value pushed;       /* what the last instruction pushed */
    struct x86_slot slots[X86_SLOTS];
    unsigned slot_next;
    bool live; /* false after a jump or return, until a known branch leads here */
    /* Registers at the branches that lead to places not passed yet. */
    struct x86_branch {
        uint64_t target;
        struct x86_value registers[X86_REGISTERS];
    } pending[X86_PENDING];
    unsigned pending_count;
    bool keep_backward; /* the branches that lead back are kept too, for a second pass */
};

/* The passes over a function. What one learned of branches that lead back is there when the next begins, which
   carries it further: a value that goes round twice needs two passes to learn it. */
enum x86_pass { X86_LEARN_FIRST, X86_LEARN_AGAIN, X86_FOLLOW };

/* Starts a function over; only branches that are still to be arrived at are kept, and in the first pass not even
 * they.
 */
void x86_state_begin(struct x86_state *state, enum x86_pass pass);

/* To be called with the address of each instruction before it is looked at: joins the branches that lead here. */
void x86_state_arrive(struct x86_state *state, uint64_t address);

/* Takes over what the instruction at `address` does, calls and jumps included. */
void x86_state_apply(struct x86_state *state, const struct x86_instruction *instruction, uint64_t address);

/* The word at the address that `pointer` holds plus offset: what a stack slot holds, or X86_COPY, or unknown. */
struct x86_value x86_state_load(const struct x86_state *state, struct x86_value pointer, int64_t offset);

#endif
