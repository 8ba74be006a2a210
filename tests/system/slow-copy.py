#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asks for a copy to a machine, hears how far it is, and gives it up.

usage: slow-copy.py MACHINE SOURCE DESTINATION

Prints how the copy has ended, once it was told of progress and has given it up.
Somebody else, who asks to give it up as well, is told that there is no such copy.
"""

import sys

from gi.repository import Gio, GLib

BERTH = ("org.freedesktop.machine1", "/org/freedesktop/machine1", "org.berth.Manager1")
address = Gio.dbus_address_get_for_bus_sync(Gio.BusType.SYSTEM)
flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
mine, theirs = (Gio.DBusConnection.new_for_address_sync(address, flags, None, None) for _ in range(2))
loop = GLib.MainLoop()
heard = []


def cancel(bus, serial):
    try:
        bus.call_sync(*BERTH, "CancelCopy", GLib.Variant("(t)", (serial,)), None, Gio.DBusCallFlags.NONE,
                      5000, None)
        return "given up"
    except GLib.Error as e:
        return Gio.dbus_error_get_remote_error(e)


def on_progress(*arguments):
    serial, copied = arguments[5].unpack()
    if not heard:
        heard.append(serial)
        print("progress of it:", serial == call.get_serial() and copied <= 1 << 30)
        print("others:", cancel(theirs, serial), cancel(theirs, 0))
        print("who asked:", cancel(mine, serial))


def on_reply(bus, result):
    reply = bus.send_message_with_reply_finish(result)
    print("copy:", reply.get_error_name())
    loop.quit()


mine.signal_subscribe(None, BERTH[2], "CopyProgress", BERTH[1], None, Gio.DBusSignalFlags.NONE, on_progress)
call = Gio.DBusMessage.new_method_call(*BERTH[:2], "org.freedesktop.machine1.Manager", "CopyToMachine")
call.set_body(GLib.Variant("(sss)", sys.argv[1:]))
mine.send_message_with_reply(call, Gio.DBusSendMessageFlags.NONE, 60000, None, on_reply)
GLib.timeout_add_seconds(60, lambda: sys.exit("nothing was heard"))
loop.run()
