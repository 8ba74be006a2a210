#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares what two providers of machine1 said, and holds the differences against those decided.

usage: compare.py SUITE DECIDED MACHINED BERTHD

MACHINED and BERTHD are what probe.py printed; DECIDED lists the differences that are meant to
be, see its head. Prints a table; fails if a difference is not decided, or none where one is.
"""

import fnmatch
import sys


def records(path):
    with open(path, encoding="utf-8") as f:
        return dict(line.rstrip("\n").split("\t", 1) for line in f)


class Decision:
    def __init__(self, number, line):
        self.number = number
        self.suites, self.key, self.machined, self.berthd, self.why = (c.strip() for c in line.split(" | "))
        self.used = False

    def covers(self, key, machined, berthd):
        return (fnmatch.fnmatchcase(key, self.key) and fnmatch.fnmatchcase(machined, self.machined) and
                fnmatch.fnmatchcase(berthd, self.berthd))


def decisions(path, suite):
    with open(path, encoding="utf-8") as f:
        lines = [(n, line.rstrip("\n")) for n, line in enumerate(f, 1) if line.strip() and line[0] != "#"]
    found = [Decision(n, line) for n, line in lines]
    return [d for d in found if suite in d.suites.split()]


def main():
    suite, decided, ours = sys.argv[1], decisions(sys.argv[2], sys.argv[1]), records(sys.argv[4])
    theirs = records(sys.argv[3])
    wrong = 0

    keys = sorted(theirs.keys() | ours.keys())
    for key in keys:
        machined, berthd = theirs.get(key, "-"), ours.get(key, "-")
        if machined == berthd:
            continue
        reasons = [d for d in decided if d.covers(key, machined, berthd)]
        for d in reasons:
            d.used = True
        wrong += not reasons
        print(f"{'decided' if reasons else 'DIFFERS'}: {key}: machined {machined}, berthd {berthd}"
              f"{': ' + reasons[0].why if reasons else ''}")
    for d in decided:
        if not d.used:
            wrong += 1
            print(f"NO DIFFERENCE on {suite}: line {d.number}: {d.key}")

    print(f"{len(keys)} things asked: {sum(theirs.get(k) != ours.get(k) for k in keys)} differ, "
          f"{wrong} of which nobody decided")
    return wrong != 0


sys.exit(main())
