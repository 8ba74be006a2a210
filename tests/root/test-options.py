#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Options of berth-run, as root, without daemon or bus: what each makes of a
guest, and that nothing is left.

usage: test-options.py BERTH-RUN PROBE
"""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

import berthrun as base

# berth-init lies beside berth-run.
os.environ["BERTH_PROGRAMS"] = os.path.dirname(base.RUN)


class AsPid2(base.Guest):
    def test_the_command_is_pid_2(self):
        self.assertIn("pid 2\n", self.probe("who", options=["--as-pid2"]))

    def test_the_exit_status_is_the_command_s(self):
        for status in (0, 7, 133):
            self.probe("exit", str(status), options=["-a"], status=1 if status == 133 else status)

    def test_a_command_that_cannot_be_executed_is_told(self):
        self.write("text", "\177ELF, not really\n", 0o755)
        self.assertIn("Cannot execute /text: Exec format error", self.run_guest(["-a"], "/text", status=1))
        self.assertIn("step exec (/nowhere): No such file", self.refused(["-a"], "/nowhere"))

    def test_a_command_that_a_signal_ends(self):
        self.probe("kill-self", str(int(signal.SIGKILL)), options=["-a"], status=255)

    def test_pid_1_is_no_file_of_the_host_and_tells_nothing_of_it(self):
        seen = self.probe("readlink", "/proc/1/exe", ",", "cat", "/proc/1/environ", ",",
                          "cat", "/proc/1/comm", ",", "list", "/proc/1/fd", options=["-a"],
                          env=dict(os.environ, SECRET="hidden"))
        self.assertIn("memfd:", seen)
        self.assertIn("container=berth", seen)
        self.assertIn("berth-init\n", seen)
        self.assertEqual(sorted(l for l in seen.splitlines() if l.isdigit()), ["0", "1", "2"])
        self.assertNotIn("hidden", seen)
        self.assertRegex(self.probe("write", "/proc/1/exe", "x", options=["-a"], status=1), "EPERM|ETXTBSY")

    def test_orphans_are_reaped(self):
        self.assertIn("gone", self.probe("orphan", options=["-a"]))

    def test_signals_are_passed_on(self):
        guest = self.start("wait", options=["-a", "--kill-signal=SIGUSR1"])
        self.assertEqual(guest.stdout.readline(), "waiting\n")
        guest.send_signal(signal.SIGTERM)
        self.assertEqual(guest.stdout.read(), f"signal {int(signal.SIGUSR1)}\n")
        self.assertEqual(guest.wait(base.TIMEOUT), 0)

    def test_an_order_to_power_off_is_one_to_end(self):
        guest = self.start("wait", options=["-a", "--kill-signal=RTMIN+4"])
        self.assertEqual(guest.stdout.readline(), "waiting\n")
        guest.send_signal(signal.SIGTERM)
        self.assertEqual(guest.stdout.read(), f"signal {int(signal.SIGTERM)}\n")
        self.assertEqual(guest.wait(base.TIMEOUT), 0)

    def test_a_command_that_will_not_end_is_killed(self):
        guest = self.start("deaf", options=["-a", "--kill-signal=RTMIN+4"])
        self.assertEqual(guest.stdout.readline(), "waiting\n")
        guest.send_signal(signal.SIGTERM)
        self.assertEqual(guest.wait(base.TIMEOUT), 0)

    def test_as_another_user(self):
        seen = self.probe("who", options=["-a", "--uid=1000"])
        self.assertIn("pid 2\n", seen)
        self.assertIn("uid 1000\n", seen)


class Journal(base.Guest):
    def setUp(self):
        super().setUp()
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/var/log"], check=True)
        self.addCleanup(subprocess.run, ["umount", "/var/log"], check=True)
        os.mkdir("/var/log/journal")
        self.before = base.host_state()

    def test_what_it_writes_to_is_harmless_and_not_the_host_s_own(self):
        one = "0123456789abcdef0123456789abcdef"
        self.write("etc/machine-id", one + "\n")
        seen = self.probe("mounts", options=["--link-journal=host"])
        line = next(l for l in seen.splitlines() if f" /var/log/journal/{one} " in l)
        for word in ("nosuid", "nodev", "noexec"):
            self.assertIn(word, line.split()[5].split(","))

        if not os.path.exists("/etc/machine-id"):
            self.skipTest("lacks a host with an id")
        shutil.copy("/etc/machine-id", self.path("etc/machine-id"))
        self.assertIn("step journal", self.refused(["--link-journal=host"], "/probe", "who"))


class Changes(base.Guest):
    def test_nobody_else_finds_what_an_ephemeral_machine_writes(self):
        guest = self.start("wait", options=["--ephemeral"], stderr=subprocess.DEVNULL)
        self.assertTrue(guest.stdout.readline())
        beside = [e for e in os.scandir(os.path.dirname(self.root)) if base.NAME in e.name and e.is_dir()]
        modes = [stat.S_IMODE(e.stat().st_mode) for e in beside]
        guest.terminate()
        guest.wait(base.TIMEOUT)
        self.assertEqual(modes, [0o700])


class Nesting(base.Guest):
    """Whole instances of /proc and /sys, without which a user namespace mounts none."""

    def nested(self, *options, **more):
        for name in ("bin", "lib", "lib64", "sbin"):
            if not os.path.lexists(self.path(name)):
                os.symlink("usr/" + name, self.path(name))
        return self.run_guest(["--bind-ro=/usr", "--private-network", *options],
                              "/usr/bin/unshare", "-Urmpfn", "sh", "-c", "mount -t proc proc /proc && "
                              "mount -t sysfs sysfs /sys && cat /proc/self/mountinfo", **more)

    def test_a_container_inside_has_both(self):
        for users in ("no", "524288:65536"):
            seen = self.nested("--nesting", "--private-users=" + users)
            for kind in ("proc", "sys"):
                self.assertRegex(seen, rf" / /run/host/nesting/{kind} rw,")
            self.assertIn(" / /run/host/nesting rw,", seen)

    def test_only_root_finds_them(self):
        self.write("etc/passwd", "x:x:7:7::/:/x\n")
        self.assertIn("EACCES", self.probe("list", "/run/host/nesting", options=["--nesting", "--uid=x"],
                                           status=1))

    def test_there_are_none_unless_asked_for(self):
        self.assertIn("ENOENT", self.probe("list", "/run/host/nesting", status=1))


class Registration(base.Guest):
    """Where nobody is who could register it."""

    NOBODY = dict(os.environ, BERTH_BUS="unix:path=/nowhere/bus")

    def test_a_machine_runs_without_if_that_is_left_to_us(self):
        seen = self.probe("list", "/sys/class/net", options=["--register=auto", "-n"], env=self.NOBODY)
        self.assertEqual(sorted(seen.split()), ["host0", "lo"])

    def test_it_is_told(self):
        ran = subprocess.run([a for a in self.arguments("--register=auto") if a != "--quiet"] +
                             ["/probe", "who"], env=self.NOBODY, capture_output=True, text=True,
                             timeout=base.TIMEOUT, check=True)
        self.assertIn(f"Machine '{base.NAME}' is not registered", ran.stderr)

    def test_it_does_not_if_it_shall_be(self):
        ran = subprocess.run(self.arguments("--register=yes") + ["/probe", "who"], env=self.NOBODY,
                             capture_output=True, text=True, timeout=base.TIMEOUT, check=False)
        self.assertEqual(ran.returncode, 1)
        self.assertRegex(ran.stderr, r"step register \(CreateMachine.*\): No such file")


class Ttys(base.Guest):
    """Terminals beside the console."""

    @staticmethod
    def connect(number):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(base.TIMEOUT)
        client.connect(f"/run/berth/ttys/{base.NAME}.{number}")
        return client

    def test_the_payload_is_told_of_them(self):
        seen = self.probe("env", ",", "list", "/dev/pts", ",", "stat", "/dev/pts/2", options=["--ttys=2"])
        self.assertIn("container_ttys=pts/1 pts/2\n", seen)
        self.assertRegex(seen, r"/dev/pts/2 020620 136:2")
        self.assertNotIn("container_ttys", self.probe("env"))
        self.assertNotIn("container_ttys", self.probe("env", options=["--ttys=0"]))

    def test_only_root_connects(self):
        guest = self.start("who", ",", "cat", "/dev/pts/1", options=["--ttys=1"])
        self.assertEqual(guest.stdout.readline(), "pid 1\n")
        directory = "/run/berth/ttys"
        self.assertEqual([stat.S_IMODE(os.stat(p).st_mode)
                          for p in (directory, f"{directory}/{base.NAME}.1")], [0o700, 0o600])
        attempt = os.fork()
        if attempt == 0:
            os.setresuid(65534, 65534, 65534)
            try:
                self.connect(1)
            except PermissionError:
                os._exit(7)
            os._exit(0)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(attempt, 0)[1]), 7)
        with self.connect(1) as one:
            one.sendall(b"\4")
            self.assertEqual(guest.wait(base.TIMEOUT), 0)

    def test_who_connects_is_at_one_until_another_does(self):
        for more in ([], ["--private-users=pick"]):
            guest = self.start("who", ",", "cat", "/dev/pts/1", ",", "cat", "/dev/pts/1",
                               options=["--ttys=1", *more])
            self.assertEqual(guest.stdout.readline(), "pid 1\n")
            with self.connect(1) as one:
                one.sendall(b"typed\n")
                self.assertEqual(one.recv(100), b"typed\r\n")
                while guest.stdout.readline() != "typed\n":
                    pass
                with self.connect(1) as two:
                    self.assertEqual(one.recv(100), b"")
                    two.sendall(b"again\n\4")
                    self.assertEqual(guest.stdout.readline(), "again\n")
            self.assertEqual(guest.wait(base.TIMEOUT), 0)  # who leaves has nothing more to type
            self.assertFalse(os.path.exists(f"/run/berth/ttys/{base.NAME}.1"))


class Environment(base.Guest):
    """Switches of systemd-nspawn's that are nowhere else."""

    def test_what_the_container_is_called(self):
        env = dict(os.environ, SYSTEMD_NSPAWN_CONTAINER_SERVICE="other-1")
        seen = self.probe("env", ",", "cat", "/run/host/container-manager", env=env)
        self.assertIn("container=other-1\n", seen)
        self.assertTrue(seen.endswith("other-1\n"))

    def test_what_is_in_tmp_is_there(self):
        self.write("tmp/file", "x\n")
        self.assertEqual(self.probe("list", "/tmp", env=dict(os.environ, SYSTEMD_NSPAWN_TMPFS_TMP="no")),
                         "file\n")
        self.assertEqual(self.probe("list", "/tmp"), "")

    def test_a_system_that_does_not_say_what_it_is(self):
        os.makedirs(self.path("sbin"))
        shutil.copy(base.PROBE, self.path("sbin/init"))
        self.assertIn("step system (/etc/os-release)", self.refused(["-b"], "who"))
        self.assertIn("pid 1", self.run_guest(["-b"], "who", env=dict(
            os.environ, SYSTEMD_NSPAWN_CHECK_OS_RELEASE="0")))

    @base.needs_filter
    def test_nothing_is_synced(self):
        self.assertEqual(self.probe("call", "fsync", env=dict(os.environ, SYSTEMD_SUPPRESS_SYNC="1")),
                         "fsync ok\n")

    def test_others_are_told_of_and_slips_are_errors(self):
        for name, value, status, said in (
                ("SYSTEMD_NSPAWN_SHARE_NS_PID", "1", 0, "SYSTEMD_NSPAWN_SHARE_NS_PID is ignored"),
                ("SYSTEMD_NSPAWN_TMPFS_TMP", "perhaps", 1, "cannot be 'perhaps'"),
                ("SYSTEMD_NSPAWN_CONTAINER_SERVICE", "A B", 1, "cannot be 'A B'")):
            ran = subprocess.run(self.arguments("/probe", "ns"), env=dict(os.environ, **{name: value}),
                                 capture_output=True, text=True, timeout=base.TIMEOUT, check=False)
            self.assertEqual(ran.returncode, status)
            self.assertIn(said, ran.stderr)


