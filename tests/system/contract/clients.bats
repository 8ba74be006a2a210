# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Programs that speak to machine1 through other libraries than systemd's own.

load ../helper

setup_file() {
    story_begin
    mkdir -p /etc/systemd/nspawn
    printf '[Exec]\nPrivateUsers=no\n' >/etc/systemd/nspawn/served.nspawn
    nspawn_start served
}

teardown_file() {
    nspawn_stop served
    rm -f /etc/systemd/nspawn/served.nspawn
    story_end
}

@test "dbus-python calls every method, and hears of machines that come and go" {
    python3 contract/clients.py dbus served
}

@test "GLib calls every method, and hears of machines that come and go" {
    python3 contract/clients.py gdbus served
}
