#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shows that each check says what it is there to say, on trees of a few lines."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
RULES = ["lib/base::uthash", "daemon/core:lib/base:", "daemon/bus:lib/base,daemon/core:systemd/sd-bus"]
SPDX = "/* SPDX-License-Identifier: LGPL-2.1-or-later */\n#pragma once\n\n"
HEADER = SPDX + "/*\n * Thing\n *\n * What it is.\n */\n\n"


class Tree(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="berth-style-")
        self.addCleanup(self.directory.cleanup)

    def write(self, path, text):
        path = os.path.join(self.directory.name, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def run_tool(self, tool, *arguments):
        return subprocess.run([sys.executable, os.path.join(TOOLS, tool), *arguments], capture_output=True,
                              text=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})

    def passes(self, tool, *arguments):
        ran = self.run_tool(tool, *arguments)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""), ran.stdout)

    def complains(self, expected, tool, *arguments):
        ran = self.run_tool(tool, *arguments)
        self.assertEqual(ran.stderr, "")
        self.assertEqual(ran.stdout.splitlines(), expected)
        self.assertEqual(ran.returncode, 1)


class Layers(Tree):
    def check(self, expected=None):
        arguments = ["check-layers", self.directory.name] + RULES
        if expected:
            self.complains(expected, *arguments)
        else:
            self.passes(*arguments)

    def test_downwards_is_fine(self):
        self.write("daemon/core/a.c", '#include <errno.h>\n#include "lib/base/b.h"\n'
                   '/* #include "daemon/bus/x.h" */\n')
        self.write("daemon/bus/a.c", '#include <systemd/sd-bus.h>\n#include "daemon/core/a.h"\n')
        self.write("daemon/main.c", '#include <systemd/sd-bus.h>\n#include "daemon/bus/a.h"\n')
        self.write("tests/unit/test-a.c", '#include <cmocka.h>\n#include "daemon/core/a.h"\n')
        self.check()

    def test_upwards_is_not(self):
        self.write("daemon/core/machine.c", '#include "daemon/bus/authz.h"\n')
        self.check(['daemon/core/machine.c: daemon/core may not use daemon/bus ("daemon/bus/authz.h")'])

    def test_rooms_do_not_use_tests(self):
        self.write("lib/base/a.c", '#include "tests/test.h"\n')
        self.check(['lib/base/a.c: lib/base may not use tests ("tests/test.h")'])

    def test_guarded_headers_stay_in_their_rooms(self):
        self.write("daemon/core/machine.c", "#include <systemd/sd-bus.h>\n"
                   "#  include <netlink/route/link.h>\n")
        self.write("lib/base/a.c", "#include <uthash.h>\n#include <uthash_tables.h>\n")
        self.check(["daemon/core/machine.c: <systemd/sd-bus.h> is not for daemon/core",
                    "daemon/core/machine.c: <netlink/route/link.h> is not for daemon/core"])

    def test_circles_inside_a_room_are_found_once(self):
        self.write("daemon/bus/authz.h", '#include "daemon/bus/machine.h"\n')
        self.write("daemon/bus/machine.c", '#include "daemon/bus/machine.h"\n'
                   '#include "daemon/bus/authz.h"\n')
        self.check(["include each other: daemon/bus/authz -> daemon/bus/machine -> daemon/bus/authz"])

    def test_every_file_lies_in_a_room(self):
        self.write("attic/a.c", "\n")
        self.check(["attic/a.c: lies in no room"])

    def test_includes_begin_at_the_root(self):
        self.write("lib/base/a.c", '#include "b.h"\n')
        self.check(['lib/base/a.c: "b.h" does not begin at the root'])

    def test_rules_are_checked_too(self):
        self.complains(["rooms: a uses b, which is not above it in the list",
                        "rooms: <zlib.h> of b is not guarded"],
                       "check-layers", self.directory.name, "a:b:", "b::zlib")