class Resources(base.Guest):
    def caps(self, *options):
        return dict(line.split(":\t") for line in self.probe("caps", options=options).splitlines())

    def test_ambient_capabilities_are_had_by_any_user(self):
        for more in ([], ["--no-new-privileges=yes"], ["--as-pid2"]):
            caps = self.caps("--uid=1000", "--ambient-capability=CAP_KILL,CAP_NET_RAW", *more)
            for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                self.assertEqual(int(caps[name], 16), 1 << 5 | 1 << 13, name)

    def test_rlimits_are_those_that_were_asked_for(self):
        seen = self.probe("limits", options=["--rlimit=NOFILE=100:200", "--rlimit=RLIMIT_CORE=1M",
                                             "--rlimit=fsize=infinity"])
        self.assertRegex(seen, r"Max open files +100 +200 ")
        self.assertRegex(seen, r"Max core file size +1048576 +1048576 ")
        self.assertRegex(seen, r"Max file size +unlimited +unlimited ")
        self.assertRegex(seen, r"Max stack size +8388608 ")

    def test_oom_score_and_processors(self):
        seen = self.probe("cat", "/proc/self/oom_score_adj", ",", "cat", "/proc/self/status",
                          options=["--oom-score-adjust=321", "--cpu-affinity=0"])
        self.assertTrue(seen.startswith("321\n"))
        self.assertRegex(seen, r"Cpus_allowed_list:\t0\n")

    @unittest.skipUnless(os.uname().machine == "x86_64", "x86-64 only")
    def test_personality(self):
        self.assertIn("i686", self.probe("machine", options=["--personality=x86"]))
        self.assertIn("x86_64", self.probe("machine", options=["--personality=x86-64"]))

    @base.needs_filter
    def test_nothing_is_synced_if_so_wished(self):
        seen = self.probe("call", "fsync", ",", "call", "sync", options=["--suppress-sync=yes"])
        self.assertEqual(seen.splitlines(), ["fsync ok", "sync ok"])
        self.assertEqual(self.probe("call", "fsync"), "fsync EBADF\n")


