# tests/lab/servers.sh: what tests of servers share, for scripts that have sourced lib.sh and topology.sh and made the
# network: a server on the host "server", under the shim, and clients on "client" that speak both families themselves.
#
# shellcheck shell=sh

server4=198.51.100.2 server6=2001:db8:2::2 client4=192.0.2.2 client6=2001:db8:1::2
state=$LAB_DIR/state/server
have() { command -v "$1" >/dev/null; }
# In a user namespace of somebody who is not root there is nobody else that a daemon could become.
other_users() { [ "$(awk '{ n += $3 } END { print (n > 65534) }' /proc/self/uid_map)" = 1 ]; }

# ask ADDRESS PORT [TEXT]: what the server says to a client.
cat >"$LAB_DIR/ask.py" <<'END'
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)
s.settimeout(5)
if len(sys.argv) > 3:
    s.sendall(sys.argv[3].encode().decode("unicode_escape").encode())
s.shutdown(socket.SHUT_WR)
got = b""
try:
    while True:
        piece = s.recv(4096)
        if not piece:
            break
        got += piece
except OSError as error:
    got += b" (%s)" % str(error).encode()
sys.stdout.write(got.decode(errors="replace"))
END
ask() { lab_on client timeout 10 python3 "$LAB_DIR/ask.py" "$@" 2>&1; }
# ask_datagram ADDRESS PORT TEXT
ask_datagram() {
    lab_on client timeout 10 python3 -c '
import socket, sys
info = socket.getaddrinfo(sys.argv[1], int(sys.argv[2]), type=socket.SOCK_DGRAM)[0]
s = socket.socket(info[0], socket.SOCK_DGRAM); s.settimeout(3); s.sendto(sys.argv[3].encode(), info[4])
print(s.recvfrom(4096)[0].decode())' "$@" 2>&1
}
decode() { lab_on server env V6SHIM_STATE_DIR="$state" "$LAB_BUILD/v6shim" decode; }
listens() { lab_on server ss -lntu | grep -q ":$1 "; }
# serve NAME PORT COMMAND...
serve() {
    serve_name=$1 serve_port=$2
    shift 2
    lab_start server "$serve_name" env V6SHIM_STATE_DIR="$state" LD_PRELOAD="$LAB_PRELOAD" "$@"
    lab_until listens "$serve_port" || not_ok "$serve_name listens" "$(tail -n 3 "$LAB_DIR/log/$serve_name")"
}
stop() { kill "$lab_pid" 2>/dev/null; wait "$lab_pid" 2>/dev/null; }
