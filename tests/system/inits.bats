#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Debian guests whose init is not systemd: sysvinit, OpenRC below sysvinit, and OpenRC's
# own init. Started, rebooted and asked to end by berthctl and by Debian's machinectl.

load helper

TREES=/var/lib/berth-host
NAMES=(old rc new)

setup_file() {
    [ -d $TREES/sysvinit ] || skip "only the container host of bookworm has trees with other inits"
    story_begin
    cp -a $TREES/sysvinit $MACHINES/old
    cp -a $TREES/openrc $MACHINES/rc
    cp -a $TREES/openrc $MACHINES/new
    # What inittab is to the others.
    ln -sf openrc-init $MACHINES/new/sbin/init
    ln -s agetty $MACHINES/new/etc/init.d/agetty.console
    ln -s /etc/init.d/agetty.console $MACHINES/new/etc/runlevels/default/
    berthctl start "${NAMES[@]}"
}

teardown_file() {
    [ -d $TREES/sysvinit ] || return 0
    for name in "${NAMES[@]}" small; do
        ! machine_listed "$name" || berthctl terminate "$name"
        eventually refused unit_active "berth@$name.service"
        guest_remove "$name"
    done
    story_end
}

# What its console has shown since it was last started.
console() {
    sed -n '/: started ---$/h; /: started ---$/!H; ${x;p}' "/var/log/berth/$1.console"
}

console_shows() {
    console "$1" | grep -aq "$2"
}

ended_well() {
    eventually refused machine_listed "$1"
    eventually refused unit_active "berth@$1.service"
    [ "$(systemctl show --property=Result --value "berth@$1.service")" = success ]
    console_shows "$1" ': powered off ---$'
}

@test "they boot, up to a login on the console" {
    for name in "${NAMES[@]}"; do
        eventually console_shows "$name" "$name login:"
        [ "$(berthctl exec "$name" -- cat /proc/1/comm)" = init ]
    done
}

@test "their console is their log, and their own syslog works" {
    for name in "${NAMES[@]}"; do
        berthctl logs --no-pager "$name" 2>/dev/null | grep -aq "$name login:"
        berthctl exec "$name" -- logger said by "$name"
        eventually berthctl exec "$name" -- grep -q "said by $name" /var/log/syslog
    done
}

# The last thing that all of them do is to make it read-only.
@test "the host's file system stays writable" {
    for name in "${NAMES[@]}"; do
        run ! berthctl exec "$name" -- mount -o remount,ro /
    done
    touch $MACHINES/old/written
}

@test "they reboot, under the same name" {
    local -A leader=()

    for name in "${NAMES[@]}"; do
        leader[$name]=$(property "$name" Leader)
    done
    berthctl reboot "${NAMES[@]}"
    for name in "${NAMES[@]}"; do
        eventually has_other_leader "$name" "${leader[$name]}"
        eventually console_shows "$name" "$name login:"
    done
}

has_other_leader() {
    machine_listed "$1" && [ "$(property "$1" Leader)" != "$2" ]
}

@test "asked to power off, or to stop, they shut down in order" {
    machinectl poweroff old
    berthctl poweroff rc
    run -0 berthctl stop --timeout=60 new
    [ "$output" = "Machine 'new' has shut down." ]
    for name in "${NAMES[@]}"; do
        ended_well "$name"
    done
    console_shows old 'Will now halt'
    console_shows rc 'Will now halt'
    console_shows new 'Sending the final term signal'
    touch $MACHINES/old/written
}

@test "busybox's own init is asked in its words, too" {
    busybox_make small
    ln -sf /bin/busybox $MACHINES/small/sbin/init
    printf '%s\n' '::wait:/bin/echo up and running' ::respawn:/bin/cat >$MACHINES/small/etc/inittab
    berthctl start small
    eventually console_shows small 'up and running'
    berthctl poweroff small
    ended_well small
}
