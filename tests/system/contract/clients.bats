# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Programs that speak to machine1 through other libraries than systemd's own.

load ../helper

shares_nspawn served PrivateUsers=no

@test "dbus-python calls every method, and hears of machines that come and go" {
    python3 contract/clients.py dbus served
}

@test "GLib calls every method, and hears of machines that come and go" {
    python3 contract/clients.py gdbus served
}
