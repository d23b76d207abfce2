#!/usr/bin/env python3
"""Each system call that the library adds fails once, with each likely error, under clients and servers.

    faults.py [--all] CLIENT [HOW...]

Run in the namespace of tests/preload/in_namespace.sh. A program is run bare and with the library, and counted for how
often it makes each call; then again with the first, the second, ... of these calls failing (strace -e inject). What it
says must be something that it says bare: without a fault, or with the same call failing in some place. A hang, a signal,
or a socket that is left open is a failure. Without --all one error is tried for each call; with it all.

close() is not among them: what the kernel says of it is said when the descriptor is gone already.
"""
import concurrent.futures
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

WAITING = 6    # runs at once on each processor: most of the time they wait for the delay between two attempts
LIMIT_S = 60  # of one run: a hang is longer than any machine is slow
FAULTS = {
    'bind': ['EADDRINUSE', 'EACCES'], 'clone3': ['EAGAIN'], 'connect': ['EACCES', 'EADDRNOTAVAIL'],
    'dup3': ['EMFILE', 'EBADF'], 'epoll_create1': ['EMFILE'], 'epoll_ctl': ['ENOMEM', 'ENOSPC'],
    'epoll_wait': ['ENOMEM'], 'epoll_pwait': ['ENOMEM'], 'eventfd2': ['EMFILE'], 'fcntl': ['EMFILE', 'EPERM'],
    'fdatasync': ['EIO'], 'fstat': ['EIO'], 'newfstatat': ['ENOMEM'], 'ftruncate': ['ENOSPC'],
    'getpeername': ['ENOBUFS'], 'getsockname': ['ENOBUFS'], 'getsockopt': ['EPERM', 'ENOBUFS'], 'kcmp': ['EPERM'],
    'listen': ['EADDRINUSE'], 'mkdirat': ['EACCES'], 'openat': ['EMFILE', 'EACCES'], 'ppoll': ['ENOMEM', 'EINVAL'],
    'pread64': ['EIO'], 'prlimit64': ['EPERM'], 'pwrite64': ['ENOSPC'], 'recvfrom': ['ENOMEM'], 'recvmsg': ['ENOMEM'],
    'renameat': ['EACCES'], 'sendto': ['ENOBUFS'], 'setsockopt': ['EPERM', 'ENOBUFS'], 'shutdown': ['ENOTCONN'],
    'socket': ['EMFILE', 'EACCES'], 'socketpair': ['EMFILE'], 'unlinkat': ['EACCES'], 'unshare': ['EPERM'],
    'utimensat': ['EACCES'],
}
# Which name is asked for; what is said besides, where a program that can't do it bare has no answer to compare.
HALF, IPV6 = 'half-hole.example', 'one6.example'
WAYS = {
    'blocking': (['blocking', HALF, '7007'], False),
    'nonblocking': (['nonblocking', HALF, '7007'], False),
    'epoll': (['epoll', HALF, '7007'], False),
    'alias': (['blocking', IPV6, '7007'], True),
    'datagram': (['datagram', IPV6, '7007'], True),
    'serve': (['serve'], False),
    'serve-datagrams': (['serve-datagrams'], False),
}
QUICK = ['blocking', 'epoll', 'alias', 'datagram', 'serve', 'serve-datagrams']
# Where bare has nothing to compare: any error of a socket will do, in place of the answer.
ERROR = re.compile(r'(connect|connection|socket|sendto|recvfrom|getsockname|SO_ERROR|write|read|poll): E[A-Z0-9]+$')


SILENT = re.compile(r'(connect(ion)?: ETIMEDOUT\n)+0 sockets left\n')


def answer_streams(server):
    while True:
        client = server.accept()[0]
        client.recv(1)
        client.sendall(b'hello')
        client.close()


def answer_datagrams(server):
    while True:
        server.sendto(b'hello', server.recvfrom(1)[1])


def start_servers():
    for family, address in ((socket.AF_INET, '192.0.2.1'), (socket.AF_INET6, '2001:db8::1')):
        for kind, answer in ((socket.SOCK_STREAM, answer_streams), (socket.SOCK_DGRAM, answer_datagrams)):
            server = socket.socket(family, kind)
            server.bind((address, 7007))
            if kind == socket.SOCK_STREAM:
                server.listen(50)
            threading.Thread(target=answer, args=(server,), daemon=True).start()


def ask_server(kind, address, port, byte, no_fault):
    """A datagram may be lost by a fault: not much is waited for then, but for IPv6, which is not asked again."""
    with socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, kind) as client:
        client.settimeout(60 if no_fault else 5 if kind == socket.SOCK_STREAM or ':' in address else 0.5)
        client.connect((address, port))
        client.send(byte)
        return client.recv(5).decode()


def be_asked(process, kind, answers=None):
    """A server may miss one: as bare, where a call of its own fails. It is asked until it has ended. `answers` gets
    what it says, where no call fails."""
    no_fault = answers is not None
    line = process.stderr.readline()
    while line and not line.startswith('port'):
        line = process.stderr.readline()
    if not line:
        return
    port = int(line.split()[1])
    for address, byte in (('2001:db8::1', b'?'), *[('192.0.2.1', b'?')] * 2, *[('192.0.2.1', b'q')] * 20):
        if process.poll() is not None:
            return
        try:
            answer = ask_server(kind, address, port, byte, no_fault)
            if no_fault:
                answers.append((address, answer))
        except OSError:
            time.sleep(0.05)


