/* Takes one x86-64 instruction apart; called by check/elf/code.c. */
#include "check/elf/x86.h"

#include <string.h>

/* Where the bytes of the instruction being decoded are taken from. */
struct reader {
    const uint8_t *code;
    size_t available;
    size_t position;
    bool short_of;
};

static uint8_t take(struct reader *reader)
{
    if (reader->position >= reader->available) {
        reader->short_of = true;
        return 0;
    }
    return reader->code[reader->position++];
}

static int64_t take_signed(struct reader *reader, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned index = 0; index < bytes; index++)
        value |= (uint64_t)take(reader) << (8 * index);
    if (bytes > 0 && bytes < 8 && (value >> (8 * bytes - 1)) != 0)
        value |= ~UINT64_C(0) << (8 * bytes);
    return (int64_t)value;
}

/* The shape of an opcode: whether a ModRM byte follows, and how many bytes of immediate. */
enum shape {
    S_NONE = 0,
    S_MODRM = 1,
    S_IMM8 = 2,
    S_IMMZ = 4, /* 4 bytes, 2 with the prefix 66 */
    S_BAD = 8,
    S_SPECIAL = 16,
};

/* clang-format off */
#define N S_NONE
#define M S_MODRM
#define B S_IMM8
#define Z S_IMMZ
#define X S_BAD
#define S S_SPECIAL
#define MB (S_MODRM | S_IMM8)
#define MZ (S_MODRM | S_IMMZ)
static const uint8_t shapes_0[256] = {
    M,M,M,M,B,Z,X,X, M,M,M,M,B,Z,X,X,  M,M,M,M,B,Z,X,X, M,M,M,M,B,Z,X,X,
    M,M,M,M,B,Z,X,X, M,M,M,M,B,Z,X,X,  M,M,M,M,B,Z,X,X, M,M,M,M,B,Z,X,X,
    X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X,  N,N,N,N,N,N,N,N, N,N,N,N,N,N,N,N,
    X,X,X,M,X,X,X,X, Z,MZ,B,MB,N,N,N,N, B,B,B,B,B,B,B,B, B,B,B,B,B,B,B,B,
    MB,MZ,X,MB,M,M,M,M, M,M,M,M,M,M,M,M, N,N,N,N,N,N,N,N, N,N,X,N,N,N,N,N,
    S,S,S,S,N,N,N,N, B,Z,N,N,N,N,N,N,  B,B,B,B,B,B,B,B, S,S,S,S,S,S,S,S,
    MB,MB,S,N,X,X,MB,MZ, S,N,S,N,N,B,X,N, M,M,M,M,X,X,X,N, M,M,M,M,M,M,M,M,
    B,B,B,B,B,B,B,B, S,S,X,B,N,N,N,N,  X,N,X,X,N,N,S,S, N,N,N,N,N,N,M,M,
};
static const uint8_t shapes_1[256] = {
    M,M,M,M,X,N,N,N, N,N,X,N,X,M,N,X,  M,M,M,M,M,M,M,M, M,M,M,M,M,M,M,M,
    M,M,M,M,X,X,X,X, M,M,M,M,M,M,M,M,  N,N,N,N,N,N,X,X, X,X,X,X,X,X,X,X,
    M,M,M,M,M,M,M,M, M,M,M,M,M,M,M,M,  M,M,M,M,M,M,M,M, M,M,M,M,M,M,M,M,
    M,M,M,M,M,M,M,M, M,M,M,M,M,M,M,M,  MB,MB,MB,MB,M,M,M,N, M,M,X,X,M,M,M,M,
    S,S,S,S,S,S,S,S, S,S,S,S,S,S,S,S,  M,M,M,M,M,M,M,M, M,M,M,M,M,M,M,M,
    N,N,N,M,MB,M,X,X, N,N,N,M,MB,M,M,M, M,M,M,M,M,M,M,M, M,M,MB,M,M,M,M,M,
    M,M,MB,M,MB,MB,MB,M, N,N,N,N,N,N,N,N, M,M,M,M,M,M,M,M, M,M,M,M,M,M,M,M,
    M,M,M,M,M,M,M,M, M,M,M,M,M,M,M,M,  M,M,M,M,M,M,M,M, M,M,M,M,M,M,M,M,
};
#undef N
#undef M
#undef B
#undef Z
#undef X
#undef S
#undef MB
#undef MZ
/* clang-format on */

