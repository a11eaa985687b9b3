"""One kind of DRAM: geometry, timing and currents, from a TOML file in which each has a source."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any

from accelsim.errors import ConfigError, nearest

NONE = "none"
"""Instead of a part's name: no DRAM is modelled."""


@dataclass(frozen=True)
class Rail:
    """Currents of one supply of one device, by the names of JEDEC."""

    volts: float
    idd0_ma: float
    idd2n_ma: float
    idd3n_ma: float
    idd4r_ma: float
    idd5_ma: float


@dataclass(frozen=True)
class DramEnergies:
    """What a channel costs.

    Attributes
    ----------
    activate_pj : a row opened and closed
    read_pj_per_bit : a bit read and brought to the other chip
    active_mw, idle_mw : standby with rows open, and with all rows closed
    refresh_pj : one refresh of all banks
    """

    activate_pj: float
    read_pj_per_bit: float
    active_mw: float
    idle_mw: float
    refresh_pj: float


@dataclass(frozen=True)
class DramPart:
    """A channel of DRAM; README.md has the rules in which its times stand.

    Attributes
    ----------
    clock_mhz : of commands; data move twice a clock
    bus_bits, burst_length : data lines, and transfers of one read
    row_bytes, banks : a row of all devices of the channel together
    rcd_clocks, rp_clocks, cl_clocks, ras_clocks, rtp_clocks : of one bank: activate to read,
        precharge to activate, read to data, activate to precharge, read to precharge
    ccd_clocks, rrd_clocks, faw_clocks : of the channel: read to read, activate to activate, and
        the time in which there are at most four activates
    refi_clocks, rfc_clocks : between refreshes, and of one
    devices, io_mw_a_line, rails : of the currents
    activate_pj, read_pj_per_bit : where they are published as such, instead of currents
    published_pj_per_bit, published_in : what somebody else printed of a bit
    """

    name: str
    clock_mhz: float
    bus_bits: int
    burst_length: int
    row_bytes: int
    banks: int
    rcd_clocks: int
    rp_clocks: int
    cl_clocks: int
    ras_clocks: int
    rtp_clocks: int
    ccd_clocks: int
    rrd_clocks: int
    faw_clocks: int
    refi_clocks: int
    rfc_clocks: int
    devices: int
    rails: tuple[Rail, ...]
    published_pj_per_bit: float
    published_in: str
    io_mw_a_line: float = 0.0
    activate_pj: float | None = None
    read_pj_per_bit: float | None = None

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name.endswith("_clocks") and value < 1:
                raise ConfigError(f"DRAM '{self.name}': {f.name} is {value}; need 1 or more")
        if self.row_bytes * 8 % self.burst_bits:
            raise ConfigError(f"DRAM '{self.name}': a row of {self.row_bytes} bytes is no number "
                              f"of bursts of {self.burst_bits} bits")
        if self.rfc_clocks >= self.refi_clocks:
            raise ConfigError(f"DRAM '{self.name}': a refresh of {self.rfc_clocks} clocks every "
                              f"{self.refi_clocks} leaves no time to read")
        if self.ccd_clocks < self.data_clocks:
            raise ConfigError(f"DRAM '{self.name}': ccd_clocks is {self.ccd_clocks}, but the data "
                              f"of a burst take {self.data_clocks}")

    @property
    def burst_bits(self) -> int:
        """Bits of one read: nothing smaller is read."""
        return self.bus_bits * self.burst_length

    @property
    def data_clocks(self) -> int:
        """Clocks that a burst's data take."""
        return -(-self.burst_length // 2)

    @property
    def bursts_a_row(self) -> int:
        """Bursts that one activate opens."""
        return self.row_bytes * 8 // self.burst_bits

    @property
    def peak_gb_per_s(self) -> float:
        """Bandwidth of the data lines, in 10^9 bytes."""
        return self.bus_bits * 2 * self.clock_mhz / 8e3

    @property
    def sequential_gb_per_s(self) -> float:
        """What a long stream reaches: rows follow each other without a gap, but for a refresh every
        ``refi_clocks``, for which every bank is closed."""
        rate = self.burst_bits / 8 * self.clock_mhz / (1e3 * self.ccd_clocks)
        return rate * (1 - self.rfc_clocks / self.refi_clocks)

    def ganged(self, channels: int) -> DramPart:
        """So many channels in lockstep: each burst and each row is so many times as long."""
        if channels == 1:
            return self
        return replace(
            self, bus_bits=self.bus_bits * channels, row_bytes=self.row_bytes * channels,
            devices=self.devices * channels,
            activate_pj=None if self.activate_pj is None else self.activate_pj * channels)

    def cycles(self, clocks: int, clock_mhz: float) -> int:
        """Whole cycles of another clock that so many of the DRAM's take."""
        ratio = Fraction(clock_mhz) / Fraction(self.clock_mhz)
        return -(-clocks * ratio.numerator // ratio.denominator)

    @property
    def energies(self) -> DramEnergies:
        """By Micron's TN-41-01 from the currents, or as published."""
        ns = 1e3 / self.clock_mhz

        def power_mw(of: Any) -> float:
            return float(self.devices * sum(rail.volts * of(rail) for rail in self.rails))

        row_ns = (self.ras_clocks + self.rp_clocks) * ns
        open_ns, closed_ns = self.ras_clocks * ns, self.rp_clocks * ns
        activate = power_mw(lambda r: r.idd0_ma * row_ns - r.idd3n_ma * open_ns
                            - r.idd2n_ma * closed_ns)  # mW for 1 ns is 1 pJ
        burst_ns = self.data_clocks * ns
        read = power_mw(lambda r: r.idd4r_ma - r.idd3n_ma) + self.io_mw_a_line * self.bus_bits
        return DramEnergies(
            activate if self.activate_pj is None else self.activate_pj,
            read * burst_ns / self.burst_bits if self.read_pj_per_bit is None
            else self.read_pj_per_bit,
            power_mw(lambda r: r.idd3n_ma), power_mw(lambda r: r.idd2n_ma),
            power_mw(lambda r: r.idd5_ma - r.idd3n_ma) * self.rfc_clocks * ns,
        )

    def energy_pj(self, bursts: int, rows: int, busy_us: float, time_us: float) -> float:
        """Of so many bursts and rows, in ``time_us`` of which ``busy_us`` were reads.

        Standby and refresh go on all the time.
        """
        costs = self.energies
        refreshes = time_us * self.clock_mhz / self.refi_clocks
        standby_nj = costs.active_mw * busy_us + costs.idle_mw * (time_us - busy_us)
        return (rows * costs.activate_pj + bursts * self.burst_bits * costs.read_pj_per_bit
                + standby_nj * 1e3 + refreshes * costs.refresh_pj)

    @property
    def sequential_pj_per_bit(self) -> float:
        """A bit of a long stream, standby and refresh included."""
        bursts = 1000 * self.bursts_a_row
        bits = bursts * self.burst_bits
        time_us = bits / (8e3 * self.sequential_gb_per_s)
        return self.energy_pj(bursts, 1000, time_us, time_us) / bits


def part_names() -> tuple[str, ...]:
    """The parts that there are, in the alphabet's order."""
    return _names()


def check_part(name: str) -> str:
    """A part's name, or `NONE`; `ValueError` where there is no such part."""
    if name != NONE and name not in _names():
        raise ValueError(f"no DRAM '{name}'; need none, {', '.join(_names())}")
    return name


@cache
def _names() -> tuple[str, ...]:
    folder = resources.files("accelsim.dram.parts")
    return tuple(sorted(file.name.removesuffix(".toml") for file in folder.iterdir()
                        if file.name.endswith(".toml")))


@cache
def load_part(name: str, channels: int = 1) -> DramPart:
    """A part by its name, so many channels of it in lockstep.

    Raises
    ------
    ConfigError
        If there is no such part.
    """
    if name not in _names():
        raise ConfigError(f"no DRAM '{name}'{nearest(name, _names())}")
    text = resources.files("accelsim.dram.parts").joinpath(f"{name}.toml").read_text("utf-8")
    return part_of(name, tomllib.loads(text)).ganged(channels)


def part_of(name: str, rows: Mapping[str, Any]) -> DramPart:
    """A part from a file's rows."""
    values = dict(rows)
    rails = tuple(Rail(**rail) for rail in values.pop("rails"))
    return DramPart(name=name, rails=rails, **values)
