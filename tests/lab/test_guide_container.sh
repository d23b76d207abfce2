#!/bin/sh
# docs/guide/container.md: what needs no engine of containers is run as it is printed (guide.sh), in a directory as a root.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/guide.sh"

guide_prepare
guide_host host
guide_host client
lab_link host client
lab_on host ip address add 2001:db8::80/64 dev client
lab_on client ip address add 2001:db8::7/64 dev host

# The image: the program, a shell, and the libraries that they need.
image=$LAB_DIR/host/host/srv/old
mkdir -p "$image/usr/local/bin" "$image/bin" "$image/etc"
lab_on host mount --bind "$LAB_DIR/host/host/srv" /srv
cp "$LAB_BUILD/legacy-samples/select-server" "$image/usr/local/bin/oldd"
cp /bin/sh "$image/bin/"
for library in $(ldd /bin/sh "$image/usr/local/bin/oldd" | grep -o '/[^ :]*\.so[^ ]*' | sort -u); do
    mkdir -p "$image/$(dirname "$library")"
    cp -L "$library" "$image/$library"
done
cp "$LAB_LIBRARY" "$LAB_DIR/host/host/home/libv6shim.so"

guide_run docs/guide/container.md
lab_done
