#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""berth-run as root, without daemon or bus: what a payload finds inside, how
its end is told, what a hostile image cannot do, and that nothing is left.

usage: test-run.py BERTH-RUN PROBE
"""

import contextlib
import fcntl
import os
import pty
import select
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

RUN, PROBE = (os.path.abspath(p) for p in sys.argv[1:3])
TIMEOUT = 60
NAME = f"berth-test-{os.getpid()}"


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
    links = [n for n in os.listdir("/sys/class/net") if n.startswith(f"ve-{NAME}"[:11])]
    groups = [d for d, _, _ in os.walk(cgroup_root()) if NAME in d]
    return mounts, links, groups


def wait_for_links(before):
    """The kernel removes a network namespace, and links into it, when it finds the time."""
    with subprocess.Popen(["ip", "monitor", "link"], stdout=subprocess.PIPE) as monitor:
        while host_state()[1] != before[1]:
            if not select.select([monitor.stdout], [], [], 1)[0]:
                continue
            os.read(monitor.stdout.fileno(), 4096)
        monitor.kill()


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

    def refused(self, options, *command):
        ran = subprocess.run(self.arguments(*options) + list(command), stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=TIMEOUT, check=False)
        self.assertEqual(ran.returncode, 1, ran.stdout + ran.stderr)
        return ran.stderr

    def start(self, *command, options=(), **more):
        """A guest that goes on running; its output ends when it does."""
        guest = subprocess.Popen(self.arguments(*options) + ["/probe", *command], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, text=True, **more)
        self.addCleanup(guest.stdout.close)
        return guest


class SelfTest(Guest):
    """What protects the host, each left out in turn: the leader notices before there is a payload."""

    def setUp(self):
        ran = subprocess.run([RUN, "--version"], capture_output=True, text=True, timeout=TIMEOUT, check=True)
        if "fault points" not in ran.stdout:
            self.skipTest("lacks a build with fault points")
        super().setUp()

    def notices(self, fault, missing, *options):
        os.environ["BERTH_FAULT"] = f"{fault}=skip"
        try:
            said = self.refused(options, "/probe", "who")
        finally:
            del os.environ["BERTH_FAULT"]
        self.assertRegex(said, f"step verify-(tree|privileges) \\({missing}\\)")

    def test_nothing_is_missed_where_nothing_is_missing(self):
        os.mkdir(self.path("other"))
        everything = ["--private-network", "--read-only", "--no-new-privileges=yes", "--uid=1000",
                      "--drop-capability=all", f"--bind-ro={self.root}:/other"]
        for users in ("no", "identity", "pick"):
            self.probe("who", options=[f"--private-users={users}"])
            self.probe("who", options=[f"--private-users={users}", "--private-network", "--uid=1000"])
            self.probe("who", options=[f"--private-users={users}", *everything])

    def test_each_cover_of_proc(self):
        for name in ("kallsyms", "kcore", "keys", "sysrq-trigger", "timer_list", "kmsg",
                     "sys/kernel/random/boot_id"):
            if os.path.exists(f"/proc/{name}"):
                self.notices(f"cover:{name}", f"/proc/{name} is not covered")

    @needs_filter
    def test_covers_of_a_machine_with_its_own_users(self):
        for name in ("kallsyms", "kcore", "keys"):
            if os.path.exists(f"/proc/{name}"):
                self.notices(f"cover:{name}", f"/proc/{name} is not covered", "--private-users=pick")
        self.notices("start:load-filter", "there is no filter of system calls", "--private-users=pick")

    def test_each_part_of_proc_that_is_read_only(self):
        for name in ("acpi", "apm", "asound", "bus", "fs", "irq", "scsi", "sys"):
            if os.path.exists(f"/proc/{name}"):
                self.notices(f"cover:{name}", f"/proc/{name} is not read-only")

    def test_read_only_mounts(self):
        os.mkdir(self.path("other"))
        self.notices("start:seal", "/sys is not read-only", "--private-network")
        self.notices("start:seal", "/run/host is not read-only")
        self.notices("read-only:/", "/ is not read-only", "--read-only")
        self.notices("read-only:/other", "/other is not read-only", f"--bind-ro={self.root}:/other")

    def test_namespaces(self):
        for name in ("pid", "uts", "ipc", "net"):
            self.notices(f"namespace:{name}", f"the {name} namespace is the host's", "--private-network")
        self.notices("start:cgroup-namespace", "the cgroup namespace is the host's")

    def test_the_root_directory(self):
        self.notices("start:pivot", "the root directory is not the machine's")

    def test_the_device_policy(self):
        self.notices("start:devices", "there is no device policy")

    def test_privileges(self):
        self.notices("start:privileges", "the user is not 1000", "--uid=1000")
        self.notices("start:privileges", "the bounding set has more than asked for")
        self.notices("privileges:bound", "the bounding set has more than asked for")
        self.notices("privileges:limit", "there are more capabilities than asked for")
        self.notices("privileges:no-new", "programs can gain privileges", "--no-new-privileges=yes")

    @needs_filter
    def test_the_filter(self):
        for fault in ("start:filter", "start:load-filter"):
            self.notices(fault, "there is no filter of system calls")


class Inside(Guest):
    def mounts(self, *options):
        table = {}
        for line in self.probe("mounts", options=options).splitlines():
            fields = line.split()
            dash = fields.index("-")
            table[fields[4]] = {"options": fields[5].split(","), "tags": fields[6:dash],
                                "type": fields[dash + 1]}
        return table

    def test_api_file_systems_are_there_before_the_payload(self):
        mounts = self.mounts()
        for where, what in (("/proc", "proc"), ("/sys", "sysfs"), ("/dev", "tmpfs"), ("/dev/pts", "devpts"),
                            ("/dev/shm", "tmpfs"), ("/dev/mqueue", "mqueue"), ("/run", "tmpfs"),
                            ("/run/host", "tmpfs"), ("/tmp", "tmpfs"), ("/sys/fs/cgroup", "cgroup2")):
            self.assertEqual(mounts[where]["type"], what, where)

    def test_what_is_the_host_s_is_read_only(self):
        mounts = self.mounts()
        for where in ("/sys", "/proc/sys", "/run/host"):
            self.assertIn("ro", mounts[where]["options"], where)
        self.assertIn("EROFS", self.probe("create", "/sys/x", status=1))
        self.assertIn("EROFS", self.probe("write", "/proc/sys/kernel/domainname", "x", status=1))
        self.assertIn("EROFS", self.probe("create", "/run/host/x", status=1))

    def test_run_host_allows_neither_programs_nor_devices(self):
        options = self.mounts()["/run/host"]["options"]
        for option in ("ro", "nosuid", "nodev", "noexec"):
            self.assertIn(option, options)

    def test_all_mounts_are_shared(self):
        for where, mount in self.mounts().items():
            self.assertTrue(any(tag.startswith("shared:") for tag in mount["tags"]), where)

    def test_nothing_of_the_host_s_mounts_is_left(self):
        with open("/proc/self/mountinfo", encoding="utf-8") as f:
            host = {line.split()[4] for line in f}
        own = {"/", "/proc", "/sys", "/dev", "/run", "/tmp"}
        self.assertFalse([m for m in self.mounts() if m in host - own and
                          not m.startswith(("/dev/", "/sys/", "/proc/", "/run/"))])

    def test_a_network_of_its_own_may_be_configured(self):
        self.assertIn("written", self.probe("write", "/proc/sys/net/ipv4/ip_forward", "1",
                                            options=["--private-network"]))
        mounts = self.mounts("--private-network")
        self.assertEqual(mounts["/sys"]["type"], "tmpfs")
        self.assertIn("ro", mounts["/sys"]["options"])
        self.assertEqual(self.probe("list", "/sys/class/net", options=["--private-network"]).split(), ["lo"])

    def calls(self, *names, options=()):
        """What some system calls are answered."""
        words = [w for n in names for w in ("call", n, ",")]
        return dict(line.split() for line in self.probe(*words[:-1], options=options).splitlines())

    @needs_filter
    def test_system_calls_that_concern_the_host_are_unknown(self):
        names = ("add_key", "bpf", "clock_settime", "delete_module", "fanotify_init", "init_module", "iopl",
                 "kexec_file_load", "kexec_load", "keyctl", "modify_ldt", "open_by_handle_at",
                 "perf_event_open", "quotactl", "settimeofday", "swapon", "syslog", "unknown")
        self.assertEqual(self.calls(*names), {n: "ENOSYS" for n in names})

    @needs_filter
    def test_system_calls_that_guests_need_reach_the_kernel(self):
        self.assertEqual(self.calls("clone3", "getpid", "io_uring_setup", "mount", "name_to_handle_at",
                                    "pivot_root", "ptrace", "reboot", "route-socket", "seccomp",
                                    "sethostname", "uname"),
                         {"clone3": "EINVAL", "getpid": "ok", "io_uring_setup": "EFAULT", "mount": "EFAULT",
                          "name_to_handle_at": "EFAULT", "pivot_root": "EFAULT", "ptrace": "ESRCH",
                          "reboot": "EINVAL", "route-socket": "ok", "seccomp": "EINVAL",
                          "sethostname": "EINVAL", "uname": "EFAULT"})

    @needs_filter
    def test_guests_have_no_audit_and_type_for_nobody(self):
        self.assertEqual(self.calls("audit-socket", "tiocsti", "tiocsti-high", "tioclinux"),
                         {"audit-socket": "EAFNOSUPPORT", "tiocsti": "EPERM", "tiocsti-high": "EPERM",
                          "tioclinux": "EPERM"})

    @needs_filter
    def test_capabilities_bring_their_system_calls(self):
        names = ("bpf", "clock_settime", "ptrace", "reboot", "syslog")
        for name, answer in self.calls(*names, options=["--capability=all"]).items():
            self.assertNotEqual(answer, "ENOSYS", name)
        dropped = "--drop-capability=CAP_SYS_PTRACE,CAP_SYS_BOOT"
        self.assertEqual(self.calls("ptrace", "reboot", options=[dropped]),
                         {"ptrace": "ENOSYS", "reboot": "ENOSYS"})

    @needs_filter
    def test_programs_of_other_architectures_are_filtered_too(self):
        seen = self.probe("call-number", "native", "39", ",", "call-number", "x32", "39", ",",
                          "call-number", "native", "246", ",", "call-number", "i386", "283")
        self.assertEqual(seen.splitlines(), ["native 39 ok", "x32 39 ENOSYS", "native 246 ENOSYS",
                                             "i386 283 ENOSYS"])

    @needs_filter
    def test_system_calls_may_be_allowed_and_refused(self):
        self.assertEqual(self.calls("open_by_handle_at", "keyctl", "uname", "mount",
                                    options=["--system-call-filter=open_by_handle_at @keyring uname",
                                             "--system-call-filter=~uname @mount"]),
                         {"open_by_handle_at": "EFAULT", "keyctl": "ok", "uname": "EPERM", "mount": "EPERM"})
        self.assertIn("step filter (@fly): Invalid argument",
                      self.refused(["--system-call-filter=@fly"], "/probe", "who"))
        self.assertIn("step filter (fly): Invalid argument",
                      self.refused(["--system-call-filter=~read fly"], "/probe", "who"))

    @needs_filter
    def test_keys_are_for_machines_with_their_own_users(self):
        for users, answer in (("no", "ENOSYS"), ("identity", "ENOSYS"), ("pick", "ok")):
            self.assertEqual(self.calls("keyctl", options=[f"--private-users={users}"]), {"keyctl": answer})

    def test_a_label_that_nobody_knows_is_refused(self):
        for option, module in (("--selinux-context=a:b:c:s0", "SELinux"), ("-Za:b:c:s0", "SELinux"),
                               ("--apparmor-profile=berth-fly", "AppArmor")):
            # Where the kernel has the module, it does not have the label.
            self.assertRegex(self.refused([option], "/probe", "who"),
                             rf"step label-modules \({module}\): Operation not supported|step label \(")

    @needs_filter
    def test_sockets_may_be_restricted_to_some_families(self):
        names = ("audit-socket", "route-socket", "unix-socket", "io_uring_setup")
        self.assertEqual(self.calls(*names, options=["--restrict-address-families=AF_UNIX"]),
                         {"audit-socket": "EAFNOSUPPORT", "route-socket": "EAFNOSUPPORT",
                          "unix-socket": "ok", "io_uring_setup": "ENOSYS"})
        self.assertEqual(self.calls(*names[1:3], options=["--restrict-address-families=none"]),
                         {"route-socket": "EAFNOSUPPORT", "unix-socket": "EAFNOSUPPORT"})
        self.assertEqual(self.calls(*names[1:3], options=["--restrict-address-families=~AF_UNIX AF_ALG"]),
                         {"route-socket": "ok", "unix-socket": "EAFNOSUPPORT"})

    @needs_filter
    def test_the_filter_is_there_whoever_the_payload_is(self):
        for options in ([], ["--no-new-privileges=yes"], ["--uid=1000"],
                        ["--uid=1000", "--no-new-privileges=yes"], ["--drop-capability=CAP_SYS_ADMIN"],
                        ["--drop-capability=all"], ["--capability=all"]):
            seen = self.probe("caps", ",", "call", "swapon", options=options)
            self.assertIn("Seccomp:\t2\n", seen, options)
            self.assertIn("swapon ENOSYS", seen, options)

    def test_loading_the_filter_leaves_no_capability_behind(self):
        for options in (["--uid=1000"], ["--drop-capability=all"]):
            seen = self.probe("caps", options=options)
            for name in ("Inh", "Prm", "Eff", "Amb"):
                self.assertIn(f"Cap{name}:\t0000000000000000\n", seen, options)
        seen = self.probe("caps", options=["--drop-capability=CAP_SYS_ADMIN"])
        for name in ("Prm", "Eff", "Bnd"):
            value = int(seen.split(f"Cap{name}:\t")[1][:16], 16)
            self.assertEqual(value & 1 << 21, 0, seen)

    def test_a_veth_pair_has_the_names_and_addresses_of_nspawn(self):
        seen = self.probe("list", "/sys/class/net", ",", "cat", "/sys/class/net/host0/address",
                          options=["--network-veth"]).split()
        self.assertEqual(sorted(seen[:2]), ["host0", "lo"])
        self.assertEqual(int(seen[2][:2], 16) & 3, 2, seen[2])

    def test_secrets_of_the_kernel_are_covered(self):
        for name in ("kallsyms", "keys", "timer_list"):
            if os.path.exists(f"/proc/{name}"):
                self.assertEqual(self.probe("cat", f"/proc/{name}"), "")
                self.assertIn("100000 ", self.probe("stat", f"/proc/{name}"))

    def test_the_boot_id_is_its_own(self):
        with open("/proc/sys/kernel/random/boot_id", encoding="utf-8") as f:
            host = f.read()
        one, two = (self.probe("cat", "/proc/sys/kernel/random/boot_id") for _ in range(2))
        self.assertEqual(len({host, one, two}), 3)

    def test_the_kernel_s_log_is_not_the_host_s(self):
        self.assertIn("EAGAIN", self.probe("cat", "/proc/kmsg", status=1))

    def test_devices_have_their_numbers(self):
        for name, number in (("null", "1:3"), ("zero", "1:5"), ("full", "1:7"), ("random", "1:8"),
                             ("urandom", "1:9"), ("tty", "5:0")):
            self.assertEqual(self.probe("stat", f"/dev/{name}"), f"/dev/{name} 020666 {number}\n")
        self.assertIn("ENOENT", self.probe("stat", "/dev/kmsg", status=1))
        self.assertIn("ENOENT", self.probe("stat", "/dev/tty0", status=1))

    def test_the_usual_devices_may_be_made_and_used(self):
        for number in ("1 3", "1 5", "1 7", "1 8", "1 9"):
            self.assertEqual(self.probe("mknod", "/dev/x", *number.split(), ",", "open", "/dev/x"),
                             "/dev/x: made\n/dev/x: open\n")
        self.assertEqual(self.probe("mknod", "/dev/x", "5", "2", ",", "open", "/dev/ptmx"),
                         "/dev/x: made\n/dev/ptmx: open\n")

    def test_other_devices_can_neither_be_made_nor_opened(self):
        for kind, number in (("mknod", "1 1"), ("mknod", "1 11"), ("mknod", "10 229"), ("mknod", "10 237"),
                             ("mknod-block", "7 0"), ("mknod-block", "8 0"), ("mknod-block", "254 0")):
            self.assertEqual(self.probe(kind, "/dev/x", *number.split(), status=1), "/dev/x: EPERM\n")
        # What the image brings along is no better.
        os.mknod(self.path("disk"), stat.S_IFBLK | 0o666, os.makedev(7, 0))
        os.mknod(self.path("kmsg"), stat.S_IFCHR | 0o666, os.makedev(1, 11))
        self.assertEqual(self.probe("open", "/disk", ",", "open", "/kmsg", status=1),
                         "/disk: EPERM\n/kmsg: EPERM\n")

    def test_a_device_that_is_bound_may_be_used(self):
        if not os.path.exists("/dev/fuse"):
            self.skipTest("lacks fuse")
        self.assertEqual(self.probe("open", "/fuse", options=["--bind=/dev/fuse:/fuse"]), "/fuse: open\n")
        self.assertEqual(self.probe("open", "/fuse", status=1, options=["--bind-ro=/dev/fuse:/fuse"]),
                         "/fuse: EPERM\n")

    def test_inaccessible_nodes_are_of_all_types(self):
        for name, mode in (("reg", stat.S_IFREG), ("dir", stat.S_IFDIR), ("fifo", stat.S_IFIFO),
                           ("sock", stat.S_IFSOCK), ("chr", stat.S_IFCHR), ("blk", stat.S_IFBLK)):
            self.assertIn(f"{mode:06o} 0:0", self.probe("stat", f"/run/host/inaccessible/{name}"))

    def test_the_console_is_a_terminal_of_its_own(self):
        seen = self.probe("tty", ",", "readlink", "/dev/console", ",", "write", "/dev/console", "said\n")
        self.assertIn("stdin /dev/pts/0", seen)
        self.assertIn("controlling terminal", seen)
        self.assertIn("/dev/console -> pts/0", seen)
        self.assertIn("said\n", seen)
        self.assertNotIn("\r", seen)

    def test_pipe_hands_on_our_streams(self):
        ran = subprocess.run(self.arguments("--pipe", "/probe", "tty", ",", "cat", "/dev/stdin"),
                             input="through", capture_output=True, text=True, timeout=TIMEOUT, check=False)
        self.assertIn("stdin is no terminal", ran.stdout)
        self.assertIn("/dev/tty: ENXIO", ran.stdout)
        self.assertIn("through", ran.stdout)

    def test_all_output_comes_out_before_the_end(self):
        self.write("many", "x" * 79 + "\n" + ("y" * 79 + "\n") * 4000)
        self.assertEqual(len(self.probe("cat", "/many")), 80 * 4001)

    def test_a_full_console_stops_nobody(self):
        self.write("many", ("y" * 79 + "\n") * 4000)
        self.assertEqual(self.probe("cat", "/many", options=["--console=passive"]), "")

    def test_no_descriptor_of_the_host_is_open(self):
        read_fd, write_fd = os.pipe()
        try:
            seen = self.probe("fds", pass_fds=(read_fd, write_fd))
        finally:
            os.close(read_fd)
            os.close(write_fd)
        self.assertEqual([line.split()[0] for line in seen.splitlines()], ["0", "1", "2"])

    def test_namespaces_are_its_own(self):
        inside = dict(line.split() for line in
                      self.probe("ns", options=["--private-network"]).splitlines())
        for name in ("cgroup", "ipc", "mnt", "net", "pid", "uts"):
            self.assertNotEqual(inside[name], os.readlink(f"/proc/self/ns/{name}"), name)
        self.assertEqual(self.probe("ns").splitlines()[3].split()[1], os.readlink("/proc/self/ns/net"))

    def test_pid_1_leads_a_session_under_the_machine_s_name(self):
        seen = self.probe("who")
        for line in ("pid 1", "sid 1", "uid 0", "gid 0", "groups 0", f"host {NAME}", "cwd /"):
            self.assertIn(line + "\n", seen)
        self.assertIn("host other\n", self.probe("who", options=["--hostname=other"]))

    def test_its_control_group_is_the_root_that_it_sees(self):
        self.assertIn("0::/\n", self.probe("cat", "/proc/self/cgroup"))
        self.assertIn("written", self.probe("write", "/sys/fs/cgroup/cgroup.max.depth", "100"))

    def test_environment_of_pid_1(self):
        lines = self.probe("env", options=["-E", "A=1", "-E", "A=2"]).splitlines()
        seen = dict(line.split("=", 1) for line in lines)
        self.assertEqual(seen["container"], "berth")
        self.assertEqual(seen["NOTIFY_SOCKET"], "/run/host/notify")
        self.assertEqual(seen["HOME"], "/root")
        self.assertEqual(seen["A"], "2")
        self.assertIn("container_host_id", seen)
        self.assertEqual(self.probe("cat", "/run/host/container-uuid"), seen["container_uuid"] + "\n")
        self.assertEqual(self.probe("cat", "/run/host/container-manager"), "berth\n")
        self.assertNotIn("SHELL", seen)

    def uuid(self, *options):
        return self.probe("cat", "/run/host/container-uuid", options=options)

    def test_the_uuid_is_stable_unless_the_image_has_one(self):
        one, two = self.uuid(), self.uuid()
        self.assertEqual(one, two)
        given = "11111111-2222-4333-8444-555555555555"
        self.assertEqual(self.uuid(f"--uuid={given}"), given + "\n")
        self.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n")
        self.assertEqual(self.uuid(f"--uuid={given}"), "01234567-89ab-cdef-0123-456789abcdef\n")

    def test_binds_and_tmpfs_are_where_they_shall_be(self):
        os.makedirs(self.path("src"))
        self.write("src/file", "of the host\n")
        options = [f"--bind-ro={self.path('src')}:/a/b", f"--bind={self.path('src/file')}:/c/file",
                   "--tmpfs=/d:mode=0700,size=64k"]
        seen = self.probe("cat", "/a/b/file", ",", "cat", "/c/file", options=options)
        self.assertEqual(seen, "of the host\n" * 2)
        self.assertIn("EROFS", self.probe("create", "/a/b/x", options=options, status=1))
        self.assertIn("040700", self.probe("stat", "/d", options=options))

    def test_a_read_only_root_stays_as_it_is(self):
        for name in ("dev", "proc", "run", "sys", "tmp"):
            os.makedirs(self.path(name))
        self.assertIn("EROFS", self.probe("create", "/x", options=["--read-only"], status=1))


class Privileges(Guest):
    def caps(self, *options):
        return dict(line.split(":\t") for line in self.probe("caps", options=options).splitlines())

    def bit(self, value, number):
        return int(value, 16) >> number & 1

    def test_only_the_default_capabilities_are_left(self):
        caps = self.caps()
        self.assertEqual(caps["CapBnd"], caps["CapEff"])
        self.assertEqual(int(caps["CapBnd"], 16) | 1 << 24, 0x9decafff)
        self.assertEqual(int(caps["CapInh"], 16) | int(caps["CapAmb"], 16), 0)

    def test_a_network_of_its_own_brings_net_admin(self):
        self.assertEqual(self.bit(self.caps("--private-network")["CapBnd"], 12), 1)

    def test_capabilities_can_be_added_and_taken(self):
        caps = self.caps("--capability=cap_sys_time", "--drop-capability=CAP_MKNOD,cap_chown")
        self.assertEqual([self.bit(caps["CapBnd"], n) for n in (25, 27, 0)], [1, 0, 0])
        self.assertEqual(int(self.caps("--drop-capability=all")["CapBnd"], 16), 0)

    def test_no_new_privileges(self):
        self.assertEqual(self.caps()["NoNewPrivs"], "0")
        self.assertEqual(self.caps("--no-new-privileges=yes")["NoNewPrivs"], "1")

    def test_a_user_of_the_image(self):
        self.write("etc/passwd", "root:x:0:0::/root:/bin/sh\nweb:x:1234:1235::/srv/web:/bin/false\n")
        self.write("etc/group", "www:x:7:other,web\nmail:x:8:mail\n")
        seen = self.probe("who", ",", "caps", ",", "env", options=["--uid=web"])
        for line in ("uid 1234", "gid 1235", "groups 1", "HOME=/srv/web", "USER=web",
                     "CapEff:\t0000000000000000"):
            self.assertIn(line + "\n", seen)
        self.assertIn("uid 4711\n", self.probe("who", options=["-u", "4711", "--drop-capability=all"]))

    def test_a_user_that_is_none_is_refused(self):
        self.write("etc/passwd", "one::x:0::/:/bin/sh\n:x:5:5::/:/bin/sh\n-1:x:-1:-1::/:/\n"
                                 "big:x:4294967295:1::/:/\n")
        for user in ("one", "-1", "1x", "+1", "big", "4294967295"):
            self.assertIn("step user", self.refused([f"--uid={user}"], "/probe", "who"))

    def test_limits_are_those_of_a_first_process(self):
        seen = subprocess.run(["sh", "-c", 'ulimit -n 100; ulimit -c 0; exec "$@"', "sh",
                               *self.arguments("/probe", "limits")],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=TIMEOUT, check=True)
        self.assertRegex(seen.stdout, r"Max stack size +8388608 ")
        self.assertRegex(seen.stdout, r"Max msgqueue size +819200 ")


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
        guest = self.start("wait", env=self.environment)
        self.assertEqual(guest.stdout.readline(), "waiting\n")
        pidfd = os.pidfd_open(self.leader())
        guest.kill()
        self.assertEqual(guest.wait(TIMEOUT), -signal.SIGKILL)
        self.assertTrue(select.select([pidfd], [], [], TIMEOUT)[0])
        os.close(pidfd)
        self.probe("who")  # the same machine once more, which clears away what was left

    def test_one_machine_runs_once(self):
        guest = self.start("wait", env=self.environment)
        self.assertEqual(guest.stdout.readline(), "waiting\n")
        self.assertIn("step cgroup", self.refused([], "/probe", "who"))
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


class Faults(Guest):
    """Killed, or failing, at each step: nothing is left, and the cause is told."""

    def setUp(self):
        super().setUp()
        if self.fault("root=5").returncode == 0:
            self.skipTest("built without fault points")

    def fault(self, where):
        return subprocess.run(self.arguments("--network-veth", "/probe", "who"), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=TIMEOUT, check=False,
                              env=dict(os.environ, BERTH_FAULT=f"start:{where}"))

    def steps(self, *where):
        """Those of all processes, or of the ones whose heading begins with @where."""
        plan = subprocess.run(self.arguments("--network-veth", "--explain", "/probe", "who"),
                              capture_output=True, text=True, check=True, timeout=TIMEOUT).stdout
        found, wanted = [], True
        for line in plan.splitlines():
            if line.startswith("# "):
                wanted = line[2:].startswith(where or "")
            elif wanted:
                found.append(line.split()[0])
        return found

    def test_a_step_that_fails_is_named_and_undone(self):
        for step in self.steps():
            ran = self.fault(f"{step}=5")
            self.assertEqual(ran.returncode, 1, step)
            self.assertRegex(ran.stderr, rf"step {step}\b.*Input/output error")
            wait_for_links(self.before)
            self.assertEqual(host_state(), self.before, step)

    def test_killed_at_any_step_of_the_supervisor_the_next_start_finds_its_way(self):
        for step in self.steps("On the host"):
            self.assertEqual(self.fault(step).returncode, -signal.SIGKILL, step)
            wait_for_links(self.before)
            self.probe("who", options=["--network-veth"])


class Hostile(Guest):
    def setUp(self):
        super().setUp()
        self.outside = tempfile.mkdtemp(prefix="berth-test-")
        self.addCleanup(shutil.rmtree, self.outside)

    def test_links_in_place_of_api_directories_are_refused(self):
        for name in ("dev", "proc", "sys", "run"):
            if os.path.isdir(self.path(name)):
                os.rmdir(self.path(name))
            os.symlink(self.outside, self.path(name))
            self.assertRegex(self.refused([], "/probe", "who"), f"step {name} .*Not a directory")
            os.unlink(self.path(name))
        self.assertEqual(os.listdir(self.outside), [])

    def test_a_link_in_place_of_tmp_leads_nowhere(self):
        os.symlink(self.outside, self.path("tmp"))
        self.probe("who")
        self.assertEqual(os.listdir(self.outside), [])

    def test_a_bind_s_target_stays_inside(self):
        os.symlink("/", self.path("link"))
        os.symlink("../" * 20 + self.outside.lstrip("/"), self.path("up"))
        self.write("file", "x")
        self.probe("stat", "/made/probe", options=[f"--bind={self.root}:/link/made"])
        self.refused([f"--bind={self.path('file')}:/up/file"], "/probe", "who")
        self.assertEqual(os.listdir(self.outside), [])
        self.assertFalse(os.path.exists("/made"))

    def test_our_own_program_is_not_executed(self):
        os.symlink("/proc/self/exe", self.path("link"))
        self.write("script", "#!/proc/self/exe --version\n", 0o755)
        self.write("deep", "#!/script\n", 0o755)
        os.symlink("/proc/thread-self/exe", self.path("thread"))
        for program in ("/link", "/script", "/deep", "/thread", "/proc/self/exe", "/proc/1/exe"):
            self.assertIn("Too many levels of symbolic links", self.refused([], program))

    def test_an_interpreter_of_a_binary_is_the_guest_s(self):
        with open(shutil.which("true"), "rb") as f:
            binary = f.read()
        where = max(binary.find(b"/lib64/ld-linux"), binary.find(b"/lib/ld-linux"))
        end = binary.index(b"\0", where)
        name = b"/proc/self/exe"
        with open(self.path("binary"), "wb") as f:
            f.write(binary[:where] + name + b"\0" * (end - where - len(name)) + binary[end:])
        os.chmod(self.path("binary"), 0o755)
        self.assertIn("step exec (/binary)", self.refused([], "/binary"))

    def test_files_that_never_end_or_answer_are_not_read(self):
        os.makedirs(self.path("etc"))
        os.mkfifo(self.path("etc/passwd"))
        self.refused(["--uid=web"], "/probe", "who")
        os.unlink(self.path("etc/passwd"))
        os.mkfifo(self.path("etc/machine-id"))
        self.probe("who")
        os.unlink(self.path("etc/machine-id"))
        os.symlink("/dev/zero", self.path("etc/machine-id"))
        self.probe("who")

    def test_a_machine_id_of_garbage_is_none(self):
        for text in ("", "uninitialized\n", "x" * 32, "0" * 32, "\n" * 5000, "../../etc/passwd"):
            self.write("etc/machine-id", text)
            self.assertRegex(self.probe("cat", "/run/host/container-uuid"), r"^[0-9a-f-]{36}\n$")

    def test_the_clock_is_set_in_the_guest_only(self):
        zone = os.path.join(self.outside, "localtime")
        with open(zone, "w", encoding="utf-8") as f:
            f.write("outside")
        target = os.readlink("/etc/localtime") if os.path.islink("/etc/localtime") else ""
        if "/zoneinfo/" not in target:
            self.skipTest("a host whose /etc/localtime is a link")
        name = target.split("/zoneinfo/")[1]
        self.write("usr/share/zoneinfo/" + name, "zone")
        os.makedirs(self.path("etc"))
        os.symlink(zone, self.path("etc/localtime"))
        self.probe("who")
        self.assertEqual(os.readlink(self.path("etc/localtime")), "../usr/share/zoneinfo/" + name)
        os.unlink(self.path("etc/localtime"))
        shutil.rmtree(self.path("etc"))  # with its resolv.conf
        os.symlink(self.outside, self.path("etc"))
        self.probe("who")
        with open(zone, encoding="utf-8") as f:
            self.assertEqual(f.read(), "outside")

    def test_boot_wants_an_operating_system(self):
        self.assertIn("step system (/etc/os-release)", self.refused(["--boot"]))
        self.write("usr/lib/os-release", "ID=x\n")
        self.assertIn("step system (/sbin/init)", self.refused(["--boot"]))
        os.makedirs(self.path("sbin"))
        os.symlink("/proc/self/exe", self.path("sbin/init"))
        self.refused(["--boot"])

    def test_boot_runs_init(self):
        self.write("usr/lib/os-release", "ID=x\n")
        os.makedirs(self.path("sbin"))
        shutil.copy(PROBE, self.path("sbin/init"))
        self.assertIn("pid 1\n", self.run_guest(["--boot"], "who"))

    def test_the_host_s_root_is_no_machine_s(self):
        os.symlink("/", self.path("slash"))
        for path in ("/", self.path("slash"), "/../"):
            ran = subprocess.run([RUN, f"--directory={path}", "--machine=x", "--register=no", "/bin/true"],
                                 capture_output=True, text=True, timeout=TIMEOUT, check=False)
            self.assertEqual(ran.returncode, 1)
            self.assertIn("own root directory", ran.stderr)


def main():
    if os.geteuid() != 0 or not cgroup_root():
        print("lacks root, or a unified hierarchy of control groups")
        sys.exit(1 if os.environ.get("TEST_NO_SKIP") else 77)
    # So that what others mount meanwhile is not taken for something left.
    if "BERTH_TEST_ALONE" not in os.environ:
        os.environ["BERTH_TEST_ALONE"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation=private", sys.executable, *sys.argv])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)


if __name__ == "__main__":
    main()
