# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Fifty machines were enabled before the host was rebooted: see ../run.

load ../helper

no_machine_left() {
    [ -z "$(systemctl list-units --plain --no-legend 'berth@*')" ]
}

# Nothing of it is left for the stories that follow.
teardown_file() {
    local enabled
    enabled=$(ls /etc/berth/autostart)

    # shellcheck disable=SC2086 # one name, one argument
    berthctl disable $enabled
    # shellcheck disable=SC2086
    run berthctl terminate $enabled # one that did not come up is not there
    eventually no_machine_left
    systemctl stop berth-autostart.service
    sed -i '/^overlay /d' /etc/fstab
    systemctl daemon-reload
    umount "$MACHINES"/big-*
    for name in $enabled; do
        guest_remove "$name"
    done
    rm -rf --one-file-system /var/lib/big-* /etc/berth/autostart
}

@test "fifty machines that are enabled all come up, and none times out" {
    systemctl start berth-autostart.service # waits for the one that the boot has begun
    [ "$(systemctl show -P Result berth-autostart.service)" = success ]
    [ "$(machinectl list --no-legend | grep -c -E '^(small|big)-')" = 50 ]
    [ -z "$(systemctl list-units --failed --plain --no-legend 'berth@*')" ]
    for i in {1..8}; do
        [ "$(systemctl -M "big-$i" is-active dbus.service)" = active ]
    done
}
