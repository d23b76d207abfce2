#!/bin/sh
# The r-commands over a network: the samples' client and server, and Debian's netkit rsh as root, against a host that is
# called over IPv6 alone; whom .rhosts lets in.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/topology.sh"
. "$LAB_SOURCE/servers.sh"
lab_need_library
command -v python3 >/dev/null || lab_skip_all "python3 is not installed"
have inetd || lab_skip_all "openbsd-inetd is not installed"
samples=$LAB_BUILD/legacy-samples
[ -x "$samples/remote-server" ] || lab_skip_all "$samples/remote-server has not been built"
lab_topology
home=$LAB_DIR/home peers=$LAB_DIR/log/peers
mkdir -p "$home"
rm -f "$LAB_DIR/host/server/etc/passwd"
{
    cat /etc/passwd
    echo "guest:x:0:0::$home:/bin/sh"
} >"$LAB_DIR/host/server/etc/passwd"
printf '%s client.example\n' $client4 $client6 >>"$LAB_DIR/host/server/etc/hosts"
printf '%s far.example\n' $server6 >>"$LAB_DIR/host/client/etc/hosts"
printf '%s both.example\n' $server4 $server6 >>"$LAB_DIR/host/client/etc/hosts"

# The server of old under the shim; its twin, where nothing is between.
cat >"$LAB_DIR/inetd.conf" <<END
514 stream tcp6 nowait root $samples/remote-server remote-server -l $peers
2514 stream tcp4 nowait root $samples/remote-server remote-server -l $peers
3514 stream tcp6 nowait root $samples/remote-server-ported remote-server -l $peers
END
trust() {
    printf '%s\n' "$@" >"$home/.rhosts"
    chmod 600 "$home/.rhosts"
}
serve inetd 514 inetd -d "$LAB_DIR/inetd.conf"
command='echo said; echo complained >&2'
client() { lab_on client timeout 20 "$samples/$1" -l guest "$2" "$3" "$command" 2>&1 </dev/null | sort | tr '\n' ' '; }
under() { lab_preload client timeout 20 "$samples/$1" -l guest "$2" "$3" "$command" 2>&1 </dev/null | sort | tr '\n' ' '; }

trust "client.example root"
same "twin to twin" "complained said " "$(client remote-client-ported far.example 3514)"
same "the old client, bare, can't" "far.example: Unknown host " "$(client remote-client far.example 3514)"
same "the old client to the twin" "complained said " "$(under remote-client far.example 3514)"
same "the twin to the old server" "complained said " "$(client remote-client-ported far.example 514)"
same "the old client to the old server" "complained said " "$(under remote-client far.example 514)"
same "the old client by an address that is typed" "complained said " "$(under remote-client $server6 514)"
same "over IPv4" "complained said " "$(under remote-client both.example 2514)"
same "the old server has seen whom it saw" "$client6: root as guest: '$command'" "$(decode <"$peers" | sed -n 3p)"
contains "and over IPv4" "$client4: root" "$(cat "$peers")"

trust "somebody.example root"
same "nobody else is let in" "remote-server: permission denied. " "$(under remote-client far.example 514)"
trust "client.example somebody"
same "nor another user" "remote-server: permission denied. " "$(under remote-client far.example 514)"
trust "$client6 root"
same "by an address of IPv6" "complained said " "$(under remote-client far.example 514)"

if have netkit-rsh; then
    rsh() { # LIBRARY HOST
        lab_on client env V6SHIM_STATE_DIR="$LAB_DIR/state/client" LD_PRELOAD="$1" timeout 20 netkit-rsh -l guest "$2" \
            "$command" 2>&1 </dev/null | sort | tr '\n' ' '
    }
    same "netkit rsh, under the shim" "complained said " "$(rsh "$LAB_PRELOAD" far.example)"
    same "netkit rsh, as bare" "$(rsh '' far.example)" "$(rsh "$LAB_PRELOAD" far.example)"
    same "netkit rsh to a host with both" "$(rsh '' both.example)" "$(rsh "$LAB_PRELOAD" both.example)"
else
    skip "netkit rsh" "rsh-client is not installed"
fi
stop

# In a range of the administrator's own.
export V6SHIM_ALIAS_MAP='2001:db8:1::/64 = 10.6.0.0/16'
serve inetd 514 inetd -d "$LAB_DIR/inetd.conf"
address=$(lab_on server env V6SHIM_STATE_DIR="$state" "$LAB_BUILD/v6shim" alias --add $client6 | cut -d' ' -f1)
contains "a mapped client" "10.6." "$address"
trust "$address root"
same "let in by its address in the range" "complained said " "$(client remote-client-ported far.example 514)"
trust "client.example root"
same "let in by its name" "complained said " "$(client remote-client-ported far.example 514)"
trust "-client.example" "+ +"
same "denied by its name" "remote-server: permission denied. " "$(client remote-client-ported far.example 514)"
stop
lab_done
