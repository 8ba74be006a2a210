#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What libsystemd tells its users of machines.

usage: libsystemd.py MACHINE IFINDEX

MACHINE is a booted container, and IFINDEX the host's end of its only link. Registers a
machine of its own beside it, to see the monitor wake up.
"""

import ctypes
import os
import select
import subprocess
import sys

lib = ctypes.CDLL("libsystemd.so.0", use_errno=True)
libc = ctypes.CDLL(None)

MANAGER = ["busctl", "--system", "--quiet", "call", "org.freedesktop.machine1", "/org/freedesktop/machine1",
           "org.freedesktop.machine1.Manager"]


def checked(result, what):
    if result < 0:
        sys.exit(f"{what}: {os.strerror(-result)}")
    return result


def machine_names():
    names = ctypes.POINTER(ctypes.c_char_p)()
    n = checked(lib.sd_get_machine_names(ctypes.byref(names)), "sd_get_machine_names")
    return [names[i].decode() for i in range(n)]


def machine_class(name):
    result = ctypes.c_char_p()
    checked(lib.sd_machine_get_class(name.encode(), ctypes.byref(result)), "sd_machine_get_class")
    return result.value.decode()


def machine_ifindices(name):
    result = ctypes.POINTER(ctypes.c_int)()
    n = checked(lib.sd_machine_get_ifindices(name.encode(), ctypes.byref(result)),
                "sd_machine_get_ifindices")
    return [result[i] for i in range(n)]


class Monitor:
    def __init__(self):
        self.handle = ctypes.c_void_p()
        checked(lib.sd_login_monitor_new(b"machine", ctypes.byref(self.handle)), "sd_login_monitor_new")
        self.poll = select.poll()
        self.poll.register(checked(lib.sd_login_monitor_get_fd(self.handle), "fd"),
                           checked(lib.sd_login_monitor_get_events(self.handle), "events"))

    def wait_until(self, condition, what):
        while not condition():
            if not self.poll.poll(20000):
                sys.exit(f"the monitor did not tell of {what}")
            checked(lib.sd_login_monitor_flush(self.handle), "flush")


def main():
    name, ifindex = sys.argv[1], int(sys.argv[2])

    assert name in machine_names(), machine_names()
    assert machine_class(name) == "container"
    assert machine_ifindices(name) == [ifindex], machine_ifindices(name)

    monitor = Monitor()
    with subprocess.Popen(["sleep", "infinity"]) as leader:
        try:
            subprocess.run(MANAGER + ["CreateMachine", "sayssusa(sv)", "watched", "0", "story", "container",
                                      str(leader.pid), "", "0"], check=True)
            monitor.wait_until(lambda: "watched" in machine_names(), "a machine that came")
            assert machine_class("watched") == "container"
            assert machine_ifindices("watched") == []
        finally:
            leader.kill()
    monitor.wait_until(lambda: "watched" not in machine_names(), "a machine that went")


main()
