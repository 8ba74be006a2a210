#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""berth-run as root, killed or failing at each step of a start and of a stop: the
step and its object are told, nothing is left, and the name is free.

Which steps there are is what --explain prints for a few sets of options; one that
none of them has fails the test that compares them with the sources.

usage: test-faults.py BERTH-RUN PROBE
"""

import atexit
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

import berthrun as run
from nsresourced import Nsresourced

HERE = os.path.dirname(os.path.abspath(__file__))

os.environ["BERTH_PROGRAMS"] = os.path.dirname(run.RUN)
SOURCES = os.path.join(HERE, "..", "..", "runtime", "steps")

COMMAND = ["/probe", "who"]
USER = "berth-test"
FORWARDED = f"/tmp/{run.NAME}-forwarded"
SETS = {
    "plain": COMMAND,
    "veth": ["--network-veth", *COMMAND],
    "boot": ["--boot", "who"],
    "mounts": ["--link-journal=guest", "--bind-ro=/usr:/a", "--tmpfs=/b", "--tmpfs=/proc/tty", *COMMAND],
    "users": ["--private-users=pick", "--network-veth", "--bind=/usr:/a", *COMMAND],
    "users-chown": ["--private-users=pick", "--private-users-ownership=chown", *COMMAND],
    "users-managed": ["--private-users=managed", "--private-users-delegate=1", "--private-network",
                      *COMMAND],
    "read-only": ["--read-only", "--private-network", *COMMAND],
    "options": ["--as-pid2", "--time-offset=monotonic:5", "--cpu-affinity=0", "--oom-score-adjust=5",
                "--personality=x86-64", "--suppress-sync=yes", "--set-credential=a:b", "--ttys=2",
                "--nesting", *COMMAND],
    "ephemeral": ["-x", *COMMAND],
    "host-root": ["--directory=/", "-x", "/bin/true"],
    "template": ["--template=/usr", *COMMAND],
    "volatile": ["--volatile=yes", "/usr/probe", "who"],
    "pivot-root": ["--pivot-root=/inner:/whole", *COMMAND],
    "bind-user": ["-U", f"--bind-user={USER}", *COMMAND],
    "forward-journal": [f"--forward-journal={FORWARDED}", *COMMAND],
    "network": [f"--network-namespace-path=/proc/{os.getpid()}/ns/net", *COMMAND],
}

# Of the others only the steps are tried that are in none before them: here the processes differ.
WHOLE = ("users",)

# Told on hosts that have a daemon: tests/system/runtime-faults.bats. And what only kernels have that
# know of labels.
ELSEWHERE = {"register", "registrar", "label", "label-modules"}

# Steps of the supervisor. Of a leader that dies it may notice at a step of its own.
OF_SUPERVISOR = "On the host"
DIED = r"step \S+"

# Files that a first start makes, for all later ones.
KEPT = ("/run/berth", "/run/systemd")


def files():
    """Those of a daemon's or a runtime's state: the test has these directories to itself."""
    found = []
    for top in ("/run", "/var/log"):
        for directory, names, others in os.walk(top):
            found += [os.path.join(directory, n) for n in names + others]
    return sorted(f for f in found if not f.startswith("/run/berth/filters") and f not in KEPT)


def populated():
    """Control groups of the machine in which somebody lives, or dies."""
    found = []
    for group in run.host_state()[2]:
        try:
            with open(os.path.join(group, "cgroup.events"), encoding="utf-8") as f:
                found += [group] if "populated 1" in f.read() else []
        except OSError:
            pass
    return found


def processes(root):
    """Those in a tree, and those that run it."""
    found = []
    for directory in glob.glob("/proc/[0-9]*"):
        try:
            inside = os.path.samefile(os.path.join(directory, "root"), root)
            with open(os.path.join(directory, "cmdline"), encoding="utf-8", errors="replace") as f:
                line = f.read()
        except OSError:
            continue
        inside = inside or f"--directory={root}" in line or FORWARDED in line
        if int(directory[6:]) != os.getpid() and inside:
            found.append(f"{directory[6:]} {line}")
    return found


class Faults(run.Guest):
    def setUp(self):
        super().setUp()
        if "with fault points" not in subprocess.run([run.RUN, "--version"], capture_output=True, text=True,
                                                     check=True).stdout:
            self.skipTest("built without fault points")
        self.write("usr/lib/os-release", "ID=x\n")
        for name in ("sbin/init", "usr/probe", "inner/probe"):
            os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
            shutil.copy(run.PROBE, self.path(name))

    def tearDown(self):
        # Those of the host's tree are beside nothing that is removed anyway.
        for changes in glob.glob(f"/.#machine.{run.NAME}.*"):
            shutil.rmtree(changes)
        super().tearDown()

    def steps(self, options):
        """Name, object and place of each, in order."""
        plan = subprocess.run(self.arguments("--explain", *options), capture_output=True, text=True,
                              check=True, timeout=run.TIMEOUT).stdout
        found, where = [], ""
        for line in plan.splitlines():
            if line.startswith("# "):
                where = line[2:]
            else:
                name, _, what = line.partition(" ")
                found.append((name, what, where))
        return found

    def fault(self, options, where):
        return subprocess.run(self.arguments(*options), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=run.TIMEOUT, check=False,
                              env=dict(os.environ, BERTH_FAULT=where))

    def works(self, options):
        self.eventually(populated, [])
        ran = self.fault(options, "")
        self.assertEqual(ran.returncode, 0, ran.stderr)

    def left(self):
        return run.host_state(), files(), processes(self.root)

    def eventually(self, look, expected):
        """The kernel and processes that are being killed get their time."""
        end = time.monotonic() + 10
        while look() != expected and time.monotonic() < end:
            time.sleep(0.002)  # style: there is no handle to wait for whose child is not ours
        self.assertEqual(look(), expected)

    def assert_nothing_left(self, before):
        self.eventually(self.left, before)

    def sets(self):
        """Each set of options, once it has worked, with those of its steps that are to be tried,
        and what there is then."""
        seen = set()
        for name, options in SETS.items():
            steps = [s for s in self.steps(options) if s[0] not in seen or name in WHOLE]
            seen.update(s[0] for s in steps)
            with self.subTest(options=name):
                self.works(options)
                yield options, steps, self.left()

    def test_every_step_of_the_sources_is_tried(self):
        known = set()
        for path in glob.glob(os.path.join(SOURCES, "*.c")):
            with open(path, encoding="utf-8") as f:
                known.update(re.findall(r'^const Step step_\w+ = \{\s*\.name = "([^"]+)"', f.read(), re.M))
        self.assertGreater(len(known), 40)
        tried = {name for options in SETS.values() for name, _, _ in self.steps(options)}
        self.assertEqual(known - tried, ELSEWHERE, "steps that no set of options has")

    def test_a_step_that_fails_is_named_with_its_object_and_undone(self):
        for options, steps, before in self.sets():
            for name, what, _ in steps:
                with self.subTest(step=name):
                    ran = self.fault(options, f"start:{name}=5")
                    self.assertEqual(ran.returncode, 1)
                    self.assertRegex(ran.stderr, rf"step {name}{' .*' if what else ''}: Input/output error")
                    self.assertEqual(ran.stderr.count("\n"), 1, ran.stderr)
                    self.assert_nothing_left(before)
            self.works(options)

    def test_killed_at_any_step_the_next_start_works_and_leaves_nothing(self):
        for options, steps, before in self.sets():
            for name, _, where in [*steps, ("end", "", OF_SUPERVISOR)]:
                with self.subTest(step=name):
                    ran = self.fault(options, f"start:{name}")
                    if where.startswith(OF_SUPERVISOR):
                        self.assertEqual(ran.returncode, -signal.SIGKILL)
                    else:
                        self.assertEqual(ran.returncode, 1)
                        self.assertRegex(ran.stderr, DIED)
                        self.assert_nothing_left(before)
                    self.works(options)
                    self.assert_nothing_left(before)

    def test_a_step_that_fails_while_another_cannot_be_undone_is_told_all_the_same(self):
        for options, steps, before in self.sets():
            for name, _, _ in steps:
                with self.subTest(step=name):
                    ran = self.fault(options, f"undo:{name}=skip")
                    self.assertEqual(ran.returncode, 0)
                    self.works(options)
                    self.assert_nothing_left(before)

    def test_killed_at_any_step_of_a_stop_the_next_start_works_and_leaves_nothing(self):
        for options, steps, before in self.sets():
            killed = 0
            for where in [f"undo:{name}" for name, _, _ in steps] + ["stop:end"]:
                with self.subTest(at=where):
                    ran = self.fault(options, where)
                    self.assertIn(ran.returncode, (0, -signal.SIGKILL))
                    killed += ran.returncode != 0
                    self.works(options)
                    self.assert_nothing_left(before)
            self.assertGreater(killed, 0)

    def test_killed_as_it_is_told_to_end_it_takes_the_guest_along(self):
        before = self.left()
        guest = self.start("wait", env=dict(os.environ, BERTH_FAULT="stop:request"))
        self.assertEqual(guest.stdout.readline(), "waiting\n")
        guest.send_signal(signal.SIGTERM)
        self.assertEqual(guest.wait(run.TIMEOUT), -signal.SIGKILL)
        self.works(COMMAND)
        self.assert_nothing_left(before)

    def test_users_that_cannot_be_mapped(self):
        self.works(SETS["users"])
        before = self.left()
        for where, status in (("start:maps=5", 1), ("start:maps", -signal.SIGKILL)):
            ran = self.fault(SETS["users"], where)
            self.assertEqual(ran.returncode, status)
            self.assertTrue(status < 0 or "step maps: Input/output error" in ran.stderr, ran.stderr)
            self.works(SETS["users"])
            self.assert_nothing_left(before)


def make_user():
    """A user of the host, as long as this mount namespace lasts."""
    home = "/run/home"
    os.mkdir(home)
    os.chown(home, 4001, 4001)
    shutil.copy("/etc/passwd", "/run/passwd")
    with open("/run/passwd", "a", encoding="utf-8") as f:
        f.write(f"{USER}:x:4001:4001::{home}:/bin/sh\n")
    subprocess.run(["mount", "--bind", "/run/passwd", "/etc/passwd"], check=True)


if __name__ == "__main__":
    if os.geteuid() != 0 or not run.cgroup_root():
        print("lacks root, or a unified hierarchy of control groups")
        sys.exit(1 if os.environ.get("TEST_NO_SKIP") else 77)
    if "BERTH_TEST_ALONE" not in os.environ:
        os.environ["BERTH_TEST_ALONE"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--net", "--propagation=private", sys.executable,
                              *sys.argv])
    for top in ("/run", "/var/log"):
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", top], check=True)
    os.mkdir("/var/log/journal")
    atexit.register(shutil.rmtree, FORWARDED, ignore_errors=True)
    make_user()
    with Nsresourced():
        unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
