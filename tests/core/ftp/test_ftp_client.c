/* core/ftp: an IPv4-only client of servers that are reached over IPv6, natively and behind NAT64. */
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

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

#define PASSIVE_16384 "227 Entering Passive Mode (" NAMES_ALIAS ",64,0).\r\n"
#define NO_PASSIVE    "502 The server has no passive mode over IPv6.\r\n"
#define NO_ACTIVE     "500 The server has no active mode over IPv6, use passive mode.\r\n"
#define NO_NAT64      "500 Active mode is not possible through NAT64, use passive mode.\r\n"

static void test_passive_mode(void **state)
{
    (void)state;
    static const struct conversation conversations[] = {
        {.title = "a session as in RFC 959 and RFC 2428",
         .exchanges = {GREETING,
                       SAME("USER anonymous\r\n", "331 password\r\n"),
                       SAME("PASS a@\r\n", "230 in\r\n"),
                       SAME("TYPE I\r\n", "200 ok\r\n"),
                       {"PASV\r\n", "EPSV\r\n", "229 Entering Extended Passive Mode (|||16384|)\r\n", PASSIVE_16384},
                       SAME("RETR file\r\n", "150 here it comes\r\n226 done\r\n"),
                       {"pasv \r\n", "EPSV\r\n", "229 Extended (!!!1!)\r\n",
                        "227 Entering Passive Mode (" NAMES_ALIAS ",0,1).\r\n"},
                       SAME("QUIT\r\n", "221 bye\r\n")}},
        {.title = "lines that end with LF alone",
         .exchanges = {{NULL, NULL, "220 ready\n", "220 ready\n"},
                       {"PASV\n", "EPSV\n", "229 (|||16384|)\n", PASSIVE_16384}}},
        {.title = "a reply of several lines, the port in the last one or before",
         .exchanges = {GREETING,
                       {"PASV\r\n", "EPSV\r\n", "229-Welcome\r\n227 no\r\n\r\n229 here (|||16384|)\r\n",
                        PASSIVE_16384},
                       {"PASV\r\n", "EPSV\r\n", "229-Welcome (|||16384|)\r\n more\r\n229 \r\n", PASSIVE_16384}}},
        {.title = "an inner line that looks like 229 or 227",
         .exchanges = {GREETING,
                       SAME("HELP\r\n", "214-Help\r\n229 (|||5|)\r\n227 (1,2,3,4,5,6)\r\n214 end\r\n"),
                       {"HELP\r\nPASV\r\n", "HELP\r\nEPSV\r\n", "214-x\r\n229 (|||5|)\r\n214 \r\n229 (|||16384|)\r\n",
                        "214-x\r\n229 (|||5|)\r\n214 \r\n" PASSIVE_16384}}},
        {.title = "a reply without a port that can be read",
         .exchanges = {GREETING,
                       {"PASV\r\n", "EPSV\r\n", "229 Entering (|||0|) (|||65536|)\r\n",
                        "425 The server's answer names no port.\r\n"},
                       SAME("NOOP\r\n", "200 ok\r\n")}},
        {.title = "the program's own EPSV",
         .exchanges = {GREETING,
                       SAME("EPSV\r\n", "229 Extended (|||7|)\r\n"),
                       SAME("EPSV ALL\r\n", "200 ok\r\n"),
                       {"EPSV\r\nPASV\r\n", "EPSV\r\nEPSV\r\n", "229 (|||7|)\r\n229 (|||16384|)\r\n",
                        "229 (|||7|)\r\n" PASSIVE_16384}}},
        {.title = "blanks before a command",
         .exchanges = {GREETING,
                       SAME("  NOOP\r\n", "200 ok\r\n"),
                       SAME(" \r\n", NULL),
                       {" \tPASV\r\n", "EPSV\r\n", "229 (|||16384|)\r\n", PASSIVE_16384}}},
        {.title = "a command that only begins like one",
         .exchanges = {GREETING, SAME("PASVX\r\n", "500 what?\r\n"), SAME("PASV x\r\n", "501 what?\r\n"),
                       SAME("PAS\r\n", "500 what?\r\n"), SAME("PORT,1\r\n", "500 what?\r\n")}},
    };
    converse(conversations, COUNT(conversations));
}

