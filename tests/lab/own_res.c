/*
 * own_res.c HOW NAME...: what libc's res_query() and its kin say of each name, a line each: the answer's addresses or
 * names, else h_errno. HOW is query, search, domain, send, nquery, nsearch; or ptr for res_query() for a name. Built
 * by test_own_resolvers.sh.
 */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>

static struct __res_state state;

static int ask(const char *how, const char *name, unsigned char *answer, int size)
{
    unsigned char question[512];
    char first[64] = "";
    size_t length = strcspn(name, ".");
    if (strcmp(how, "search") == 0)
        return res_search(name, ns_c_in, ns_t_a, answer, size);
    if (strcmp(how, "nquery") == 0)
        return res_nquery(&state, name, ns_c_in, ns_t_a, answer, size);
    if (strcmp(how, "nsearch") == 0)
        return res_nsearch(&state, name, ns_c_in, ns_t_a, answer, size);
    if (strcmp(how, "ptr") == 0)
        return res_query(name, ns_c_in, ns_t_ptr, answer, size);
    if (strcmp(how, "domain") == 0) {
        memcpy(first, name, length < sizeof first ? length : 0);
        return res_querydomain(first, name + length + 1, ns_c_in, ns_t_a, answer, size);
    }
    if (strcmp(how, "send") == 0) {
        int asked = res_mkquery(ns_o_query, name, ns_c_in, ns_t_a, NULL, 0, NULL, question, sizeof question);
        return res_send(question, asked, answer, size);
    }
    return res_query(name, ns_c_in, ns_t_a, answer, size);
}

int main(int count, char **arguments)
{
    res_init();
    res_ninit(&state);
    for (int i = 2; i < count; i++) {
        unsigned char answer[4096];
        ns_msg message;
        int got = ask(arguments[1], arguments[i], answer, sizeof answer);
        if (got < 0) {
            printf("h_errno %d\n", arguments[1][0] == 'n' ? state.res_h_errno : h_errno);
            continue;
        }
        if (ns_initparse(answer, got, &message) != 0)
            return 1;
        for (int record = 0; record < ns_msg_count(message, ns_s_an); record++) {
            ns_rr found;
            char text[NS_MAXDNAME];
            if (ns_parserr(&message, ns_s_an, record, &found) != 0)
                return 1;
            if (ns_rr_type(found) == ns_t_a)
                printf("%s ", inet_ntop(AF_INET, ns_rr_rdata(found), text, sizeof text));
            else if (ns_rr_type(found) == ns_t_ptr &&
                     ns_name_uncompress(answer, answer + got, ns_rr_rdata(found), text, sizeof text) > 0)
                printf("%s ", text);
        }
        printf("rcode %d\n", ns_msg_getflag(message, ns_f_rcode));
    }
    return 0;
}
