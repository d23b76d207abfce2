/* core/ftp: the arguments of PORT and EPRT, and what replies name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "../parsed.h"
#include "core/ftp/ftp_syntax.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void test_port(void **state)
{
    (void)state;
    static const struct {
        const char *text, *address;
        unsigned port; /* 0: it is no argument of PORT */
    } cases[] = {
        {"132,235,1,2,24,131", "132.235.1.2", 6275},
        {" \t0,0,0,0,0,1\r\n", "0.0.0.0", 1},
        {"255,255,255,255,255,255", "255.255.255.255", 65535},
        {"001,002,3,4,5,6", "1.2.3.4", 1286},
        {"1,2,3,4,0,0", NULL, 0},
        {"1,2,3,4,5", NULL, 0},
        {"1,2,3,4,5,", NULL, 0},
        {"1,2,3,4,5,6,7", NULL, 0},
        {"1,2,3,4,5,6x", NULL, 0},
        {"1,2,3,256,5,6", NULL, 0},
        {"1,2,3,0004,5,6", NULL, 0},
        {"1,2,,4,5,6", NULL, 0},
        {"1, 2,3,4,5,6", NULL, 0},
        {"", NULL, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ftp_endpoint endpoint = {.port = 0};
        assert_int_equal(ftp_read_port(cases[i].text, strlen(cases[i].text), &endpoint), cases[i].port != 0);
        assert_int_equal(endpoint.port, cases[i].port);
        if (cases[i].port != 0) {
            struct ip_address address = parsed(cases[i].address);
            assert_int_equal(endpoint.address.s_addr, address.ipv4.s_addr);
        }
    }
}

/* The examples of RFC 2428 section 2 among others. */
static void test_eprt(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum ftp_eprt kind;
        const char *address;
        unsigned port;
    } cases[] = {
        {"|1|132.235.1.2|6275|", FTP_EPRT_IPV4, "132.235.1.2", 6275},
        {" |2|1080::8:800:200C:417A|5282| ", FTP_EPRT_IPV6, "1080::8:800:200c:417a", 5282},
        {"c2c1080::8:800:200c:417ac5282c", FTP_EPRT_BAD, NULL, 0},
        {"z2z1080::8:800:200c:417az5282z", FTP_EPRT_IPV6, "1080::8:800:200c:417a", 5282},
        {"~2~::~1~", FTP_EPRT_IPV6, "::", 1},
        {"|4|whatever|1|", FTP_EPRT_OTHER_PROTOCOL, NULL, 0},
        {"|2|::1|1|x", FTP_EPRT_BAD, NULL, 0},
        {"|2|::1|1", FTP_EPRT_BAD, NULL, 0},
        {"|2|::1||", FTP_EPRT_BAD, NULL, 0},
        {"||::1|1|", FTP_EPRT_BAD, NULL, 0},
        {"|2||1|", FTP_EPRT_BAD, NULL, 0},
        {"|x|::1|1|", FTP_EPRT_BAD, NULL, 0},
        {"|2|::1|0|", FTP_EPRT_BAD, NULL, 0},
        {"|2|::1|4294967297|", FTP_EPRT_BAD, NULL, 0},
        {"|1|::1|1|", FTP_EPRT_BAD, NULL, 0},
        {"22222", FTP_EPRT_BAD, NULL, 0},
        {"|", FTP_EPRT_BAD, NULL, 0},
        {"", FTP_EPRT_BAD, NULL, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ip_address address = {.family = AF_UNSPEC};
        uint16_t port = 0;
        assert_int_equal(ftp_read_eprt(cases[i].text, strlen(cases[i].text), &address, &port), cases[i].kind);
        assert_int_equal(port, cases[i].port);
        if (cases[i].address != NULL) {
            struct ip_address wanted = parsed(cases[i].address);
            assert_true(address_equal(&address, &wanted));
        }
    }
    assert_int_equal(ftp_read_eprt("|2|::\0001|1|", 10, &(struct ip_address){0}, &(uint16_t){0}), FTP_EPRT_BAD);
}

static void test_written(void **state)
{
    (void)state;
    char data[128];
    struct ip_address ipv4 = parsed("132.235.1.2"), ipv6 = parsed("fe80::1");
    struct text text = text_on(data, sizeof data);
    ftp_add_endpoint(&text, &(struct ftp_endpoint){ipv4.ipv4, 6275});
    assert_string_equal(data, "132,235,1,2,24,131");
    ipv6.scope = 3;
    text = text_on(data, sizeof data);
    ftp_add_eprt(&text, &ipv6, 65535);
    assert_string_equal(data, "|2|fe80::1|65535|");
}

static void test_replies(void **state)
{
    (void)state;
    static const struct {
        const char *text, *address;
        unsigned port, extended_port;
    } cases[] = {
        {" Entering Passive Mode (127,0,0,1,4,5).\n", "127.0.0.1", 1029, 0},
        {" =127,0,0,1,4,5\n", "127.0.0.1", 1029, 0},
        {" 127,0,0,1,4,5\n", "127.0.0.1", 1029, 0},
        {" (127, 0, 0, 1, 4, 5)\r\n", "127.0.0.1", 1029, 0},
        {" 9,9 300,1 127,0,0,1,4,5 1,1,1,1,1,1\n", "127.0.0.1", 1029, 0},
        {" 1,2,3,4,5,6,7,8\n", NULL, 0, 0},
        {" 1,2,3,4,5,300\n", NULL, 0, 0},
        {" 1,2,3,4\n5,6\n", NULL, 0, 0},
        {" 1,2,3,4,0,0\n", NULL, 0, 0},
        {" Extended (|||6446|)\n", NULL, 0, 6446},
        {" (one) (|||6446|) (|||1|)\n", NULL, 0, 6446},
        {" (!!!65535!)\n", NULL, 0, 65535},
        {" |||6446|\n", NULL, 0, 0},
        {" (||6446|)\n", NULL, 0, 0},
        {" (||||6446|)\n", NULL, 0, 0},
        {" (||/6446|)\n", NULL, 0, 0},
        {" (|||6446/)\n", NULL, 0, 0},
        {" (|||65536|)\n", NULL, 0, 0},
        {" (|||4294967297|)\n", NULL, 0, 0},
        {" (||||)\n", NULL, 0, 0},
        {" (|||6446\n|)\n", NULL, 0, 0},
        {" ((|||6446|)\n", NULL, 0, 6446},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ftp_scan scan = {0};
        for (const char *byte = cases[i].text; *byte != '\0'; byte++)
            ftp_scan_byte(&scan, *byte);
        assert_int_equal(scan.has_endpoint, cases[i].port != 0);
        assert_int_equal(scan.endpoint.port, cases[i].port);
        assert_int_equal(scan.has_port, cases[i].extended_port != 0);
        assert_int_equal(scan.port, cases[i].extended_port);
        if (cases[i].address != NULL) {
            struct ip_address address = parsed(cases[i].address);
            assert_int_equal(scan.endpoint.address.s_addr, address.ipv4.s_addr);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_port),
        cmocka_unit_test(test_eprt),
        cmocka_unit_test(test_written),
        cmocka_unit_test(test_replies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
