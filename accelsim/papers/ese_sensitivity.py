"""What each value of ESE that the paper does not print does to the published rows.

Values marked [calibrated] and [recalled] in the machine's file are changed one at a time; all
others stay.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_args

import numpy as np

from accelsim.api import simulate
from accelsim.lowering.float_run import run_float
from accelsim.machines import EseConfig, load_as, published_sources
from accelsim.papers.ese_times import EseRow, published_ese
from accelsim.papers.facts import grids
from accelsim.records.recurrent import RecurrentLayer
from accelsim.workload.published_lstm import ese_layer, ese_utterance

_MARK = re.compile(r"\[(calibrated|recalled)[^\]]*\]")
_OF_ZERO = (6, 12)
"""Tried where the value is 0: gaps of a burst."""
_STEPS = 3


@dataclass(frozen=True)
class Sensitivity:
    """The published rows with one value changed; ratios are ours over published.

    Attributes
    ----------
    sure : "calibrated" or "recalled"; "" of the machine as it is
    inputs, recurrent : mean over the four matrices that multiply x, and y
    within : cells of the main table, of ``judged``, within their tolerance
    error : of the outputs in fixed point against float, relative RMS
    """

    key: str
    sure: str
    value: object
    tried: object
    inputs: float
    recurrent: float
    projection: float
    step: float
    within: int
    judged: int
    error: float


def marked_values() -> dict[str, str]:
    """Parameter to how sure its value is: calibrated or recalled."""
    found = {key: _MARK.search(source) for key, source in published_sources("ese").items()}
    return {key: mark[1] for key, mark in found.items() if mark}


def sensitivities(seed: int = 1) -> list[Sensitivity]:
    """The machine as it is, then every marked value at half and double, or at its other choices."""
    config = load_as(EseConfig, "ese")
    rows = [_row(config, "", "", "", "", seed)]
    for key, sure in marked_values().items():
        value = getattr(config, key)
        for tried in _others(key, value):
            changed = load_as(EseConfig, "ese", **{key: tried})
            rows.append(_row(changed, key, sure, value, tried, seed))
    return rows


def sensitivity_table() -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """The same for a document."""
    head = ("value", "how sure", "is", "tried", "Wx rows", "Wr rows", "Wym", "step",
            "cells within", "outputs against float %")
    return head, [
        (f"`{s.key}`" if s.key else "as it is", s.sure, s.value, s.tried, f"{s.inputs:.2f}",
         f"{s.recurrent:.2f}", f"{s.projection:.2f}", f"{s.step:.2f}",
         f"{s.within} of {s.judged}", f"{100 * s.error:.2f}") for s in sensitivities()]


def _others(key: str, value: Any) -> Iterator[Any]:
    """Other values that the parameter may have."""
    field = EseConfig.model_fields[key]
    if isinstance(value, str):
        yield from (choice for choice in get_args(field.annotation) if choice != value)
        return
    if value == 0:
        yield from _OF_ZERO
        return
    limits = {name: getattr(m, name) for m in field.metadata for name in ("ge", "le")
              if hasattr(m, name)}
    for factor in (0.5, 2):
        tried = type(value)(math.ceil(value * factor) if isinstance(value, int)
                            else value * factor)
        if limits.get("ge", tried) <= tried <= limits.get("le", tried):
            yield tried


def _row(
    config: EseConfig, key: str, sure: str, value: object, tried: object, seed: int
) -> Sensitivity:
    rows = {row.matrix: row for row in published_ese(config, seed)}
    within, judged = _within(rows)
    inputs = [rows[name].real_ratio for name in ("Wix", "Wfx", "Wcx", "Wox")]
    recurrent = [rows[name].real_ratio for name in ("Wir", "Wfr", "Wcr", "Wor")]
    return Sensitivity(
        key, sure, value, tried, float(np.mean(inputs)), float(np.mean(recurrent)),
        rows["Wym"].real_ratio, rows["total"].real_ratio, within, judged, _error(config, seed))


def _within(rows: dict[str, EseRow]) -> tuple[int, int]:
    """Cells of the main table's theoretical and real times that are near enough."""
    ours = {name: {"theoretical": row.theoretical_us, "real": row.real_us}
            for name, row in rows.items()}
    judged = [cell.within for cell in grids()["ese"].beside("", "matrix", ours).cells
              if cell.within is not None]
    return sum(judged), len(judged)


def _error(config: EseConfig, seed: int) -> float:
    layer, inputs, wanted = _float(seed)
    got = simulate(config, layer, inputs, "fast").outputs_float
    return float(np.sqrt(np.mean((got - wanted) ** 2) / np.mean(wanted**2)))


@lru_cache(maxsize=1)
def _float(seed: int) -> tuple[RecurrentLayer, Any, Any]:
    layer, inputs = ese_layer(seed), ese_utterance(_STEPS, 1, seed)
    return layer, inputs, run_float(layer, inputs).outputs