static void test_refused_passive_mode(void **state)
{
    (void)state;
    static const struct conversation conversations[] = {
        {.title = "a server that knows PASV alone: its address isn't believed",
         .exchanges = {GREETING,
                       {"PASV\r\n", "EPSV\r\nPASV\r\n", "500 'EPSV'?\r\n", NULL},
                       {NULL, NULL, "227 Entering Passive Mode (198,51,100,1,64,0).\r\n", PASSIVE_16384},
                       {"PASV\r\n", "EPSV\r\nPASV\r\n", "502-EPSV?\r\nno\r\n502 no\r\n", NULL},
                       {NULL, NULL, "227 =0,0,0,0,64,0\r\n", PASSIVE_16384}}},
        {.title = "neither",
         .exchanges = {GREETING,
                       {"PASV\r\n", "EPSV\r\nPASV\r\n", "501 what?\r\n", NULL},
                       {NULL, NULL, "502 no\r\n", NO_PASSIVE},
                       SAME("NOOP\r\n", "200 ok\r\n")}},
        {.title = "not over IPv6",
         .exchanges = {GREETING,
                       {"PASV\r\n", "EPSV\r\n", "522 Protocol not supported, use (1)\r\n", NO_PASSIVE},
                       SAME("NOOP\r\n", "200 ok\r\n")}},
        {.title = "other commands are under way, so that PASV would be out of order",
         .exchanges = {GREETING,
                       {"PASV\r\nNOOP\r\n", "EPSV\r\nNOOP\r\n", "500 what?\r\n200 ok\r\n", NO_PASSIVE "200 ok\r\n"},
                       {"PASV\r\nNO", "EPSV\r\n", "500 what?\r\n", NO_PASSIVE}}},
        {.title = "refusals that the program knows",
         .exchanges = {GREETING,
                       {"PASV\r\n", "EPSV\r\n", "530 Log in first\r\n", "530 Log in first\r\n"},
                       {"PASV\r\n", "EPSV\r\n", "425-no\r\n425 no\r\n", "425-no\r\n425 no\r\n"},
                       {"PASV\r\n", "EPSV\r\n", "421 bye\r\n", "421 bye\r\n"}}},
    };
    converse(conversations, COUNT(conversations));
}

static void test_active_mode(void **state)
{
    (void)state;
    static const struct conversation conversations[] = {
        {.title = "PORT and EPRT for IPv4",
         .exchanges = {GREETING,
                       {"PORT 192,0,2,7,24,131\r\n", "EPRT |2|" LISTENER "|6275|\r\n", "200 ok\r\n", "200 ok\r\n"},
                       {"eprt |1|132.235.1.2|6275|\r\n", "EPRT |2|" LISTENER "|6275|\r\n", "200 ok\r\n",
                        "200 ok\r\n"},
                       {"port  10,0,0,1,4,0 \n", "EPRT |2|" LISTENER "|1024|\n", "200 ok\r\n", "200 ok\r\n"}}},
        {.title = "EPRT for IPv6, and what is no address",
         .exchanges = {GREETING, SAME("EPRT |2|1080::8:800:200C:417A|5282|\r\n", "200 ok\r\n"),
                       SAME("PORT 1,2,3,4,5\r\n", "501 what?\r\n"), SAME("PORT 1,2,3,4,5,256\r\n", "501 what?\r\n"),
                       SAME("PORT\r\n", "501 what?\r\n"), SAME("EPRT |1|1.2.3|5|\r\n", "501 what?\r\n"),
                       SAME("EPRT |3|1.2.3.4|5|\r\n", "522 what?\r\n")}},
        {.title = "nothing listens there",
         .exchanges = {GREETING,
                       {"PORT 192,0,2,7,39,15\r\n", NULL, NULL,
                        "500 Active mode is not possible here, use passive mode.\r\n"}}},
        {.title = "servers that refuse it",
         .exchanges = {GREETING,
                       {"PORT 192,0,2,7,24,131\r\n", "EPRT |2|" LISTENER "|6275|\r\n", "500 EPRT?\r\n", NO_ACTIVE},
                       {"PORT 192,0,2,7,24,131\r\n", "EPRT |2|" LISTENER "|6275|\r\n", "522-use\r\n522 (1)\r\n",
                        NO_ACTIVE},
                       {"PORT 192,0,2,7,24,131\r\n", "EPRT |2|" LISTENER "|6275|\r\n", "530 Log in\r\n",
                        "530 Log in\r\n"}}},
    };
    converse(conversations, COUNT(conversations));
}

