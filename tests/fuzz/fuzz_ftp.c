/*
 * FTP control connections: whatever both ends send, however it is cut and however little room there is, nothing is
 * written beyond the room, everything comes out in the end, it is the same as when it isn't cut, and a server is
 * never led to another host than the client.
 */
#include "core/ftp/ftp_filter.h"

#include <stdlib.h>
#include <string.h>

#define OUTPUT_SIZE 65536
#define INPUT_MOST  4096 /* a reply of ours takes less than 16 times the shortest command */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool held)
{
    if (!held)
        abort();
}

struct ends {
    struct ftp_filter filter;
    uint8_t output[2][OUTPUT_SIZE]; /* to the server, to the client */
    size_t length[2];
};

static void answer(struct ftp_filter *filter)
{
    static const struct in6_addr ipv6 = {{{0x20, 1, 0xd, 0xb8, [15] = 7}}};
    struct ip_address address = address_ipv6(&ipv6, 0);
    uint16_t port = filter->request.port;
    require(port != 0);
    require((filter->request.kind == FTP_ASKS_SERVICE) == (filter->setup.role == FTP_SERVER));
    if (port % 5 == 0)
        ftp_refuse(filter);
    else
        ftp_answer(filter, &address, port);
}

/* Everything that there is room for is put into a block of that size. */
static bool run(struct ends *ends, unsigned side, const uint8_t **input, size_t *input_size, size_t room, bool ended)
{
    struct ftp_flow flows[2] = {{.input = NULL}, {.input = NULL}};
    bool moved = false;
    flows[side].input = *input;
    flows[side].input_size = *input_size;
    for (unsigned flow = 0; flow < 2; flow++) {
        flows[flow].input_ended = ended;
        flows[flow].output = malloc(room);
        require(flows[flow].output != NULL);
        flows[flow].output_room = room;
    }
    uint8_t *blocks[2] = {flows[0].output, flows[1].output};
    if (ftp_run(&ends->filter, &flows[0], &flows[1]) != FTP_ASKS_NOTHING) {
        answer(&ends->filter);
        moved = true;
    }
    for (unsigned flow = 0; flow < 2; flow++) {
        size_t came = room - flows[flow].output_room;
        require(ends->length[flow] + came <= OUTPUT_SIZE);
        memcpy(ends->output[flow] + ends->length[flow], blocks[flow], came);
        ends->length[flow] += came;
        moved = moved || came > 0;
        free(blocks[flow]);
    }
    moved = moved || flows[side].input_size != *input_size;
    *input = flows[side].input;
    *input_size = flows[side].input_size;
    return moved;
}

/*
 * The data is a list of pieces: a byte that says who sends it (its lowest bit) and how long it is, and so many bytes.
 * `cut` 0 sends each as it is. What a flow doesn't take, since the queue is full, is lost.
 */
static void converse(struct ends *ends, const struct ftp_setup *setup, const uint8_t *data, size_t size, size_t cut,
                     size_t room)
{
    memset(ends, 0, sizeof *ends);
    ftp_start(&ends->filter, setup);
    while (size > 0) {
        unsigned side = data[0] & 1;
        size_t length = data[0] >> 1 < size - 1 ? data[0] >> 1 : size - 1;
        const uint8_t *piece = data + 1;
        data += 1 + length;
        size -= 1 + length;
        while (length > 0) {
            size_t part = cut == 0 || cut > length ? length : cut;
            const uint8_t *input = piece;
            size_t left = part;
            while (run(ends, side, &input, &left, room, false))
                ;
            require(left == 0 || !ftp_queue_has_room(&ends->filter.queue));
            piece += part;
            length -= part;
        }
    }
    const uint8_t *none = NULL;
    size_t nothing = 0;
    while (run(ends, 0, &none, &nothing, room, true))
        ;
    require(ends->filter.commands.ended && ends->filter.replies.ended);
}

/* No command that names an address gets to a server but that of the client, as long as lines are read. */
static void check_commands(const struct ends *ends)
{
    static const char port[] = "PORT ", allowed[] = "240,64,0,9,";
    for (size_t place = 0; place + sizeof port - 1 + sizeof allowed - 1 <= ends->length[0]; place++) {
        const uint8_t *line = ends->output[0] + place;
        if ((place == 0 || line[-1] == '\n') && memcmp(line, port, sizeof port - 1) == 0)
            require(memcmp(line + sizeof port - 1, allowed, sizeof allowed - 1) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ends whole, cut;
    static const struct in6_addr peer = {{{0x20, 1, 0xd, 0xb8, [15] = 9}}};
    if (size < 2 || size > INPUT_MOST)
        return 0;
    struct ftp_setup setup = {.role = data[0] & 1 ? FTP_SERVER : FTP_CLIENT,
                              .nat64 = (data[0] & 2) != 0,
                              .peer = address_ipv6(&peer, 0),
                              .peer_alias = {htonl(0xf0400009)},
                              .own = {htonl(0xc0000207)}};
    converse(&whole, &setup, data + 1, size - 1, 0, 512);
    converse(&cut, &setup, data + 1, size - 1, 1 + (data[0] >> 4), 1 + (data[0] >> 2 & 3));
    bool full = !ftp_queue_has_room(&whole.filter.queue) || !ftp_queue_has_room(&cut.filter.queue);
    for (unsigned flow = 0; flow < 2 && !full; flow++) {
        require(whole.length[flow] == cut.length[flow]);
        require(memcmp(whole.output[flow], cut.output[flow], whole.length[flow]) == 0);
    }
    if (setup.role == FTP_SERVER && !whole.filter.transparent)
        check_commands(&whole);
    return 0;
}
