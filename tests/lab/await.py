#!/usr/bin/python3
# tests/lab/await.py: what a program that doesn't wait sees of its first connection to an IPv4 address without a route,
# while the network's resolver is asked for a NAT64 prefix: one line for each way to find out.
#
#   await.py ADDRESS PORT WAY...
import ctypes
import errno
import os
import select
import socket
import sys
import time

address = (sys.argv[1], int(sys.argv[2]))
SECONDS = 8


def name(number):
    return errno.errorcode.get(number, str(number))


def begin():
    plain = socket.socket()
    plain.setblocking(False)
    began = time.monotonic()
    result = plain.connect_ex(address)
    return plain, name(result) if time.monotonic() - began < 1 else 'waited'


def so_error(plain):
    return name(plain.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))


def by_poll(plain):
    poll = select.poll()
    poll.register(plain, select.POLLOUT)
    return 'ready' if poll.poll(SECONDS * 1000) else 'never', so_error(plain), so_error(plain)


def by_select_for_reading(plain):
    return 'ready' if select.select([plain], [], [], SECONDS)[0] else 'never', so_error(plain)


def by_epoll(plain):
    epoll = select.epoll()
    epoll.register(plain, select.EPOLLOUT | select.EPOLLET)
    return 'ready' if epoll.poll(SECONDS) else 'never', so_error(plain)


def by_second_connect(plain):
    early = name(plain.connect_ex(address)) in ('EALREADY', 'ENETUNREACH')  # the resolver may have answered
    select.select([], [plain], [], SECONDS)
    return early, name(plain.connect_ex(address))


def by_dissolving(plain):  # connect() to no family
    select.select([], [plain], [], SECONDS)
    return ctypes.CDLL(None).connect(plain.fileno(), bytes(16), 16), so_error(plain)


def by_writing(plain):
    select.select([], [plain], [], SECONDS)
    try:
        return plain.send(b'x')
    except OSError as error:
        return 'failed' if error.errno != errno.EAGAIN else 'EAGAIN'


def by_peer_name(plain):
    select.select([], [plain], [], SECONDS)
    try:
        return plain.getpeername()
    except OSError as error:
        return name(error.errno)


def by_duplicate(plain):
    copy = plain.dup()
    return 'ready' if select.select([], [copy], [], SECONDS)[1] else 'never', so_error(copy)


def by_blocking(plain):  # what asked not to be waited for is waited for after all
    plain.setblocking(True)
    return by_peer_name(plain)


def by_close(plain):
    number = plain.fileno()
    plain.close()
    again = socket.socket()
    return again.fileno() == number


def by_child(plain):
    child = os.fork()
    if child == 0:
        select.select([], [plain], [], SECONDS)
        os._exit(plain.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0)
    _, status = os.waitpid(child, 0)
    return 'child %s' % ('failed' if status else 'connected'), by_poll(plain)


for way in sys.argv[3:]:
    sock, result = begin()
    print(way, result, globals()['by_' + way](sock) if result == 'EINPROGRESS' else '', flush=True)
