#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client of machine1 as people write them in Python: makes machines, hears of them, calls
every method that the provider publishes for machines, and ends them.

usage: clients.py dbus|gdbus GUEST

`dbus` uses dbus-python, `gdbus` GLib. GUEST is a booted container of the host's users.
"""

import os
import re
import subprocess
import sys
import tempfile

import dbus
import dbus.mainloop.glib
from gi.repository import Gio, GLib

NAME = "org.freedesktop.machine1"
ROOT = "/org/freedesktop/machine1"
MANAGER = NAME + ".Manager"
MACHINE = NAME + ".Machine"
SIGCONT = 18

# What is no machine's.
IMAGES = re.compile("Image|Pool")


class DBusPython:
    def __init__(self, heard):
        dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
        self.bus = dbus.SystemBus()
        for signal in ("MachineNew", "MachineRemoved"):
            self.bus.add_signal_receiver(
                lambda name, path, s=signal: heard.append((s, str(name), str(path))),
                signal, MANAGER, NAME, ROOT)

    @staticmethod
    def descriptor(fd):
        return dbus.types.UnixFd(fd)

    def introspect(self, path):
        return str(self.call(path, "org.freedesktop.DBus.Introspectable", "Introspect", ""))

    def call(self, path, interface, method, signature, *arguments):
        """Returns the reply's values; the name of an error if that is what comes."""
        proxy = self.bus.get_object(NAME, path, introspect=False)
        try:
            reply = proxy.get_dbus_method(method, interface)(*arguments, signature=signature)
        except dbus.DBusException as e:
            return Failure(e.get_dbus_name())

        for value in reply if isinstance(reply, tuple) else (reply,):
            if isinstance(value, dbus.types.UnixFd):
                os.close(value.take())
        return reply


class GDBus:
    def __init__(self, heard):
        self.bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
        self.bus.signal_subscribe(NAME, MANAGER, None, ROOT, None, Gio.DBusSignalFlags.NONE,
                                  lambda _c, _s, _p, _i, signal, values: heard.append((signal, *values)))
        self.descriptors = []

    def descriptor(self, fd):
        self.descriptors.append(fd)
        return GLib.Variant("h", len(self.descriptors) - 1)

    def introspect(self, path):
        return self.call(path, "org.freedesktop.DBus.Introspectable", "Introspect", "")

    def call(self, path, interface, method, signature, *arguments):
        descriptors, self.descriptors = self.descriptors, []
        arguments = [[(k, v if isinstance(v, GLib.Variant) else GLib.Variant("s", v)) for k, v in a]
                     if isinstance(a, list) and a and isinstance(a[0], tuple) else a for a in arguments]
        try:
            reply, fds = self.bus.call_with_unix_fd_list_sync(
                NAME, path, interface, method, GLib.Variant(f"({signature})", tuple(arguments)), None,
                Gio.DBusCallFlags.NONE, 25000, Gio.UnixFDList.new_from_array(descriptors), None)
        except GLib.Error as e:
            return Failure(Gio.dbus_error_get_remote_error(e))

        for fd in fds.steal_fds() if fds else []:
            os.close(fd)
        reply = reply.unpack()
        return reply[0] if len(reply) == 1 else reply


class Failure(str):
    """The name of an error."""


