# SPDX-License-Identifier: LGPL-2.1-or-later
#
# AppArmor, which Debian's kernel has, and container hosts have not. (SELinux wants a boot of its own:
# selinux/contexts.bats.) A profile that needs no
# compiler is the one that each policy namespace begins with.

load helper

NAME=labelled
NAMESPACES=/sys/kernel/security/apparmor/policy/namespaces

setup_file() {
    story_begin
    busybox_make $NAME
}

teardown_file() {
    guest_remove $NAME
    story_end
}

setup() {
    needs_qemu "a kernel with AppArmor"
    mkdir $NAMESPACES/story
}

teardown() {
    systemctl stop story-$NAME.service 2>/dev/null || true
    systemctl reset-failed story-$NAME.service 2>/dev/null || true
    eventually refused machine_listed $NAME
    [ ! -e $NAMESPACES/story ] || rmdir $NAMESPACES/story
}

start_with() {
    systemd-run --quiet --unit=story-$NAME berth-run --quiet --directory=$MACHINES/$NAME --machine=$NAME \
        --apparmor-profile="$1" sleep infinity
    eventually machine_listed $NAME
}

# has_profile PROFILE: as the host sees it.
has_profile() {
    [ "$(cat "/proc/$(property $NAME Leader)/attr/apparmor/current")" = "$1" ]
}

@test "a machine has the AppArmor profile that it was given, and so has what is executed in it" {
    start_with :story:unconfined
    eventually has_profile :story:unconfined
    berthctl exec --detach $NAME -- sleep 1000
    [ "$(cat "/proc/$(pgrep --full --exact 'sleep 1000')/attr/apparmor/current")" = :story:unconfined ]
}

@test "a machine without one has none" {
    start_with unconfined
    eventually has_profile unconfined
    berthctl exec --detach $NAME -- sleep 1000
    [ "$(cat "/proc/$(pgrep --full --exact 'sleep 1000')/attr/apparmor/current")" = unconfined ]
}

@test "a profile that was not set ends the start" {
    needs "a build with fault points" sh -c 'berth-run --version | grep -q "fault points"'
    BERTH_FAULT=start:label=skip run -1 berth-run --quiet --register=no --directory=$MACHINES/$NAME \
        --machine=$NAME --apparmor-profile=:story:unconfined true
    [[ "$output" == *"step verify-privileges (the AppArmor profile is not :story:unconfined)"* ]]
}

@test "a profile that is not there is an error" {
    run -1 berth-run --quiet --register=no --directory=$MACHINES/$NAME --machine=$NAME \
        --apparmor-profile=no-such-profile true
    [[ "$output" == *"step label (no-such-profile): No such file or directory"* ]]
}
