# SPDX-License-Identifier: MIT
# Prints the table of docs/transports.md from reports of the Autobahn test suite. For Python 2.7, which the suite needs, and 3.
#
#   table.py <transport>/<plain or deflate>/index.json...
#
# Exits with 1 if a case did not end as the RFC asks, and lists these cases.
from __future__ import print_function

import json
import os
import sys

COLUMNS = [
    ("strict", ("OK",)),
    ("informational", ("INFORMATIONAL",)),
    ("non-strict", ("NON-STRICT",)),
    ("not offered", ("UNIMPLEMENTED",)),
]


def behaviour(case):
    """The worse of what the suite says of the messages and of the close."""
    if case["behaviorClose"] in ("OK", "INFORMATIONAL") or case["behavior"] not in ("OK", "INFORMATIONAL"):
        return case["behavior"]
    return case["behaviorClose"]


def main(paths):
    faults = []
    print("| transport | compression | cases | strict | informational | non-strict | not offered | failed |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for path in paths:
        transport, compression = os.path.abspath(path).split(os.sep)[-3:-1]
        with open(path) as report:
            cases = {name: case for agent in json.load(report).values() for name, case in agent.items()}
        counts = [sum(behaviour(case) in names for case in cases.values()) for _, names in COLUMNS]
        failed = len(cases) - sum(counts)
        row = [len(cases)] + counts + [failed]
        print("| `%s` | %s | %s |" % (transport, compression, " | ".join("{:,}".format(number) for number in row)))
        for name in sorted(cases, key=lambda text: [int(part) for part in text.split(".")]):
            if behaviour(cases[name]) not in ("OK", "INFORMATIONAL"):
                faults.append("%s, %s, case %s: %s" % (transport, compression, name, behaviour(cases[name])))
        if not cases:
            faults.append("%s, %s: no cases" % (transport, compression))
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
