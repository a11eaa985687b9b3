"""The contract that every machine keeps: its tellings agree, its laws hold, its views add up.

One body for the machines of this package and for anyone's own:

    python -m accelsim.contracts my_machine.py --cases 200

draws small machines and small work, runs every telling that the machine's record has, and says
the first thing in which two of them differ. A machine whose record has ``cases`` draws its own;
``--rtl rtl`` holds the Verilog to it too, where the machine has some.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from accelsim.contracts.cases import Case, draw
from accelsim.contracts.checks import CHECKS, Check, Verilog
from accelsim.machines.base import Machine

__all__ = ["CHECKS", "Case", "Check", "Fault", "Verilog", "check_machine", "draw", "faults"]


@dataclass(frozen=True)
class Fault:
    """What was found: ``seed`` of the case, the check that failed, and how."""

    seed: int
    check: str
    what: str


def faults(machine: Machine, case: Case, checks: Sequence[Check] = CHECKS) -> Iterator[Fault]:
    """Everything in which this case breaks the contract; at most one fault a check."""
    for check in checks:
        try:
            told = check(machine, case)
        except Exception as problem:  # a machine of one's own may break in any way
            told = f"{type(problem).__name__}: {problem}"
        if told:
            yield Fault(case.seed, name_of(check), told)


def name_of(check: Check) -> str:
    """The first line of what it says it holds."""
    return (check.__doc__ or repr(check)).splitlines()[0].rstrip(".")


def check_machine(
    machine: Machine, cases: int = 100, seed: int = 0, checks: Sequence[Check] = CHECKS
) -> tuple[int, list[Fault]]:
    """Hold a machine to the contract on so many drawn cases.

    Returns
    -------
    Cases that ran, and what was found, the first fault of each check.
    """
    found: dict[str, Fault] = {}
    ran = 0
    for number in range(seed, seed + 20 * cases):
        if ran == cases:
            break
        case = draw(machine, number)
        if case is None:
            continue
        ran += 1
        for fault in faults(machine, case, checks):
            found.setdefault(fault.check, fault)
    return ran, list(found.values())
