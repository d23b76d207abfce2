/* Where the program's data is, by the headers that the kernel points to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/auxv.h>

static unsigned long auxiliary(unsigned long type);
#define getauxval auxiliary
#include "preload/base/pointer.c"
#undef getauxval

#define DATA 0x3000 /* of the second segment, in an image that begins at 0 */

static ElfW(Phdr) headers[3];

static unsigned long auxiliary(unsigned long type)
{
    return type == AT_PHDR ? (unsigned long)headers : type == AT_PHNUM ? sizeof headers / sizeof headers[0] : 0;
}

/* The image lies `bias` further up than its headers say; the first header says where they are, if it `tells`. */
static void find(uintptr_t bias, bool tells)
{
    const uintptr_t page = (uintptr_t)headers & ~(POINTER_PAGE - 1);
    headers[0] = (ElfW(Phdr)){.p_type = tells ? PT_PHDR : PT_NULL, .p_vaddr = (uintptr_t)headers - bias};
    headers[1] = (ElfW(Phdr)){.p_type = PT_LOAD, .p_vaddr = page - bias, .p_memsz = DATA, .p_flags = PF_R};
    headers[2] =
        (ElfW(Phdr)){.p_type = PT_LOAD, .p_vaddr = page + DATA - bias, .p_memsz = 0x800, .p_flags = PF_R | PF_W};
    pointer_data_start = pointer_data_end = pointer_data_room = 0;
    find_data();
}

static void assert_found(void)
{
    const uintptr_t data = ((uintptr_t)headers & ~(POINTER_PAGE - 1)) + DATA;
    assert_true(pointer_data_start == data && pointer_data_end == data + POINTER_PAGE);
    assert_int_equal(pointer_data_room, POINTER_PAGE - POINTER_SMALL);
}

static void test_data_is_found_where_it_is(void **state)
{
    (void)state;
    find(0, false);
    assert_found();
    find((uintptr_t)headers & ~(POINTER_PAGE - 1), true);
    assert_found();
}

static void test_first_pages_were_taken_for_data(void **state)
{
    (void)state;
    find((uintptr_t)headers & ~(POINTER_PAGE - 1), false);
    assert_false(pointer_is_in_data((void *)DATA, 1));
    assert_int_equal(pointer_data_room, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data_is_found_where_it_is),
        cmocka_unit_test(test_first_pages_were_taken_for_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
