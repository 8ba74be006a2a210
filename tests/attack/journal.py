#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Has the daemon open the journal of a machine, and tries all ways out of it.

usage: journal.py MACHINE

Prints a line for each try: what, and what came of it.
"""

import errno
import os
import sys

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402


def open_journal(machine):
    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM, None)
    _, fds = bus.call_with_unix_fd_list_sync(
        "org.freedesktop.machine1", f"/org/freedesktop/machine1/machine/{machine}", "org.berth.Machine1",
        "OpenJournal", None, None, Gio.DBusCallFlags.NONE, 30000, None, None)
    return fds.get(0)


def attempt(what, function, *arguments):
    try:
        result = function(*arguments)
    except OSError as e:
        result = errno.errorcode[e.errno]
    print(f"{what}: {result}")


def read(name, fd):
    opened = os.open(name, os.O_RDONLY | os.O_NONBLOCK, dir_fd=fd)
    try:
        return os.read(opened, 8)
    finally:
        os.close(opened)


try:
    fd = open_journal(sys.argv[1])
except GLib.Error as e:
    sys.exit(f"refused: {Gio.DBusError.get_remote_error(e)}: {e.message}")

names = sorted(os.listdir(fd))
attempt("list", lambda: " ".join(names))
attempt("up", lambda: sorted(os.listdir(f"/proc/self/fd/{fd}/..")) == names)
attempt("far up", read, "../../../../../../../../etc/passwd", fd)
attempt("make", lambda: os.open("made", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=fd))
attempt("remove", lambda: os.unlink(names[0], dir_fd=fd))
for name in names:
    attempt(f"read {name}", read, name, fd)
