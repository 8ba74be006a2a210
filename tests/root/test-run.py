#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""berth-run as root, without daemon or bus: what a payload finds inside, and what it
may do.

usage: test-run.py BERTH-RUN PROBE
"""

import os
import shutil
import signal
import stat
import subprocess
import tempfile

from berthrun import NAME, RUN, TIMEOUT, Guest, has_filter, host_state, main, needs_filter


COVERED = ("acpi", "asound", "bus", "fs", "irq", "kallsyms", "kcore", "keys", "kmsg", "scsi", "sys",
           "sys/kernel/random/boot_id", "sysrq-trigger", "timer_list")


class Inside(Guest):
    def mounts(self, *options):
        return self.mounts_by("/probe", options)

    def mounts_by(self, probe, options):
        table = {}
        for line in self.run_guest(options, probe, "mounts").splitlines():
            fields = line.split()
            dash = fields.index("-")
            table[fields[4]] = {"options": fields[5].split(","), "tags": fields[6:dash],
                                "type": fields[dash + 1], "own": fields[dash + 3].split(",")}
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

    def test_settings_of_a_network_are_the_host_s_if_that_is(self):
        self.assertIn("EROFS", self.probe("write", "/proc/sys/net/core/somaxconn", "x", status=1))

    def test_what_each_mount_allows(self):
        harmless = {"nosuid", "nodev", "noexec"}
        for users in ("no", "pick"):
            mounts = self.mounts(f"--private-users={users}", "--tmpfs=/data")
            covers = {where: harmless | {"ro"} for where in mounts if where.startswith("/proc/")}
            self.assertLessEqual({f"/proc/{name}" for name in COVERED if os.path.exists(f"/proc/{name}")},
                                 set(covers))
            wanted = {**covers, "/dev": {"nosuid"}, "/dev/pts": {"nosuid", "noexec"},
                      "/dev/shm": {"nosuid", "nodev"},
                      "/dev/mqueue": harmless, "/proc": harmless, "/run": {"nosuid", "nodev"},
                      "/run/host": harmless | {"ro"}, "/sys": harmless | {"ro"}, "/sys/fs/cgroup": harmless,
                      "/tmp": {"nosuid", "nodev"}, "/data": {"nosuid", "nodev"}}
            for where, options in wanted.items():
                self.assertLessEqual(options, set(mounts[where]["options"]), (users, where))

    def test_what_is_in_memory_has_an_end(self):
        for options, places in ((["--private-network", "--volatile=overlay"],
                                 ("/dev", "/dev/shm", "/run", "/run/host", "/sys")),
                                (["--volatile=yes", f"--bind-ro={self.root}:/bin"], ("/",))):
            os.makedirs(self.path("usr"), exist_ok=True)
            mounts = self.mounts_by("/bin/probe" if len(places) == 1 else "/probe", options)
            for where in places:
                limits = {word.split("=")[0] for word in mounts[where]["own"]}
                self.assertLessEqual({"size", "nr_inodes"}, limits, where)

    def test_nothing_is_mounted_on_the_host_though_all_is_shared_there(self):
        os.mkdir(self.path("source"))
        os.mkdir(self.path("source/sub"))
        subprocess.run(["mount", "--make-rshared", "/"], check=True)
        self.addCleanup(subprocess.run, ["mount", "--make-rprivate", "/"], check=True)
        before = host_state()
        for options in ([], ["--private-users=pick"], ["--private-network"]):
            self.probe("who", options=[*options, f"--bind={self.path('source')}:/data", "--tmpfs=/data/sub"])
            self.assertEqual(host_state(), before)

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
        for where in (w for w in mounts if w.startswith("/sys/") and w != "/sys/fs/cgroup"):
            self.assertLessEqual({"ro", "nosuid", "nodev", "noexec"}, set(mounts[where]["options"]), where)
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
                               ("-La:b:c:s0", "SELinux"), ("--apparmor-profile=berth-fly", "AppArmor")):
            # Where the kernel has the module, it does not have the label.
            self.assertRegex(self.refused([option], "/probe", "who"),
                             rf"step label-modules \({module}\): Operation not supported|"
                             r"step (label|run|dev) \(")

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
        self.assertIn("/proc/kmsg 010600 ", self.probe("stat", "/proc/kmsg"))

    def test_devices_have_their_numbers(self):
        for name, number in (("null", "1:3"), ("zero", "1:5"), ("full", "1:7"), ("random", "1:8"),
                             ("urandom", "1:9"), ("tty", "5:0")):
            for options in ([], ["-U"]):
                self.assertEqual(self.probe("stat", f"/dev/{name}", options=options),
                                 f"/dev/{name} 020666 {number}\n")
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
        self.assertIn("sid 1\n", self.probe("who", options=["--pipe"]))

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

    def test_neither_our_signals_nor_our_umask_are_its_own(self):
        def set_others():
            os.umask(0o077)
            signal.signal(signal.SIGUSR2, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])

        for options in ([], ["-U"]):
            status = self.probe("cat", "/proc/self/status", options=options, preexec_fn=set_others)
            for line in ("Umask:\t0022", "SigBlk:\t" + "0" * 16, "SigIgn:\t" + "0" * 16):
                self.assertIn(line + "\n", status)

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

    def test_what_is_read_only_is_so_with_all_below_it(self):
        with tempfile.TemporaryDirectory() as source:
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", source], check=True)
            try:
                os.mkdir(os.path.join(source, "sub"))
                subprocess.run(["mount", "-t", "tmpfs", "tmpfs", f"{source}/sub"], check=True)
                self.assertIn("EROFS", self.probe("create", "/data/sub/x", status=1,
                                                  options=[f"--bind-ro={source}:/data"]))
            finally:
                subprocess.run(["umount", "-R", source], check=True)

    def test_who_looks_after_resolv_conf_himself_keeps_it(self):
        os.makedirs(self.path("etc"))
        os.symlink("/nowhere", self.path("etc/resolv.conf"))
        self.probe("who")
        self.assertEqual(os.readlink(self.path("etc/resolv.conf")), "/nowhere")

    def test_a_read_only_root_stays_as_it_is(self):
        for name in ("dev", "proc", "run", "sys", "tmp"):
            os.makedirs(self.path(name))
        self.assertIn("EROFS", self.probe("create", "/x", options=["--read-only"], status=1))


class Broken(Guest):
    """An installation that lacks what is loaded late, or has that of another version."""

    def refused(self, place):
        ran = subprocess.run([os.path.join(place, "berth-run"), *self.arguments("--private-network")[1:],
                              "/probe", "create", "/made"], stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, timeout=TIMEOUT, check=False)
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertFalse(os.path.exists(self.path("made")))
        return ran.stderr

    def test_no_payload_runs_that_nobody_would_supervise(self):
        with tempfile.TemporaryDirectory() as place:
            for name in ("berth-run", "berth-runtime", "berth-init"):
                shutil.copy(os.path.join(os.path.dirname(RUN), name), place)
            self.assertIn("step late", self.refused(place))

            late = os.path.join(place, "berth-late.so")
            with open(late, "wb") as f:
                f.write(b"no library")
            self.assertIn("berth-late.so", self.refused(place))

            # A library, but none of ours.
            with open("/proc/self/maps", encoding="utf-8") as f:
                other = next(line.split()[-1] for line in f if "/libc.so" in line or "/libc-" in line)
            shutil.copy(other, late)
            self.assertIn("step late", self.refused(place))


class Over(Guest):
    """What is mounted over something that the guest has anyway."""

    def test_any_of_it_may_be_another(self):
        for users in ("no", "pick"):
            for place in ("/dev", "/dev/mqueue", "/dev/shm", "/proc/acpi", "/proc/sys",
                          "/run", "/run/host", "/sys", "/sys/kernel", "/tmp"):
                with self.subTest(users=users, place=place):
                    seen = self.probe("create", f"{place}/new", ",", "list", place,
                                      options=[f"--private-users={users}", f"--tmpfs={place}"])
                    self.assertIn("new\n", seen)

    def test_what_is_below_it_goes_over_it(self):
        self.write("srv/file", "x\n")
        for users in ("no", "pick"):
            seen = self.probe("cat", "/run/srv/file", options=[f"--private-users={users}", "--tmpfs=/run",
                                                               f"--bind-ro={self.root}/srv:/run/srv"])
            self.assertEqual(seen, "x\n")

    def test_what_is_not_asked_for_is_covered_all_the_same(self):
        self.assertIn("EROFS", self.probe("write", "/proc/sys/kernel/domainname", "x",
                                          options=["--tmpfs=/proc/acpi"], status=1))


class Privileges(Guest):
    def caps(self, *options):
        return dict(line.split(":\t") for line in self.probe("caps", options=options).splitlines())

    def bit(self, value, number):
        return int(value, 16) >> number & 1

    def test_only_the_default_capabilities_are_left(self):
        caps = self.caps()
        self.assertEqual(caps["CapBnd"], caps["CapEff"])
        # Without a filter that hides the audit, what PAM writes to it with.
        self.assertEqual(int(caps["CapBnd"], 16) | 1 << 24, 0x9decafff | (not has_filter()) << 29)
        self.assertEqual(self.bit(self.caps("--private-users=pick")["CapBnd"], 29), 0)
        self.assertEqual(int(caps["CapInh"], 16) | int(caps["CapAmb"], 16), 0)

    def test_what_we_inherit_is_not_passed_on(self):
        filtered = [["--system-call-filter=~ptrace"]] if has_filter() else []
        for options in ([], ["--uid=1000"], ["--private-users=pick"], *filtered):
            ran = subprocess.run(["setpriv", "--inh-caps=+net_raw,+chown", "--ambient-caps=+net_raw,+chown",
                                  *self.arguments(*options, "/probe", "caps")], stdin=subprocess.DEVNULL,
                                 capture_output=True, text=True, timeout=TIMEOUT, check=False)
            self.assertRegex(ran.stdout, r"CapInh:\t0{16}\n(.*\n)*CapAmb:\t0{16}\n", ran.stderr)

    def test_a_network_of_its_own_brings_net_admin(self):
        self.assertEqual(self.bit(self.caps("--private-network")["CapBnd"], 12), 1)

    def test_capabilities_can_be_added_and_taken(self):
        caps = self.caps("--capability=cap_sys_time", "--drop-capability=CAP_MKNOD,cap_chown")
        self.assertEqual([self.bit(caps["CapBnd"], n) for n in (25, 27, 0)], [1, 0, 0])
        self.assertEqual(int(self.caps("--drop-capability=all")["CapBnd"], 16), 0)

    def test_who_has_logged_in_on_the_host_is_forgotten(self):
        def log_in():
            with open("/proc/self/loginuid", "w", encoding="utf-8") as f:
                f.write("1234")

        if not os.path.exists("/proc/self/loginuid"):
            self.skipTest("lacks a kernel with audit")
        self.assertEqual(self.probe("cat", "/proc/self/loginuid", preexec_fn=log_in), "4294967295")

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
        self.assert_limits_of_a_first_process()


if __name__ == "__main__":
    main()
