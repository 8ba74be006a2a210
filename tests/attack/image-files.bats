# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Files that berth-run looks into, or runs, of every shape that a file can have. An image that is
# started registers itself, so that berthd looks at them, too.

load image

setup() {
    image_setup
}

teardown() {
    image_teardown
}

# Without --register=no of image_run.
boot() {
    run timeout --signal=KILL 60 berth-run --quiet --directory="$TRAP" --machine=trap --boot </dev/null
    [ "$status" -lt 125 ] && [[ $output != *treasure* ]]
    [ "$status" = 0 ] || [[ $output == *"step "* ]]
}

@test "an os-release of every shape" {
    shaped etc/os-release boot
    printf 'ID=busybox\n' >"$TRAP/usr/lib/os-release"
    shaped etc/os-release boot
}

@test "a machine-id of every shape, which is never told on" {
    id_is_none_of_ours() {
        image_runs cat /run/host/container-uuid
        [[ $output =~ ^[0-9a-f-]{36}$ ]]
    }
    shaped etc/machine-id boot
    shaped etc/machine-id id_is_none_of_ours
}

@test "users and groups of every shape" {
    shaped etc/passwd image_run --uid=web /bin/true
    printf 'web:x:1000:1000::/:/bin/sh\n' >"$TRAP/etc/passwd"
    shaped etc/group image_run --uid=web /bin/true
}

@test "an init of every shape" {
    shaped sbin/init boot
}

@test "a program, and its interpreter, of every shape" {
    shaped program image_run /program
    printf '%s\n' '#!/interpreter' >"$TRAP/program"
    chmod +x "$TRAP/program"
    shaped interpreter image_run /program
}

@test "a clock of every shape" {
    shaped etc/localtime image_runs /bin/true
}