def run(client, way, library, extra=(), log='/dev/null', answers=None):
    """What the program says, or how it ended. `answers` gets those of a server."""
    arguments, _ = WAYS[way]
    with tempfile.TemporaryDirectory(dir=os.environ['TEST_DIR']) as state:
        environment = {'PATH': os.environ['PATH'], 'V6SHIM_LOG': 'quiet', 'V6SHIM_ATTEMPT_DELAY': '100'}
        # Races are to be run twice: no history. What has no race has files.
        environment['V6SHIM_STATE_DIR'] = '/proc/none' if HALF in arguments else state
        tracer = ['strace', '-f', '-qq', '-o', log, *extra]
        if library:
            tracer += ['-E', 'LD_PRELOAD=' + os.environ['TEST_PRELOAD']]
        process = subprocess.Popen([*tracer, client, *arguments], env=environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        if way.startswith('serve'):
            kind = socket.SOCK_STREAM if way == 'serve' else socket.SOCK_DGRAM
            asking = threading.Thread(target=be_asked, args=(process, kind, answers))
        else:
            asking = threading.Thread(target=process.stderr.read)
        asking.start()
        limit = threading.Timer(LIMIT_S, process.kill)
        limit.start()
        output = process.stdout.read()
        process.wait()
        limit.cancel()
        asking.join()
        return output if process.returncode == 0 else f'status {process.returncode}: {output}'


def counts_of(log):
    """How often each thread that makes a call most often makes it."""
    counts = {}
    with open(log, encoding='utf-8', errors='replace') as lines:
        for line in lines:
            match = re.match(r'(\d+) +(\w+)\(', line)
            if match:
                key = match.group(2), match.group(1)
                counts[key] = counts.get(key, 0) + 1
    most = {}
    for (call, _), count in counts.items():
        most[call] = max(most.get(call, 0), count)
    return most


# What the library waits by, where the program waits by another call.
SAME = {'ppoll': 'poll', 'epoll_pwait': 'epoll_wait'}


def call_of(fault):
    call = fault.split(':')[0].removeprefix('inject=')
    return SAME.get(call, call)


def accepted(output, allowed, free):
    """Where a lookup found no IPv4 address, the silent IPv6 address is all that the name has."""
    if output in allowed:
        return True
    if any(text.startswith('no such host') for text in allowed) and SILENT.fullmatch(output):
        return True
    if not free or not output.endswith('0 sockets left\n'):
        return False
    return all(ERROR.match(line) or line in ('hello', 'hello from there', 'no such host')
               for line in output.splitlines()[:-1])


def try_way(client, way, everything, pool):
    free = WAYS[way][1]
    with tempfile.NamedTemporaryFile(dir=os.environ['TEST_DIR']) as log:
        plain = run(client, way, False, log=log.name)
        bare = counts_of(log.name)
        answers = []
        shimmed = run(client, way, True, log=log.name, answers=answers)
        ours = counts_of(log.name)
    if way.startswith('serve') and ('2001:db8::1', 'hello') not in answers:
        return [f'{way}, no fault: no answer over IPv6, {answers}'], 0
    if not accepted(shimmed, {plain}, free):
        return [f'{way}, no fault: {shimmed!r}, bare {plain!r}'], 0
    jobs = []
    for call, errors in FAULTS.items():
        for error in errors if everything else errors[:1]:
            # What the loader does comes first, and is bare's too: only what comes after that is ours.
            fault = f'inject={call}:error={error}:when='
            if ours.get(call, 0) <= bare.get(call, 0):
                continue
            for its in {call, SAME.get(call, call)}:
                jobs += [(False, f'inject={its}:error={error}:when={place}') for place in range(1, bare.get(its, 0) + 1)]
            jobs += [(True, fault + str(place)) for place in range(1, ours[call] + 1)]
    began = time.monotonic()
    outputs = list(pool.map(lambda job: run(client, way, job[0], ('-e', job[1])), jobs))
    print(f'# {way}: {len(jobs)} runs in {time.monotonic() - began:.1f} s')
    allowed = {}
    for (library, fault), output in zip(jobs, outputs):
        if not library:
            allowed.setdefault(call_of(fault), {plain}).add(output)
    complaints = [f'{way}, {fault}: {output!r}' for (library, fault), output in zip(jobs, outputs)
                  if library and not accepted(output.replace('connection:', 'connect:'),
                                              allowed.get(call_of(fault), {plain}), free)]
    return complaints, sum(library for library, _ in jobs)


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != '--all']
    everything = '--all' in sys.argv
    client, ways = arguments[0], arguments[1:] or (list(WAYS) if everything else QUICK)
    start_servers()
    with open('/proc/sys/net/ipv4/tcp_syn_retries', 'w', encoding='ascii') as retries:
        retries.write('1')  # silence ends with ETIMEDOUT after three seconds
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() * WAITING) as pool:
        for way in ways:
            complaints, count = try_way(client, way, everything, pool)
            failed += bool(complaints)
            print(f'{"not " if complaints else ""}ok - {way}: {count} faults', flush=True)
            for complaint in complaints:
                print('#  ', complaint, flush=True)
    return 1 if failed else 0


sys.exit(main())
