#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What berthctl prints for programs is what docs/api/schema says, with every command.

usage: test-json.py PLAY-BERTHCTL ROOT

Which command has which schema stands in docs/api/berthctl-json.md. berthctl is run for real,
against the daemon that the tests of the bus play: "web" and "db" are there, "gone" is not.
"""

import copy
import json
import os
import re
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    print("lacks python3-jsonschema")
    sys.exit(1 if os.environ.get("TEST_NO_SKIP") else 77)

play, root = sys.argv[1:]
consoles = tempfile.TemporaryDirectory(prefix="berth-json-")

# A command line, and how it ends.
RUNS = [
    ("list", 0), ("--all", 0), ("status web", 0), ("status web gone", 1), ("show", 0), ("show web", 0),
    ("show web gone --property=Name,Leader", 1), ("stats web db gone", 1), ("stats gone", 1), ("stats", 0),
    ("events", 0),
    ("logs --console web", 0), ("list-enabled", 0), ("autostart", 0),
    ("start web db gone", 1), ("stop web db", 0), ("stop gone", 1), ("stop --quiet web", 0),
    ("poweroff web", 0), ("poweroff web gone", 1), ("reboot web", 0), ("restart gone", 1),
    ("terminate web web", 0), ("terminate gone web", 1), ("kill web", 0), ("kill gone --signal=HUP", 1),
    ("freeze web gone", 1), ("pause web", 0), ("thaw web", 0), ("resume gone", 1),
    ("enable web db", 0), ("enable --now web gone", 1), ("disable web", 0), ("disable --now gone", 1),
    ("set web TasksMax=9", 0), ("set gone TasksMax=9", 1),
    ("exec --detach web true", 0), ("exec --detach gone true", 125),
    ("copy-to web /etc/hostname", 0), ("copy-to gone /etc/hostname", 1),
    ("copy-from web /a /b", 0), ("copy-from gone /a /b", 1), ("bind web /a", 0), ("bind gone /a", 1),
    ("help", 0), ("--help", 0), ("--version", 0),
]
# These leave standard output empty.
REFUSED = [("frobnicate", 1), ("list-images", 1), ("kill", 1), ("start ../etc", 1), ("--user list", 1),
           ("check", 1), ("check gone", 1), ("check --leader=1", 1), ("start -V web", 1),
           ("set web Slice=x", 1), ("exec", 125), ("exec --bogus web", 125)]
STREAMS = {"events", "logs"}


def read(path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


def documented():
    rows = re.findall(r"^\| `([a-z-]+)` \| (?:\[[a-z-]+\]\(schema/([a-z-]+)\.json\))?",
                      read("docs/api/berthctl-json.md"), re.M)
    return {command: schema or None for command, schema in rows}


def load_schemas():
    schemas = {}
    for name in sorted(os.listdir(os.path.join(root, "docs/api/schema"))):
        schema = json.loads(read(f"docs/api/schema/{name}"))
        jsonschema.Draft202012Validator.check_schema(schema)
        schemas[name.removesuffix(".json")] = jsonschema.Draft202012Validator(schema)
    return schemas


def run(line, option):
    ran = subprocess.run([play, *line.split()[:1], *([option] if option else []), *line.split()[1:]],
                         capture_output=True, text=True, check=False,
                         env={**os.environ, "CONSOLES": consoles.name})
    return ran.returncode, ran.stdout


def parse(text, is_stream):
    """Returns all values of the text, whatever is between them."""
    decoder, values, at = json.JSONDecoder(), [], 0
    text = text.strip()
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        values.append(value)
        at += len(text[at:]) - len(text[at:].lstrip())
    if not is_stream and len(values) != 1:
        raise ValueError(f"{len(values)} values")
    return values


def mutations(value):
    """What is wrong with it by one key each."""
    one = value[0] if isinstance(value, list) and value else value
    for key in one if isinstance(one, dict) else ():
        for change in ("absent", "wrong"):
            changed = copy.deepcopy(one)
            if change == "absent":
                del changed[key]
            else:
                changed[key] = [0.5] if isinstance(changed[key], dict) else {"no": {"such": []}}
            yield f"{key} is {change}", [changed] if isinstance(value, list) else changed


def is_free(schema, key, change):
    """What a schema leaves open on purpose."""
    return schema == "show" or (change == "absent" and (
        schema == "stats" and key != "Name" or schema == "results" and key in ("end", "pid")))


def check_run(schemas, schema, line, wanted, option):
    status, output = run(line, option)
    if status != wanted:
        yield f"ends with {status}, not {wanted}"
    try:
        values = parse(output, schema in STREAMS)
    except ValueError as error:
        yield f"prints no JSON: {error}: {output!r}"
        return
    if not values:
        yield "prints nothing"
    for value in values:
        for error in schemas[schema].iter_errors(value):
            yield f"{error.json_path}: {error.message}"
        for what, changed in mutations(value):
            key, _, change = what.partition(" is ")
            if not is_free(schema, key, change) and schemas[schema].is_valid(changed):
                yield f"the schema does not mind that {what}"
    if option == "--output=json" and schema not in STREAMS and output.count("\n") != 1:
        yield "is not on a line"


class Container:
    """A process in namespaces of its own, for check to look at."""

    def __enter__(self):
        self.process = subprocess.Popen(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                                         "echo; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdout.readline()
        return self.process.pid

    def __exit__(self, *_):
        self.process.communicate()


def main():
    table, schemas = documented(), load_schemas()
    table["--version"] = "version"
    aliases = {"--all": "list", "--help": "help", "--version": "--version"}
    for command in parse(run("help", "--output=json")[1], False)[0]["commands"]:
        aliases[command["name"]] = command["name"]
        if command["alias"]:
            aliases[command["alias"]] = command["name"]

    with open(os.path.join(consoles.name, "web.console"), "w", encoding="utf-8") as f:
        f.write("one\r\n\x1b[31mtwo\nthree\n")
    complaints = [f"{c}: not in berthctl-json.md" for c in sorted(set(aliases.values()) - set(table))]
    complaints += [f"{c}: no such command" for c in sorted(set(table) - set(aliases.values()))]
    complaints += [f"{s}: a schema of nothing" for s in sorted(set(schemas) - set(table.values()))]

    told, n = set(), 0
    with Container() as pid:
        for line, wanted in [*RUNS, (f"check --leader={pid}", 1)]:
            command = aliases[line.split()[0]]
            for option in ("--output=json", "--output=json-pretty", "-j")[:1 if command in told else 3]:
                n += 1
                complaints += [f"berthctl {line} {option}: {what}"
                               for what in check_run(schemas, table[command], line, wanted, option)]
            told.add(command)
    complaints += [f"{command}: nobody looks at its JSON" for command in sorted(table)
                   if table[command] and command not in told]

    for line, wanted in REFUSED:
        n += 1
        status, output = run(line, "--output=json" if not line.startswith("exec") else None)
        if (status, output) != (wanted, ""):
            complaints.append(f"berthctl {line}: ends with {status}, and prints {output!r}")

    print("\n".join(complaints) or f"{n} runs of {len(told)} commands are as {len(schemas)} schemas say")
    return bool(complaints)


sys.exit(main())
