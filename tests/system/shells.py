#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Opens many shells in a machine at once, and reads what each of them says.

usage: shells.py MACHINE NUMBER
"""

import os
import select
import sys

import dbus
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

LIMIT = 120     # seconds for all of them


def main():
    machine, number = sys.argv[1], int(sys.argv[2])
    DBusGMainLoop(set_as_default=True)
    loop = GLib.MainLoop()
    # The bus lets nobody wait for more than 128 replies.
    managers = [dbus.Interface(dbus.SystemBus(private=True).get_object("org.freedesktop.machine1",
                                                                       "/org/freedesktop/machine1"),
                               "org.freedesktop.machine1.Manager") for _ in range(number // 100 + 1)]
    masters, failures = {}, []

    def opened(i, fd, path):
        masters[i] = fd.take()
        if len(masters) + len(failures) == number:
            loop.quit()

    def failed(error):
        failures.append(str(error))
        if len(masters) + len(failures) == number:
            loop.quit()

    for i in range(number):
        command = ["sh", "-c", f"echo this is $1 of {number}", "sh", str(i)]
        managers[i % len(managers)].OpenMachineShell(
            machine, "root", "/bin/sh", command, dbus.Array([], signature="s"),
            reply_handler=lambda fd, path, i=i: opened(i, fd, path), error_handler=failed, timeout=LIMIT)
    GLib.timeout_add_seconds(LIMIT, loop.quit)
    loop.run()
    if failures:
        sys.exit(f"{len(failures)} failed, the first: {failures[0]}")

    # Newer ones of systemd have words of their own for the terminal.
    said = sum(f"this is {i} of {number}\r\n" in read_until_end(fd) for i, fd in masters.items())
    print(f"{said} shells said what they were told to")


def read_until_end(fd):
    """All that comes until the terminal hangs up."""
    text = b""
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    while poller.poll(LIMIT * 1000):
        try:
            data = os.read(fd, 4096)
        except BlockingIOError:
            continue
        except OSError:
            break
        if not data:
            break
        text += data
    os.close(fd)
    return text.decode()


main()
