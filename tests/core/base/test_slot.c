#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/bytes.h"
#include "core/base/slot.h"

#define SLOT_SIZE 32
#define SEAL      UINT64_C(0x1122334455667788)
#define NUMBER    7

static void make_slot(uint8_t slot[SLOT_SIZE])
{
    for (unsigned i = 0; i < SLOT_SIZE; i++)
        slot[i] = (uint8_t)(i * 3);
    slot_seal(slot, SLOT_SIZE, SEAL, NUMBER);
}

static void test_unwritten(void **state)
{
    (void)state;
    uint8_t slot[SLOT_SIZE] = {0};
    assert_int_equal(slot_check(slot, SLOT_SIZE, SEAL, NUMBER), SLOT_FREE);
    for (unsigned i = 0; i < SLOT_SIZE; i++) {
        slot[i] = 1;
        assert_int_equal(slot_check(slot, SLOT_SIZE, SEAL, NUMBER), SLOT_DAMAGED);
        slot[i] = 0;
    }
}

static void test_every_bit_counts(void **state)
{
    (void)state;
    uint8_t slot[SLOT_SIZE];
    make_slot(slot);
    assert_int_equal(slot_check(slot, SLOT_SIZE, SEAL, NUMBER), SLOT_GOOD);
    for (unsigned bit = 0; bit < SLOT_SIZE * 8; bit++) {
        slot[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(slot_check(slot, SLOT_SIZE, SEAL, NUMBER), SLOT_DAMAGED);
        slot[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(slot_check(slot, SLOT_SIZE, SEAL, NUMBER), SLOT_GOOD);
}

static void test_belongs_to_its_place(void **state)
{
    (void)state;
    uint8_t slot[SLOT_SIZE];
    make_slot(slot);
    assert_int_equal(slot_check(slot, SLOT_SIZE, SEAL, NUMBER + 1), SLOT_DAMAGED);
    assert_int_equal(slot_check(slot, SLOT_SIZE, SEAL + 1, NUMBER), SLOT_DAMAGED);
}

static void test_numbers(void **state)
{
    (void)state;
    uint8_t bytes[8];
    bytes_put64(bytes, UINT64_C(0x0807060504030201));
    for (unsigned i = 0; i < sizeof bytes; i++)
        assert_int_equal(bytes[i], i + 1);
    assert_int_equal(bytes_get64(bytes), UINT64_C(0x0807060504030201));
    assert_int_equal(bytes_get32(bytes + 2), 0x06050403);
    bytes_put32(bytes, UINT32_MAX);
    assert_int_equal(bytes_get64(bytes), UINT64_C(0x08070605ffffffff));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_unwritten), cmocka_unit_test(test_every_bit_counts),
                                       cmocka_unit_test(test_belongs_to_its_place), cmocka_unit_test(test_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
