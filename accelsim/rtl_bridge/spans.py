"""A trace of the RTL held against the model part by part: a long job is never held at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from accelsim.machines.rtl import Fields
from accelsim.records.result import JobResult
from accelsim.rtl_bridge.trace import UNKNOWN, TraceDifference, first_difference

Take = Callable[[int, int], Fields]
"""Gives the RTL's fields of the cycles from one number to another, as far as it ran."""

_CHUNK_CYCLES = 1000


@dataclass(frozen=True)
class Compared:
    """What the model gives of the whole job, the first difference, and fields not looked at."""

    model: JobResult
    difference: TraceDifference | None
    not_compared: tuple[str, ...]


def compare(
    spans: Iterable[tuple[JobResult, Fields]], got: Take, cycles: int, undriven: Collection[str],
    pe: int | None = None,
) -> Compared:
    """Hold the RTL against parts of a job that follow each other.

    Parameters
    ----------
    cycles : of the RTL
    undriven : fields that are not looked at
    pe : see `first_difference`
    """
    results: list[JobResult] = []
    difference: TraceDifference | None = None
    left_out: tuple[str, ...] = ()
    at = 0
    for result, expected in spans:
        results.append(result)
        end = at + len(next(iter(expected.values())))
        left_out = tuple(name for name in expected if name in undriven)
        if difference is None:
            driven = {name: expected[name] for name in expected if name not in undriven}
            found = first_difference(driven, got(at, end), pe)
            difference = None if found is None else replace(found, cycle=found.cycle + at)
        at = end
    if difference is None and at < cycles:
        difference = TraceDifference(at, "ccu", "running", None, 0, 1)
    return Compared(_together(results), difference, left_out)


def undriven(got: Take, cycles: int, may_stand: Collection[str]) -> set[str]:
    """Fields that are unknown in all cycles, and those of ``may_stand`` that never change."""
    first = got(0, 1)
    names = set(first)
    for at in range(0, max(1, cycles), _CHUNK_CYCLES):
        fields = got(at, at + _CHUNK_CYCLES)
        names = {
            name for name in names if bool((fields[name] == UNKNOWN).all())
            or (name in may_stand and bool((fields[name] == first[name]).all()))
        }
        if not names:
            break
    return names


def _together(results: list[JobResult]) -> JobResult:
    """Of parts, whose outputs follow each other, or of the only part."""
    if len(results) == 1:
        return results[0]
    told: list[Any] = [result.outputs for result in results]
    counters = type(results[0].counters).added(result.counters for result in results)
    operations = {name: sum(r.operations[name] for r in results) for name in results[0].operations}
    return JobResult(np.concatenate(told), counters, operations)
