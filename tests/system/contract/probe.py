#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls every method that machine1 publishes, with good and bad arguments, as root, and prints
what came of it: one line each, a key and a result, to be compared with those of another provider.

usage: probe.py GUEST

GUEST is a booted container of the host's users. What is made beside it is gone afterwards.
Results are signatures and error names; values where they cannot differ by chance.
"""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile

from gi.repository import Gio, GLib

NAME = "org.freedesktop.machine1"
ROOT = "/org/freedesktop/machine1"
HOST = ROOT + "/machine/_2ehost"
MANAGER = NAME + ".Manager"
MACHINE = NAME + ".Machine"
SYSTEMD = "org.freedesktop.systemd1"
PROPERTIES = "org.freedesktop.DBus.Properties"
EMITS = "org.freedesktop.DBus.Property.EmitsChangedSignal"

# What every process has that is no machine's.
NO_PID = 4194303

CLONE_NEWNS = 0x20000
MS_REC_PRIVATE = 0x44000

bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
libc = ctypes.CDLL(None, use_errno=True)
results = {}


def record(key, result):
    if key in results:
        sys.exit(f"asked twice: {key}")
    results[key] = result


def variant(arguments):
    """The tuple of ARGUMENTS, whose syntax differs between none, one and several."""
    several = f"(byte 0, {arguments})" if arguments else "(byte 0,)"
    return GLib.Variant.new_tuple(*list(children(GLib.Variant.parse(None, several, None, None)))[1:])


def children(container):
    return (container.get_child_value(i) for i in range(container.n_children()))


def call(path, interface, method, arguments, *descriptors):
    """Returns signature and value of the reply, or the error's name."""
    parameters = variant(arguments)
    try:
        reply, fds = bus.call_with_unix_fd_list_sync(NAME, path, interface, method, parameters, None,
                                                     Gio.DBusCallFlags.NONE, 25000,
                                                     Gio.UnixFDList.new_from_array(descriptors), None)
    except GLib.Error as e:
        return Gio.dbus_error_get_remote_error(e) or e.message, None

    for fd in fds.steal_fds() if fds else []:
        os.close(fd)
    return reply.get_type_string(), reply


def manager(method, arguments="", value=False, note=""):
    result, reply = call(ROOT, MANAGER, method, arguments)
    if value and reply:
        result += " " + reply.print_(False)
    record(f"Manager.{method}({arguments}){note}", result)
    return reply


def machine(path, method, arguments="", note=""):
    result, _ = call(path, MACHINE, method, arguments)
    record(f"{path[len(ROOT) + 1:]}: Machine.{method}({arguments}){note}", result)


def subscribe():
    """From now on, wait_until() hears of all that comes and goes."""
    for name in (SYSTEMD, NAME):
        bus.signal_subscribe(name, None, None, None, None, Gio.DBusSignalFlags.NONE, lambda *_: None)
    bus.call_sync(SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD + ".Manager", "Subscribe", None, None,
                  Gio.DBusCallFlags.NONE, -1, None)


def wait_until(condition):
    """Whatever signal comes may tell of it."""
    late = []
    timer = GLib.timeout_add_seconds(20, lambda: late.append(True) or True)
    while not condition():
        if late:
            sys.exit("waited for too long")
        GLib.MainContext.default().iteration(True)
    GLib.source_remove(timer)


