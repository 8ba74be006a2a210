#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The help of berthctl, its manual and its completions name the same verbs and options, with the
same arguments; and completions offer names of machines, and values of options, where those belong.

usage: test-berthctl-words.py BERTHCTL ROOT
"""

import json
import os
import re
import shlex
import subprocess
import sys

program, root = sys.argv[1:]

# What is completed with machines that could be started, not with those that run.
STARTABLE = {"start", "enable", "disable"}
# Options whose values nobody can guess.
FREE = {"--host", "-H", "--machine", "-M", "--workdir", "-w", "--order", "--delay", "--parallel", "--unit",
        "--leader"}

BASH = r"""
. "$1/client/completion/berthctl.bash"
berthctl() {
        case "$*" in
        *=help) echo help-of-it ;;
        *) echo running-one more ;;
        esac
}
__berthctl_startable() { echo startable-one; }
complete_words() {
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
        _berthctl
        echo "${COMPREPLY[*]}"
}
"""


def read(path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


def help_of(*options):
    ran = subprocess.run([program, "--help", *options], capture_output=True, text=True, check=True,
                         env={**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": ""})
    return ran.stdout


def words_of(option):
    """Returns how an option is written, with and without its argument."""
    letter, name, argument = (option[key] for key in ("letter", "name", "argument"))
    bare = [f"-{letter}"] * bool(letter) + [f"--{name}"] * bool(name)
    if not argument:
        return bare, bare
    if option["argument_optional"]:
        return bare, bare[:-1] + [f"{bare[-1]}[={argument[1:]}"]
    return bare, bare[:-1] + [f"{bare[-1]}{'=' if name else ' '}{argument}"]


def headings(section):
    """What stands in the lines that begin with a word in bold, without the bold."""
    text = read("docs/man/berthctl.1.scd").split(f"\n# {section}\n")[1].split("\n# ")[0]
    lines = [line.replace("*", "") for line in re.findall(r"^(\*[-a-z].*)\n\t", text, re.M)]
    return [word for line in lines for word in line.split(", ")]


def compare(what, where, wanted, found):
    complaints = [f"{where}: lacks {what} {word}" for word in sorted(wanted - found)]
    complaints += [f"{where}: there is no {what} {word}" for word in sorted(found - wanted)]
    return complaints


def check_help(commands, options):
    text = help_of()
    lines = [line.strip() + " " for line in text.splitlines()]
    wanted = [" ".join(filter(None, (", ".join(filter(None, (c["name"], c["alias"]))), c["arguments"])))
              for c in commands]
    wanted += [" ".join(words_of(option)[1]) for option in options]
    return ["--help: has more options than there are"] * ("(null)" in text) + [
        f"--help: lacks {word}" for word in wanted if not any(line.startswith(word + " ") for line in lines)]


def check_manual(commands, options):
    wanted = {" ".join(filter(None, (name, c["arguments"])))
              for c in commands for name in (c["name"], c["alias"]) if name}
    complaints = compare("command", "manual", wanted, set(headings("COMMANDS")))
    wanted = {word for option in options for word in words_of(option)[1]}
    return complaints + compare("option", "manual", wanted, set(headings("OPTIONS")))


def machines_of(name, command):
    if "NAME" not in command["arguments"]:
        return ""
    return "startable-one" if name in STARTABLE else "running-one"


def run_bash(cases):
    script = BASH + "\n".join("complete_words " + shlex.join(["berthctl", *words]) for words in cases)
    ran = subprocess.run(["bash", "-c", script, "bash", root], capture_output=True, text=True, check=True)
    return [line.split() for line in ran.stdout.split("\n")]


def check_bash(commands, options):
    names = {name: c for c in commands for name in (c["name"], c["alias"]) if name}
    with_value = {word for option in options if option["argument"] and not option["argument_optional"]
                  for word in words_of(option)[0]}
    bare = {word for option in options for word in words_of(option)[0]}
    complaints = []

    whole = run_bash([[""], ["-"]])
    complaints += compare("command", "bash", set(names), set(whole[0]))
    complaints += compare("option", "bash", bare, set(whole[1]))

    cases = [[*before, name, ""] for name in names for before in ([], ["-q"], ["--signal", "TERM"])]
    for words, reply in zip(cases, run_bash(cases)):
        name = words[-2]
        if " ".join(reply) != machines_of(name, names[name]):
            complaints.append(f"bash: {' '.join(words)}<TAB> offers {' '.join(reply) or 'nothing'}")

    cases = [[word, ""] for word in sorted(bare)] + [[word, "=", ""] for word in sorted(with_value)]
    for words, reply in zip(cases, run_bash(cases)):
        word, takes = words[0], words[0] in with_value
        if len(words) == 3 and not word.startswith("--"):
            continue
        if takes and ("list-enabled" in reply or bool(reply) == (word in FREE)):
            complaints.append(f"bash: of {''.join(words)}<TAB> it does not know the values")
        elif not takes and "list-enabled" not in reply:
            complaints.append(f"bash: {word} takes no value, but commands are not offered behind it")
    return complaints


def check_zsh(commands, options):
    text = read("client/completion/_berthctl")
    names = {name: c for c in commands for name in (c["name"], c["alias"]) if name}
    complaints = compare("command", "zsh", set(names), set(re.findall(r"^ +'([a-z][a-z-]*):", text, re.M)))

    arguments = text.split("_arguments -S")[1]
    # Each word of an option, how it takes a value, and what else is said.
    specs = {}
    for line in arguments.splitlines():
        head, _, rest = line.partition("[")
        for word, value in re.findall(r"(?<![\w-])(--[a-z][a-z-]*[a-z]|-[a-zA-Z])(=-?)?", head):
            specs[word] = (value, re.sub(r"^[^\]]*\]", "", rest))
    complaints += compare("option", "zsh", {w for o in options for w in words_of(o)[0]}, set(specs))
    for option in options:
        for word in words_of(option)[0]:
            value, rest = specs.get(word, ("", ""))
            wanted = "" if not option["argument"] else "=-" if option["argument_optional"] else "="
            if word.startswith("--") and value != wanted:
                complaints.append(f"zsh: {word} takes its value otherwise")
            if wanted == "=" and ":" not in rest:
                complaints.append(f"zsh: does not know what {word} takes")

    offered = {}
    for verbs, action in re.findall(r"^        ([a-z|-]+)\)\n(.*?);;", text, re.M | re.S):
        for verb in verbs.split("|"):
            offered[verb] = "".join(re.findall(r"_berthctl_(running|startable)", action)) + "-one"
    for name, command in names.items():
        if offered.get(name, "") != machines_of(name, command):
            complaints.append(f"zsh: {name} offers {offered.get(name, 'nothing')}")
    return complaints


said = json.loads(help_of("--output=json"))
commands, options = said["commands"], said["options"]
complaints = []
if len(options) < 20 or len(commands) < 10:
    complaints.append("--help: cannot be understood by this test")
# A letter may be that of two options; where there is one for a certain verb, the manual has both.
for check in (check_help, check_manual, check_bash, check_zsh):
    complaints += check(commands, options)

print("\n".join(complaints) or f"{len(options)} options and {len(commands)} commands are everywhere")
sys.exit(bool(complaints))
