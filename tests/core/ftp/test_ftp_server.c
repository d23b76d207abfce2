/* core/ftp: an IPv4-only server that clients reach over IPv6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ftp_conversation.h"

#define GREETING                                     \
    {                                                \
        NULL, NULL, "220 ready\r\n", "220 ready\r\n" \
    }
#define SAME(command, reply)           \
    {                                  \
        command, command, reply, reply \
    }
#define ANSWERED(command, reply)   \
    {                              \
        command, NULL, NULL, reply \
    }

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

#define USE_2      "522 Network protocol not supported, use (2)\r\n"
#define BAD        "501 Syntax error in the address.\r\n"
#define OTHER_HOST "504 Data connections to other hosts are not allowed.\r\n"
#define EPSV_ONLY  "501 Only EPSV is allowed after EPSV ALL.\r\n"
#define NO_SERVICE "425 Passive mode is not possible here.\r\n"
#define NO_PORT    "501 This connection uses IPv6, use EPRT or EPSV.\r\n"
#define UNKNOWN    "500 Command not understood, use EPRT or EPSV.\r\n"

static void test_passive_mode(void **state)
{
    (void)state;
    static const struct conversation conversations[] = {
        {.title = "a session, with the forms that 227 has",
         .role = FTP_SERVER,
         .exchanges = {GREETING,
                       SAME("USER a\r\n", "331 password\r\n"),
                       SAME("PASS b\r\n", "230 in\r\n"),
                       {"EPSV\r\n", "PASV\r\n", "227 Entering Passive Mode (192,0,2,7,64,0).\r\n",
                        "229 Entering Extended Passive Mode (|||16384|)\r\n"},
                       SAME("RETR file\r\n", "150 here\r\n226 done\r\n"),
                       {"epsv 2\r\n", "PASV\r\n", "227 =0,0,0,0,64,0\r\n",
                        "229 Entering Extended Passive Mode (|||16384|)\r\n"},
                       {"EPSV\n", "PASV\n", "227-hello\n192,0,2,7,64,0\n227 (1,2)\n",
                        "229 Entering Extended Passive Mode (|||16384|)\r\n"},
                       {"EPSV\r\n", "PASV\r\n", "227 Mode 300 (192, 0, 2, 7, 64, 0)\r\n",
                        "229 Entering Extended Passive Mode (|||16384|)\r\n"}}},
        {.title = "protocols, and what is none (RFC 2428 section 3)",
         .role = FTP_SERVER,
         .exchanges = {GREETING, ANSWERED("EPSV 1\r\n", USE_2), ANSWERED("EPSV 3\r\n", USE_2),
                       ANSWERED("EPSV two\r\n", BAD), ANSWERED("EPSV 123456789\r\n", BAD)}},
        {.title = "the program refuses",
         .role = FTP_SERVER,
         .exchanges = {GREETING,
                       {"EPSV\r\n", "PASV\r\n", "530 Log in\r\n", "530 Log in\r\n"},
                       {"EPSV\r\n", "PASV\r\n", "425-no\r\n425 no\r\n", "425-no\r\n425 no\r\n"},
                       {"EPSV\r\n", "PASV\r\n", "502 no\r\n", "502 no\r\n"}}},
        {.title = "no port, somebody else's address, nothing that listens",
         .role = FTP_SERVER,
         .exchanges = {GREETING,
                       {"EPSV\r\n", "PASV\r\n", "227 Entering Passive Mode\r\n",
                        "425 The server's answer names no port.\r\n"},
                       {"EPSV\r\n", "PASV\r\n", "227 (192,0,2,8,64,0)\r\n", NO_SERVICE},
                       {"EPSV\r\n", "PASV\r\n", "227 (192,0,2,7,39,15)\r\n", NO_SERVICE},
                       {"EPSV\r\n", "PASV\r\n", "227 (192,0,2,7,0,0) 1,2,3,4,5,6,7 1,2,3,4,5,256\r\n",
                        "425 The server's answer names no port.\r\n"},
                       SAME("NOOP\r\n", "200 ok\r\n")}},
        {.title = "EPSV ALL",
         .role = FTP_SERVER,
         .exchanges = {GREETING,
                       SAME("PASV\r\n", "227 (192,0,2,7,64,0)\r\n"),
                       ANSWERED("EPSV ALL\r\n", "200 EPSV ALL command successful.\r\n"),
                       ANSWERED("PASV\r\n", EPSV_ONLY),
                       ANSWERED("PORT 1,2,3,4,5,6\r\n", EPSV_ONLY),
                       ANSWERED("EPRT |2|" PEER "|5282|\r\n", EPSV_ONLY),
                       ANSWERED("LPRT 4\r\n", EPSV_ONLY),
                       {"EPSV\r\n", "PASV\r\n", "227 (192,0,2,7,64,0)\r\n",
                        "229 Entering Extended Passive Mode (|||16384|)\r\n"}}},
        {.title = "the client's own PASV beside EPSV",
         .role = FTP_SERVER,
         .exchanges = {GREETING,
                       {"PASV\r\nEPSV\r\n", "PASV\r\nPASV\r\n", "227 (192,0,2,7,1,1)\r\n227 (192,0,2,7,64,0)\r\n",
                        "227 (192,0,2,7,1,1)\r\n229 Entering Extended Passive Mode (|||16384|)\r\n"}}},
    };
    converse(conversations, COUNT(conversations));
}

static void test_active_mode(void **state)
{
    (void)state;
    static const struct conversation conversations[] = {
        {.title = "to the client itself",
         .role = FTP_SERVER,
         .exchanges = {GREETING,
                       {"EPRT |2|" PEER "|5282|\r\n", "PORT " NAMES_ALIAS ",20,162\r\n", "200 ok\r\n", "200 ok\r\n"},
                       {"eprt !2!2001:0DB8:0:0::0009!1024!\r\n", "PORT " NAMES_ALIAS ",4,0\r\n", "500 no\r\n",
                        "500 no\r\n"}}},
        {.title = "to anybody else (RFC 2577), and to ports of services",
         .role = FTP_SERVER,
         .exchanges = {GREETING, ANSWERED("EPRT |2|2001:db8::8|5282|\r\n", OTHER_HOST),
                       ANSWERED("EPRT |2|::1|5282|\r\n", OTHER_HOST),
                       ANSWERED("EPRT |2|::ffff:" PEER_ALIAS "|5282|\r\n", OTHER_HOST),
                       ANSWERED("EPRT |2|" PEER "|1023|\r\n",
                                "504 Data connections to ports below 1024 are not allowed.\r\n"),
                       ANSWERED("PORT 192,0,2,1,20,162\r\n", NO_PORT),
                       ANSWERED("PORT " NAMES_ALIAS ",20,162\r\n", NO_PORT)}},
        {.title = "other protocols, and what is no address",
         .role = FTP_SERVER,
         .exchanges = {GREETING, ANSWERED("EPRT |1|132.235.1.2|6275|\r\n", USE_2),
                       ANSWERED("EPRT |3|x|6275|\r\n", USE_2), ANSWERED("EPRT |2|" PEER "|65536|\r\n", BAD),
                       ANSWERED("EPRT |2|" PEER "|0|\r\n", BAD), ANSWERED("EPRT |2|" PEER "|5282\r\n", BAD),
                       ANSWERED("EPRT |2|" PEER "%lo|5282|\r\n", BAD), ANSWERED("EPRT\r\n", BAD),
                       ANSWERED("EPRT |2|1.2.3.4|5282|\r\n", BAD)}},
        {.title = "RFC 1639",
         .role = FTP_SERVER,
         .exchanges = {GREETING, ANSWERED("LPRT 4,4,1,2,3,4,2,5,6\r\n", UNKNOWN), ANSWERED("LPSV\r\n", UNKNOWN)}},
    };
    converse(conversations, COUNT(conversations));
}

static void test_order_and_other_bytes(void **state)
{
    (void)state;
    static const struct conversation conversations[] = {
        {.title = "refusals in order with the program's replies",
         .role = FTP_SERVER,
         .exchanges = {GREETING,
                       {"NOOP\r\nEPSV 1\r\nEPSV\r\nEPRT |1|1.2.3.4|5|\r\nSYST\r\n", "NOOP\r\nPASV\r\nSYST\r\n", NULL,
                        NULL},
                       {NULL, NULL, "200 ok\r\n", "200 ok\r\n" USE_2},
                       {NULL, NULL, "227 (192,0,2,7,64,0)\r\n215 UNIX\r\n",
                        "229 Entering Extended Passive Mode (|||16384|)\r\n" USE_2 "215 UNIX\r\n"}}},
        {.title = "after AUTH TLS",
         .role = FTP_SERVER,
         .exchanges = {GREETING, SAME("AUTH TLS\r\n", "234 go\r\n"), SAME("EPSV\r\n", "227 (192,0,2,7,64,0)\r\n")}},
        {.title = "a client doesn't get past us",
         .role = FTP_SERVER,
         .exchanges = {{"\x16\x03\n", "\x16\x03\n", "220 ready\r\n", "220 ready\r\n"},
                       SAME(NULL, "500 what?\r\n"),
                       SAME("AUTH TLS\r\n\x16\x03\n", "500 no\r\n500 what?\r\n"),
                       ANSWERED("PORT 192,0,2,1,20,162\r\n", NO_PORT),
                       ANSWERED(" \t PORT 192,0,2,1,20,162\r\n", NO_PORT),
                       ANSWERED("Port\v192,0,2,1,20,162\n", NO_PORT),
                       {"PO\377\361RT\377\373\n 192,0,2,1,20,162\r\n", "\377\361\377\373\n", NULL, NO_PORT},
                       SAME("NOOP\r\n", "200 ok\r\n")}},
        {.title = "telnet within a line that is dropped",
         .role = FTP_SERVER,
         .exchanges = {GREETING,
                       {"EPSV\377\361 1\r\n", "\377\361", NULL, USE_2},
                       {"\377\364\377\362"
                        "EPSV\r\n",
                        "\377\364\377\362PASV\r\n", "227 (192,0,2,7,64,0)\r\n",
                        "229 Entering Extended Passive Mode (|||16384|)\r\n"}}},
    };
    converse(conversations, COUNT(conversations));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passive_mode),
        cmocka_unit_test(test_active_mode),
        cmocka_unit_test(test_order_and_other_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