class Docs(Tree):
    def check_doc(self, text, expected=None):
        path = self.write("lib/a.h", HEADER + text)
        line = HEADER.count("\n") + 1
        if expected:
            self.complains([f"lib/a.h:{line}: {e}" for e in expected], "check-docs", self.directory.name)
        else:
            self.passes("check-docs", self.directory.name)
        os.unlink(path)

    def test_a_documented_prototype_is_fine(self):
        self.check_doc("/**\n * a_do() - do it\n * @a:  one\n * @on_b: two\n * @c: three\n *\n"
                       " * Return: 0, negative error code on failure.\n * Errors: -EINVAL\n */\n"
                       "int a_do(const char *const a[static 2], void (*on_b)(int x, int y),\n"
                       "        uint8_t c[16], ...)\n"
                       "        __attribute__((format(printf, 1, 2)));\n")
        self.check_doc("/**\n * a_free() - free it\n * @a: it, or NULL\n */\nvoid a_free(A *a);\n")
        self.check_doc("/**\n * a_get() - get it\n *\n * Return: it.\n */\n"
                       "static inline A *a_get(void) {\n}\n")

    def test_arguments_are_compared(self):
        self.check_doc("/**\n * a_do() - do it\n * @b: one\n *\n * Return: 0.\n */\n"
                       "int a_do(int a, int b);\n",
                       ["a_do(a, b) is documented with (b)"])
        self.check_doc("/**\n * a_do() - do it\n * @b: one\n * @a: two\n *\n * Return: 0.\n */\n"
                       "int a_do(int a, int b);\n",
                       ["a_do(a, b) is documented with (b, a)"])

    def test_types_of_functions_are_compared_too(self):
        self.check_doc("/**\n * typedef Done - how it ended\n * @userdata: what came\n */\n"
                       "typedef void (*Done)(void *userdata);\n")
        self.check_doc("/**\n * typedef Done - how it ended\n */\ntypedef void (*Done)(void *userdata);\n",
                       ["Done(userdata) is documented with ()"])

    def test_the_name_is_compared(self):
        self.check_doc("/**\n * a_do() - do it\n *\n * Return: 0.\n */\nint a_done(void);\n",
                       ["a_done() is documented as a_do()"])

    def test_results_and_errors_are_demanded(self):
        self.check_doc("/**\n * a_do() - do it\n */\nint a_do(void);\n", ["a_do() lacks Return:"])
        self.check_doc("/**\n * a_do() - do it\n *\n * Return: 0.\n */\nvoid a_do(void);\n",
                       ["a_do() returns nothing to be told"])
        self.check_doc("/**\n * a_do() - do it\n *\n * Return: 0, or a negative error code.\n */\n"
                       "int a_do(void);\n",
                       ["a_do() lacks Errors:"])

    def test_headers_say_what_they_are(self):
        self.write("lib/a.h", SPDX + "int a;\n")
        self.complains(["lib/a.h: does not begin with license, #pragma once, and what it is"],
                       "check-docs", self.directory.name)

    def test_every_source_names_its_license(self):
        files = {"a.c": "int a;\n", "run": "#!/bin/sh\n", "meson.build": "\n", "README.md": "\n"}
        for path, text in files.items():
            self.write(path, text)
        self.complains([f"{path}: lacks its SPDX line" for path in ("a.c", "meson.build", "run")],
                       "check-docs", self.directory.name)


class Api(Tree):
    XML = """<node><interface name="org.example.A">
        <method name="Kill">
                <arg name="whom" type="s" direction="in"/>
                <arg name="n" type="i" direction="in"/>
                <!-- Errors: org.berth.Busy --></method>
        <signal name="Gone"><arg name="machine" type="s"/></signal>
        <property name="State" type="s" access="read"><annotation
                 name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="false"/></property>
        </interface></node>"""
    PAGE = """# A\n\n## `org.example.A`\n\n### `Kill(s whom, i n)`\n\nText.\n\nErrors:\n
* `org.berth.Busy`: why\n\n### `signal Gone(s machine)`\n\n### Properties\n
| name | type |\n|---|---|\n| `State` | `s` | silent | what it does |\n"""
    ERRORS = '        X(E_BUSY, "org.berth.Busy", 1, "Busy")\n'

    def check_page(self, page, expected=None, errors=ERRORS):
        self.write("dbus/org.example.A.xml", self.XML)
        self.write("docs/api/a.md", page)
        self.write("lib/base/errors.h", errors)
        if expected:
            self.complains(expected, "check-api", self.directory.name)
        else:
            self.passes("check-api", self.directory.name)

    def test_a_page_that_says_it_all_is_fine(self):
        self.check_page(self.PAGE)

    def test_what_is_missing_or_invented_is_told(self):
        self.check_page(self.PAGE.replace("A`", "B`"),
                        ["interfaces: org.example.A is not documented",
                         "interfaces: org.example.B is documented, but not there"])
        self.check_page(self.PAGE.replace("i n", "u n"),
                        ["org.example.A: Kill(s whom, i n) is not documented",
                         "org.example.A: Kill(s whom, u n) is documented, but not there"])
        self.check_page(self.PAGE.replace("silent", "const"),
                        ["org.example.A: State s silent is not documented",
                         "org.example.A: State s const is documented, but not there"])
        self.check_page(self.PAGE.replace("* `org.berth.Busy`: why", "`org.berth.Busy`"),
                        ["org.example.A.Kill(s whom, i n): org.berth.Busy is not documented"])

    def test_errors_are_in_the_table_and_on_a_page(self):
        self.check_page(self.PAGE, ["lib/base/errors.h: lacks org.berth.Busy"], errors="\n")
        self.check_page(self.PAGE, ["lib/base/errors.h: org.berth.Lost is on no page of docs/api"],
                        errors=self.ERRORS + self.ERRORS.replace("Busy", "Lost"))

    def test_varlink_interfaces_are_documented_too(self):
        self.write("varlink/a.varlink",
                   "interface io.example.A\n\nmethod Kill(n: int) -> ()\nerror Busy()\n")
        page = self.PAGE + "\n## `io.example.A`\n\n### `Kill`\n\n* `io.example.A.Busy`: why\n"
        self.check_page(page)
        self.check_page(self.PAGE, ["interfaces: io.example.A is not documented"])
        self.check_page(page.replace("`Kill`", "`End`"),
                        ["io.example.A: Kill is not documented",
                         "io.example.A: End is documented, but not there"])
        self.check_page(page.replace("A.Busy", "A.Idle"),
                        ["io.example.A: io.example.A.Busy is not documented",
                         "io.example.A: io.example.A.Idle is documented, but not there"])

    def test_introspection_is_compared_in_any_order(self):
        contract = self.write("a.xml", self.XML)
        lines = self.XML.split("\n")
        same = self.write("b.xml", "\n".join(lines[:1] + lines[5:8] + lines[1:5] + lines[8:]))
        self.passes("check-api", "--introspect", contract, same)
        other = self.write("c.xml", self.XML.replace('type="i"', 'type="u"'))
        self.complains(["org.example.A: lacks method Kill(s whom, i n)",
                        "org.example.A: has method Kill(s whom, u n)"],
                       "check-api", "--introspect", contract, other)


