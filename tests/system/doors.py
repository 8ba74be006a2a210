#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every verb of berthctl, asked of the berthd that it finds by itself.

usage: doors.py NAME

NAME is a guest in /var/lib/machines that does not run. Prints what became of each row of the table:
the exit status, and the shape of the JSON, which must be that of its schema. The exit status is 1
if any is not as it is to be. At every door of the daemon the same is printed.
"""

import json
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
import schema  # noqa: E402

# How it ends, what its JSON is, and the command line; @ stands for the guest.
TABLE = [
    (0, "version", "--version"), (0, "help", "help"), (1, None, "frobnicate"),
    (1, None, "list-images"), (0, "results", "enable --order=3 --delay=0 @"),
    (1, "results", "enable ../nothing"), (0, "list-enabled", "list-enabled"),
    (0, "results", "autostart"), (1, "results", "start @"), (1, "results", "start nothing"),
    (1, "results", "start nothing @"), (0, "results", "disable @"), (0, "list", "list"),
    (0, "list", "list --all --max-addresses=0"), (0, "list", ""), (0, "status", "status @"),
    (1, "status", "status @ nothing"), (0, "show", "show @"), (1, "show", "show nothing"),
    (0, "show", "show"), (0, "stats", "stats @"), (0, "stats", "stats"),
    (1, "stats", "stats nothing"), (0, "logs", "logs @"), (0, "logs", "logs --console -n 1 @"),
    (1, None, "logs nothing"), (0, None, "exec @ true"), (7, None, "exec @ sh -c exit__7"),
    (137, None, "exec @ sh -c kill__-9__$$"), (127, None, "exec @ no-such-program"),
    (126, None, "exec @ /etc/passwd"), (125, None, "exec nothing true"),
    (125, None, "exec --user=nobody-here @ true"), (125, None, "exec @"),
    (0, "results", "exec --detach @ true"), (125, "results", "exec --detach nothing true"),
    (5, None, "shell @ /bin/sh -c exit__5"), (1, None, "shell nothing"), (1, None, "login nothing"),
    (0, "results", "copy-to @ /etc/hostname /root/copy"),
    (1, "results", "copy-to @ /etc/hostname /root/copy"),
    (0, "results", "copy-to --force @ /etc/hostname /root/copy"),
    (0, "results", "copy-from --force @ /root/copy /tmp/doors-copy"),
    (1, "results", "copy-from nothing /a /tmp/b"), (1, "results", "copy-to @ /nothing-there /root"),
    (0, "results", "bind --mkdir --read-only @ /etc/hostname /root/bound"),
    (1, "results", "bind nothing /etc"), (0, "results", "kill --signal=CONT @"),
    (0, "results", "kill --kill-whom=leader --signal=CONT @"), (1, "results", "kill @ nothing"),
    (0, "results", "reboot @"), (1, "results", "restart nothing"), (0, "results", "poweroff @"),
    (1, "results", "poweroff nothing"), (0, "results", "freeze @"), (0, "stats", "stats @"),
    (0, "results", "thaw @"), (0, "results", "pause @"), (0, "results", "resume @"),
    (1, "results", "freeze nothing"), (1, "results", "thaw nothing"),
    (1, "results", "set nothing TasksMax=9"), (1, None, "set @ Slice=x"),
    (1, "results", "terminate nothing"), (1, "results", "stop nothing"),
    (0, "results", "stop --timeout=10 @"), (1, "results", "stop @"), (0, "results", "start @"),
    (0, "results", "terminate @"),
]
# What is told of all this, in that order, with other things between.
TOLD = ["ready", "frozen", "thawed", "stopping", "exited", "removed"]


def outcome(name, values):
    """What is the same at all doors."""
    if name == "results":
        return " ".join(":".join(one[key] for key in ("machine", "result", "error", "end") if key in one)
                        for one in values[0])
    return f"{len(values[0])} of {name}" if values and isinstance(values[0], list) else name or ""


def end_events(process, guest):
    """Reads until all was told, or patience ends; returns how it ended, and what was missing."""
    told = iter(TOLD)
    missing = next(told)
    patience = threading.Timer(20, process.terminate)
    patience.start()
    for line in process.stdout:
        _, found = schema.check("events", line)
        event = json.loads(line)
        if found:
            missing = str(found)
            break
        if event["name"] == guest and event["event"] == missing:
            missing = next(told, None)
            if not missing:
                break
    patience.cancel()
    process.terminate()
    return process.wait(timeout=20), missing


def main():
    guest = sys.argv[1]
    failed = False
    events = subprocess.Popen(["berthctl", "events", "--output=json"], stdout=subprocess.PIPE, text=True)

    for wanted, name, line in TABLE:
        # Two underscores are a blank within a word.
        words = [word.replace("__", " ").replace("@", guest) for word in line.split()]
        option = ["--output=json"] if name else []
        ran = subprocess.run(["berthctl", *option, *words], capture_output=True, text=True, check=False,
                             stdin=subprocess.DEVNULL, timeout=60)
        values, found = schema.check(name, ran.stdout) if name else ([], [])
        if ran.returncode != wanted:
            found.append(f"ends with {ran.returncode}, not {wanted}: {ran.stderr.strip()}")
        print(f"{ran.returncode} berthctl {line}: {found or outcome(name, values)}", flush=True)
        failed = failed or bool(found)

    status, missing = end_events(events, guest)
    print(f"{status} berthctl events: {'lacks ' + missing if missing else 'all of them'}")
    failed = failed or bool(missing)
    return failed or status != 0


sys.exit(main())
