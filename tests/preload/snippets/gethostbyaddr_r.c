#include "snippet.h"

void snippet(void)
{
    const char *const addresses[] = {"192.0.2.1", "127.0.0.1", "192.0.2.99"};
    struct host_buffer buffer;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct in_addr address = at(addresses[i], 0).sin_addr;
        for (size_t size = 0; size <= HOST_BUFFER_SIZE; size += size < 160 ? 16 : 288) {
            host_buffer_prepare(&buffer);
            SAY(gethostbyaddr_r(&address, sizeof address, AF_INET, &buffer.hostent, buffer.bytes, size, &buffer.found,
                                &buffer.host_error));
            say_host_buffer(addresses[i], &buffer, size);
        }
    }
}
