/* check/elf/elf_x86: instruction lengths, and the constants that reach a call. The bytes are what gcc and clang emit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "check/elf/x86.h"

#define START 0x1000u

static void test_lengths(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        unsigned length;
    } cases[] = {
        {"\x90", 1},                                      /* nop */
        {"\xf3\x0f\x1e\xfa", 4},                          /* endbr64 */
        {"\x48\x83\xec\x18", 4},                          /* sub $0x18,%rsp */
        {"\xbf\x02\x00\x00\x00", 5},                      /* mov $2,%edi */
        {"\x48\xb8\x02\x00\x00\x00\x01\x00\x00\x00", 10}, /* movabs */
        {"\x66\xb8\x02\x00", 4},                          /* mov $2,%ax */
        {"\xc7\x44\x24\x14\x02\x00\x00\x00", 8},          /* movl $2,0x14(%rsp) */
        {"\x66\xc7\x44\x24\x10\x02\x00", 7},              /* movw $2,0x10(%rsp) */
        {"\x8b\x04\x25\x00\x00\x00\x00", 7},              /* mov 0x0,%eax: SIB without a base */
        {"\x48\x8d\x3d\xd1\xfc\xff\xff", 7},              /* lea -0x32f(%rip),%rdi */
        {"\xf6\xc3\x01", 3},                              /* test $1,%bl */
        {"\xf7\xd8", 2},                                  /* neg %eax */
        {"\xf7\xc7\x01\x00\x00\x00", 6},                  /* test $1,%edi */
        {"\x66\x0f\x6f\x05\x10\x00\x00\x00", 8},          /* movdqa */
        {"\xc5\xf9\x6f\x05\x10\x00\x00\x00", 8},          /* vmovdqa, two-byte VEX */
        {"\xc4\xe3\x7d\x39\xc1\x01", 6},                  /* vextracti128, three-byte VEX */
        {"\x62\xf1\x7d\x48\x6f\x05\x10\x00\x00\x00", 10}, /* vmovdqa32, EVEX */
        {"\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00", 10}, /* nopw */
        {"\xff\x25\x00\x00\x00\x00", 6},                  /* jmp *(%rip) */
        {"\x64\x48\x8b\x04\x25\x28\x00\x00\x00", 9},      /* mov %fs:0x28,%rax */
        {"\x48\xa1\x01\x02\x03\x04\x05\x06\x07\x08", 10}, /* movabs 0x807060504030201,%rax */
    };
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        struct x86_instruction instruction;
        const uint8_t *code = (const uint8_t *)cases[index].bytes;
        assert_true(x86_decode(code, 15, &instruction));
        assert_int_equal(instruction.length, cases[index].length);
        for (unsigned cut = 0; cut < cases[index].length; cut++)
            assert_false(x86_decode(code, cut, &instruction));
    }
    struct x86_instruction instruction;
    assert_false(x86_decode((const uint8_t *)"\x06", 1, &instruction));
    assert_false(x86_decode((const uint8_t *)"\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90", 16,
                            &instruction)); /* longer than any instruction may be */
}

/* Follows the bytes to their end, three times as the checker does; what is known there. */
static struct x86_state follow(const char *bytes, size_t size)
{
    struct x86_state state;
    static const enum x86_pass passes[] = {X86_LEARN_FIRST, X86_LEARN_AGAIN, X86_FOLLOW};
    for (size_t pass = 0; pass < 3; pass++) {
        x86_state_begin(&state, passes[pass]);
        for (size_t at = 0; at < size;) {
            struct x86_instruction instruction;
            assert_true(x86_decode((const uint8_t *)bytes + at, size - at, &instruction));
            x86_state_arrive(&state, START + at);
            x86_state_apply(&state, &instruction, START + at);
            at += instruction.length;
        }
        x86_state_arrive(&state, START + size);
    }
    return state;
}

#define FOLLOW(bytes) follow(bytes, sizeof(bytes) - 1)

static void assert_constant(const struct x86_state *state, int number, int64_t value)
{
    assert_int_equal(state->registers[number].kind, X86_CONSTANT);
    assert_int_equal(state->registers[number].number, value);
}