class Limits(base.Guest):
    """Of the machine's control group, where no systemd makes it."""

    @staticmethod
    def controllers():
        with open(os.path.join(base.cgroup_root(), "cgroup.controllers"), encoding="utf-8") as f:
            return f.read().split()

    def test_limits_of_the_control_group(self):
        if "pids" not in self.controllers():
            self.skipTest("the pids controller in the unified hierarchy")
        self.assertEqual(self.probe("cat", "/sys/fs/cgroup/pids.max", options=["--property=TasksMax=123"]),
                         "123\n")

    def test_a_limit_that_cannot_be_kept_is_an_error(self):
        if "memory" in self.controllers():
            self.skipTest("a hierarchy without the memory controller")
        self.assertRegex(self.refused(["--property=MemoryMax=1G"], "/probe", "who"),
                         r"step cgroup \(.*\): Limits need the controllers")

    def test_what_is_no_limit_is_for_units_only(self):
        self.assertIn("pid 1\n", self.probe("who", options=["--property=Description=x", "--slice=x.slice"]))


class Passed(base.Guest):
    """What the payload is handed."""

    def test_credentials_are_root_s_and_nobody_changes_them(self):
        path = os.path.join(self.root, "secret")
        self.write("secret", "of a file\n")
        options = ["--set-credential=one:a\\nb\\x41\\101", f"--load-credential=two:{path}"]
        seen = self.probe("env", ",", "cat", "/run/host/credentials/one", ",", "cat",
                          "/run/host/credentials/two", ",", "stat", "/run/host/credentials/one", ",", "stat",
                          "/run/host/credentials", ",", "mounts", options=options)
        self.assertIn("CREDENTIALS_DIRECTORY=/run/host/credentials\n", seen)
        self.assertIn("a\nbAAof a file\n", seen)
        self.assertIn("/run/host/credentials/one 100400", seen)
        self.assertIn("/run/host/credentials 040500", seen)
        line = next(l for l in seen.splitlines() if " /run/host/credentials " in l)
        for word in ("ro", "nosuid", "nodev", "noexec"):
            self.assertIn(word, line.split()[5].split(","))
        self.assertIn("- ramfs", line)
        self.assertIn("EROFS", self.probe("create", "/run/host/credentials/x", options=options, status=1))

    def test_a_credential_of_ours_is_handed_on(self):
        with tempfile.TemporaryDirectory() as directory:
            with open(os.path.join(directory, "mine"), "w", encoding="utf-8") as f:
                f.write("handed on")
            seen = self.probe("cat", "/run/host/credentials/theirs",
                              options=["--load-credential=theirs:mine"],
                              env=dict(os.environ, CREDENTIALS_DIRECTORY=directory))
        self.assertEqual(seen, "handed on")

    def test_what_has_no_writer_is_not_waited_for(self):
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        options = [f"--load-credential=x:{fifo}"]
        self.assertEqual(self.probe("cat", "/run/host/credentials/x", options=options), "")

    def test_credentials_that_are_not_to_be_had(self):
        big = self.path("big")
        with open(big, "wb") as f:
            f.truncate(600 * 1024)
        both = [f"--load-credential=x:{big}", f"--load-credential=y:{big}"]
        self.assertIn("File too large", self.refused(both, "/probe", "who"))
        self.assertIn("step credentials (/nowhere): No such file",
                      self.refused(["--load-credential=x:/nowhere"], "/probe", "who"))
        self.assertIn("step credentials (/dev/zero): File too large",
                      self.refused(["--load-credential=x:/dev/zero"], "/probe", "who"))

    def test_credentials_of_another_user(self):
        seen = self.probe("cat", "/run/host/credentials/x", ",", "stat", "/run/host/credentials/x",
                          options=["--set-credential=x:y", "--uid=1000", "--no-new-privileges=yes"])
        self.assertIn("100444", seen)

    def activated(self, *options):
        """Started with two sockets, as by socket units."""
        one, two = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        with one, two:
            start = ("import os,sys; one, two = map(int, sys.argv[1:3])\n"
                     "os.dup2(one, 103); os.dup2(two, 104)\n"
                     "os.dup2(103, 3); os.dup2(104, 4)\n"
                     "os.closerange(5, 200)\n"
                     "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='2', LISTEN_FDNAMES='a:b')\n"
                     "os.execv(sys.argv[3], sys.argv[3:])")
            ran = subprocess.run([sys.executable, "-c", start, str(one.fileno()), str(two.fileno()),
                                  *self.arguments(*options, "/probe", "env", ",", "fds")],
                                 pass_fds=(one.fileno(), two.fileno()), stdin=subprocess.DEVNULL,
                                 capture_output=True, text=True, timeout=base.TIMEOUT, check=True)
        return ran.stdout.splitlines()

    def test_sockets_are_handed_on(self):
        for options, pid in (([], 1), (["--as-pid2"], 2)):
            seen = self.activated(*options)
            for line in ("LISTEN_FDS=2", f"LISTEN_PID={pid}", "LISTEN_FDNAMES=a:b"):
                self.assertIn(line, seen)
            fds = [l for l in seen if l[:1].isdigit()]
            self.assertEqual([l.split()[0] for l in fds], ["0", "1", "2", "3", "4"], fds)
            self.assertTrue(all("socket:" in l for l in fds[3:]), fds)

    def test_what_somebody_else_was_started_with_is_not(self):
        environment = dict(os.environ, LISTEN_PID="1", LISTEN_FDS="1")
        self.assertNotIn("LISTEN", self.probe("env", env=environment))