struct prefixes {
    bool address32;
    unsigned rex;
};

#define REX_B 1u
#define REX_X 2u
#define REX_R 4u
#define REX_W 8u

/* Legacy prefixes, then REX. Returns the first byte after them. */
static uint8_t decode_prefixes(struct reader *reader, struct x86_instruction *out, struct prefixes *prefixes)
{
    uint8_t byte = take(reader);
    for (;; byte = take(reader)) {
        if (byte == 0x66)
            out->operand16 = true;
        else if (byte == 0xf2)
            out->repeat_not = true;
        else if (byte == 0xf3)
            out->repeat = true;
        else if (byte == 0x67)
            prefixes->address32 = true;
        else if (byte != 0x2e && byte != 0x36 && byte != 0x3e && byte != 0x26 && byte != 0x64 && byte != 0x65 &&
                 byte != 0xf0)
            break;
        if (reader->short_of)
            return 0;
    }
    if ((byte & 0xf0) == 0x40) {
        prefixes->rex = byte & 0xfu;
        byte = take(reader);
    }
    return byte;
}

/* VEX (C4, C5) and EVEX (62) prefixes. Returns the opcode. */
static uint8_t decode_vector_prefix(struct reader *reader, uint8_t byte, struct x86_instruction *out,
                                    struct prefixes *prefixes)
{
    out->vector = true;
    uint8_t first = take(reader);
    prefixes->rex = (first & 0x80) == 0 ? REX_R : 0;
    uint8_t last = first;
    out->map = 1;
    if (byte != 0xc5) {
        prefixes->rex |= ((first & 0x40) == 0 ? REX_X : 0) | ((first & 0x20) == 0 ? REX_B : 0);
        out->map = first & (byte == 0xc4 ? 0x1fu : 7u);
        last = take(reader);
        if ((last & 0x80) != 0)
            prefixes->rex |= REX_W;
        if (byte == 0x62)
            take(reader);
    }
    out->operand16 = (last & 3) == 1;
    out->repeat = (last & 3) == 2;
    out->repeat_not = (last & 3) == 3;
    return take(reader);
}

static void decode_modrm(struct reader *reader, const struct prefixes *prefixes, struct x86_instruction *out)
{
    uint8_t modrm = take(reader);
    out->has_modrm = true;
    out->mod = modrm >> 6;
    out->reg = ((modrm >> 3) & 7u) | ((prefixes->rex & REX_R) != 0 ? 8u : 0);
    out->rm = modrm & 7u;
    if (out->mod == 3) {
        out->rm |= (prefixes->rex & REX_B) != 0 ? 8u : 0;
        return;
    }
    out->memory = true;
    unsigned base = out->rm;
    bool indexed = false;
    if (out->rm == 4) {
        uint8_t sib = take(reader);
        base = sib & 7u;
        indexed = (((sib >> 3) & 7u) | ((prefixes->rex & REX_X) != 0 ? 8u : 0)) != 4;
    }
    if (out->mod == 0 && base == 5) {
        out->rip_relative = out->rm == 5 && !prefixes->address32;
        out->displacement = take_signed(reader, 4);
        return;
    }
    out->displacement = take_signed(reader, out->mod == 0 ? 0 : out->mod == 1 ? 1 : 4);
    out->base = indexed ? -1 : (int)(base | ((prefixes->rex & REX_B) != 0 ? 8u : 0));
}

