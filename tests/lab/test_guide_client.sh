#!/bin/sh
# docs/guide/client.md, as it is printed (guide.sh).
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/guide.sh"

guide_prepare
guide_host client
guide_host server
lab_link client server
lab_on client ip address add 2001:db8::7/64 dev server
lab_on client ip address add 192.0.2.7/24 dev server
lab_on server ip address add 2001:db8::80/64 dev client
lab_on server ip address add 192.0.2.80/24 dev client
lab_on client ip -6 route add default via 2001:db8::80
lab_on client ip route add default via 192.0.2.80
# What is sent to this address vanishes: nobody has the link address.
lab_on client ip neighbour add 2001:db8::dead lladdr 02:00:00:00:00:01 dev server nud permanent
guide_names server 2001:db8::80 'six.example. AAAA 2001:db8::80' 'both.example. AAAA 2001:db8::80' 'both.example. A 192.0.2.80' \
    'half.example. AAAA 2001:db8::dead' 'half.example. A 192.0.2.80'
lab_start server echo /usr/local/bin/select-server-ported 7
cp "$LAB_BUILD/legacy-samples/tcp-client" "$LAB_DIR/host/client/local/oldapp"

guide_run docs/guide/client.md
lab_done
