#include "snippet.h"

void snippet(void)
{
    const char *const names[] = {"one4.example", "two4.example", "192.0.2.7", "absent.invalid", ""};
    struct host_buffer buffer;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (size_t size = 0; size <= HOST_BUFFER_SIZE; size += size < 160 ? 8 : 288) {
            host_buffer_prepare(&buffer);
            long error = SAY(
                gethostbyname_r(names[i], &buffer.hostent, buffer.bytes, size, &buffer.found, &buffer.host_error));
            say_host_buffer(error == ERANGE ? "ERANGE" : names[i], &buffer, size);
        }
    }
}
