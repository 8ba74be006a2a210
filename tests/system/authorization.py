#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls every method of machine1 as every kind of caller, and compares verdicts.

usage: authorization.py VERDICT COMMAND...

VERDICT is what polkit says to those whom it takes polkit for: asks, allowed or
refused. COMMAND makes it say so: `COMMAND asks`. What is
refused must have changed nothing: the machine, its leader, and the files on both
sides are as they were.
"""

import collections
import functools
import json
import os
import pickle
import pwd
import signal
import socket
import subprocess
import sys
import tempfile

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

BUS = "org.freedesktop.machine1"
PATH = "/org/freedesktop/machine1"
MANAGER = BUS + ".Manager"
MACHINE = BUS + ".Machine"
BERTH = "org.berth.Manager1"
BERTH_MACHINE = "org.berth.Machine1"
PROCESS = "org.berth.Process1"
CALLERS = {"root": 0, "owner": pwd.getpwnam("owner").pw_uid, "other": pwd.getpwnam("other").pw_uid,
           "nobody": 65534}

# What a copy or a bind would make, had it been allowed.
TRACE = tempfile.mkdtemp(prefix="berth-authorization-", dir="/run") + "/trace"
os.chmod(os.path.dirname(TRACE), 0o777)

FREE, OWNER, ASKED = "free", "owner", "asked"

# Of each operation: who may, the manager's method, the object's, their arguments behind
# the name, Varlink's method and its parameters beside the name, berthctl's words in
# front of the name and behind it, and the methods of org.berth.Machine1 and Manager1, for those
# that machine1 lacks. Those that end the machine come last.
Row = collections.namedtuple("Row",
                             "who manager machine signature arguments varlink parameters words more berth"
                             " berth_manager", defaults=[None, None, "", (), None, {}, None, (), None, None])
ROWS = [
    Row(FREE, "GetMachine", varlink="List"),
    Row(FREE, "GetMachineAddresses", "GetAddresses"),
    Row(FREE, "GetMachineSSHInfo", "GetSSHInfo"),
    Row(FREE, "GetMachineUIDShift", "GetUIDShift"),
    Row(FREE, berth="GetStats", words=["stats"]),
    Row(FREE, "MapFromMachineUser", None, "u", (0,), "MapFrom", {"uid": 0}),
    Row(FREE, "MapFromMachineGroup", None, "u", (0,), "MapFrom", {"gid": 0}),
    Row(OWNER, "GetMachineOSRelease", "GetOSRelease"),
    Row(OWNER, "KillMachine", "Kill", "si", ("leader", signal.SIGCONT),
        "Kill", {"whom": "leader", "signal": int(signal.SIGCONT)},
        ["kill", "--kill-whom=leader", "--signal=CONT"]),
    Row(ASKED, "OpenMachineRootDirectory", "OpenRootDirectory", varlink="OpenRootDirectory"),
    Row(OWNER, "OpenMachinePTY", "OpenPTY", varlink="Open", parameters={"mode": "tty"}),
    Row(OWNER, "OpenMachineLogin", "OpenLogin", varlink="Open", parameters={"mode": "login"}),
    Row(OWNER, "OpenMachineShell", "OpenShell", "ssasas", ("root", "", [], []),
        "Open", {"mode": "shell", "user": "root"}, ["shell"], ["/bin/true"]),
    Row(ASKED, "BindMountMachine", "BindMount", "ssbb", ("/etc/hostname", TRACE, False, True),
        "BindMount", {"source": "/etc/hostname", "destination": TRACE, "mkdir": True},
        ["bind", "--mkdir"], ["/etc/hostname", TRACE]),
    Row(ASKED, "CopyFromMachine", "CopyFrom", "ss", ("/etc/hostname", TRACE),
        "CopyFrom", {"source": "/etc/hostname", "destination": TRACE},
        ["copy-from"], ["/etc/hostname", TRACE]),
    Row(ASKED, "CopyToMachine", "CopyTo", "ss", ("/etc/hostname", TRACE),
        "CopyTo", {"source": "/etc/hostname", "destination": TRACE}, ["copy-to"], ["/etc/hostname", TRACE]),
    Row(ASKED, "CopyFromMachineWithFlags", "CopyFromWithFlags", "sst", ("/etc/hostname", TRACE, 1)),
    Row(ASKED, "CopyToMachineWithFlags", "CopyToWithFlags", "sst", ("/etc/hostname", TRACE, 1)),
    Row(OWNER, berth="Exec", signature="asa{sv}", arguments=(["/bin/true"], {})),
    Row(OWNER, berth="Thaw", words=["thaw"]),
    Row(OWNER, berth="OpenJournal", words=["logs"]),
    Row(OWNER, berth="OpenConsoleLog", words=["logs", "--console"]),
    # None at all: what a host may keep is another matter.
    Row(OWNER, berth="SetProperties", signature="ba(sv)", arguments=(True, [])),
    Row(OWNER, berth_manager="StopMachine", signature="a{sv}", arguments=({},), words=["stop"]),
    Row(OWNER, "UnregisterMachine", varlink="Unregister"),
    Row(OWNER, "TerminateMachine", "Terminate", varlink="Terminate", words=["terminate"]),
]
ENDING = ROWS[-3:]
DOORS = ("manager", "machine", "varlink", "words", "berth", "berth_manager")


@functools.cache
def bus():
    """A connection of this process, whose end is not its end."""
    return Gio.DBusConnection.new_for_address_sync(
        Gio.dbus_address_get_for_bus_sync(Gio.BusType.SYSTEM, None),
        Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION,
        None, None)


def call_bus(path, interface, method, signature, arguments):
    """The name of the error that a call ends with, or ""."""
    try:
        bus().call_sync(BUS, path, interface, method, GLib.Variant(f"({signature})", arguments), None,
                      Gio.DBusCallFlags.NONE, 30000, None)
    except GLib.Error as e:
        return Gio.DBusError.get_remote_error(e) or str(e)
    return ""


def call_varlink(method, parameters):
    """The same of a call of Varlink."""
    call = {"method": f"io.systemd.Machine.{method}", "parameters": parameters}
    reply = b""
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            s.connect("/run/systemd/machine/io.systemd.Machine")
            s.sendall(json.dumps(call).encode() + b"\0")
            while not reply.endswith(b"\0"):
                got = s.recv(65536)
                if not got:
                    return "python: hung up"
                reply += got
    except OSError as e:
        return f"python: {e}"
    return json.loads(reply[:-1]).get("error", "")


def call_words(words):
    """What berthctl complains of."""
    done = subprocess.run(["berthctl", "--no-ask-password", *words], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""


class User:
    """A process of a user, which makes all of their calls."""

    def __init__(self, uid):
        wishes, self.wishes = os.pipe()
        self.answers, answers = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.wishes)
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            self.serve(os.fdopen(wishes, "rb"), os.fdopen(answers, "wb"))
            os._exit(0)
        os.close(wishes)
        os.close(answers)
        self.wishes = os.fdopen(self.wishes, "wb")
        self.answers = os.fdopen(self.answers, "rb")

    @staticmethod
    def serve(wishes, answers):
        while True:
            try:
                function, arguments = pickle.load(wishes)
                answer = function(*arguments)
            except EOFError:
                return
            except Exception as e:  # what is wrong here must be told, too
                answer = f"python: {e!r}"
            pickle.dump(answer, answers)
            answers.flush()

    def call(self, function, *arguments):
        pickle.dump((function, arguments), self.wishes)
        self.wishes.flush()
        return pickle.load(self.answers)

    def end(self):
        self.wishes.close()
        self.answers.close()
        os.kill(self.pid, signal.SIGKILL) # others have inherited its pipe
        os.waitpid(self.pid, 0)


def as_user(uid, function, *arguments):
    """What the function returns, called by that user."""
    if uid not in USERS:
        USERS[uid] = User(uid)
    return USERS[uid].call(function, *arguments)


USERS = {}


def error_of(uid, *call):
    return as_user(uid, call_bus, *call)


REFUSED = ("org.freedesktop.DBus.Error.AccessDenied", "org.varlink.service.PermissionDenied")
ASKS = ("org.freedesktop.DBus.Error.InteractiveAuthorizationRequired",
        "io.systemd.InteractiveAuthenticationRequired")


def verdict(error):
    if error in REFUSED or error.endswith("Permission denied") or "Access denied" in error:
        return "refused"
    if error in ASKS or error.endswith("nteractive authentication required"):
        return "asks"
    if error.startswith("python") or any(e in error for e in ("UnknownMethod", "MethodNotFound", "NoReply")):
        return error
    return "allowed"


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Machine:
    """A process of a user, in a service of its own, registered by root as that user's or as its own."""

    count = 0

    def __init__(self, uid, register_as):
        Machine.count += 1
        self.name = f"m{Machine.count}"
        self.unit = f"story-{self.name}.service"
        run("systemd-run", "--quiet", f"--unit={self.unit}", f"--uid={uid}", "--property=Type=exec",
            "unshare", "--user", "--map-root-user", "--mount", "--net",
            # What it sees there must not be the host's bus.
            "sh", "-c", "mount -t tmpfs tmpfs /run/dbus && exec sleep infinity")
        self.leader = int(run("systemctl", "show", "--property=MainPID", "--value", self.unit))
        # Who registers a machine is its supervisor, and ended as that.
        self.supervisor = User(register_as)
        error = self.supervisor.call(call_bus, PATH, MANAGER, "RegisterMachine", "sayssus",
                                     (self.name, [], "story", "container", self.leader, ""))
        if error:
            raise SystemExit(f"cannot register {self.name}: {error}")

    def path(self):
        return f"{PATH}/machine/{self.name}"

    def is_listed(self):
        return error_of(0, PATH, MANAGER, "GetMachine", "s", (self.name,)) == ""

    def end(self):
        self.supervisor.end()
        subprocess.run(["systemctl", "kill", "--signal=KILL", self.unit], check=False, capture_output=True)
        subprocess.run(["systemctl", "stop", self.unit], check=False, capture_output=True)
        subprocess.run(["systemctl", "reset-failed", self.unit], check=False, capture_output=True)


