#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""berth-run --forward-journal= as root: what a machine sends is in a journal of the
host, whatever else it sends; who writes it, with which rights, and when that ends.

usage: test-journal.py BERTH-RUN PROBE
"""

import contextlib
import os
import select
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

import berthrun as run

PLACE = f"/run/systemd/nspawn/{run.NAME}"
SOCKET = "run/host/journal/socket"
PROGRAM = os.path.realpath("/usr/lib/systemd/systemd-journal-remote")
IS_THERE = os.access(PROGRAM, os.X_OK)

# Says that it is another version, and what it was given; for one that ends by itself.
FAKE = """#!/usr/bin/python3 -S
import os, socket, sys
if sys.argv[1:] == ["--version"]:
    print("systemd 257 (257.9-1)")
    sys.exit()
with open(os.path.join(os.path.dirname({said!r}), "said"), "w") as f:
    f.write(" ".join(sys.argv[1:]) + "\\n" + open("/etc/systemd/journal-remote.conf").read())
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ["NOTIFY_SOCKET"])
s.send(b"READY=1")
listening = socket.socket(fileno=3)
assert os.environ["LISTEN_PID"] == str(os.getpid())
listening.accept()
"""


def entry(message):
    return (f"__REALTIME_TIMESTAMP=1700000000000000\n__MONOTONIC_TIMESTAMP=1\n"
            f"_BOOT_ID=0123456789abcdef0123456789abcdef\nMESSAGE={message}\n\n").encode()


class Journal(run.Guest):
    def setUp(self):
        super().setUp()
        self.place = tempfile.mkdtemp(prefix="berth-test-")
        self.addCleanup(shutil.rmtree, self.place)
        self.file = os.path.join(self.place, "x.journal")

    def tearDown(self):
        super().tearDown()
        self.assertFalse(os.path.exists(PLACE))

    @contextlib.contextmanager
    def waiting(self, *options, to=None, **more):
        """A guest that waits: yields berth-run, its leader, and who writes its journal."""
        options = ["--kill-signal=SIGTERM", f"--forward-journal={to or self.file}", *options]
        with self.start("wait", options=options, **more) as guest:
            try:
                self.assertEqual(guest.stdout.readline(), "waiting\n")
                with open(f"/proc/{guest.pid}/task/{guest.pid}/children", encoding="ascii") as f:
                    writer, leader = (int(pid) for pid in f.read().split())
                yield guest, leader, writer
            finally:
                guest.terminate()
                guest.wait(run.TIMEOUT)

    def connect(self, leader):
        s = socket.socket(socket.AF_UNIX)
        self.addCleanup(s.close)
        s.connect(f"/proc/{leader}/root/{SOCKET}")
        return s

    def written(self, path):
        ran = subprocess.run(["journalctl", "--quiet", f"--file={path}", "--output=cat"], text=True,
                             capture_output=True, check=True, timeout=run.TIMEOUT)
        return ran.stdout.splitlines()

    def cover(self, text, mode=0o755):
        """Another program in the place of that one, for this test."""
        path = os.path.join(self.place, "program")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        subprocess.run(["mount", "--bind", path, PROGRAM], check=True)
        self.before = run.host_state()
        self.addCleanup(subprocess.run, ["umount", PROGRAM], check=True)


@unittest.skipUnless(IS_THERE, "lacks systemd-journal-remote")
class Forwarding(Journal):
    def wait_written(self, path, messages):
        end = time.monotonic() + run.TIMEOUT
        while self.written(path)[-len(messages):] != messages and time.monotonic() < end:
            time.sleep(0.02)  # style: who writes the file tells nobody
        self.assertEqual(self.written(path)[-len(messages):], messages)

    def test_what_is_sent_is_written(self):
        for users in ("no", "pick"):
            messages = [f"{users} {i}" for i in range(500)]
            with self.waiting(f"--private-users={users}") as (_, leader, _):
                self.connect(leader).sendall(b"".join(entry(m) for m in messages))
                self.wait_written(self.file, messages)
        self.assertEqual(len(self.written(self.file)), 2 * len(messages))

    def test_in_a_directory_each_machine_has_a_file(self):
        directory = os.path.join(self.place, "a", "b")
        with self.waiting(to=directory) as (_, leader, _):
            self.connect(leader).sendall(entry("one"))
            self.wait_written(f"{directory}/remote-{run.NAME}.journal", ["one"])
        self.assertEqual(len(os.listdir(directory)), 1)

    def test_journald_is_told_where_to_send_it(self):
        options = [f"--forward-journal={self.file}"]
        name = "/run/host/credentials/journal.forward_to_socket"
        self.assertEqual(self.probe("cat", name, options=options), f"/{SOCKET}")
        options.append("--set-credential=journal.forward_to_socket:/other")
        self.assertEqual(self.probe("cat", name, options=options), "/other")

    def test_the_socket_is_root_s_of_the_machine_and_stays_as_it_is(self):
        for options in ([], ["-U"]):
            with self.waiting(*options) as (_, leader, _):
                st = os.stat(f"/proc/{leader}/root/{SOCKET}")
                self.assertEqual(st.st_mode & 0o7777, 0o600)
                self.assertEqual(st.st_uid, os.stat(f"/proc/{leader}").st_uid)
            seen = self.probe("owner", f"/{SOCKET}", options=[*options, f"--forward-journal={self.file}"])
            self.assertEqual(seen, f"/{SOCKET} 0:0\n")
        options = ["-U", f"--forward-journal={self.file}"]
        self.assertIn("EROFS", self.probe("chown", f"/{SOCKET}", "7", options=options, status=1))
        self.assertIn("EINVAL", self.probe("umount", f"/{SOCKET}", options=options, status=1))

    def test_who_writes_it_has_no_network_and_hardly_a_privilege(self):
        with self.waiting() as (guest, _, writer):
            with open(f"/proc/{writer}/status", encoding="ascii") as f:
                status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
            self.assertEqual(int(status["CapEff"], 16), 1 << 1 | 1 << 3)  # CAP_DAC_OVERRIDE, CAP_FOWNER
            self.assertEqual(int(status["CapBnd"], 16), 1 << 1 | 1 << 3)
            self.assertEqual(status["NoNewPrivs"], "1")
            networks = [os.stat(f"/proc/{pid}/ns/net").st_ino for pid in (writer, "self")]
            self.assertNotEqual(*networks)
            with open(f"/proc/{writer}/environ", encoding="utf-8") as f:
                self.assertNotIn("WATCHDOG", f.read())
            self.assertEqual(os.readlink(f"/proc/{writer}/exe"), PROGRAM)
            self.assertNotEqual(guest.pid, writer)

    def test_it_ends_with_the_machine_and_with_who_is_killed(self):
        for end in (lambda guest: guest.terminate(), lambda guest: guest.kill()):
            with self.waiting() as (guest, leader, writer):
                pidfds = [os.pidfd_open(pid) for pid in (leader, writer)]
                end(guest)
                for pidfd in pidfds:
                    self.assertTrue(select.select([pidfd], [], [], run.TIMEOUT)[0])
                    os.close(pidfd)
            self.probe("who", options=[f"--forward-journal={self.file}"])

    def test_a_machine_that_sends_garbage_harms_its_own_journal_only(self):
        with tempfile.TemporaryFile() as said, self.waiting("-U", stderr=said) as (guest, leader, _):
            for garbage in (os.urandom(1 << 20), b"MESSAGE\n" + b"\xff" * 7 + b"\x7f", b"x" * (1 << 20),
                            b"\n" * 100000, b"__CURSOR=" + b"y" * 65536 + b"\n\n"):
                with self.connect(leader) as s, contextlib.suppress(OSError):
                    s.settimeout(5)
                    s.sendall(garbage)
            many = [socket.socket(socket.AF_UNIX) for _ in range(2000)]
            for s in many:
                s.setblocking(False)
                with contextlib.suppress(OSError):
                    s.connect(f"/proc/{leader}/root/{SOCKET}")
            for s in many:
                s.close()
            self.assertIsNone(guest.poll())
            self.assertEqual(os.fstat(said.fileno()).st_size, 0)
        with self.waiting("-U") as (_, leader, _):
            self.connect(leader).sendall(entry("afterwards"))
            self.wait_written(self.file, ["afterwards"])

    def test_a_journal_that_cannot_be_written_is_an_error(self):
        for path in ("/proc/version/x.journal", "/proc/x"):
            refused = self.refused([f"--forward-journal={path}"], "/probe", "who")
            self.assertIn("step forward-journal", refused)
            self.assertIn(path, refused)


@unittest.skipUnless(IS_THERE, "lacks systemd-journal-remote")
class Program(Journal):
    def test_limits_are_settings_of_its_own(self):
        self.cover(FAKE.format(said=self.place + "/"))
        before = os.listdir("/etc/systemd")
        with self.waiting("--forward-journal-max-use=3M", "--forward-journal-keep-free=1G",
                          "--forward-journal-max-file-size=512K", "--forward-journal-max-files=7"):
            with open(os.path.join(self.place, "said"), encoding="utf-8") as f:
                said = f.read()
        self.assertEqual(said, f"--output={self.file} --split-mode=none\n[Remote]\nMaxUse=3145728\n"
                         "KeepFree=1073741824\nMaxFileSize=524288\nMaxFiles=7\n")
        self.assertEqual(os.listdir("/etc/systemd"), before)

    def test_one_that_is_too_old_for_limits_is_not_given_any(self):
        self.cover("#!/bin/sh\necho 'systemd 252 (252.1)'\n")
        limit = "--forward-journal-max-use=1M"
        self.assertIn("(systemd-journal-remote 252 keeps no limits)",
                      self.refused([f"--forward-journal={self.file}", limit], "/probe", "who"))

    def test_none_or_one_that_ends_is_told(self):
        for text, mode, why in (("", 0o644, "which the host has not got"),
                                ("#!/bin/sh\nexit 0\n", 0o755, "which has ended: )"),
                                ("#!/bin/sh\nkill -SEGV $$\n", 0o755, "which has ended: )"),
                                ("#!/bin/sh\nprintf 'a\nb\\033c\n' >&2\n", 0o755,
                                 "which has ended: b?c)")):
            self.cover(text, mode)
            self.assertIn(f"step forward-journal (systemd-journal-remote, {why}",
                          self.refused([f"--forward-journal={self.file}"], "/probe", "who"))


if __name__ == "__main__":
    run.main()
