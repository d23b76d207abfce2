/* See asking.h. */
#include "asking.h"

#include <poll.h>

/* ---- The name server */

int server;

void start(void)
{
    server = world_datagrams(SERVER, 53);
}

struct asked take(void)
{
    struct asked asked = {.length = 0};
    struct dns_reader reader = {.message = asked.bytes};
    struct dns_header header;
    uint16_t type = 0;
    socklen_t length = sizeof asked.from;
    struct pollfd polled = {.fd = server, .events = POLLIN};
    assert_int_equal(poll(&polled, 1, 20000), 1);
    long got = syscall(SYS_recvfrom, server, asked.bytes, sizeof asked.bytes, 0, &asked.from, &length);
    assert_true(got > 0);
    reader.length = asked.length = (size_t)got;
    assert_true(dns_read_header(&reader, &header));
    assert_true(dns_skip_name(&reader) && dns_read_16(&reader, &type));
    asked.id = header.id;
    asked.type = type;
    return asked;
}

bool has_more(void)
{
    char byte;
    return syscall(SYS_recvfrom, server, &byte, 1, MSG_DONTWAIT | MSG_PEEK, NULL, NULL) >= 0;
}

/* The question with this answer: a record, or none for NULL. */
void reply_from(int fd, const struct asked *asked, const char *name, const char *address)
{
    struct in6_addr bytes;
    struct built built;
    bool ipv6 = asked->type == DNS_TYPE_AAAA;
    begin(&built, 0x8180, name, asked->type, address != NULL, 0, 0);
    built.bytes[0] = (uint8_t)(asked->id >> 8);
    built.bytes[1] = (uint8_t)asked->id;
    if (address != NULL) {
        size_t length = ipv6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
        assert_int_equal(inet_pton(ipv6 ? AF_INET6 : AF_INET, address, &bytes), 1);
        add(&built, QUESTION_POINTER, 2);
        add_16(&built, asked->type);
        add_16(&built, DNS_CLASS_IN);
        add_16(&built, 0);
        add_16(&built, 300);
        add_16(&built, (unsigned)length);
        add(&built, &bytes, length);
    }
    assert_int_equal(syscall(SYS_sendto, fd, built.bytes, built.length, 0, &asked->from, sizeof asked->from),
                     built.length);
}

void reply(const struct asked *asked, const char *name, const char *address)
{
    reply_from(server, asked, name, address);
}

/* ---- The program */

int client(enum how how, int flags)
{
    struct sockaddr_in to = ipv4_at(SERVER, 53);
    int fd = socket(AF_INET, SOCK_DGRAM | flags, 0);
    assert_true(fd >= 0);
    if (how == BY_SEND)
        assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

void ask_named(int fd, enum how how, const char *name, unsigned id, unsigned type)
{
    struct sockaddr_in to = ipv4_at(SERVER, 53);
    struct built built;
    begin(&built, DNS_FLAG_RECURSE, name, type, 0, 0, 0);
    built.bytes[0] = (uint8_t)(id >> 8);
    built.bytes[1] = (uint8_t)id;
    struct iovec parts[] = {{built.bytes, 5}, {built.bytes + 5, built.length - 5}};
    struct mmsghdr message = {
        .msg_hdr = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = parts, .msg_iovlen = 2}};
    ssize_t sent = -1;
    errno = NO_ERROR;
    if (how == BY_SENDTO)
        sent = sendto(fd, built.bytes, built.length, 0, (struct sockaddr *)&to, sizeof to);
    else if (how == BY_SENDMSG)
        sent = sendmsg(fd, &message.msg_hdr, 0);
    else if (how == BY_SEND)
        sent = send(fd, built.bytes, built.length, 0);
    else if (sendmmsg(fd, &message, 1, 0) == 1)
        sent = message.msg_len;
    assert_int_equal(sent, built.length);
    assert_int_equal(errno, NO_ERROR);
}

void ask(int fd, enum how how)
{
    ask_named(fd, how, NAME, ID, DNS_TYPE_A);
}

/* The addresses of an answer, as text. */
const char *addresses_in(const uint8_t *bytes, size_t length)
{
    static __thread char text[256];
    struct dns_reader reader = {.message = bytes, .length = length};
    struct dns_header header;
    struct dns_record record;
    assert_true(dns_read_header(&reader, &header));
    assert_int_equal(header.questions, 1);
    assert_true(dns_skip_name(&reader) && dns_skip(&reader, 4));
    text[0] = '\0';
    for (unsigned i = 0; i < header.answers; i++) {
        struct in_addr address;
        assert_true(dns_read_record(&reader, &record));
        assert_int_equal(record.type, DNS_TYPE_A);
        assert_true(record.ttl_s <= 300);
        memcpy(&address, bytes + record.data, sizeof address);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 0 ? " " : "", text_of(address));
    }
    return text;
}

ssize_t receive(int fd, enum take_how how, uint8_t *bytes, size_t size, int flags)
{
    struct sockaddr_in from = {0}, expected = ipv4_at(SERVER, 53);
    socklen_t length = sizeof from;
    struct iovec parts[] = {{bytes, 7}, {bytes + 7, size - 7}};
    struct mmsghdr message = {
        .msg_hdr = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = parts, .msg_iovlen = 2}};
    ssize_t got;
    errno = NO_ERROR;
    if (how == BY_RECV)
        return recv(fd, bytes, size, flags);
    if (how == BY_RECVFROM) {
        got = recvfrom(fd, bytes, size, flags, (struct sockaddr *)&from, &length);
    } else if (how == BY_RECVMSG) {
        got = recvmsg(fd, &message.msg_hdr, flags);
    } else {
        got = recvmmsg(fd, &message, 1, flags, NULL);
        if (got == 1)
            got = message.msg_len;
    }
    if (got >= 0) {
        if (how != BY_RECVFROM)
            length = message.msg_hdr.msg_namelen;
        assert_int_equal(length, sizeof from);
        assert_memory_equal(&from, &expected, sizeof from);
    }
    return got;
}

void assert_answer(int fd, enum take_how how, unsigned id, const char *expected)
{
    uint8_t bytes[DNS_UDP_MAX];
    ssize_t got = receive(fd, how, bytes, sizeof bytes, 0);
    assert_true(got > DNS_HEADER_SIZE);
    assert_int_equal(errno, NO_ERROR);
    assert_int_equal(dns_get_16(bytes), id);
    assert_string_equal(addresses_in(bytes, (size_t)got), expected);
}

/* "192.0.2.1 ALIAS" or "ALIAS". */
const char *with_alias(const char *before, const char *ipv6)
{
    static __thread char texts[4][64];
    static __thread unsigned next;
    char *text = texts[next++ % 4];
    snprintf(text, sizeof texts[0], "%s%s", before, text_of(alias_of(ipv6)));
    return text;
}

/* Takes both questions: ours, which comes first, and the program's. */
void take_both(struct asked *aaaa, struct asked *a)
{
    *aaaa = take();
    *a = take();
    assert_int_equal(aaaa->type, DNS_TYPE_AAAA);
    assert_int_equal(a->type, DNS_TYPE_A);
    assert_int_not_equal(aaaa->id, a->id);
    assert_int_equal(aaaa->from.sin_port, a->from.sin_port);
    assert_int_equal(aaaa->length, a->length);
    assert_memory_equal(aaaa->bytes + 2, a->bytes + 2, a->length - 6);
}

int setup(void **state)
{
    (void)state;
    start();
    return 0;
}

int teardown(void **state)
{
    (void)state;
    world_close(server);
    return 0;
}