class Table:
    def __init__(self, polkit):
        self.polkit = polkit
        self.failures = []
        self.n = 0

    def expected(self, caller, who, owns):
        if who == FREE or caller == "root" or (who == OWNER and caller == "owner" and owns):
            return "allowed"
        return self.polkit

    def check(self, what, caller, error, expected):
        self.n += 1
        if verdict(error) != expected:
            self.failures.append(f"{what} by {caller}: {error or 'success'}, should be {expected}")

    def call(self, machine, door, row, caller, owns):
        """Returns whether the caller was to be let in."""
        doors = {
            "manager": (call_bus, PATH, MANAGER, row.manager, "s" + row.signature,
                        (machine.name, *row.arguments)),
            "machine": (call_bus, machine.path(), MACHINE, row.machine, row.signature, row.arguments),
            "berth": (call_bus, machine.path(), BERTH_MACHINE, row.berth, row.signature, row.arguments),
            "berth_manager": (call_bus, PATH, BERTH, row.berth_manager, "s" + row.signature,
                              (machine.name, *row.arguments)),
            "varlink": (call_varlink, row.varlink, {"name": machine.name, **row.parameters}),
            "words": (call_words, [*(row.words or ()), machine.name, *row.more]),
        }
        expected = self.expected(caller, row.who, owns)
        error = as_user(CALLERS[caller], *doors[door])
        method = row.manager or row.berth or row.berth_manager
        what = f"{method} of {'own' if owns else 'root’s'} machine at the door {door}"

        self.check(what, caller, error, expected)
        if expected != "allowed" and not (machine.is_listed() and lives(machine.leader)
                                          and not os.path.exists(TRACE)):
            self.failures.append(f"{what} by {caller} was not allowed, and did something")
        elif os.path.exists(TRACE):
            os.remove(TRACE)
        return expected == "allowed"


