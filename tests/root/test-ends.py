#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""berth-run as root, without daemon or bus: how a guest is told of signals and its end
is told of, and what it has to do with the terminal that it was started at.

usage: test-ends.py BERTH-RUN PROBE
"""

import contextlib
import fcntl
import os
import pty
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import termios

from berthrun import NAME, TIMEOUT, Guest, cgroup_root, main

# What the kernel may take for what it does at once.
GRACE = 10


class Ends(Guest):
    def setUp(self):
        super().setUp()
        self.directory = tempfile.mkdtemp(prefix="berth-test-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.bind(os.path.join(self.directory, "notify"))
        self.socket.settimeout(TIMEOUT)
        self.environment = dict(os.environ, NOTIFY_SOCKET=os.path.join(self.directory, "notify"))

    def messages(self):
        """All that has come so far, by lines."""
        lines = []
        while select.select([self.socket], [], [], 0)[0]:
            lines += self.socket.recv(8192).decode().splitlines()
        return lines

    def test_the_exit_status_is_the_payload_s(self):
        for status, told in ((0, 0), (7, 7), (255, 255), (133, 1)):
            self.probe("exit", str(status), status=told)

    def test_power_off_is_success(self):
        self.probe("poweroff")

    def test_a_reboot_starts_anew(self):
        self.assertEqual(self.probe("who", ",", "once", "/again", ",", "reboot").count("pid 1\n"), 2)

    def test_what_cannot_be_executed_is_told(self):
        self.assertIn("step exec (/nowhere): No such file", self.refused([], "/nowhere"))
        self.assertIn("step exec (nowhere): No such file", self.refused([], "nowhere"))
        self.write("text", "no program\n", 0o644)
        self.assertIn("step exec (/text): Permission denied", self.refused([], "/text"))

    def test_ready_once_it_runs(self):
        self.probe("who", env=self.environment)
        lines = self.messages()
        self.assertIn("READY=1", lines)
        self.assertIn("STATUS=Container running.", lines)
        self.assertTrue([l for l in lines if l.startswith("X_NSPAWN_LEADER_PID=")])

    def test_ready_when_the_payload_says_so(self):
        yes = ["--notify-ready=yes"]
        self.probe("who", options=yes, env=self.environment)
        self.assertNotIn("READY=1", self.messages())
        self.probe("notify", "STATUS=up\nREADY=1\nX_SYSTEMD_SIGNALS_LEVEL=2", options=yes,
                   env=self.environment)
        lines = self.messages()
        self.assertIn("READY=1", lines)
        self.assertIn("STATUS=Container running: up", lines)
        self.assertIn("X_SYSTEMD_SIGNALS_LEVEL=2", lines)

    def test_each_thing_is_passed_on_once(self):
        words = ["READY=1", "READY=1", "STOPPING=1", "STOPPING=1", "STATUS=all said"]
        commands = [part for word in words for part in ("notify", word, ",")]
        guest = self.start(*commands, "wait", options=["--notify-ready=yes"], env=self.environment)
        lines = []
        while not any("all said" in line for line in lines):
            lines += self.socket.recv(8192).decode().splitlines()
        self.assertEqual((lines.count("READY=1"), lines.count("STOPPING=1")), (1, 1), lines)
        self.assertEqual(guest.stdout.readline(), "waiting\n")
        guest.send_signal(signal.SIGTERM)
        guest.wait(TIMEOUT)

    def test_only_pid_1_is_heard(self):
        self.probe("notify-child", "READY=1", options=["--notify-ready=yes"], env=self.environment)
        self.assertNotIn("READY=1", self.messages())

    def test_junk_is_not_heard_and_harms_nobody(self):
        self.probe("notify-junk", ",", "notify", "STATUS=after", options=["--notify-ready=yes"],
                   env=self.environment)
        lines = self.messages()
        self.assertNotIn("READY=1", lines)
        self.assertIn("STATUS=Container running: after", lines)
        self.assertFalse([l for l in lines if "\033" in l or "\377" in l])

    def test_sigterm_is_passed_on_as_the_kill_signal(self):
        guest = self.start("wait", options=["--kill-signal=SIGUSR2"], env=self.environment)
        self.assertEqual(guest.stdout.readline(), "waiting\n")
        guest.send_signal(signal.SIGTERM)
        self.assertEqual(guest.stdout.read(), f"signal {int(signal.SIGUSR2)}\n")
        self.assertEqual(guest.wait(TIMEOUT), 0)
        self.assertIn("STOPPING=1", self.messages())

    def test_a_second_sigterm_kills(self):
        guest = self.start("deaf", options=["--kill-signal=SIGUSR1"], stderr=subprocess.DEVNULL)
        self.assertEqual(guest.stdout.readline(), "waiting\n")
        guest.send_signal(signal.SIGINT)
        guest.send_signal(signal.SIGTERM)
        self.assertEqual(guest.wait(TIMEOUT), 1)

    def test_a_request_that_came_too_early_is_made_again(self):
        guest = subprocess.Popen(self.arguments("--pipe", "--kill-signal=SIGUSR1", "/probe", "input", ",",
                                                "wait-ready"),
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                 env=self.environment)
        self.assertEqual(guest.stdout.readline(), "listening\n")
        guest.send_signal(signal.SIGTERM)  # which PID 1 does not handle yet
        while "STOPPING=1" not in self.socket.recv(8192).decode():
            pass
        self.assertEqual(guest.communicate("\n", TIMEOUT)[0], f"waiting\nsignal {int(signal.SIGUSR1)}\n")
        self.assertEqual(guest.returncode, 0)

    def leader(self):
        for line in self.socket.recv(8192).decode().splitlines():
            if line.startswith("X_NSPAWN_LEADER_PID="):
                return int(line.split("=")[1])
        return self.leader()

    def test_a_killed_supervisor_takes_its_guest_along(self):
        """Even one that does not hear of its terminal's end."""
        for options in ([], ["--uid=1000"], ["--private-users=pick"]):
            guest = self.start("deaf", options=options, env=self.environment)
            self.assertEqual(guest.stdout.readline(), "waiting\n")
            pidfd = os.pidfd_open(self.leader())
            guest.kill()
            self.assertEqual(guest.wait(TIMEOUT), -signal.SIGKILL)
            ended = select.select([pidfd], [], [], GRACE)[0]
            if not ended:
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            os.close(pidfd)
            self.assertTrue(ended, options)
            self.probe("who")  # the same machine once more, which clears away what was left

    @staticmethod
    def children(pid):
        """Of which one may be ending."""
        found = {}
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            for child in f.read().split():
                with contextlib.suppress(ProcessLookupError):
                    found[child] = os.pidfd_open(int(child))
        return found

    @staticmethod
    def look_into(pid):
        """As root of a machine could, without the right to look into everybody's memory."""
        return subprocess.run(["setpriv", "--bounding-set=-sys_ptrace", "readlink", "--verbose",
                               f"/proc/{pid}/exe"], capture_output=True, text=True,
                              timeout=TIMEOUT, check=False).stderr

    def ends_with_its_supervisor(self, options, step):
        """Wherever it hangs."""
        guest = self.start("who", options=["--pipe", *options], stderr=subprocess.PIPE,
                           env=dict(os.environ, BERTH_FAULT=f"start:{step}=wait"))
        self.addCleanup(guest.stderr.close)
        said = guest.stderr.readline()
        if not said:
            guest.wait(TIMEOUT)
            self.skipTest("lacks a build with fault points")
        self.assertEqual(said, "waiting\n")
        children = self.children(guest.pid)
        told = [self.look_into(pid) for pid in children]
        guest.kill()
        self.assertEqual(guest.wait(TIMEOUT), -signal.SIGKILL)
        ended = [select.select([pidfd], [], [], GRACE)[0] for pidfd in children.values()]
        for pidfd in children.values():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            os.close(pidfd)
        self.assertTrue(ended and all(ended), (options, step))
        self.probe("who", options=options)  # the same machine, which clears away what was left
        return told

    def test_before_it_is_the_payload_it_ends_with_its_supervisor_too(self):
        for options, step in (([], "dev"), ([], "seal"), (["-U"], "dev"), (["-U"], "proc"), (["-U"], "seal"),
                              (["--uid=1000"], "exec"), (["-U", "--uid=1000"], "exec")):
            self.ends_with_its_supervisor(options, step)

    def test_before_it_is_the_payload_nobody_looks_into_it(self):
        """It has files of the host open."""
        told = self.ends_with_its_supervisor(["--drop-capability=CAP_SYS_PTRACE"], "exec")
        self.assertIn("denied", told[0])

    def test_whoever_is_in_the_control_group_ends_with_the_machine(self):
        """Even if he is of the host."""
        guest = self.start("wait", env=self.environment)
        self.assertEqual(guest.stdout.readline(), "waiting\n")
        with open(f"/proc/{self.leader()}/cgroup", encoding="utf-8") as f:
            group = cgroup_root() + f.read().split("0::")[1].split("\n")[0]
        other = subprocess.Popen(["sleep", "infinity"], preexec_fn=lambda: self.enter(group))
        self.addCleanup(other.kill)
        guest.send_signal(signal.SIGTERM)
        guest.wait(TIMEOUT)
        self.assertEqual(other.wait(GRACE), -signal.SIGKILL)

    def test_one_machine_runs_once(self):
        guest = self.start("wait", env=self.environment)
        self.assertEqual(guest.stdout.readline(), "waiting\n")
        self.assertIn("Machine exists already", self.refused([], "/probe", "who"))
        guest.send_signal(signal.SIGTERM)
        guest.wait(TIMEOUT)

    @staticmethod
    def enter(path):
        with open(os.path.join(path, "cgroup.procs"), "w", encoding="utf-8") as f:
            f.write("0")

    def in_unit(self, *command, status):
        """berth-run --keep-unit in a control group that is named like a unit's."""
        unit = f"machine.slice/{NAME}.service"
        path = os.path.join(cgroup_root(), unit)
        os.makedirs(path)
        try:
            seen = self.run_guest(["--keep-unit"], "/probe", *command, status=status,
                                  preexec_fn=lambda: self.enter(path))
            return seen, os.listdir(path)
        finally:
            for name in ("supervisor", "payload", ""):
                if os.path.isdir(os.path.join(path, name)):
                    os.rmdir(os.path.join(path, name))
            with contextlib.suppress(OSError):      # others may have machines, too
                os.rmdir(os.path.dirname(path))

    def test_a_reboot_in_a_unit_is_told_by_the_exit_status(self):
        seen, below = self.in_unit("cat", "/proc/self/cgroup", ",", "once", "/again", ",", "reboot",
                                   status=133)
        self.assertIn("0::/\n", seen)
        self.assertIn("supervisor", below)
        self.assertNotIn("payload", below)


