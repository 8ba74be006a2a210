# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A guest that lies to those who check it, or never answers them: it gets nothing of the
# host's, steers no terminal, and holds nobody up.

load helper

setup() {
    trap_make
}

teardown() {
    trap_remove
}

check_trap() {
    timeout 45 berthctl check --no-pager "$@" >"$BATS_TEST_TMPDIR/said" 2>&1 3>&-
}

# verdict NUMBER
verdict() {
    awk -v item="$1" '$1 == item { print $2 }' "$BATS_TEST_TMPDIR/said"
}

@test "files that are links to the host's, FIFOs and loops" {
    mkdir -p "$TRAP"/run/host "$TRAP"/var/log "$TRAP"/usr/share/zoneinfo
    ln -s "$secret" "$TRAP/run/host/os-release"
    mkfifo "$TRAP/run/host/container-manager" "$TRAP/etc/machine-id"
    ln -s container-uuid "$TRAP/run/host/container-uuid"
    ln -s ../../../../../../run/systemd/notify "$TRAP/run/host/notify"
    ln -s ../../../../../..$secret "$TRAP/etc/localtime"
    ln -s /proc/1/root "$TRAP/run/host/incoming"
    ln -s ../../../../../dev "$TRAP/dev/mapper"
    trap_start
    run -1 check_trap trap
    [ "$(verdict 31)" = fail ]
    [ "$(verdict 30)" = fail ]
    ! grep -q treasure "$BATS_TEST_TMPDIR/said"
    [ "$(cat "$secret")" = SECRET=treasure ]
    check_trap --leader="$leader" || [ $? = 1 ]
}

@test "devices of the host in its console's place are not opened" {
    mknod "$TRAP/dev/console" c 10 130 # a watchdog, which would bite
    mknod "$TRAP/dev/null" b 8 0
    trap_start
    run -1 check_trap trap
    [ "$(verdict 5)" = fail ]
    [ "$(verdict 6)" = fail ]
    [ "$(verdict 44)" = fail ]
    grep -q '/dev/console is device 10:130' "$BATS_TEST_TMPDIR/said"
}

@test "an environment that would steer the terminal" {
    container=$'\e]0;mine\a\e[2J' NOTIFY_SOCKET=$'/x\r\ny' container_uuid=$'\x9b31m' trap_start
    run -1 check_trap trap
    grep -q '^13  *fail .*container=?' "$BATS_TEST_TMPDIR/said"
    ! grep -q $'[\x01-\x08\x0b-\x1f\x7f]' "$BATS_TEST_TMPDIR/said"
}

@test "more entries in its /dev than anybody wants to look at" {
    trap_start
    python3 -c "
import os, sys
for i in range(20000):
    os.mkdir(f'{sys.argv[1]}/dev/x{i}')" "$TRAP"
    run -1 check_trap trap
    [ "$(verdict 43)" = unknown ]
}

@test "a file system that never answers" {
    mkdir -p "$TRAP"/run/host
    trap_start
    attack hang.py "$leader" /run
    begin=$SECONDS
    run -1 check_trap trap
    [ $((SECONDS - begin)) -le 20 ]
    grep -q 'took too long' "$BATS_TEST_TMPDIR/said"
    [ "$(verdict 40)" = pass ]
    [ "$(grep -cE '^[0-9]+ +(pass|fail|unknown|not-applicable) ' "$BATS_TEST_TMPDIR/said")" = 51 ]
    ! pgrep --parent 1 --exact berthctl
}

@test "a control group that stands still" {
    trap_start
    busctl --system call org.freedesktop.machine1 \
        /org/freedesktop/machine1/machine/trap org.berth.Machine1 Freeze
    begin=$SECONDS
    run -1 check_trap trap
    [ $((SECONDS - begin)) -le 20 ]
    [ "$(verdict 7)" = unknown ]
    ! pgrep --parent 1 --exact berthctl
    berthctl thaw trap
}