def begin_leader():
    """In a child, on the way to its program."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if libc.unshare(CLONE_NEWNS) or libc.mount(None, b"/", None, MS_REC_PRIVATE, None):
        raise OSError(ctypes.get_errno(), "unshare")


class Leader:
    """A process with a mount namespace of its own, that may lead a machine."""

    def __init__(self):
        # Back when the program runs.
        self.process = subprocess.Popen(["sleep", "infinity"], start_new_session=True,
                                        preexec_fn=begin_leader)

    def __str__(self):
        return f"uint32 {self.process.pid}"

    def descriptor(self):
        """Owned by the message that it is sent with."""
        return os.pidfd_open(self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def machine_gone(name):
    return not call(ROOT, MANAGER, "GetMachine", f"'{name}'")[1]


def arguments_of(args):
    return ", ".join(f"{a.signature} {a.name}" for a in args)


def introspect(path, name):
    _, reply = call(path, "org.freedesktop.DBus.Introspectable", "Introspect", "")
    node = Gio.DBusNodeInfo.new_for_xml(reply[0])
    interface = node.lookup_interface(name)
    short = name.rsplit(".", 1)[1]

    for m in interface.methods:
        record(f"method {short}.{m.name}", f"({arguments_of(m.in_args)}) -> ({arguments_of(m.out_args)})")
    for s in interface.signals:
        record(f"signal {short}.{s.name}", f"({arguments_of(s.args)})")
    for p in interface.properties:
        access = "rw" if p.flags & Gio.DBusPropertyInfoFlags.WRITABLE else "r"
        record(f"property {short}.{p.name}",
               f"{p.signature} {access} {Gio.DBusAnnotationInfo.lookup(p.annotations, EMITS)}")


def everywhere():
    """What is said of things that are not there."""
    nowhere = ROOT + "/machine/nothing"

    for path, interface in ((ROOT, MANAGER), (HOST, MACHINE), (nowhere, MACHINE)):
        at = path[len(ROOT):] or "/"
        record(f"{at}: no such method", call(path, interface, "Nothing", "")[0])
        record(f"{at}: no such interface", call(path, NAME + ".Nothing", "Nothing", "")[0])
        for method, arguments in (("Get", f"'{interface}', 'Nothing'"),
                                  ("Get", f"'{NAME}.Nothing', 'Nothing'"),
                                  ("GetAll", f"'{NAME}.Nothing'"),
                                  ("Set", f"'{interface}', 'Nothing', <'x'>"),
                                  ("Set", f"'{interface}', 'PoolPath', <'x'>"),
                                  ("Set", f"'{interface}', 'Name', <'x'>")):
            record(f"{at}: {method}({arguments})", call(path, PROPERTIES, method, arguments)[0])
    record("/nowhere: no such object", call("/nowhere", MANAGER, "ListMachines", "")[0])
    record("machine: no interface", call(ROOT + "/machine", MANAGER, "ListMachines", "")[0])
    record("self: not in a machine", call(ROOT + "/machine/self", MACHINE, "GetAddresses", "")[0])


def properties(path, known):
    """Values where known(name) says so, signatures of all."""
    _, reply = call(path, PROPERTIES, "GetAll", f"'{MACHINE if path != ROOT else MANAGER}'")
    for name, value in sorted(dict(reply[0]).items()) if reply else ():
        text = f" {value!r}" if name in known else ""
        record(f"{path[len(ROOT):] or '/'}: {name}", f"{type(value).__name__}{text}")


def looking(guest):
    for name in (guest, "thing", ".host", "nothing", "", "not/valid", "x" * 65):
        value = name in (guest, ".host")
        manager("GetMachine", f"'{name}'", value)
        manager("GetMachineSSHInfo", f"'{name}'")
        manager("GetMachineUIDShift", f"'{name}'", value)
        manager("GetMachineAddresses", f"'{name}'")
        manager("GetMachineOSRelease", f"'{name}'")
        manager("OpenMachineRootDirectory", f"'{name}'")
        for method in ("MapFromMachineUser", "MapFromMachineGroup"):
            for number in (0, 1000, 65536, 4294967295):
                manager(method, f"'{name}', uint32 {number}")
    for method in ("MapToMachineUser", "MapToMachineGroup"):
        for number in (0, 1000, 65536, 3000000000, 4294967295):
            manager(method, f"uint32 {number}")
    manager("GetMachineByPID", "uint32 0")
    manager("GetMachineByPID", "uint32 1")
    manager("GetMachineByPID", f"uint32 {NO_PID}")
    manager("GetMachineByPID", "uint32 4294967295")
    manager("ListMachines", "")
    manager("GetMachine", "uint32 1", note=" of another type")
    manager("GetMachine", "'a', 'b'", note=" of another number")

    for path in (ROOT + f"/machine/{guest}", ROOT + "/machine/thing", HOST, ROOT + "/machine/nothing"):
        for method in ("GetSSHInfo", "GetUIDShift", "GetAddresses", "GetOSRelease", "OpenRootDirectory"):
            machine(path, method)


def terminals(guest):
    for name in (guest, "nothing"):
        manager("OpenMachinePTY", f"'{name}'")
        manager("OpenMachineLogin", f"'{name}'")
    manager("OpenMachinePTY", "'.host'")
    machine(ROOT + f"/machine/{guest}", "OpenPTY")
    machine(ROOT + f"/machine/{guest}", "OpenLogin")

    for user, path, args, environment in (
            ("", "", "@as []", "@as []"),
            ("nobody", "/bin/true", "@as []", "['A=b']"),
            ("root", "/bin/true", "['true', 'x']", "@as []"),
            ("no-such-user", "/bin/true", "@as []", "@as []"),
            ("", "relative", "@as []", "@as []"),
            ("", "/nonexistent/program", "@as []", "@as []"),
            ("", "", "@as []", "['no assignment']"),
            ("", "", "@as []", "['=x']"),
            ("bad user", "", "@as []", "@as []"),
            ("-x", "", "@as []", "@as []")):
        arguments = f"'{user}', '{path}', {args}, {environment}"
        manager("OpenMachineShell", f"'{guest}', {arguments}")
        machine(ROOT + f"/machine/{guest}", "OpenShell", arguments)
    manager("OpenMachineShell", "'nothing', '', '', @as [], @as []")


def once_more(key):
    return f"{key} again" if key in results else key


def copies(guest, directory):
    at = f"{ROOT}/machine/{guest}"

    for method, source, destination in (
            ("To", "/etc/hostname", "/srv/probe-copy"),
            ("To", "/etc/hostname", "/srv/probe-copy"),
            ("From", "/srv/probe-copy", "DIRECTORY/copy"),
            ("From", "/srv/probe-copy", "DIRECTORY/copy"),
            ("From", "/srv/nothing", "DIRECTORY/nothing"),
            ("To", "/nothing", "/srv/nothing"),
            ("To", "/etc/hostname", "/srv/no/such/directory"),
            ("To", "relative", "/srv/relative"),
            ("To", "/etc/hostname", "relative"),
            ("To", "", ""),
            ("To", "/etc/../etc/hostname", "/srv/probe-dots"),
            ("From", "relative", "/var/tmp/relative")):
        arguments = f"'{guest}', '{source}', '{destination}'"
        result, _ = call(ROOT, MANAGER, f"Copy{method}Machine", arguments.replace("DIRECTORY", directory))
        record(once_more(f"Manager.Copy{method}Machine({arguments})"), result)

    for flags in ("uint64 0", "uint64 1", "uint64 2", "uint64 3"):
        manager("CopyToMachineWithFlags", f"'{guest}', '/etc/hostname', '/srv/probe-copy', {flags}")
        machine(at, "CopyToWithFlags", f"'/etc/hostname', '/srv/probe-copy', {flags}")
        machine(at, "CopyFromWithFlags", f"'/srv/nothing', '/nothing', {flags}")
        manager("CopyFromMachineWithFlags", f"'nothing', '/etc/hostname', '/srv/x', {flags}")
    machine(at, "CopyTo", "'/etc/hostname', '/srv/probe-copy'")
    machine(at, "CopyFrom", "'/srv/nothing', '/var/tmp/nothing'")
    manager("CopyToMachine", "'nothing', '/etc/hostname', '/srv/x'")
    manager("CopyToMachine", "'.host', '/etc/hostname', '/srv/x'")
    manager("CopyFromMachine", "'nothing', '/etc/hostname', '/srv/x'")


def binds(guest, directory):
    for source, destination, make in (("DIRECTORY", "/srv/probe-bound", "true"),
                                      ("DIRECTORY", "/srv/probe-none", "false"),
                                      ("/nothing", "/srv/probe-bound", "true"),
                                      ("relative", "/srv/probe-bound", "true"),
                                      ("DIRECTORY", "relative", "true"),
                                      ("DIRECTORY", "/srv/../srv/probe-bound", "true"),
                                      ("/etc/../etc", "/srv/probe-bound", "true"),
                                      ("", "", "true")):
        arguments = f"'{source}', '{destination}', false, {make}"
        for path, method, before in ((ROOT, "Manager.BindMountMachine", f"'{guest}', "),
                                     (f"{ROOT}/machine/{guest}", "Machine.BindMount", "")):
            result, _ = call(path, f"{NAME}.{method.split('.')[0]}", method.split(".")[1],
                             before + arguments.replace("DIRECTORY", directory))
            record(f"{method}({before}{arguments})", result)
            if result == "()":
                inside(guest, "umount /srv/probe-bound")
    manager("BindMountMachine", "'nothing', '/etc', '/srv/x', false, true")
    manager("BindMountMachine", "'.host', '/etc', '/srv/x', false, true")


def inside(guest, command):
    subprocess.run(["systemd-run", "--quiet", "--wait", "-M", guest, "sh", "-c", command], check=True)


def files(guest):
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="probe-") as directory:
        copies(guest, directory)
        binds(guest, directory)
    inside(guest, "rm -rf /srv/probe-*")


def unit_gone(unit):
    units = bus.call_sync(SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD + ".Manager", "ListUnitsByNames",
                          GLib.Variant("(as)", [[unit]]), None, Gio.DBusCallFlags.NONE, -1, None)[0]
    return units[0][3] == "inactive"


def attempt(key, name="'other'", number="@ay []", kind="'container'", pid=None, root="''", interfaces=None,
            scope=None):
    """Creates and registers a machine with one odd argument; scope properties are for the former only."""
    methods = [("CreateMachine", scope or "@a(sv) []")]
    if not scope:
        methods.append(("RegisterMachine", None))

    for method, properties in methods:
        with Leader() as leader:
            if interfaces:
                method += "WithNetwork"
            arguments = [name, number, "'probe'", kind, pid or str(leader), root, interfaces, properties]
            result, reply = call(ROOT, MANAGER, method, ", ".join(a for a in arguments if a is not None))
            record(f"Manager.{method}: {key}", result)
            if reply:
                call(ROOT, MANAGER, "UnregisterMachine", name)
        wait_until(lambda: unit_gone("machine-other.scope"))


def attempt_ex(key, name, field):
    for method, last in (("CreateMachineEx", ", @a(sv) []"), ("RegisterMachineEx", "")):
        with Leader() as leader:
            fields = f"[('Class', <'container'>), ('LeaderPIDFD', <handle 0>), {field}]"
            result, reply = call(ROOT, MANAGER, method, f"{name}, {fields}{last}", leader.descriptor())
            record(f"Manager.{method}: {key}", result)
            if reply:
                call(ROOT, MANAGER, "UnregisterMachine", name)
        wait_until(lambda: unit_gone("machine-other.scope"))


def creating():
    attempt("name that is another's", "'thing'")
    attempt("no name", "''")
    attempt("name with a slash", "'not/valid'")
    attempt("name with an underscore", "'a_b'")
    attempt("name that begins with a dot", "'.other'")
    attempt("name of the host", "'.host'")
    attempt("name of 65 bytes", f"'{'x' * 65}'")
    attempt("id of three bytes", number="[byte 1, 2, 3]")
    attempt("id of zeros", number=f"[byte {', '.join('0' * 16)}]")
    attempt("class that is none", kind="'ship'")
    attempt("class of the host", kind="'host'")
    attempt("no class", kind="''")
    attempt("leader that is the host's", pid="uint32 1")
    attempt("leader that is not there", pid=f"uint32 {NO_PID}")
    attempt("root that is relative", root="'relative/path'")
    attempt("root with dots", root="'/var/../var'")
    attempt("interface below zero", interfaces="[-1]")
    attempt("interface zero", interfaces="[0]")
    attempt("interface that is not there", interfaces="[99999999]")
    attempt("property that is none", scope="[('Nothing', <'x'>)]")
    attempt("property of another type", scope="[('MemoryMax', <'x'>)]")

    for key, value in (("Id", "<[byte 1, 2, 3]>"), ("Class", "<'ship'>"), ("Class", "<'host'>"),
                       ("LeaderPID", "<uint32 1>"), ("RootDirectory", "<'relative'>"),
                       ("NetworkInterfaces", "<[-1]>"), ("LeaderPIDFDID", "<uint64 5>"),
                       ("Nothing", "<'x'>"), ("Class", "<uint32 1>"),
                       ("Service", "<'probe'>"), ("VSockCID", "<uint32 7>"), ("SSHAddress", "<'unix/x'>")):
        attempt_ex(f"{key} {value}", "'other'", f"('{key}', {value})")
    attempt_ex("no name", "''", "('Class', <'container'>)")
    attempt_ex("name that is another's", "'thing'", "('Class', <'container'>)")


def ending(path):
    """Of thing, which is gone at last."""
    for whom, number in (("leader", 18), ("all", 18), ("", 18), ("supervisor", 18), ("nobody", 18),
                         ("leader", 0), ("leader", -1), ("leader", 65), ("all", 0), ("all", 1000)):
        manager("KillMachine", f"'thing', '{whom}', {number}")
        machine(path, "Kill", f"'{whom}', {number}")
    for name in ("nothing", ""):
        manager("KillMachine", f"'{name}', 'leader', 18")
        manager("TerminateMachine", f"'{name}'")
        manager("UnregisterMachine", f"'{name}'")
    manager("UnregisterMachine", "'.host'")
    machine(ROOT + "/machine/nothing", "Terminate")
    machine(ROOT + "/machine/nothing", "Kill", "'leader', 18")

    machine(path, "Terminate")
    wait_until(lambda: machine_gone("thing"))
    machine(path, "GetAddresses", note=" once it is gone")


def thing_begin(leader):
    number = f"[byte {', '.join('7' * 16)}]"
    result, reply = call(ROOT, MANAGER, "CreateMachine",
                         f"'thing', {number}, 'probe', 'container', {leader}, '/var/tmp', @a(sv) []")
    if not reply:
        sys.exit(f"cannot create a machine: {result}")
    record("Manager.CreateMachine: as it should be", f"{result} {reply.print_(False)}")
    return reply[0]


def main():
    guest = sys.argv[1]

    # machined 262 takes a caller for the supervisor of what it could not create, and ends it.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)

    subscribe()
    introspect(ROOT, MANAGER)
    introspect(HOST, MACHINE)
    with Leader() as leader:
        path = thing_begin(leader)
        everywhere()
        properties(ROOT, ("PoolPath",))
        properties(path, ("Name", "Id", "Service", "Unit", "Class", "RootDirectory", "NetworkInterfaces",
                          "State", "VSockCID", "SSHAddress", "SSHPrivateKeyPath", "Subgroup", "UID"))
        # Not TimestampMonotonic: machined computes the 0 from two clocks, and is a microsecond off at times.
        properties(HOST, ("Name", "Service", "Unit", "Class", "RootDirectory", "NetworkInterfaces",
                          "State", "Leader", "VSockCID", "Subgroup", "UID", "Supervisor"))
        looking(guest)
        terminals(guest)
        files(guest)
        creating()
        ending(path)

    for key, result in sorted(results.items()):
        print(f"{key}\t{result}")


main()
