"""Plant every mutant and print the table: ``python -m tests.rtl.mutation``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.rtl.bench import UNITS
from tests.rtl.mutation.campaign import campaign, counts, table, write
from tests.rtl.mutation.equivalent import explained


def main() -> int:
    """1 if a mutant survives that nobody explains."""
    parser = argparse.ArgumentParser(prog="python -m tests.rtl.mutation", description=__doc__)
    parser.add_argument("units", nargs="*", metavar="UNIT", help="all if absent")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--stride", type=int, default=1, help="every so many mutants only")
    parser.add_argument("--write", action="store_true",
                        help="renew the units' rows in the table of rtl/README.md")
    arguments = parser.parse_args()
    if unknown := set(arguments.units) - set(UNITS):
        parser.error(f"no unit {', '.join(sorted(unknown))}; there are {', '.join(UNITS)}")
    if arguments.write and arguments.stride != 1:
        parser.error("--write needs all mutants of a unit")
    verdicts = []
    with tempfile.TemporaryDirectory() as folder:
        for verdict in campaign(
            arguments.units or sorted(UNITS), Path(folder), arguments.jobs, arguments.stride
        ):
            verdicts.append(verdict)
            if verdict.compiles and verdict.seen is None:
                why = explained(verdict.mutant) or "NOT EXPLAINED"
                print(f"not seen  {verdict.mutant}  ({why})", flush=True)
    rows = counts(verdicts)
    print(table(rows))
    if arguments.write:
        write(rows)
    return int(any(v.compiles and not v.seen and not explained(v.mutant) for v in verdicts))


if __name__ == "__main__":
    sys.exit(main())