def check_machines(table, machines, owns):
    """Each call to one of the machines, which have the same owner, until it is gone."""
    machine = machines.pop()
    for row in ROWS:
        for door in (d for d in DOORS if getattr(row, d)):
            for caller in CALLERS:
                if table.call(machine, door, row, caller, owns) and row in ENDING:
                    machine.end()
                    machine = machines.pop()
    machine.end()
    for machine in machines:
        machine.end()


def check_registration(table):
    """Everybody may register what is their own, if polkit lets them, and nothing else."""
    def over_bus(method, signature, *more):
        return lambda pid: (call_bus, PATH, MANAGER, method, "sayssus" + signature,
                            ("story", [], "story", "container", pid, "", *more))

    def over_varlink(allocates):
        return lambda pid: (call_varlink, "Register", {"name": "story", "class": "container", "leader": pid,
                                                       "allocateUnit": allocates})

    ways = {
        "RegisterMachine": over_bus("RegisterMachine", ""),
        "CreateMachine": over_bus("CreateMachine", "a(sv)", []),
        "Register of Varlink": over_varlink(False),
        "Register of Varlink, with a unit": over_varlink(True),
    }
    for way, call in ways.items():
        for caller in CALLERS:
            for leader_of in sorted({caller, "root", "owner"}):
                check_one_registration(table, way, call, caller, leader_of)


