#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The help of berth-run, its manual and its completions name the same options, which take values
in the same way; and completions offer those values. What is refused is offered by none.

usage: test-berth-run-words.py BERTH-RUN ROOT
"""

import os
import re
import shlex
import shutil
import subprocess
import sys

program, root = (os.path.abspath(path) for path in sys.argv[1:])

# Options whose values nobody can guess.
FREE = {"--hostname", "--uuid", "--property", "--system-call-filter", "--selinux-context",
        "--selinux-apifs-context", "--apparmor-profile", "--oom-score-adjust", "--cpu-affinity",
        "--background", "--set-credential"}

BASH = r"""
. "$1/runtime/completion/berth-run.bash"
program=$2
berth-run() { "$program" "$@"; }
__berth_run_machines() { echo machine-one; }
complete_words() {
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
        _berth_run
        echo "${COMPREPLY[*]}"
}
cd /
"""


def read(path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


def ask(*arguments):
    ran = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    return ran.stdout if ran.returncode == 0 else ""


def read_help():
    """By each way to write an option, what it takes, as "", "=X" or "[=X]"; and those that are refused."""
    offered, _, refused = ask("--help").partition(" refused:\n")
    found = []
    for text in (offered, refused):
        options = {}
        lines = re.findall(r"^  (?:(-\w)(?:, )?|    )(--[\w-]+)?(\[?=\S+)?(?: |$)", text, re.M)
        for letter, name, value in lines:
            options.update({word: value for word in (letter, name) if word})
        found.append(options)
    return found


def form(value):
    return "" if not value else "=-" if value.startswith("[") else "="


def compare(where, wanted, found):
    complaints = [f"{where}: lacks {word}" for word in sorted(wanted.keys() - found.keys())]
    complaints += [f"{where}: there is no {word}" for word in sorted(found.keys() - wanted.keys())]
    return complaints + [f"{where}: {word} takes its value otherwise"
                         for word in sorted(wanted.keys() & found.keys())
                         if word.startswith("--") and form(wanted[word]) != found[word]]


def check_manual(options, refused):
    found = {}
    text = read("docs/man/berth-run.1.scd").split("\n# OPTIONS\n")[1].split("\n# SETTINGS")[0]
    for line in re.findall(r"^(\*-.*)\n\t", text, re.M):
        words = re.findall(r"(?<![\w-])(--[a-z][\w-]*|-\w(?![\w-]))(\[?=)?", line.replace("*", ""))
        for word, value in words:
            found[word] = form(value)
    return compare("manual", options, {w: v for w, v in found.items() if w not in refused})


def run_bash(cases):
    script = BASH + "\n".join("complete_words " + shlex.join(["berth-run", *words]) for words in cases)
    ran = subprocess.run(["bash", "-c", script, "bash", root, program], capture_output=True, text=True,
                         check=True)
    return [line.split() for line in ran.stdout.split("\n")]


def check_bash(options, names):
    complaints = compare("bash", options, {word: form(options.get(word)) for word in run_bash([["-"]])[0]})
    cases = [[word, ""] for word in options] + [[word, "=", ""] for word in options if word.startswith("--")]
    for words, reply in zip(cases, run_bash(cases)):
        word, takes = words[0], form(options[words[0]])
        name = names.get(word, word)
        if takes == "=-" and len(words) == 2:
            takes = ""
        listed = options[name].strip("[]=") in ("MODE", "SIGNAL", "ARCH")
        values = ask(f"{name}=help").split() if listed else []
        if values and takes and reply != values:
            complaints.append(f"bash: {''.join(words)}<TAB> offers {' '.join(reply) or 'nothing'}")
        elif bool(reply) != (bool(takes) and name not in FREE):
            complaints.append(f"bash: {''.join(words)}<TAB> offers {' '.join(reply[:5]) or 'nothing'}")
        if options[name].strip("[]=") == "MODE" and not values:
            complaints.append(f"{name}=help tells nothing")
    for words in (["-q", "-M", "x", "ls", "-"], ["--volatile", "--machine", "=", "x", "ls", "-"]):
        if run_bash([words])[0]:
            complaints.append(f"bash: {' '.join(words)}<TAB> is berth-run's")
    return complaints


def check_zsh(options):
    path = "runtime/completion/_berth-run"
    found = {}
    for line in read(path).split("_arguments -S")[1].splitlines():
        for word, value in re.findall(r"(?<=['*])(--[a-z][\w-]*|-\w)(=-?|\+)?(?=['\[])", line):
            found[word] = value or ""
            if value and not re.search(r"\]::?[^:]+:", line):
                found[word] = "no action"
    complaints = compare("zsh", options, found)
    if shutil.which("zsh"):
        ran = subprocess.run(["zsh", "-fn", os.path.join(root, path)], capture_output=True, text=True,
                             check=False)
        complaints += ran.stderr.splitlines()
    return complaints


OFFERED, REFUSED = read_help()
NAMES = {line[0]: line[1] for line in re.findall(r"^  (-\w), (--[\w-]+)", ask("--help"), re.M)}
said = check_manual(OFFERED, REFUSED) + check_bash(OFFERED, NAMES) + check_zsh(OFFERED)
if len(OFFERED) < 60 or len(REFUSED) < 10:
    said.append("--help: cannot be understood by this test")
print("\n".join(said) or f"{len(OFFERED)} ways to write options are everywhere")
sys.exit(bool(said))
