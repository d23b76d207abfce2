#include "given.h"

#include <sys/mman.h>

#include "preload/alias/aliases.h"

struct in_addr *given;
uint8_t *image;

void given_start(void)
{
    given = mmap(NULL, KNOWN * sizeof *given, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    image = mmap(NULL, FILE_SIZE + 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void give(void)
{
    start_aliases(POOL_LENGTH);
    for (uint32_t number = 0; number < KNOWN; number++) {
        struct ip_address address = numbered(number);
        given[number] = aliases_of(&address, ALIAS_NAME);
    }
    check_aliases(KNOWN, ALIAS_NAME);
    CHECK(read_whole(state_path("aliases"), image, FILE_SIZE + 1) == FILE_SIZE);
}

int set_up_given(void **state)
{
    return support_set_up(state) == 0 && support_child(give) ? 0 : -1;
}

void check_no_wrong_address(void)
{
    for (uint32_t number = 0; number < KNOWN; number++) {
        struct ip_address back, address = numbered(number);
        CHECK(!aliases_find_address(given[number], &back) || address_equal(&back, &address));
    }
    check_aliases(KNOWN + 50, ALIAS_NAME);
}

void check_private(const char *named, const char *reason)
{
    check_no_wrong_address();
    CHECK(logged_count("aliases are private to this process: ") == 1);
    CHECK(logged_count(named) == 1);
    CHECK(logged_count(reason) == 1);
}
