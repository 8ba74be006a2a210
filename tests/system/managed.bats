#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Machines with users that systemd-nsresourced lends. That wants a newer kernel than the hosts have
# otherwise: tests/host/run --backend=qemu --suite=trixie|forky --kernel=forky system/run managed.bats

load helper

NAME=lent
SMALL=lent-small
REGISTRY=/run/systemd/nsresource/registry

lends() {
    [ "$BERTH_HOST_KERNEL" = forky ]
}

version() {
    systemctl --version | sed -n 's/^systemd \([0-9]*\).*/\1/p'
}

# 262 lets nobody make control groups, in nspawn's machines neither: no systemd boots there.
boots() {
    [ "$(version)" -lt 262 ]
}

setup_file() {
    if lends; then
        systemctl start systemd-nsresourced.socket systemd-mountfsd.socket systemd-nsresourced.service
    fi
    story_begin
    if lends; then
        busybox_make $SMALL
        unit_adds $SMALL --private-users=managed
        systemctl start berth@$SMALL.service
    fi
}

teardown_file() {
    if lends; then
        systemctl stop berth@$SMALL.service
        eventually refused machine_listed $SMALL
        unit_plain $SMALL
        guest_remove $SMALL
    fi
    story_end
}

setup() {
    lends || skip "needs a kernel with what systemd-nsresourced loads into it: --kernel=forky"
}

first_of() {
    awk '$1 == 0 { print $2 }' "/proc/$(property "$1" Leader)/uid_map"
}

@test "users are lent, by their right name" {
    grep -q "\"start\":$(first_of $SMALL)\b" $REGISTRY/n$SMALL-*.userns
    [ "$(awk '{ print $3 }' "/proc/$(property $SMALL Leader)/gid_map")" = 65536 ]
    [ "$(stat -c %U "/proc/$(property $SMALL Leader)")" = vu-$SMALL-0 ]
    [ "$(manager GetMachineUIDShift s $SMALL)" = "u $(first_of $SMALL)" ]
}

@test "programs run as these, and files on the disk are nobody's but root's" {
    [ "$(berthctl exec $SMALL -- id -u)" = 0 ]
    berthctl exec $SMALL -- mkdir /etc/made /run/made /tmp/made /dev/made /run/host/unix-export/made
    [ "$(stat -c %u "$MACHINES/$SMALL"/etc/made)" = 0 ]
    berthctl exec $SMALL -- sh -c 'echo x >/dev/null && head -c1 /dev/zero >/tmp/zero'
    berthctl copy-to $SMALL /etc/hostname /etc/hostname
    [ "$(stat -c %u "$MACHINES/$SMALL"/etc/hostname)" = 0 ]
}

@test "no file stays that is theirs" {
    boots && skip "systemd-nsresourced $(version) looks at the mount only"
    mkdir -m 777 "$MACHINES/shared"
    run ! systemd-run --quiet --pipe --wait --collect --setenv=SYSTEMD_NSPAWN_LOCK=0 \
        berth-run -q -D "$MACHINES/$SMALL" -M other \
        --register=no --private-users=managed --private-network --bind=$MACHINES/shared:/tmp/shared \
        mkdir /tmp/shared/made
    [[ "$output" == *"Operation not permitted"* ]]
    rmdir $MACHINES/shared
}

@test "changes that are thrown away are made" {
    for option in --ephemeral --volatile=overlay; do
        systemd-run --quiet --pipe --wait --collect --setenv=SYSTEMD_NSPAWN_LOCK=0 \
            berth-run -q -D "$MACHINES/$SMALL" -M other \
            --register=no --private-users=managed --private-network $option \
            sh -c 'mkdir /etc/new && echo x >/etc/passwd && rm -r /var && ! test -e /var'
        [ ! -e "$MACHINES/$SMALL"/etc/new ]
        [ -e "$MACHINES/$SMALL"/var ]
    done
}

# What is inside of the machine asks the host's service, and is given users of those.
@test "ranges for machines inside are lent on" {
    boots && skip "systemd-nsresourced $(version) delegates none"
    cp -a "$GUEST" $MACHINES/$NAME
    systemd-run --quiet --pipe --wait --collect berth-run -q -D $MACHINES/$NAME -M $NAME --register=no \
        --private-users=managed --private-users-delegate=2 --private-network sh -ec '
            cat /proc/self/uid_map
            unshare --user sleep infinity & users=$!
            until [ "$(readlink /proc/$users/ns/user)" != "$(readlink /proc/self/ns/user)" ]; do :; done
            varlinkctl call --push-fd=/proc/$users/ns/user /run/host/io.systemd.NamespaceResource \
                io.systemd.NamespaceResource.AllocateUserRange \
                "{\"name\":\"inner\",\"size\":65536,\"userNamespaceFileDescriptor\":0}" >/dev/null
            cat /proc/$users/uid_map' >"$BATS_TEST_TMPDIR/maps"
    guest_remove $NAME
    [ "$(wc -l <"$BATS_TEST_TMPDIR/maps")" = 4 ]
    # The fourth line is one of the second and third.
    inner=$(awk 'NR == 4 && $1 == 0 && $3 == 65536 { print $2 }' "$BATS_TEST_TMPDIR/maps")
    awk 'NR == 2 || NR == 3 { print $2 }' "$BATS_TEST_TMPDIR/maps" | grep -qx "$inner"
}

@test "Debian boots, whole, or it is said why not" {
    guest_make $NAME
    if ! boots; then
        run ! systemd-run --quiet --pipe --wait --collect berth-run -q -D $MACHINES/$NAME -M $NAME \
            --register=no --private-users=managed --private-network --boot
        guest_remove $NAME
        [[ "$output" == *"no control groups can be made"* ]]
        return
    fi
    unit_adds $NAME --private-users=managed
    systemctl start berth@$NAME.service
    [ "$(systemctl --machine=$NAME is-system-running --wait)" = running ]
    [ -z "$(systemctl --machine=$NAME --failed --plain --no-legend)" ]
    [ "$(first_of $NAME)" != "$(first_of $SMALL)" ]
    systemctl stop berth@$NAME.service
    eventually refused machine_listed $NAME
    unit_plain $NAME
    guest_remove $NAME
}

@test "with its machine, what was lent is back" {
    systemctl restart berth@$SMALL.service
    eventually one_is_lent
}

one_is_lent() {
    [ "$(find $REGISTRY -name 'n*.userns' | wc -l)" = 1 ]
}
