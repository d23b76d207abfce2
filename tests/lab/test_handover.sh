#!/bin/sh
# Servers that hand their sockets to another program: live upgrades, workers that are sent a socket, socket activation.
# The other program speaks IPv6 itself, mostly; of an AF_INET socket it is shown what it would be shown bare.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/topology.sh"
. "$LAB_SOURCE/servers.sh"
lab_need_library
command -v python3 >/dev/null || lab_skip_all "python3 is not installed"
lab_topology

lab_on server env V6SHIM_STATE_DIR="$state" "$LAB_BUILD/v6shim" alias --add $client6 >"$LAB_DIR/alias"
# from NAME PORT REQUEST: the server says "from ADDRESS", to a client of either family.
from() {
    contains "$1: an IPv4 peer" "from $client4." "$(ask $server4 "$2" "$3")."
    contains "$1: an IPv6 peer" "from $client6." "$(ask $server6 "$2" "$3" | decode)."
}
http='GET / HTTP/1.0\r\n\r\n'
gone() { ! grep -q '^State:.[^ZX]' "/proc/$1/status" 2>/dev/null; }
# replaced FILE PID: another process's number is in the file.
replaced() { [ -s "$1" ] && [ "$(cat "$1")" != "$2" ]; }
# upgrade NAME FILE SIGNAL: a live upgrade of the process in the pid file; the old one is told to go by that signal.
upgrade() {
    upgrade_old=$(cat "$2")
    kill -USR2 "$upgrade_old"
    if ! lab_until replaced "$2" "$upgrade_old" && ! lab_until test -s "$2.2"; then
        not_ok "$1: the new program starts" "$(tail -n 5 "$LAB_DIR/log/$1")"
        return
    fi
    kill -"$3" "$upgrade_old"
    check "$1: the old program ends" lab_within 10 gone "$upgrade_old"
}

# ---- nginx: the new program knows its listener by its address (NGINX=6; in the environment)

if have nginx; then
    cat >"$LAB_DIR/nginx.conf" <<END
pid $LAB_DIR/nginx.pid; error_log $LAB_DIR/log/nginx; worker_processes 1; user root;
env V6SHIM_STATE_DIR; env LD_PRELOAD; env ASAN_OPTIONS;
events {}
http { access_log off; server { listen 2300; location / { return 200 "from \$remote_addr."; } } }
END
    : >"$LAB_DIR/log/nginx"
    lab_on server env V6SHIM_STATE_DIR="$state" LD_PRELOAD="$LAB_PRELOAD" "$(command -v nginx)" -c "$LAB_DIR/nginx.conf" \
        >>"$LAB_DIR/log/nginx" 2>&1
    lab_until test -s "$LAB_DIR/nginx.pid"
    from "nginx" 2300 "$http"
    upgrade nginx "$LAB_DIR/nginx.pid" QUIT
    lacks "nginx: finds its listener" "in use" "$(cat "$LAB_DIR/log/nginx")"
    from "nginx, upgraded" 2300 "$http"
    kill "$(cat "$LAB_DIR/nginx.pid")"
else
    skip nginx "not installed"
fi

# ---- gunicorn: Python takes the family and the address from the socket

if have gunicorn; then
    cat >"$LAB_DIR/shown.py" <<'END'
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [("from %s." % environ["REMOTE_ADDR"]).encode()]
END
    lab_start server gunicorn env V6SHIM_STATE_DIR="$state" LD_PRELOAD="$LAB_PRELOAD" \
        gunicorn --chdir "$LAB_DIR" --bind 0.0.0.0:2310 --workers 1 --pid "$LAB_DIR/gunicorn.pid" shown:app
    lab_within 20 listens 2310
    lab_within 20 test -s "$LAB_DIR/gunicorn.pid"
    from "gunicorn" 2310 "$http"
    upgrade gunicorn "$LAB_DIR/gunicorn.pid" TERM
    lacks "gunicorn: finds its listener" "in use" "$(cat "$LAB_DIR/log/gunicorn")"
    lab_within 20 sh -c 'kill -0 "$(cat "$0")"' "$LAB_DIR/gunicorn.pid"
    from "gunicorn, upgraded" 2310 "$http"
    kill "$(cat "$LAB_DIR/gunicorn.pid")"
else
    skip gunicorn "not installed"
fi

# ---- node's cluster: the first process binds, the workers are sent the sockets

if have node; then
    cat >"$LAB_DIR/cluster.js" <<'END'
const cluster = require('cluster'), net = require('net'), dgram = require('dgram');
cluster.schedulingPolicy = cluster.SCHED_NONE;
if (cluster.isMaster) {
    cluster.fork();
} else {
    net.createServer(s => s.end('from ' + s.remoteAddress + '.')).listen(2320, '0.0.0.0');
    const u = dgram.createSocket('udp4');
    u.on('message', (m, peer) => u.send('from ' + peer.address + '.', peer.port, peer.address));
    u.bind(2321, '0.0.0.0');
}
END
    lab_start server node env V6SHIM_STATE_DIR="$state" LD_PRELOAD="$LAB_PRELOAD" node "$LAB_DIR/cluster.js"
    lab_within 20 listens 2320
    lab_within 20 listens 2321
    from "node's cluster" 2320 ''
    contains "node's cluster: an IPv4 peer of UDP" "from $client4." "$(ask_datagram $server4 2321 x)"
    contains "node's cluster: an IPv6 peer of UDP" "from $client6." "$(ask_datagram $server6 2321 x | decode)"
    stop
else
    skip node "not installed"
fi

# ---- Socket activation, by a program that has the library too

if have systemd-socket-activate; then
    cat >"$LAB_DIR/activated.py" <<'END'
import socket
listener = socket.socket(fileno=3)
print("listening", listener.family, listener.getsockname(), flush=True)
while True:
    connection, peer = listener.accept()
    connection.sendall(("from %s." % peer[0]).encode())
    connection.close()
END
    lab_start server activated env V6SHIM_STATE_DIR="$state" LD_PRELOAD="$LAB_PRELOAD" \
        systemd-socket-activate -l 0.0.0.0:2330 -E LD_PRELOAD -E V6SHIM_STATE_DIR -E ASAN_OPTIONS \
        python3 "$LAB_DIR/activated.py"
    lab_until listens 2330
    from "a program activated by systemd" 2330 ''
    contains "a program activated by systemd: its listener" "('0.0.0.0', 2330)" "$(cat "$LAB_DIR/log/activated")"
    stop
else
    skip systemd-socket-activate "not installed"
fi

lab_done
