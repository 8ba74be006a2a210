# SPDX-License-Identifier: LGPL-2.1-or-later
#
# berth-run in its unit, registered, killed or failing at each step of a start and of a stop: the unit
# says which step, nothing is left, and the name is free. (tests/root/test-faults.py tells it of
# berth-run alone.)

load helper

NAME=faulty
UNIT=berth@$NAME.service
DROP_IN=/run/systemd/system/$UNIT.d/fault.conf

setup_file() {
    story_begin
    mkdir -p "${DROP_IN%/*}"
    printf '[Unit]\nStartLimitIntervalSec=0\n[Service]\nPassEnvironment=BERTH_FAULT\n' >"$DROP_IN"
    systemctl daemon-reload
    busybox_make $NAME
}

teardown_file() {
    systemctl unset-environment BERTH_FAULT
    rm -rf "${DROP_IN%/*}"
    systemctl daemon-reload
    guest_remove $NAME
    rm -f /var/log/berth/$NAME.console*
    story_end
}

setup() {
    needs "a build with fault points" sh -c 'berth-run --version | grep -q "fault points"'
    fault ''

    # The link to its journal stays, as long as it may start again.
    systemctl start $UNIT
    systemctl stop $UNIT
    eventually refused machine_listed $NAME
    left_behind >"$BATS_TEST_TMPDIR/before"
}

teardown() {
    fault ''
    systemctl kill --signal=KILL $UNIT 2>/dev/null || true # it may stand still
    systemctl stop $UNIT
    systemctl reset-failed $UNIT 2>/dev/null || true
}

# fault WHERE: what BERTH_FAULT of the unit shall be.
fault() {
    systemctl set-environment "BERTH_FAULT=$1"
}

# steps: those that the unit's own command line takes.
steps() {
    local words

    words=$(systemctl show $UNIT --property=ExecStart --value | sed 's/.*argv\[\]=\([^;]*\) ;.*/\1/')
    # shellcheck disable=SC2086 # one word, one argument
    $words --explain | grep -v '^#' | cut -d' ' -f1
}

nothing_left() {
    left_behind >"$BATS_TEST_TMPDIR/now"
    cmp --silent "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/now"
}

# clean STEP: says what is left, if anything is.
clean() {
    systemctl reset-failed $UNIT 2>/dev/null || true
    eventually nothing_left || {
        echo "after step $1 (< before, > now):"
        diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/now"
        return 1
    }
}

works() {
    fault ''
    systemctl start $UNIT
    machine_listed $NAME
    systemctl stop $UNIT
    clean "$1"
}

@test "each step that fails is told, and leaves nothing" {
    local step cursor
    for step in $(steps); do
        fault "start:$step=5"
        cursor=$(journalctl --quiet --lines=0 --show-cursor | sed -n 's/^-- cursor: //p')
        run ! systemctl start $UNIT
        journalctl --sync
        journalctl --unit=$UNIT --after-cursor="$cursor" --output=cat |
            grep -E "Cannot start '$NAME': step $step( \(.*\))?: Input/output error"
        clean "$step"
    done
    works "$step"
}

@test "killed at any step, the next start works" {
    local step
    for step in $(steps); do
        fault "start:$step"
        systemctl start $UNIT || true
        systemctl stop $UNIT
        clean "$step"
    done
    works "$step"
}

@test "killed at any step of a stop, the next start works" {
    local where
    for where in stop:request stop:end undo:cgroup undo:devices undo:net-veth undo:register undo:users; do
        fault "$where"
        systemctl start $UNIT
        machine_listed $NAME
        systemctl stop $UNIT || true
        clean "$where"
    done
    works "$where"
}

waits_at_fault() {
    local id

    id=$(systemctl show --property=InvocationID --value $UNIT)
    journalctl --quiet --output=cat "_SYSTEMD_INVOCATION_ID=${id:-none}" | grep -qx waiting
}

# Who found it before would join its leader on the host.
@test "a machine is found when its leader is in its own tree, and not before" {
    local leader

    fault start:pivot=wait
    systemctl start --no-block $UNIT
    eventually waits_at_fault
    run ! machine_listed $NAME
    systemctl kill --signal=KILL $UNIT # asked, it would end when its leader goes on
    clean pivot

    fault start:cgroup-namespace=wait
    systemctl start --no-block $UNIT
    eventually machine_listed $NAME
    leader=$(property $NAME Leader)
    [ "$(stat -Lc %d:%i "/proc/$leader/root")" = "$(stat -c %d:%i "$MACHINES/$NAME")" ]

    # Its leader has all privileges still, and who enters would keep them.
    run -125 berthctl exec $NAME true
    [[ "$output" == *"only starting"* ]]
    systemctl kill --signal=KILL $UNIT
    clean cgroup-namespace
    works
}
