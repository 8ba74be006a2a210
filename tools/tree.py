# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the checks share: which files the tree has, and C without comments."""

import os
import re

SKIP = {".git", "__pycache__", ".cache", "subprojects"}


def is_build_directory(path):
    return os.path.isdir(os.path.join(path, "meson-private"))


def files(root):
    """Paths of all files below root, relative to it, sorted; no build directories."""
    found = []
    for top, directories, names in os.walk(root):
        directories[:] = [d for d in directories
                          if d not in SKIP and not is_build_directory(os.path.join(top, d))]
        for name in names:
            path = os.path.join(top, name)
            if os.path.isfile(path) and not os.path.islink(path):
                found.append(os.path.relpath(path, root))
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="surrogateescape") as f:
        return f.read()


# A string or a character comes first: what looks like a comment in it is none.
TOKENS = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.S)


def blank_comments(text, strings=False):
    """The same text with comments (and strings) blanked; lines keep their numbers."""
    def blank(match):
        token = match.group(0)
        if token[0] in "\"'" and not strings:
            return token
        return re.sub(r"[^\n]", " ", token)
    return TOKENS.sub(blank, text)
