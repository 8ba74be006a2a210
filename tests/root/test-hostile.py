#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""berth-run as root: what a hostile image cannot do.

usage: test-hostile.py BERTH-RUN PROBE
"""

import os
import shutil
import subprocess
import tempfile

from berthrun import PROBE, RUN, TIMEOUT, Guest, main


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

    def test_the_file_system_of_its_tree_stays_writable(self):
        """Inits make it read-only in the end. To this one nobody else writes."""
        tree = os.path.join(self.outside, "tree")
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", self.outside], check=True)
        try:
            os.mkdir(tree)
            for name in ("bin", "lib", "lib64", "sbin"):
                os.symlink("usr/" + name, os.path.join(tree, name))
            command = self.arguments(f"--directory={tree}", "--bind-ro=/usr",
                                     "/usr/bin/mount", "-o", "remount,ro", "/")
            ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                 timeout=TIMEOUT, check=False)
            self.assertIn("busy", ran.stdout + ran.stderr)
            os.mkdir(os.path.join(self.outside, "another"))
        finally:
            subprocess.run(["umount", self.outside], check=True)

    def test_a_bind_s_target_stays_inside(self):
        os.symlink("/", self.path("link"))
        os.symlink("../" * 20 + self.outside.lstrip("/"), self.path("up"))
        self.write("file", "x")
        self.probe("stat", "/made/probe", options=[f"--bind={self.root}:/link/made"])
        self.refused([f"--bind={self.path('file')}:/up/file"], "/probe", "who")
        self.assertEqual(os.listdir(self.outside), [])
        self.assertFalse(os.path.exists("/made"))

    def test_the_launcher_finds_the_runtime_beside_itself(self):
        copies = os.path.join(self.root, "copies")
        os.mkdir(copies)
        alone = shutil.copy(RUN, copies)
        ran = subprocess.run([alone, "--version"], capture_output=True, text=True, timeout=TIMEOUT,
                             check=False)
        self.assertEqual((ran.returncode, ran.stderr), (127, "berth-run: cannot execute berth-runtime\n"))

        shutil.copy(os.path.join(os.path.dirname(RUN), "berth-runtime"), copies)
        os.symlink(alone, self.path("link"))
        for way in (alone, self.path("link")):
            version = subprocess.run([way, "--version"], capture_output=True, text=True, timeout=TIMEOUT,
                                     check=True).stdout
            self.assertRegex(version, "^berth-run [0-9.]+")

    def test_our_own_program_is_not_executed(self):
        os.symlink("/proc/self/exe", self.path("link"))
        self.write("script", "#!/proc/self/exe --version\n", 0o755)
        self.write("deep", "#!/script\n", 0o755)
        os.symlink("/proc/thread-self/exe", self.path("thread"))
        for program in ("/link", "/script", "/deep", "/thread", "/proc/self/exe", "/proc/1/exe"):
            self.assertIn("Too many levels of symbolic links", self.refused([], program))

    def test_no_directory_of_the_host_that_is_open_is_entered(self):
        for n in range(32):  # CVE-2024-21626: by whichever number
            os.symlink(f"/proc/self/fd/{n}", self.path("here"))
            self.assertIn("step exec (/here)", self.refused(["--chdir=/here"], "/probe", "who"))
            os.unlink(self.path("here"))

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
        subprocess.run(["mount", "--bind", "/", self.root], check=True)
        try:
            self.assertIn("step root", self.refused([], "/bin/true"))
        finally:
            subprocess.run(["umount", self.root], check=True)


if __name__ == "__main__":
    main()