static void test_constants_reach_registers(void **unused)
{
    (void)unused;
    struct x86_state state = FOLLOW("\xbf\x02\x00\x00\x00\x31\xd2"); /* mov $2,%edi; xor %edx,%edx */
    assert_constant(&state, X86_RDI, 2);
    assert_constant(&state, X86_RDX, 0);
    state = FOLLOW("\x6a\x0a\x5f"); /* push $10; pop %rdi */
    assert_constant(&state, X86_RDI, 10);
    state = FOLLOW("\xbb\x0a\x00\x00\x00\xe8\x00\x00\x00\x00\x89\xdf"); /* mov $10,%ebx; call; mov %ebx,%edi */
    assert_constant(&state, X86_RDI, 10);
    state = FOLLOW("\xbf\x02\x00\x00\x00\xe8\x00\x00\x00\x00"); /* a call changes rdi */
    assert_int_equal(state.registers[X86_RDI].kind, X86_UNKNOWN);
    state = FOLLOW("\xbf\x02\x00\x00\x00\x8b\x7b\x04"); /* mov 4(%rbx),%edi */
    assert_int_equal(state.registers[X86_RDI].kind, X86_UNKNOWN);
    state = FOLLOW("\x41\xbf\x02\x00\x00\x00"); /* mov $2,%r15d, not edi */
    assert_int_equal(state.registers[X86_RDI].kind, X86_UNKNOWN);
    assert_constant(&state, 15, 2);
    state = FOLLOW("\xb8\x01\x00\x00\x80\x48\x01\xc0"); /* mov $0x80000001,%eax; add %rax,%rax */
    assert_constant(&state, X86_RAX, 0x100000002);
    state = FOLLOW("\xbf\x02\x00\x00\x00\x0f\x45\xf8"); /* cmovne %eax,%edi */
    assert_int_equal(state.registers[X86_RDI].kind, X86_UNKNOWN);
}

static void test_branches_join(void **unused)
{
    (void)unused;
    /* mov $2,%edi; je +5; mov $10,%edi: either */
    struct x86_state state = FOLLOW("\xbf\x02\x00\x00\x00\x74\x05\xbf\x0a\x00\x00\x00");
    assert_int_equal(state.registers[X86_RDI].kind, X86_EITHER);
    assert_int_equal(state.registers[X86_RDI].number + state.registers[X86_RDI].other, 12);
    /* mov $2,%edi; je +0: the same on both ways */
    state = FOLLOW("\xbf\x02\x00\x00\x00\x74\x00");
    assert_constant(&state, X86_RDI, 2);
    /* jmp +7; L: jmp +7; mov $10,%edi; jmp L: what comes from a place further down, by a jump back */
    state = FOLLOW("\xbf\x02\x00\x00\x00" /* mov $2,%edi */
                   "\x74\x02"             /* je to the mov $10 */
                   "\xeb\x07"             /* B: jmp to the end */
                   "\xbf\x0a\x00\x00\x00" /* mov $10,%edi */
                   "\xeb\xf7");           /* jmp B */
    assert_int_equal(state.registers[X86_RDI].kind, X86_EITHER);
    /* the same by two jumps back, one after the other */
    state = FOLLOW("\xbf\x01\x00\x00\x00" /* mov $1,%edi */
                   "\x74\x04"             /* je to the mov $2 */
                   "\xeb\x09"             /* A: jmp to the end */
                   "\xeb\xfc"             /* B: jmp A */
                   "\xbf\x02\x00\x00\x00" /* mov $2,%edi */
                   "\xeb\xf7");           /* jmp B */
    assert_int_equal(state.registers[X86_RDI].kind, X86_EITHER);
}

/* The second word of a structure on the stack that rdx points to: ai_family in the hints. */
static struct x86_value family(const struct x86_state *state)
{
    return x86_state_load(state, state->registers[X86_RDX], 4);
}

static void test_structures_on_the_stack(void **unused)
{
    (void)unused;
    /* movl $2,0x14(%rsp); lea 0x10(%rsp),%rdx */
    struct x86_state state = FOLLOW("\xc7\x44\x24\x14\x02\x00\x00\x00\x48\x8d\x54\x24\x10");
    assert_int_equal(family(&state).kind, X86_CONSTANT);
    assert_int_equal(family(&state).number, 2);
    /* movabs $0x10000000a,%rax; mov %rax,0x14(%rsp): family and type at once */
    state = FOLLOW("\x48\xb8\x0a\x00\x00\x00\x01\x00\x00\x00\x48\x89\x44\x24\x14\x48\x8d\x54\x24\x10");
    assert_int_equal(family(&state).number, 10);
    /* the pointer made first, and kept: lea 0x10(%rsp),%rbp; movl $2,4(%rbp); mov %rbp,%rdx */
    state = FOLLOW("\x48\x8d\x6c\x24\x10\xc7\x45\x04\x02\x00\x00\x00\x48\x89\xea");
    assert_int_equal(family(&state).number, 2);
    /* movdqa 0x100(%rip),%xmm0; movaps %xmm0,0x10(%rsp): a copy of constant data */
    state = FOLLOW("\x66\x0f\x6f\x05\x00\x01\x00\x00\x0f\x29\x44\x24\x10\x48\x8d\x54\x24\x10");
    assert_int_equal(family(&state).kind, X86_COPY);
    assert_int_equal(family(&state).number, START + 8 + 0x100 + 4);
    /* a variable: mov %esi,0x14(%rsp) after the constant */
    state = FOLLOW("\xc7\x44\x24\x14\x02\x00\x00\x00\x89\x74\x24\x14\x48\x8d\x54\x24\x10");
    assert_int_equal(family(&state).kind, X86_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_constants_reach_registers),
        cmocka_unit_test(test_branches_join),
        cmocka_unit_test(test_structures_on_the_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
