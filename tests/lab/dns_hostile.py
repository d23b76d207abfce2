#!/usr/bin/python3
# tests/lab/dns_hostile.py: a name server whose answers for ipv4only.arpa are wrong in one way or another.
#
#   dns_hostile.py ADDRESS
#
# The way is the content of the file LAB_DIR/hostile, looked at for each question. Whatever else is asked does not exist.
import ipaddress
import os
import select
import socket
import struct
import sys

AAAA, A, SOA, CNAME, IN = 28, 1, 6, 5, 1
POINTER = b'\xc0\x0c'  # to the name of the question


def record(kind, data, ttl=3600, owner=POINTER):
    return owner + struct.pack('>HHIH', kind, IN, ttl, len(data)) + data


def aaaa(*texts, ttl=3600, owner=POINTER):
    return [record(AAAA, ipaddress.IPv6Address(text).packed, ttl, owner) for text in texts]


def name_of(text):
    return b''.join(bytes([len(label)]) + label.encode() for label in text.split('.')) + b'\0'


def message(ident, question, answers=(), flags=0x8180, code=0, authority=()):
    return struct.pack('>HHHHHH', ident, flags | code, 1, len(answers), len(authority), 0) + question + b''.join(
        list(answers) + list(authority))


SOA_DATA = name_of('ns.lab') + name_of('root.lab') + struct.pack('>IIIII', 1, 1, 1, 1, 5)
GOOD = '2001:db8:64::c000:aa'
BOTH = (GOOD, '2001:db8:64::c000:ab')
LOOP = [record(CNAME, name_of('loop.lab')), record(CNAME, POINTER, owner=name_of('loop.lab'))]

WAYS = {
    'good': lambda i, q, tcp: message(i, q, aaaa(*BOTH)),
    'servfail': lambda i, q, tcp: message(i, q, code=2),
    'refused': lambda i, q, tcp: message(i, q, code=5),
    'no-name': lambda i, q, tcp: message(i, q, code=3, authority=[record(SOA, SOA_DATA, 3600)]),
    'no-data': lambda i, q, tcp: message(i, q, authority=[record(SOA, SOA_DATA, 3600)]),
    'no-data-no-soa': lambda i, q, tcp: message(i, q),
    'truncated': lambda i, q, tcp: message(i, q, flags=0x8380),
    'truncated-then-tcp': lambda i, q, tcp: message(i, q, aaaa(*BOTH)) if tcp else message(i, q, flags=0x8380),
    'huge': lambda i, q, tcp: message(i, q, aaaa(*['2001:db8:f::%x' % n for n in range(1, 2000)]) + aaaa(*BOTH))
    if tcp else message(i, q, flags=0x8380),
    'cut': lambda i, q, tcp: message(i, q, aaaa(*BOTH))[:-7],
    'empty': lambda i, q, tcp: b'',
    'garbage': lambda i, q, tcp: bytes(range(256)),
    'wrong-id': lambda i, q, tcp: message(i ^ 1, q, aaaa(*BOTH)),
    'wrong-question': lambda i, q, tcp: message(i, name_of('example.lab') + struct.pack('>HH', AAAA, IN), aaaa(*BOTH)),
    'counts': lambda i, q, tcp: struct.pack('>HHHHHH', i, 0x8180, 1, 0xffff, 0xffff, 0xffff) + q + aaaa(GOOD)[0],
    'pointer-loop': lambda i, q, tcp: message(i, q, aaaa(GOOD, owner=b'\xc0\x1e')),
    'cname': lambda i, q, tcp: message(i, q, [record(CNAME, name_of('other.lab'))] + aaaa(*BOTH, owner=name_of('other.lab'))),
    'cname-loop': lambda i, q, tcp: message(i, q, LOOP),
    'a-only': lambda i, q, tcp: message(i, q, [record(A, b'\xc0\0\0\xaa')]),
    'short-aaaa': lambda i, q, tcp: message(i, q, [record(AAAA, b'\x20\x01\x0d\xb8')]),
    'portal': lambda i, q, tcp: message(i, q, aaaa('2001:db8:6::1')),
    'mapped': lambda i, q, tcp: message(i, q, aaaa('::ffff:192.0.0.170', '::ffff:192.0.0.171')),
    'no-prefix': lambda i, q, tcp: message(i, q, aaaa('::192.0.0.170', '::192.0.0.171')),
    'link-local': lambda i, q, tcp: message(i, q, aaaa('fe80::c000:aa', 'fe80::c000:ab')),
    'multicast': lambda i, q, tcp: message(i, q, aaaa('ff0e::c000:aa', 'ff0e::c000:ab')),
    'loopback': lambda i, q, tcp: message(i, q, aaaa('::1')),
    'reserved-octet': lambda i, q, tcp: message(i, q, aaaa('2001:db8:64:1:100::c000:aa')),
    'odd-place': lambda i, q, tcp: message(i, q, aaaa('2001:db8:64::c000:aa00')),
    'twice': lambda i, q, tcp: message(i, q, aaaa('2001:db8:64:c000:aa:0:c000:aa')),
    'ttl-0': lambda i, q, tcp: message(i, q, aaaa(*BOTH, ttl=0)),
    'ttl-for-ever': lambda i, q, tcp: message(i, q, aaaa(*BOTH, ttl=0x7fffffff)),
    'ttl-negative': lambda i, q, tcp: message(i, q, aaaa(*BOTH, ttl=0xffffffff)),
    'many': lambda i, q, tcp: message(i, q, aaaa(*['2001:db8:64:%x::c000:aa' % n for n in range(1, 13)])),
    'one-among-others': lambda i, q, tcp: message(i, q, aaaa('2001:db8:6::1', 'fe80::c000:aa', *BOTH)),
}


def answer(question, tcp):
    ident = struct.unpack('>H', question[:2])[0]
    end = question.index(b'\0', 12) + 5
    name, kind = question[12:end - 4].lower(), struct.unpack('>H', question[end - 4:end - 2])[0]
    if name != name_of('ipv4only.arpa') or kind != AAAA:
        return message(ident, question[12:end], code=3)
    with open(os.environ['LAB_DIR'] + '/hostile', encoding='ascii') as file:
        return WAYS[file.read().strip()](ident, question[12:end], tcp)


datagrams = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
datagrams.bind((sys.argv[1], 53))
listener = socket.socket(socket.AF_INET6)
listener.bind((sys.argv[1], 53))
listener.listen()
print(' '.join(WAYS), flush=True)
while True:
    for ready in select.select([datagrams, listener], [], [])[0]:
        if ready is datagrams:
            data, client = datagrams.recvfrom(4096)
            datagrams.sendto(answer(data, False), client)
            continue
        connection, _ = listener.accept()
        with connection:
            size = struct.unpack('>H', connection.recv(2, socket.MSG_WAITALL))[0]
            reply = answer(connection.recv(size, socket.MSG_WAITALL), True)
            connection.sendall(struct.pack('>H', len(reply)) + reply)
