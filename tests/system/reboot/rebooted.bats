# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The host was rebooted while the machine "before" was running: see ../run.

load ../helper

# The machine of the boot before is gone; its tree is not.
setup_file() {
    story_begin
}

teardown_file() {
    story_end
    guest_remove before
}

@test "berthd is the provider from the start" {
    [ "$(systemctl is-active berthd.service)" = active ]
    [[ "$(systemctl list-jobs)" == "No jobs running." ]]
    machinectl list
}

@test "machines of the boot before are forgotten" {
    refused machine_listed before
    [ -z "$(find /run/systemd/machines /run/berth/machines -mindepth 1)" ]
    [ -z "$(nft list tables)" ]
}

@test "what they logged is still read" {
    id=$(find /var/log/journal -type l -lname "$MACHINES/before/*" -printf '%f')
    journalctl --merge --no-pager "_MACHINE_ID=$id" --grep="said before the reboot" | grep -q said
}

@test "the machine starts again" {
    berthctl start before
    [ "$(systemctl -M before is-active dbus.service)" = active ]
    berthctl terminate before
    eventually refused machine_listed before
    eventually refused unit_active berth@before.service
}
