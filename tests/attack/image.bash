# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# A hostile image, or a hostile payload, and berth-run. What it may do to itself nobody cares
# about: afterwards the host is looked at, which must be as it was.

load helper

# image_setup: a tree with a busybox, a secret of the host's, and a directory outside that paths
# may lead to.
image_setup() {
    busybox_make trap
    rm "$TRAP/sbin/init"
    printf '%s\n' '#!/bin/sh' 'echo init runs' >"$TRAP/sbin/init"
    chmod +x "$TRAP/sbin/init"
    secret=$BATS_TEST_TMPDIR/secret
    outside=$BATS_TEST_TMPDIR/outside
    echo SECRET=treasure >"$secret"
    mkdir "$outside"
    touch "$outside/file"
    program=$(sha256sum "$(command -v berth-run)")
    host_state >"$BATS_TEST_TMPDIR/host"
}

image_teardown() {
    [ -z "${attacker:-}" ] || kill -KILL "$attacker" 2>/dev/null || true
    systemctl stop story-trap.service 2>/dev/null || true
    systemctl reset-failed story-trap.service 2>/dev/null || true
    eventually refused unit_active machine-trap.scope
    eventually refused machine_listed trap
    host_is_as_before
    rm -rf --one-file-system "${TRAP:?}"
    rm -f /var/log/berth/trap.console*
}

# Names, types, modes, owners, sizes and targets of what a guest may want to get at, the mounts,
# and what of the kernel's a way out would be used for first.
host_state() {
    find /etc /dev /usr/bin /usr/sbin /root "$outside" -xdev -printf '%p %y %m %U:%G %s %l\n' | sort
    findmnt --noheadings --list --output TARGET,FSTYPE,OPTIONS | grep -v '/run/credentials/' | sort
    cat /proc/sys/kernel/{hostname,core_pattern,domainname}
    ip -oneline link | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | sort
}

host_is_as_before() {
    [ "$(sha256sum "$(command -v berth-run)")" = "$program" ]
    host_state | diff "$BATS_TEST_TMPDIR/host" -
}

# image_run OPTION|WORD…: starts it and waits for its end. It must come in time, whichever it is, and
# not by a signal; what was said is in $output, how it ended in $status.
image_run() {
    run timeout --signal=KILL 60 berth-run --quiet --directory="$TRAP" --machine=trap --register=no "$@" \
        </dev/null
    if [ "$status" -ge 125 ] || [[ $output == *treasure* ]]; then
        echo "status $status: $output"
        return 1
    fi
}

# image_refused STEP OPTION|WORD…: it is not started, and the step that would not is named.
image_refused() {
    local step=$1
    shift

    image_run "$@"
    if [ "$status" != 1 ] || [[ $output != *"step $step"* ]]; then
        echo "should be refused by step $step; status $status: $output"
        return 1
    fi
}

# image_runs OPTION|WORD…: it is started, and succeeds.
image_runs() {
    image_run "$@"
    [ "$status" = 0 ] || { echo "status $status: $output"; return 1; }
}

# image_service [PROPERTY…] -- OPTION|WORD…: a service of the host's, which the story ends.
image_service() {
    local properties=()

    while [ "$1" != -- ]; do
        properties+=("--property=$1")
        shift
    done
    shift
    systemd-run --quiet --unit=story-trap "${properties[@]}" \
        berth-run --quiet --directory="$TRAP" --machine=trap "$@"
}

# image_python FILE <TEXT: a program in the image, to be run with $usr, the host's /usr.
# shellcheck disable=SC2034 # of those who load this
usr=--bind-ro=/usr
image_python() {
    rm -rf "$TRAP/lib64" "$TRAP/lib"
    ln -s usr/lib64 "$TRAP/lib64"
    ln -s usr/lib "$TRAP/lib"
    { echo '#!/usr/bin/python3 -u'; cat; } >"$TRAP/$1"
    chmod +x "$TRAP/$1"
}

# shaped FILE COMMAND…: runs it once for each shape of FILE, by its name in the image.
shaped() {
    local file=$TRAP/$1 writer shape
    shift

    mkdir -p "${file%/*}"
    for shape in endless pipe flood huge loop out up proc directory socket terminal disk bytes empty; do
        rm -rf "$file"
        writer=
        case $shape in
            endless) mknod "$file" c 1 5 ;;
            pipe) mkfifo "$file" ;;
            flood)
                mkfifo "$file"
                yes "root:x:0:0::/:/bin/sh" >"$file" 2>/dev/null 3>&- &
                writer=$!
                ;;
            huge) truncate --size=1G "$file" ;;
            loop) ln -s "${file##*/}" "$file" ;;
            out) ln -s "$secret" "$file" ;;
            up) ln -s "../../../../../../../..$secret" "$file" ;;
            proc) ln -s "/proc/self/root$secret" "$file" ;;
            directory) mkdir "$file" ;;
            socket)
                python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$file"
                ;;
            terminal) mknod "$file" c 5 0 ;;
            disk) mknod "$file" b 7 0 ;;
            bytes) head --bytes=20000 /dev/urandom >"$file" ;;
            empty) : >"$file" ;;
        esac
        chmod +x "$file" 2>/dev/null || true
        echo "shape $shape"
        "$@"
        if [ -n "$writer" ]; then
            kill -KILL "$writer" 2>/dev/null || true
            wait "$writer" 2>/dev/null || true
        fi
    done
    rm -rf "$file"
}