class Settings(base.Guest):
    """NAME.nspawn, of the administrator's and beside the tree."""

    def setUp(self):
        super().setUp()
        self.beside = os.path.join(os.path.dirname(self.root), f"{base.NAME}.nspawn")
        os.makedirs("/run/systemd/nspawn", exist_ok=True)
        self.trusted = f"/run/systemd/nspawn/{base.NAME}.nspawn"

    def tearDown(self):
        for path in (self.beside, self.trusted):
            if os.path.lexists(path):
                os.unlink(path)
        super().tearDown()

    def say(self, path, *lines):
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")

    def env(self, *options):
        seen = self.run_guest(options, "/probe", "env")
        return dict(line.split("=", 1) for line in seen.splitlines())

    def test_the_first_file_counts(self):
        self.say(self.beside, "[Exec]", "Environment=A=beside")
        self.assertEqual(self.env()["A"], "beside")
        self.say(self.trusted, "[Exec]", "Environment=A=run 'B=with blanks'")
        self.assertEqual(self.env()["A"], "run")
        self.assertEqual(self.env()["B"], "with blanks")
        self.assertNotIn("A", self.env("--settings=no"))

    def test_the_command_line_goes_before_unless_overridden(self):
        self.say(self.trusted, "[Exec]", "Environment=A=file", "Hostname=file", "Parameters=/probe who")
        self.assertEqual(self.env("-E", "B=1").get("A"), None)
        self.assertEqual(self.env("--hostname=x")["A"], "file")
        self.assertIn("host file\n", self.run_guest([], "/probe", "who"))
        self.assertIn("host x\n", self.run_guest(["--hostname=x"], "/probe", "who"))
        seen = self.run_guest(["--hostname=x", "--settings=override"], "/probe", "env")
        self.assertIn("host file\n", seen)
        self.assertIn("host file\n", self.run_guest([]))

    def test_what_is_trusted_may_say_all(self):
        self.write("src/file", "shown\n")
        self.say(self.trusted, "[Files]", f"BindReadOnly={self.path('src')}:/dst",
                 "[Network]", "Private=yes", "[Exec]", "LimitNOFILE=100:200",
                 *(["SuppressSync=yes"] if base.has_filter() else []))
        seen = self.probe("cat", "/dst/file", ",", "limits", ",", "list", "/sys/class/net")
        self.assertIn("shown\n", seen)
        self.assertRegex(seen, r"Max open files +100 +200 ")
        self.assertEqual(seen.splitlines()[-1], "lo")

    def test_what_lies_beside_the_tree_gets_nothing_of_the_host(self):
        """The attack: an image that brings its own settings."""
        self.say(self.beside, "[Exec]", "Capability=all", "AmbientCapability=CAP_SYS_MODULE",
                 "PrivateUsers=no", "SystemCallFilter=kexec_load bpf", "LimitNOFILE=7",
                 "OOMScoreAdjust=-1000", "CPUAffinity=0",
                 "MachineID=00000000000000000000000000000001", "LinkJournal=host", "Ephemeral=yes",
                 "[Files]", "Bind=/:/host", "BindReadOnly=/etc/shadow", "Overlay=/:/tmp/x:/host",
                 "TemporaryFileSystem=/host", "Inaccessible=/probe", "BindUser=root",
                 "[Network]", "VirtualEthernet=yes", "NamespacePath=/proc/1/ns/net", "Port=22", "Zone=x")
        plain = self.probe("caps", ",", "limits", ",", "mounts", options=["--settings=no"])
        ran = subprocess.run(self.arguments("/probe", "caps", ",", "limits", ",", "mounts"),
                             text=True, stdin=subprocess.DEVNULL, capture_output=True,
                             timeout=base.TIMEOUT, check=True)
        count = lambda text: len(text.splitlines())  # noqa: E731
        self.assertEqual(count(ran.stdout), count(plain))
        self.assertEqual(ran.stdout.splitlines()[:6], plain.splitlines()[:6])
        self.assertEqual(ran.stderr.count(" is ignored: only files in /etc and /run "), 20, ran.stderr)
        self.assertIn("ENOENT", self.probe("stat", "/host", status=1))
        self.assertEqual(self.probe("call", "kexec_load"), "kexec_load ENOSYS\n")

    def test_ours_is_not_handed_to_who_asks_for_it(self):
        self.say(self.beside, "[Exec]", "Environment=SECRET")
        self.assertIn("not a valid value of Environment=", self.refused([], "/probe", "env"))

    @base.needs_filter
    def test_it_may_forbid(self):
        self.say(self.beside, "[Exec]", "SystemCallFilter=~mount", "DropCapability=CAP_CHOWN",
                 "NoNewPrivileges=yes")
        seen = self.probe("call", "mount", ",", "caps")
        self.assertIn("mount EPERM\n", seen)
        self.assertIn("NoNewPrivs:\t1\n", seen)

    def test_trust_can_be_given(self):
        self.say(self.beside, "[Network]", "Private=yes")
        self.assertEqual(self.probe("list", "/sys/class/net", options=["--settings=trusted"]), "lo\n")

    def test_what_is_no_file_is_refused_at_once(self):
        os.mkfifo(self.beside)
        self.assertIn("Cannot read the settings", self.refused([], "/probe", "who"))
        os.unlink(self.beside)
        os.symlink("/etc/shadow", self.beside)
        self.assertIn("Cannot read the settings", self.refused([], "/probe", "who"))
        os.unlink(self.beside)
        self.say(self.beside, "#" * 70000)
        self.assertIn("File too large", self.refused([], "/probe", "who"))

    def test_what_is_wrong_is_told_with_its_line(self):
        self.say(self.trusted, "[Exec]", "Foo=bar", "[Bar]", "\033[2J", "[Exec]", "KillSignal=SIGFOO")
        self.assertRegex(self.refused([], "/probe", "who"),
                         rf"{self.trusted}:6: not a valid value of KillSignal=")
        self.say(self.trusted, "[Network]", "Zone=web")
        self.assertIn(":2: Zone= is not supported", self.refused([], "/probe", "who"))


if __name__ == "__main__":
    base.main()