static void test_through_nat64(void **state)
{
    (void)state;
    static const struct conversation conversations[] = {
        {.title = "passive mode works, active mode is answered here",
         .nat64 = true,
         .exchanges = {GREETING,
                       {"PASV\r\n", "EPSV\r\n", "229 (|||16384|)\r\n", PASSIVE_16384},
                       {"PORT 192,0,2,7,24,131\r\n", NULL, NULL, NO_NAT64},
                       {"EPRT |1|192.0.2.7|6275|\r\n", NULL, NULL, NO_NAT64}}},
        {.title = "in order with the replies to commands before and behind it",
         .nat64 = true,
         .exchanges = {GREETING,
                       {"TYPE I\r\nPORT 192,0,2,7,24,131\r\nPASV\r\nPORT 1,2,3,4,5,6\r\nNOOP\r\n",
                        "TYPE I\r\nEPSV\r\nNOOP\r\n", NULL, NULL},
                       {NULL, NULL, "200-ok\r\n", "200-ok\r\n"},
                       {NULL, NULL, "200 ok\r\n229 (|||163", "200 ok\r\n" NO_NAT64},
                       {NULL, NULL, "84|)\r\n200 yes\r\n", PASSIVE_16384 NO_NAT64 "200 yes\r\n"}}},
        {.title = "empty lines, to which no server needs to reply",
         .nat64 = true,
         .exchanges = {GREETING, {"\r\n \n\nPORT 192,0,2,7,24,131\r\n", "\r\n \n\n", NULL, NO_NAT64}}},
        {.title = "not within a reply of several lines, owed or not",
         .nat64 = true,
         .exchanges = {GREETING,
                       {"HELP\r\nPORT 192,0,2,7,24,131\r\n", "HELP\r\n", "214-a\r\n214-b\r\n", "214-a\r\n214-b\r\n"},
                       {NULL, NULL, "214 c\r\n421-idle\r\n", "214 c\r\n" NO_NAT64 "421-idle\r\n"},
                       {"PORT 192,0,2,7,24,131\r\n", NULL, NULL, NULL},
                       {NULL, NULL, "421 bye\r\n", "421 bye\r\n" NO_NAT64}}},
        {.title = "nor in what TLS sends",
         .nat64 = true,
         .exchanges = {GREETING,
                       {"AUTH TLS\r\nPORT 192,0,2,7,24,131\r\n", "AUTH TLS\r\n", "234 go\r\n\x16",
                        "234 go\r\n\x16"}}},
        {.title = "after a transfer, not within",
         .nat64 = true,
         .exchanges = {GREETING,
                       {"RETR file\r\nPORT 192,0,2,7,24,131\r\n", "RETR file\r\n", "150 starts\r\n",
                        "150 starts\r\n"},
                       {NULL, NULL, "226 done\r\n", "226 done\r\n" NO_NAT64}}},
        {.title = "before the greeting",
         .nat64 = true,
         .exchanges = {{"PORT 192,0,2,7,24,131\r\n", NULL, NULL, NULL},
                       {NULL, NULL, "220-hello\r\n220 ready\r\n", "220-hello\r\n220 ready\r\n" NO_NAT64}}},
        {.title = "ABOR is answered once or twice: nothing waits for the second reply",
         .nat64 = true,
         .exchanges = {GREETING,
                       SAME("RETR a\r\nABOR\r\n", "150 a\r\n426 aborted\r\n226 ok\r\n"),
                       SAME("RETR a\r\nABOR\r\n", "226 done\r\n"),
                       {"PORT 192,0,2,7,24,131\r\n", NULL, NULL, NO_NAT64}}},
    };
    converse(conversations, COUNT(conversations));
}

static void test_replies_out_of_step(void **state)
{
    (void)state;
    static const struct conversation conversations[] = {
        {.title = "a reply that belongs to a transfer comes before the one to PASV",
         .exchanges = {GREETING,
                       {"RETR a\r\nABOR\r\nPASV\r\n", "RETR a\r\nABOR\r\nEPSV\r\n",
                        "426 aborted\r\n226 ok\r\n229 (|||16384|)\r\n", "426 aborted\r\n226 ok\r\n" PASSIVE_16384}}},
        {.title = "a server that has left a command without reply",
         .exchanges = {GREETING,
                       {"SITE x\r\n", "SITE x\r\n", NULL, NULL},
                       {"PASV\r\n", "EPSV\r\n", "229 (|||16384|)\r\n", PASSIVE_16384},
                       {"PORT 192,0,2,7,24,131\r\n", "EPRT |2|" LISTENER "|6275|\r\n", "522 no\r\n", NO_ACTIVE}}},
        {.title = "replies that nobody asked for, and lines between them",
         .exchanges = {GREETING,
                       {NULL, NULL, "421 idle\r\n229 (|||5|)\r\nnote\r\n\r\n",
                        "421 idle\r\n229 (|||5|)\r\nnote\r\n\r\n"},
                       {"\r\nPASV\r\n", "\r\nEPSV\r\n", "229 (|||16384|)\r\n", PASSIVE_16384}}},
    };
    converse(conversations, COUNT(conversations));
}