class Story:
    def __init__(self, kind, guest):
        self.heard, self.called, self.units = [], set(), []
        self.client = {"dbus": DBusPython, "gdbus": GDBus}[kind](self.heard)
        self.guest = guest
        self.signatures = {}
        for path, name in ((ROOT, MANAGER), (ROOT + "/machine/_2ehost", MACHINE)):
            node = Gio.DBusNodeInfo.new_for_xml(self.client.introspect(path))
            for method in node.lookup_interface(name).methods:
                self.signatures[name, method.name] = "".join(a.signature for a in method.in_args)

    def call(self, interface, method, *arguments, path=ROOT, error=None):
        """Calls METHOD, if this provider has it, and holds its answer against what is to come."""
        if (interface, method) not in self.signatures:
            return None
        self.called.add((interface, method))
        reply = self.client.call(path, interface, method, self.signatures[interface, method], *arguments)
        if isinstance(reply, Failure) != (error is not None) or error and reply != error:
            sys.exit(f"{interface}.{method}{arguments}: {reply}")
        return reply

    def wait_for(self, *signal):
        """Signals come while the main loop runs."""
        late = []
        timer = GLib.timeout_add_seconds(20, lambda: late.append(True) or False)
        while signal not in self.heard:
            if late:
                listed = [str(m[0]) for m in self.call(MANAGER, "ListMachines")]
                sys.exit(f"did not hear of {signal}, but of {self.heard}; there are {listed}")
            GLib.MainContext.default().iteration(True)
        GLib.source_remove(timer)

    def leader(self):
        """In a unit of its own, which registering takes for the machine's. It has begun: while systemd
        still prepares it, it would go back where it came from."""
        unit = f"story-client-{len(self.units)}.service"
        subprocess.run(["systemd-run", "--quiet", "--collect", "--property=Type=exec", "--unit", unit,
                        "sleep", "infinity"], check=True)
        self.units.append(unit)
        return int(subprocess.check_output(["systemctl", "show", "--property=MainPID", "--value", unit]))

    def pidfd(self):
        return self.client.descriptor(os.pidfd_open(self.leader()))

    def creates(self):
        """Each way to make a machine, all of which are heard of."""
        made = []
        for name, method, rest in (("made", "CreateMachine", [[]]),
                                   ("made-wired", "CreateMachineWithNetwork", [[1], []]),
                                   ("kept", "RegisterMachine", []),
                                   ("kept-wired", "RegisterMachineWithNetwork", [[1]])):
            path = self.call(MANAGER, method, name, [], "client", "container", self.leader(), "", *rest)
            made.append((name, path))
        for name, method, rest in (("made-ex", "CreateMachineEx", [[]]),
                                   ("kept-ex", "RegisterMachineEx", [])):
            if (MANAGER, method) in self.signatures:
                fields = [("Class", "container"), ("LeaderPIDFD", self.pidfd())]
                path = self.call(MANAGER, method, name, fields, *rest)
                made.append((name, path))
        for name, path in made:
            self.wait_for("MachineNew", name, path)
        return made

    def looks(self):
        path = self.call(MANAGER, "GetMachine", self.guest)
        if self.guest not in [str(m[0]) for m in self.call(MANAGER, "ListMachines")]:
            sys.exit("ListMachines does not list it")
        self.call(MANAGER, "GetMachineByPID", 0, error=NAME + ".NoMachineForPID")
        self.call(MANAGER, "MapFromMachineUser", self.guest, 1)
        self.call(MANAGER, "MapFromMachineGroup", self.guest, 1)
        self.call(MANAGER, "MapToMachineUser", 1, error=NAME + ".NoSuchUserMapping")
        self.call(MANAGER, "MapToMachineGroup", 1, error=NAME + ".NoSuchGroupMapping")
        missing = "org.freedesktop.DBus.Error.FileNotFound"
        for name, error in (("Addresses", None), ("OSRelease", None), ("UIDShift", None),
                            ("SSHInfo", missing)):
            self.call(MANAGER, "GetMachine" + name, self.guest, error=error)
            self.call(MACHINE, "Get" + name, path=path, error=error)
        return path

    def enters(self, path):
        shell = ["root", "/bin/true", [], []]
        for method, arguments in (("PTY", []), ("Login", []), ("Shell", shell), ("RootDirectory", [])):
            self.call(MANAGER, "OpenMachine" + method, self.guest, *arguments)
            self.call(MACHINE, "Open" + method, *arguments, path=path)

        with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
            for n, (interface, suffix, where, first) in enumerate(((MANAGER, "Machine", ROOT, [self.guest]),
                                                                   (MACHINE, "", path, []))):
                for flags, arguments in (("", []), ("WithFlags", [1])):
                    self.call(interface, f"CopyTo{suffix}{flags}", *first, "/etc/hostname",
                              f"/srv/clients-{n}{flags}", *arguments, path=where)
                    self.call(interface, f"CopyFrom{suffix}{flags}", *first, f"/srv/clients-{n}{flags}",
                              f"{directory}/{n}{flags}", *arguments, path=where)
                self.call(interface, "BindMount" + suffix, *first, directory, f"/srv/clients-bound-{n}",
                          True, True, path=where)
        subprocess.run(["systemd-run", "--quiet", "--wait", "-M", self.guest, "sh", "-c",
                        "umount /srv/clients-bound-*; rm -r /srv/clients-*"], check=True)

    def ends(self, made):
        for n, (name, path) in enumerate(made):
            self.call(MANAGER, "KillMachine", name, "leader", SIGCONT)
            self.call(MACHINE, "Kill", "leader", SIGCONT, path=path)
            if name.startswith("kept"):
                self.call(MANAGER, "UnregisterMachine", name)
            elif n == 0:
                self.call(MACHINE, "Terminate", path=path)
            else:
                self.call(MANAGER, "TerminateMachine", name)
            self.wait_for("MachineRemoved", name, path)

    def tell(self):
        made = self.creates()
        path = self.looks()
        self.enters(path)
        self.ends(made)

        left = [m for m in self.signatures.keys() - self.called if not IMAGES.search(m[1])]
        if left:
            sys.exit(f"never called: {left}")


def main():
    story = Story(*sys.argv[1:])
    try:
        story.tell()
    finally:
        subprocess.run(["systemctl", "stop", "story-client-*.service"], check=True)


main()
