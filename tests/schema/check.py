#!/usr/bin/env python3
"""Validates JSON files against the schemas of this repository: "schema": "vkpareto.NAME/1" is checked by
schemas/NAME.schema.json.

    check.py            every file under suites/, results/, tests/golden/ and
                        tests/fixtures/sensitivities/, and tests/heldout*.json
    check.py FILE...    these files, such as configs

Prints one line per violation; exit status 1 if any. Needs Debian's python3-jsonschema.
"""
import json
import re
import sys
from pathlib import Path

import jsonschema

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ["suites", "results", "tests/golden", "tests/fixtures/sensitivities"]
NAME = re.compile(r"^vkpareto\.([a-z-]+)/1$")


def refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


def load(path):
    return json.loads(Path(path).read_text(encoding="utf-8"), parse_constant=refuse_constant)


def validators(folder=ROOT / "schemas"):
    """Name -> validator, the schemas themselves checked."""
    found = {}
    for path in sorted(folder.glob("*.schema.json")):
        schema = load(path)
        jsonschema.Draft202012Validator.check_schema(schema)
        found[path.name.removesuffix(".schema.json")] = jsonschema.Draft202012Validator(schema)
    return found


def violations(document, known):
    """What a document breaks, as lines."""
    schema = document.get("schema") if isinstance(document, dict) else None
    match = NAME.match(schema) if isinstance(schema, str) else None
    if not match or match[1] not in known:
        return [f"schema: {schema!r} is none of {', '.join(sorted(known))}"]
    errors = sorted(known[match[1]].iter_errors(document), key=lambda e: [str(part) for part in e.absolute_path])
    return [f"{e.json_path}: {e.message[:300]}" for e in errors]


def main(arguments):
    known = validators()
    files = [Path(argument) for argument in arguments]
    if not files:
        files = sorted(path for folder in FOLDERS for path in ROOT.glob(f"{folder}/**/*.json"))
        files += sorted(ROOT.glob("tests/heldout*.json"))
    bad = 0
    for path in files:
        try:
            lines = violations(load(path), known)
        except (OSError, ValueError) as error:
            lines = [str(error)]
        for line in lines:
            print(f"{path}: {line}")
        bad += bool(lines)
    print(f"{len(files)} files, {bad} with violations", file=sys.stderr)
    return 1 if bad or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