static void test_what_is_not_ftp(void **state)
{
    (void)state;
    static const struct conversation conversations[] = {
        {.title = "after AUTH TLS",
         .exchanges = {GREETING, SAME("AUTH TLS\r\n", "234-now\r\n234 TLS\r\n"), SAME("PASV\r\n", "229 (|||1|)\r\n"),
                       SAME("PORT 1,2,3,4,5,6\r\n", "234 ")}},
        {.title = "after AUTH GSSAPI, CCC too",
         .exchanges = {GREETING, SAME("auth GSSAPI\r\n", "334 go on\r\n"), SAME("ADAT AA==\r\n", "235 ok\r\n"),
                       SAME("CCC\r\n", "200 clear\r\n"), SAME("PASV\r\n", "229 (|||1|)\r\n")}},
        {.title = "AUTH was refused",
         .exchanges = {GREETING,
                       SAME("AUTH TLS\r\n", "530 no\r\n"),
                       SAME("AUTH SSL\r\n", "500-no\r\n500 no\r\n"),
                       SAME("CCC\r\n", "533 no\r\n"),
                       {"PASV\r\n", "EPSV\r\n", "229 (|||16384|)\r\n", PASSIVE_16384}}},
        {.title = "TLS from the start",
         .exchanges = {SAME("\x16\x03\x01PASV\r\nPASV\r\n", "\x16\x03\x03\n229 (|||1|)\r\n"),
                       SAME("PASV\r\n", "229 (|||1|)\r\n")}},
        {.title = "TLS before the reply to AUTH",
         .exchanges = {GREETING, SAME("AUTH TLS\r\n\x16\x03\x01\nPASV\r\n", "234 go\r\n229 (|||1|)\r\n")}},
        {.title = "another protocol",
         .exchanges = {SAME(NULL, "SSH-2.0-OpenSSH_9.2\r\n"), SAME("PASV\r\n", "229 (|||1|)\r\n")}},
    };
    converse(conversations, COUNT(conversations));
}

static void test_telnet(void **state)
{
    (void)state;
    static const struct conversation conversations[] = {
        {.title = "ABOR as RFC 959 has it",
         .exchanges = {GREETING,
                       SAME("RETR a\r\n", "150 a\r\n"),
                       SAME("\377\364\377\362ABOR\r\n", "426 aborted\r\n226 ok\r\n"),
                       {"\377\364\377\362PASV\r\n",
                        "\377\364\377\362"
                        "EPSV\r\n",
                        "229 (|||16384|)\r\n", PASSIVE_16384}}},
        {.title = "options, whose number may be that of LF",
         .exchanges = {GREETING,
                       SAME("\377\373\nNOOP\r\n", "\377\376\n200 ok\r\n"),
                       {"\377\375\nPASV\r\n", "\377\375\nEPSV\r\n", "\377\374\n229 (|||16384|)\r\n",
                        "\377\374\n" PASSIVE_16384}}},
        {.title = "an option within a line",
         .exchanges = {GREETING,
                       {"PA\377\373\nSV\r\n", "\377\373\nEPSV\r\n", "229 (|\377\375\n||16384|)\r\n",
                        "\377\375\n" PASSIVE_16384}}},
        {.title = "within lines: in its place, or before a line that is changed",
         .exchanges = {GREETING,
                       SAME("NO\377\361OP\r\n", "20\377\361"
                                                "0 o\377\361k\r\n"),
                       {"PA\377\361SV\r\377\361\n",
                        "\377\361\377\361"
                        "EPSV\r\n",
                        "22\377\361"
                        "9 (||\377\361|16384|)\r\n",
                        "\377\361\377\361" PASSIVE_16384}}},
        {.title = "a name with 255 in it, escaped or not",
         .exchanges = {GREETING,
                       SAME("RETR \377\377\r\n", "550 no \377\r\n"),
                       SAME("RETR \377\n", "550 no\r\n"),
                       {"PASV\r\n", "EPSV\r\n", "229 (|||16384|)\r\n", PASSIVE_16384}}},
    };
    converse(conversations, COUNT(conversations));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passive_mode),
        cmocka_unit_test(test_refused_passive_mode),
        cmocka_unit_test(test_active_mode),
        cmocka_unit_test(test_through_nat64),
        cmocka_unit_test(test_replies_out_of_step),
        cmocka_unit_test(test_what_is_not_ftp),
        cmocka_unit_test(test_telnet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
