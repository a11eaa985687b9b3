"""The process that a machine is built in: node and voltage, and what they do to figures at 45 nm.

Rules and their sources are in ``data/nodes.toml``. Energy and leakage go with the voltage, delay
by the alpha-power law; the clock changes time, and by time leakage.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from accelsim.energy.technology import NODE_NM
from accelsim.errors import InputError

Node = Literal[45, 28, 16, 7]
LOWEST, HIGHEST = 0.7, 1.2
"""Supply over nominal, between which the rules hold (``data/nodes.toml``)."""


@cache
def _rules() -> dict[str, Any]:
    text = resources.files("accelsim.energy.data").joinpath("nodes.toml").read_text("utf-8")
    return tomllib.loads(text)


@dataclass(frozen=True)
class Process:
    """Node in nm, and supply voltage over the node's nominal one.

    Raises
    ------
    InputError
        If there are no factors for the node, or the voltage is out of range.
    """

    node_nm: int = int(NODE_NM)
    voltage_ratio: float = 1.0

    def __post_init__(self) -> None:
        if str(self.node_nm) not in _rules():
            known = ", ".join(name for name in _rules() if name.isdecimal())
            raise InputError(f"node_nm is {self.node_nm}; there are factors for {known}")
        if not LOWEST <= self.voltage_ratio <= HIGHEST:
            raise InputError(f"voltage_ratio is {self.voltage_ratio}; need {LOWEST} to {HIGHEST}")

    @classmethod
    def of(cls, config: Any) -> Process:
        """A configuration's; at home where it does not say."""
        return _process(getattr(config, "node_nm", cls.node_nm),
                        getattr(config, "voltage_ratio", cls.voltage_ratio))

    @property
    def is_home(self) -> bool:
        """Whether nothing is scaled."""
        return self.node_nm == NODE_NM and self.voltage_ratio == 1.0

    @property
    def energy(self) -> float:
        """Dynamic energy over that at home."""
        return float(self._row["energy"]) * self.voltage_ratio**2

    @property
    def delay(self) -> float:
        """Delay of logic and memories over that at home."""
        rule, ratio = _rules()["voltage"], self.voltage_ratio
        threshold = rule["threshold_share"]
        slower = ratio * ((1 - threshold) / (ratio - threshold)) ** rule["alpha"]
        return float(self._row["delay"] * slower)

    @property
    def leakage(self) -> float:
        """Leakage power over that at home."""
        more_v = (self.voltage_ratio - 1) * self._row["voltage_v"]
        decades = more_v * _rules()["voltage"]["leakage_decades_a_v"]
        return float(self._row["leakage"] * self.voltage_ratio * 10**decades)

    @property
    def area(self) -> float:
        """Area over that at home."""
        return float(self._row["area"])

    @property
    def _row(self) -> dict[str, Any]:
        row: dict[str, Any] = _rules()[str(self.node_nm)]
        return row

    def notes(self) -> tuple[str, ...]:
        """What was scaled, by which rule."""
        found = []
        if self.node_nm != NODE_NM:
            found.append(
                f"scaled from {NODE_NM:g} nm to {self.node_nm} nm: energy x {self._row['energy']:g}"
                f", delay x {self._row['delay']:g}, area x {self._row['area']:g} "
                f"({self._row['source']}); leakage power and DRAM kept; memories gain less in "
                f"delay than the inverters that these factors are of")
        if self.voltage_ratio != 1.0:
            found.append(
                f"scaled to {self.voltage_ratio:g} of the nominal voltage: energy x "
                f"{self.voltage_ratio**2:.3g}, delay x {self.delay / self._row['delay']:.3g}, "
                f"leakage x {self.leakage / self._row['leakage']:.3g} "
                f"({_rules()['voltage']['source']})")
        return tuple(found)


@cache
def _process(node_nm: int, voltage_ratio: float) -> Process:
    return Process(node_nm, voltage_ratio)


def critical_path_ns(process: Process, *bits: int) -> float:
    """Delay of a pipeline stage of one PE.

    EIE's published path, of 16-bit operands. Wider ones make the multiplier's tree and the last
    adder deeper, with the logarithm of their mean width; narrower ones are not taken to be faster,
    for another stage may then be the longest.

    Parameters
    ----------
    bits : widths of the multiplier's operands
    """
    rule = _rules()["logic"]
    width = math.sqrt(math.prod(bits))
    deeper = max(math.log2(width) / math.log2(rule["bits"]), 1.0)
    return float(rule["critical_path_ns"]) * deeper * process.delay
