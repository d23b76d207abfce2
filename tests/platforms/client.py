"""A client that knows IPv4 alone: gethostbyname() and an AF_INET socket. With an argument: in four threads, with select()."""

import select
import socket
import sys
import threading


def wait_for(client, address):
    client.setblocking(False)
    client.connect_ex(address)
    select.select([], [client], [], 10)
    error = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, "connect")
    client.setblocking(True)


def fetch(answers, waits):
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    address = (socket.gethostbyname("v6only.example"), 8000)
    if waits:
        wait_for(client, address)
    else:
        client.connect(address)
    client.sendall(b"GET /word HTTP/1.0\r\n\r\n")
    data = b""
    while more := client.recv(4096):
        data += more
    client.close()
    answers.append(data.endswith(b"served\n"))


answers = []
if len(sys.argv) > 1:
    threads = [threading.Thread(target=fetch, args=(answers, True)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.exit(0 if answers == [True] * 4 else 1)
fetch(answers, False)
sys.exit(0 if answers == [True] else 1)