class Terminal(Guest):
    """At a terminal of a person."""

    def begin(self, *command):
        master, peer = pty.openpty()
        self.addCleanup(os.close, master)
        self.before_mode = termios.tcgetattr(peer)
        self.addCleanup(os.close, peer)
        self.peer, self.master = peer, master
        arguments = [a for a in self.arguments("/probe", *command) if a != "--quiet"]
        guest = subprocess.Popen(arguments, stdin=peer, stdout=peer, stderr=peer, start_new_session=True,
                                 preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.addCleanup(guest.kill)
        return guest

    def until(self, text):
        seen = ""
        while text not in seen:
            self.assertTrue(select.select([self.master], [], [], TIMEOUT)[0], seen)
            seen += os.read(self.master, 4096).decode()
        return seen

    def test_what_is_typed_goes_to_the_guest(self):
        guest = self.begin("wait")
        self.assertIn("^] three times", self.until("waiting"))
        os.write(self.master, b"\003")
        self.until(f"signal {int(signal.SIGINT)}")
        self.assertEqual(guest.wait(TIMEOUT), 0)
        self.assertEqual(termios.tcgetattr(self.peer), self.before_mode)

    def test_an_escape_ends_it(self):
        guest = self.begin("deaf")
        self.until("waiting")
        os.write(self.master, b"\035\035\035")
        self.assertEqual(guest.wait(TIMEOUT), 1)
        self.assertEqual(termios.tcgetattr(self.peer), self.before_mode)

    def test_the_size_is_passed_on(self):
        guest = self.begin("wait", ",", "size")
        self.until("waiting")
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
        self.until("33 rows 77 columns")
        self.assertEqual(guest.wait(TIMEOUT), 0)


if __name__ == "__main__":
    main()
