#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asks for many copies to a machine, all of them at once.

usage: many-copies.py COUNT MACHINE SOURCE DESTINATION

Prints how many were done, and how many were refused with which error. The
destinations are DESTINATION and a number.
"""

import collections
import sys

from gi.repository import Gio, GLib

count, machine, source, destination = int(sys.argv[1]), *sys.argv[2:]
# The bus lets a peer wait for so many answers only.
PER_PEER = 100
address = Gio.dbus_address_get_for_bus_sync(Gio.BusType.SYSTEM)
flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
peers = [Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
         for _ in range(-(-count // PER_PEER))]
results = collections.Counter()
loop = GLib.MainLoop()


def done(connection, result):
    try:
        connection.call_finish(result)
        results["done"] += 1
    except GLib.Error as e:
        results[Gio.dbus_error_get_remote_error(e) or str(e)] += 1
    if sum(results.values()) == count:
        loop.quit()


manager = ("org.freedesktop.machine1", "/org/freedesktop/machine1", "org.freedesktop.machine1.Manager")
for i in range(count):
    arguments = GLib.Variant("(sss)", (machine, source, f"{destination}{i}"))
    peers[i % len(peers)].call(*manager, "CopyToMachine", arguments, None, Gio.DBusCallFlags.NONE, 120000,
                               None, done)
loop.run()
for what in sorted(results):
    print(what, results[what])