/* The immediates of the opcodes that fit no shape. Returns false for what is no instruction. */
static bool decode_special(struct reader *reader, const struct prefixes *prefixes, struct x86_instruction *out)
{
    uint8_t opcode = out->opcode;
    if (out->map == 1 && (opcode & 0xf0) == 0x80) /* jcc */
        out->immediate = take_signed(reader, 4);
    else if (opcode >= 0xa0 && opcode <= 0xa3) /* mov to and from an absolute address */
        take_signed(reader, prefixes->address32 ? 4 : 8);
    else if (opcode >= 0xb8 && opcode <= 0xbf)
        out->immediate = take_signed(reader, out->wide ? 8 : out->operand16 ? 2 : 4);
    else if (opcode == 0xc2 || opcode == 0xca)
        take_signed(reader, 2);
    else if (opcode == 0xc8)
        take_signed(reader, 3);
    else if (opcode == 0xe8 || opcode == 0xe9)
        out->immediate = take_signed(reader, 4);
    else if (opcode == 0xf6 || opcode == 0xf7) {
        decode_modrm(reader, prefixes, out);
        if ((out->reg & 7) < 2)
            out->immediate = take_signed(reader, opcode == 0xf6 ? 1 : out->operand16 ? 2 : 4);
    } else
        return false;
    return true;
}

bool x86_decode(const uint8_t *code, size_t available, struct x86_instruction *out)
{
    struct reader reader = {code, available < 15 ? available : 15, 0, false}; /* 15: the longest there is */
    struct prefixes prefixes = {0};
    *out = (struct x86_instruction){.base = -1};
    uint8_t byte = decode_prefixes(&reader, out, &prefixes);
    unsigned shape;
    if (byte == 0xc4 || byte == 0xc5 || byte == 0x62) {
        byte = decode_vector_prefix(&reader, byte, out, &prefixes);
        shape = out->map == 3 ? (unsigned)(S_MODRM | S_IMM8) : out->map == 1 ? shapes_1[byte] : (unsigned)S_MODRM;
    } else if (byte == 0x0f) {
        byte = take(&reader);
        out->map = byte == 0x38 ? 2 : byte == 0x3a ? 3 : 1;
        if (out->map != 1)
            byte = take(&reader);
        shape = out->map == 1 ? shapes_1[byte] : out->map == 2 ? (unsigned)S_MODRM : (unsigned)(S_MODRM | S_IMM8);
    } else {
        shape = shapes_0[byte];
    }
    out->opcode = byte;
    out->wide = (prefixes.rex & REX_W) != 0;
    if ((shape & S_BAD) != 0 || reader.short_of)
        return false;
    if ((shape & S_SPECIAL) != 0) {
        if (!decode_special(&reader, &prefixes, out))
            return false;
    } else {
        if ((shape & S_MODRM) != 0)
            decode_modrm(&reader, &prefixes, out);
        if ((shape & S_IMM8) != 0)
            out->immediate = take_signed(&reader, 1);
        else if ((shape & S_IMMZ) != 0)
            out->immediate = take_signed(&reader, out->operand16 ? 2 : 4);
    }
    if (!out->has_modrm) /* the register, if any, is in the opcode */
        out->rm = (byte & 7u) | ((prefixes.rex & REX_B) != 0 ? 8u : 0);
    out->length = (unsigned)reader.position;
    return !reader.short_of;
}

enum x86_flow x86_flow(const struct x86_instruction *instruction)
{
    uint8_t opcode = instruction->opcode;
    if (instruction->vector || instruction->map > 1)
        return X86_NEXT;
    if (instruction->map == 1)
        return (opcode & 0xf0) == 0x80 ? X86_BRANCH : opcode == 0x0b ? X86_RETURN : X86_NEXT;
    if (opcode == 0xe8)
        return X86_CALL;
    if (opcode == 0xe9 || opcode == 0xeb)
        return X86_JUMP;
    if ((opcode & 0xf0) == 0x70 || (opcode >= 0xe0 && opcode <= 0xe3))
        return X86_BRANCH;
    if (opcode == 0xc3 || opcode == 0xc2 || opcode == 0xf4)
        return X86_RETURN;
    if (opcode == 0xff && (instruction->reg & 7) == 2)
        return X86_INDIRECT_CALL;
    if (opcode == 0xff && (instruction->reg & 7) == 4)
        return X86_INDIRECT_JUMP;
    return X86_NEXT;
}
