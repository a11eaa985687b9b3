"""``python -m accelsim.contracts``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from accelsim.contracts import CHECKS, Check, Verilog, check_machine
from accelsim.errors import AccelsimError, InputError
from accelsim.machines import get_machine
from accelsim.machines.base import Machine
from accelsim.machines.plugins import load_plugin
from accelsim.shipped import data_folder
from accelsim.streams import complain, flushed, ready


def main(arguments: list[str] | None = None) -> int:
    """The command: 0 where the contract is kept, 1 where it is not, 2 for a mistake."""
    parser = argparse.ArgumentParser(
        prog="python -m accelsim.contracts",
        description="Hold machines to the contract: tellings agree, laws hold, views add up.",
    )
    parser.add_argument("machine", help="a machine's name, or a plug-in file (.py)")
    parser.add_argument("--cases", type=int, default=100, help="cases to draw (100)")
    parser.add_argument("--seed", type=int, default=0, help="of the first case (0)")
    parser.add_argument("--rtl", type=Path, metavar="FOLDER", nargs="?", const=Path(),
                        help="hold the Verilog to it too, that in this folder or the project's "
                             "own; needs Icarus Verilog")
    given = parser.parse_args(arguments)
    try:
        is_file = given.machine.endswith(".py")
        names = load_plugin(given.machine).machines if is_file else [given.machine]
        with tempfile.TemporaryDirectory() as builds:
            checks = list(CHECKS)
            if given.rtl is not None:
                folder = data_folder("rtl") if given.rtl == Path() else given.rtl
                checks.append(Verilog(folder, Path(builds)))
            kept = [_told(get_machine(n), given.cases, given.seed, checks) for n in names]
    except AccelsimError as problem:
        return complain(str(problem))
    return 0 if all(kept) else 1


def _told(machine: Machine, cases: int, seed: int, checks: Sequence[Check]) -> bool:
    ran, found = check_machine(machine, cases, seed, checks)
    if not ran:
        raise InputError(f"{machine.name}: no case that was drawn fits the machine")
    verilog = "".join(f", Verilog in {check.taken} of them" for check in checks
                      if isinstance(check, Verilog))
    sys.stdout.write(f"{machine.name}: {ran} cases, tellings {', '.join(machine.tellings)}, "
                     f"{len(checks)} checks a case{verilog}, {len(found)} faults\n")
    for line in machine.replaces:
        sys.stdout.write(f"  replaces: {line}\n")
    for fault in found:
        sys.stdout.write(f"  seed {fault.seed}: {fault.check}: {fault.what}\n")
    return not found


if __name__ == "__main__":
    ready()
    sys.exit(flushed(main()))
