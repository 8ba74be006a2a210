# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Files that berth-run looks into, or runs, of every shape that a file can have. An image that is
# started registers itself, so that berthd looks at them, too.

load image

setup() {
    image_setup
}

teardown() {
    if [ -e "$BATS_TEST_TMPDIR/etc" ]; then
        rm -rf /run/berth-story
        cp -a --remove-destination "$BATS_TEST_TMPDIR/etc/." /etc
    fi
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

# Relative, as systemd's are; what they lead to, an image may have, too, and link out of itself from there.
@test "files of the host that are links are the host's" {
    mkdir -p "$BATS_TEST_TMPDIR/etc" /run/berth-story "$TRAP/run/berth-story" \
        "$TRAP"/{share,usr/share}/zoneinfo/Etc
    cp -a /etc/resolv.conf /etc/localtime "$BATS_TEST_TMPDIR/etc"
    ln -sf ../run/berth-story/resolv.conf /etc/resolv.conf
    ln -sf ../usr/share/zoneinfo/Etc/UTC /etc/localtime
    echo nameserver 192.0.2.1 >/run/berth-story/resolv.conf
    ln -s "$secret" "$TRAP/run/berth-story/resolv.conf"
    ln -s "$secret" "$TRAP/share/zoneinfo/Etc/UTC"
    ln -s "$secret" "$TRAP/usr/share/zoneinfo/Etc/UTC"

    for users in no pick; do
        for mode in copy replace bind; do
            image_runs --private-users=$users --resolv-conf=$mode-host cat /etc/resolv.conf
            [ "$output" = "nameserver 192.0.2.1" ]
        done
        for mode in copy bind; do
            image_runs --private-users=$users --timezone=$mode head -c 4 /etc/localtime
            [ "$output" = TZif ]
        done
    done
}
