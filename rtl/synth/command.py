"""What the commands that make one table of rtl/README.md share."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from accelsim.errors import AccelsimError
from rtl.synth.netlist import OSU018
from rtl.synth.synth import write


def table_command(name: str, told: str | None, table: Callable[[Path, Path], str]) -> int:
    """Print a table, or write it between the markers of its name.

    Parameters
    ----------
    told : what the command says of itself
    table : makes it of a cell library, in an empty folder
    """
    parser = argparse.ArgumentParser(description=told)
    parser.add_argument("--liberty", type=Path, default=OSU018, help="standard cells")
    parser.add_argument("--write", action="store_true", help="renew rtl/README.md")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            text = table(arguments.liberty, Path(folder))
    except AccelsimError as error:
        print(f"{name}: error: {error}", file=sys.stderr)
        return 2
    print(text)
    if arguments.write:
        write(name, text)
    return 0
