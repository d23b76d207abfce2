#!/usr/bin/env python3
"""An IPv4-only client that connects in one of several ways to the first address of a name, and says what it saw.

    race.py HOW NAME PORT [COUNT]

HOW: blocking, timeout (a Python timeout: non-blocking and poll), select, poll, epoll, epoll-edge, epoll-before (added
before connect()), read-only (waits for reading alone), threads (COUNT at once, blocking), asyncio (COUNT at once).
Prints the milliseconds until it was connected and what the server said; or the milliseconds and the error's name.
"""
import asyncio
import errno
import re
import select
import socket
import sys
import threading
import time

how, name, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
count = int(sys.argv[4]) if len(sys.argv) > 4 else 1
LIMIT_S = 20
BLOCKED_S = 0.5  # less than the delay between two attempts that test_race.sh sets, more than a busy machine needs


def wait_select(sock):
    return select.select([], [sock], [], LIMIT_S)[1]


def wait_poll(sock):
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    return poll.poll(LIMIT_S * 1000)


def wait_epoll(sock, flags=0):
    with select.epoll() as epoll:
        epoll.register(sock, select.EPOLLOUT | flags)
        return epoll.poll(LIMIT_S)


def non_blocking(address, wait):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)
    before = None
    if how == 'epoll-before':
        before = select.epoll()
        before.register(sock, select.EPOLLOUT | select.EPOLLET)
        before.poll(0)  # says HUP of a socket that isn't connecting yet
    began = time.monotonic()
    error = sock.connect_ex((address, port))
    if time.monotonic() - began > BLOCKED_S:
        print('connect() blocked for', round((time.monotonic() - began) * 1000), 'ms')
    if error == errno.EINPROGRESS:
        if not (before.poll(LIMIT_S) if before else wait(sock)):
            raise OSError(errno.ETIME, 'nothing happened')
        error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, 'connect')
    return sock


def connect(address):
    if how in ('blocking', 'threads'):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.connect((address, port))
        return sock
    if how == 'timeout':
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.settimeout(LIMIT_S)
        sock.connect((address, port))
        return sock
    waits = {
        'select': wait_select,
        'poll': wait_poll,
        'epoll': wait_epoll,
        'epoll-edge': lambda sock: wait_epoll(sock, select.EPOLLET),
        'epoll-before': None,
        'read-only': lambda sock: select.select([sock], [], [], LIMIT_S)[0],
    }
    return non_blocking(address, waits[how])


def tell(*words):
    """One write for a line: threads print too."""
    sys.stdout.write(' '.join(map(str, words)) + '\n')


def name_of(error):
    """asyncio packs the errors of several addresses into the text of one."""
    numbers = [error.errno] if error.errno else map(int, re.findall(r'Errno (\d+)', str(error)))
    return ' '.join(errno.errorcode[number] for number in numbers) or error


def say(began, sock):
    took_ms = round((time.monotonic() - began) * 1000)
    sock.setblocking(True)
    peer = sock.getpeername()
    with sock, sock.makefile() as stream:
        text = stream.read().strip()
    tell(took_ms, text, 'shown as', *peer)


def one():
    address = socket.gethostbyname(name)
    began = time.monotonic()
    try:
        sock = connect(address)
    except OSError as error:
        tell(round((time.monotonic() - began) * 1000), name_of(error))
        return
    say(began, sock)


async def one_async():
    began = time.monotonic()
    try:
        reader, writer = await asyncio.open_connection(name, port, family=socket.AF_INET)
        took_ms = round((time.monotonic() - began) * 1000)
        text = (await reader.read()).decode().strip()
        tell(took_ms, text, 'shown as', *writer.get_extra_info('peername'))
        writer.close()
    except OSError as error:
        tell(round((time.monotonic() - began) * 1000), name_of(error))


async def many_async():
    await asyncio.gather(*[one_async() for _ in range(count)])


if how == 'asyncio':
    asyncio.run(many_async())
elif how == 'threads':
    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
else:
    one()
