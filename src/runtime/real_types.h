/* The headers whose types hooks.def uses, and nothing else. */
#ifndef V6SHIM_RUNTIME_REAL_TYPES_H
#define V6SHIM_RUNTIME_REAL_TYPES_H

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#endif
