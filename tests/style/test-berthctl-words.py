#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The help of berthctl, its manual and its completions name the same options and verbs.

usage: test-berthctl-words.py BERTHCTL ROOT
"""

import os
import re
import subprocess
import sys

program, root = sys.argv[1:]
OPTION = r"(?<![\w-])(--[a-z][a-z-]+|-[a-zA-Z])(?![\w-])"


def read(path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


def help_of(program):
    ran = subprocess.run([program, "--help"], capture_output=True, text=True, check=True,
                         env={**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": ""})
    return ran.stdout


def verbs_of_help(text):
    return set(re.findall(r"^  ([a-z][a-z-]*)\b", text.split("\nOptions:")[0], re.M))


def options_of_help(text):
    options = set()
    for line in text.split("\nOptions:")[1].splitlines():
        head = re.match(r"  (-\w)?\s*(--[a-z-]+)?", line)
        options |= {word for word in (head.groups() if head else ()) if word}
    return options


def aliases():
    table = read("client/verbs/lifecycle.c")
    return set(re.findall(r'\{ "\w+", "(\w+)",', table))


def manual():
    text = read("docs/man/berthctl.1.scd")
    section = text.split("\n# OPTIONS\n")[1].split("\n# ")[0]
    options = set()
    for line in section.splitlines():
        if line.startswith("*"):
            options |= set(re.findall(r"\*(-[-a-zA-Z]+)", line))
    commands = text.split("\n# COMMANDS\n")[1].split("\n# ")[0]
    verbs = set()
    for line in commands.splitlines():
        if line.startswith("*"):
            verbs |= set(re.findall(r"\*([a-z][a-z-]*)\*", line))
    return options, verbs


def bash():
    text = read("client/completion/berthctl.bash")
    values = dict(re.findall(r"\b(options|with_value|running|startable|alone)='([^']*)'", text))
    options = set(values["options"].split()) | set(values["with_value"].split())
    return options, {verb for kind in ("running", "startable", "alone") for verb in values[kind].split()}


def zsh():
    text = read("client/completion/_berthctl")
    arguments = text.split("_arguments -S")[1]
    heads = re.sub(r"\[[^\]]*\].*", "", arguments)
    options = set(re.findall(OPTION, heads.replace("=", " ")))
    return options, set(re.findall(r"^ +'([a-z][a-z-]*):", text, re.M))


def compare(what, where, wanted, found):
    complaints = [f"{where}: lacks {what} {word}" for word in sorted(wanted - found)]
    complaints += [f"{where}: there is no {what} {word}" for word in sorted(found - wanted)]
    return complaints


text = help_of(program)
options, verbs = options_of_help(text), verbs_of_help(text) | aliases()
complaints = []
if len(options) < 20 or len(verbs) < 10:
    complaints.append("--help: cannot be understood by this test")
for where, (theirs, their_verbs) in {"manual": manual(), "bash": bash(), "zsh": zsh()}.items():
    complaints += compare("option", where, options, theirs)
    complaints += compare("verb", where, verbs, their_verbs)

print("\n".join(complaints) or f"{len(options)} options and {len(verbs)} verbs are everywhere")
sys.exit(bool(complaints))