def check_one_registration(table, way, call, caller, leader_of):
    process = subprocess.Popen(["sleep", "infinity"], user=CALLERS[leader_of])
    error = as_user(CALLERS[caller], *call(process.pid))
    expected = "allowed" if caller == "root" else table.polkit
    if expected == "allowed" and caller not in ("root", leader_of):
        expected = "refused"

    table.check(f"{way}, {leader_of}’s process", caller, error, expected)
    if error == "":
        error_of(0, PATH, MANAGER, "UnregisterMachine", "s", ("story",))
    if error_of(0, PATH, MANAGER, "GetMachine", "s", ("story",)) == "":
        table.failures.append(f"{way} by {caller} was not allowed, and did something")
    if not lives(process.pid):
        table.failures.append(f"{way} by {caller} ended the process")
    process.kill()
    process.wait()


def check_managing(table):
    for caller, uid in CALLERS.items():
        for method, signature, arguments in (("StartMachine", "sa{sv}", ("not-there", {})),
                                             ("EnableMachine", "sa{sv}", ("not-there", {})),
                                             ("DisableMachine", "s", ("not-there",))):
            error = error_of(uid, PATH, BERTH, method, signature, arguments)
            table.check(method, caller, error, "allowed" if caller == "root" else table.polkit)
        error = error_of(uid, PATH, BERTH, "ListEnabledMachines", "", ())
        table.check("ListEnabledMachines", caller, error, "allowed")


def start_program(machine_name):
    """A program that does nothing in a machine, as its caller wants it: its object's path."""
    return bus().call_sync(BUS, f"{PATH}/machine/{machine_name}", BERTH_MACHINE, "Exec",
                           GLib.Variant("(asa{sv})", (["sleep", "infinity"], {})), None,
                           Gio.DBusCallFlags.NONE, 30000, None)[0]


def check_programs(table):
    """Programs are for those who have started them, or may start others."""
    for registered_as, owns in ((0, False), (CALLERS["owner"], True)):
        run(*sys.argv[2:], "allowed")
        machine = Machine(CALLERS["owner"], registered_as)
        programs = {who: as_user(uid, start_program, machine.name) for who, uid in CALLERS.items()}
        run(*sys.argv[2:], table.polkit)
        for starter, path in programs.items():
            for caller, uid in CALLERS.items():
                expected = "allowed" if caller == starter else table.expected(caller, OWNER, owns)
                error = error_of(uid, path, PROCESS, "Kill", "i", (int(signal.SIGCONT),))
                table.check(f"Kill of {starter}’s program", caller, error, expected)
                # It has no terminal: that is told to those who may.
                error = error_of(uid, path, PROCESS, "Resize", "qq", (24, 80))
                table.check(f"Resize of {starter}’s program", caller, error, expected)
        machine.end()


def main():
    table = Table(sys.argv[1])
    # The last three rows end one each, at each of their doors, for everybody who may.
    n = 1 + 8 * (len(CALLERS) if table.polkit == "allowed" else 2)
    of_root = [Machine(CALLERS["owner"], 0) for _ in range(n)]
    run(*sys.argv[2:], "allowed")
    of_owner = [Machine(CALLERS["owner"], CALLERS["owner"]) for _ in range(n)]
    run(*sys.argv[2:], table.polkit)

    check_machines(table, of_root, owns=False)
    check_machines(table, of_owner, owns=True)
    check_registration(table)
    check_managing(table)
    check_programs(table)
    os.rmdir(os.path.dirname(TRACE))
    for user in USERS.values():
        user.end()

    print(f"{table.n} calls")
    print("\n".join(table.failures))
    return 1 if table.failures or table.n < 100 else 0


sys.exit(main())