@unittest.skipUnless(shutil.which("xgettext"), "lacks gettext's tools")
class Po(Tree):
    CATALOG = '''msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'''
    GREETING = '''msgid "Hello %s"\nmsgstr "Hallo %s"\n'''

    def lay_out(self, potfiles="client/a.c\n", catalog=CATALOG + GREETING):
        self.write("client/a.c", '/* _("not this") */\nprintf(_("Hello %s"), name);\n')
        self.write("client/b.c", 'puts("not marked");\n')
        self.write("po/LINGUAS", "# one a line\nde\n")
        self.write("po/POTFILES", potfiles)
        self.write("po/de.po", catalog)

    def test_a_catalog_that_has_all_is_fine(self):
        self.lay_out()
        self.passes("check-po", self.directory.name)

    def test_files_are_listed_that_have_something_to_translate(self):
        self.lay_out(potfiles="client/b.c\n")
        self.complains(["po/POTFILES: lacks client/a.c", "po/POTFILES: client/b.c has nothing to translate"],
                       "check-po", self.directory.name)

    def test_what_is_missing_in_doubt_or_wrong_is_told(self):
        for entry, what in (("", "is untranslated"),
                            ("#, fuzzy\n" + self.GREETING, "needs to be reviewed"),
                            (self.GREETING.replace("Hallo %s", "Hallo %d"), "needs to be reviewed")):
            self.lay_out(catalog=self.CATALOG + entry)
            ran = self.run_tool("check-po", self.directory.name)
            self.assertEqual(ran.returncode, 1, ran.stdout)
            self.assertIn(what, ran.stdout)


class Style(Tree):
    def check_lines(self, path, lines, expected=None):
        self.write(path, "\n".join(lines) + "\n")
        if expected:
            self.complains([f"{path}:{e}" for e in expected], "check-style", self.directory.name)
        else:
            self.passes("check-style", self.directory.name)

    def test_lines_that_are_fine(self):
        self.check_lines("a.c",
                         ["/* sleep(1) is not used, system() neither */", 'puts("http://x, sleep(1)");',
                          "fd = beneath_open(root_fd, name, 0, 0);", "nanosleep(&t, NULL); /* style: why */"])

    def test_lines_that_are_not(self):
        self.check_lines("a.c",
                         ["\tint a;", "int b; ", "int c; // why", "usleep(5);", "x" * 110, "alloca(n);"],
                         ["1: tab", "2: blank at the end", "3: a comment for what must not be committed",
                          "4: waits by the clock: wait for the event",
                          "5: 110 columns", "6: is not used here"])

    def test_paths_of_a_guest_are_not_joined(self):
        self.check_lines("a.c", ['open(path_join(root, "etc"), 0);'],
                         ["1: joins a guest's path: see lib/base/beneath.h"])

    def test_scripts_do_not_wait_by_the_clock(self):
        self.check_lines("a.sh", ["#!/bin/sh", "while ! x; do sleep 0.1; done", "unshare sleep 10 &"],
                         ["2: waits by the clock: wait for the event"])


if __name__ == "__main__":
    unittest.main()
