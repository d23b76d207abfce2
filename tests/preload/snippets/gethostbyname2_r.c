#include "snippet.h"

void snippet(void)
{
    const char *const names[] = {"one4.example", "192.0.2.7", "absent.invalid"};
    struct host_buffer buffer;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (size_t size = 0; size <= HOST_BUFFER_SIZE; size += size < 160 ? 16 : 288) {
            host_buffer_prepare(&buffer);
            SAY(gethostbyname2_r(names[i], AF_INET, &buffer.hostent, buffer.bytes, size, &buffer.found,
                                 &buffer.host_error));
            say_host_buffer(names[i], &buffer, size);
        }
    }
}
