#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds JSON, one value a line, to a schema that berth has installed.

usage: schema.py NAME <JSON

In its types, keys and words, no more: hosts lack a validator, see tests/bus/test-json.py.
"""

import json
import os
import sys

SCHEMAS = "/usr/share/berth/schema"
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float),
         "boolean": bool, "null": type(None)}


def complaints(root, schema, value, where="$"):
    """What the shape of a value lacks of its schema: of its types, keys and words, no more."""
    if "$ref" in schema:
        yield from complaints(root, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], value, where)
    for choice in ("anyOf", "oneOf"):
        if choice in schema and all(list(complaints(root, one, value)) for one in schema[choice]):
            yield f"{where}: is none of {choice}"
    types = schema.get("type", list(TYPES))
    types = [types] if isinstance(types, str) else types
    if not any(isinstance(value, TYPES[t]) and isinstance(value, bool) == (t == "boolean") for t in types):
        yield f"{where}: is not {types}"
    if "enum" in schema and value not in schema["enum"] or "const" in schema and value != schema["const"]:
        yield f"{where}: is {value!r}"
    if isinstance(value, list):
        for i, one in enumerate(value):
            yield from complaints(root, schema.get("items", {}), one, f"{where}[{i}]")
    if isinstance(value, dict):
        yield from (f"{where}: lacks {key}" for key in schema.get("required", []) if key not in value)
        for key, one in value.items():
            inner = schema.get("properties", {}).get(key, schema.get("additionalProperties", {}))
            if inner is False:
                yield f"{where}: has {key}"
            elif inner is not True:
                yield from complaints(root, inner, one, f"{where}.{key}")


def check(name, text):
    """Returns the values in the text, one a line, and what is wrong with them."""
    with open(os.path.join(SCHEMAS, f"{name}.json"), encoding="utf-8") as f:
        schema = json.load(f)
    values = [json.loads(line) for line in text.splitlines()]
    found = [] if values else ["prints nothing"]
    for value in values:
        found += complaints(schema, schema, value)
    return values, found


if __name__ == "__main__":
    values, found = check(sys.argv[1], sys.stdin.read())
    print("\n".join(found) or f"{len(values)} as {sys.argv[1]} has it")
    sys.exit(bool(found))
