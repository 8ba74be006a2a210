# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests share that run berth-run as root, without daemon or bus: a guest
whose root directory is little more than the probe.

They are called with the paths of berth-run and of the probe.
"""

import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

RUN, PROBE = (os.path.abspath(p) for p in sys.argv[1:3])
TIMEOUT = 60

# With what tells it from others within as much of it as links are named after.
NAME = f"t{os.getpid()}-berth-test"

# Where berth-run keeps trees for a while, and we ours.
TEMPORARY = "/var/tmp"


def cgroup_root():
    for path in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
        if os.path.exists(os.path.join(path, "cgroup.controllers")):
            return path
    return None


def has_filter():
    ran = subprocess.run([RUN, "--explain", "--machine=x", "true"], capture_output=True, text=True,
                         timeout=TIMEOUT, check=False)
    return "none in this build" not in ran.stdout


needs_filter = unittest.skipUnless(has_filter(), "lacks a build with a filter of system calls")


def host_state():
    """What a run may have left: mounts, links, control groups."""
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        mounts = len(f.readlines())
    links = [name for _, name in socket.if_nameindex()]
    groups = [d for d, _, _ in os.walk(cgroup_root()) if NAME in d.replace("\\x2d", "-")]
    return mounts, links, groups


class Guest(unittest.TestCase):
    """A root directory that consists of the probe, and what a test adds."""

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="berth-test-")
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)  # if setUp() skips
        os.chmod(self.root, 0o755)
        shutil.copy(PROBE, os.path.join(self.root, "probe"))
        self.before = host_state()

    def tearDown(self):
        shutil.rmtree(self.root)
        self.assertEqual(host_state(), self.before, "something was left")

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.path(name), mode)

    def arguments(self, *options):
        return [RUN, f"--directory={self.root}", f"--machine={NAME}", "--register=no", "--quiet", *options]

    def run_guest(self, options, *command, status=0, **more):
        ran = subprocess.run(self.arguments(*options) + list(command), stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=TIMEOUT, check=False, **more)
        self.assertEqual(ran.returncode, status, ran.stdout + ran.stderr)
        return ran.stdout

    def probe(self, *command, options=(), **more):
        return self.run_guest(options, "/probe", *command, **more)

    def assert_limits_of_a_first_process(self, *options):
        """Whatever ours are."""
        def set_others():
            for which, limit in ((resource.RLIMIT_NOFILE, 100), (resource.RLIMIT_STACK, 1 << 20)):
                resource.setrlimit(which, (limit, resource.getrlimit(which)[1]))

        seen = self.probe("limits", options=options, preexec_fn=set_others)
        for line in (r"open files +1024 ", r"stack size +8388608 ", r"msgqueue size +819200 "):
            self.assertRegex(seen, "Max " + line)

    def refused(self, options, *command, **more):
        ran = subprocess.run(self.arguments(*options) + list(command), stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=TIMEOUT, check=False, **more)
        self.assertEqual(ran.returncode, 1, ran.stdout + ran.stderr)
        return ran.stderr

    def start(self, *command, options=(), **more):
        """A guest that goes on running; its output ends when it does."""
        guest = subprocess.Popen(self.arguments(*options) + ["/probe", *command], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, text=True, **more)
        self.addCleanup(guest.stdout.close)
        return guest


def run_alone():
    """So that what others mount, connect and write meanwhile is not taken for something left."""
    with tempfile.TemporaryDirectory(dir=TEMPORARY, prefix=NAME) as own:
        os.chmod(own, 0o1777)
        ran = subprocess.run(["unshare", "--mount", "--propagation=private", "--net", "sh", "-c",
                              f'mount --bind {own} {TEMPORARY} && exec "$@"', "sh", sys.executable,
                              *sys.argv], env=dict(os.environ, BERTH_TEST_ALONE="1"), check=False)
        return ran.returncode


def main():
    if os.geteuid() != 0 or not cgroup_root():
        print("lacks root, or a unified hierarchy of control groups")
        sys.exit(1 if os.environ.get("TEST_NO_SKIP") else 77)
    if "BERTH_TEST_ALONE" not in os.environ:
        sys.exit(run_alone())
    tempfile.tempdir = TEMPORARY
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
