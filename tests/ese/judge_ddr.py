"""ESE's DDR modules once more, from the contract alone (M1, M2, M6). Nothing of accelsim is
imported."""

import math
import tomllib
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

from tests.dram.oracle import commands


class Ddr:
    """M1, M2, M6."""

    def __init__(self, config):
        self.config, self.free = config, 0

    def request(self, cycle, n_words):
        """In which cycle each word is transferred."""
        if self.config.dram != "none":
            return self.from_part(max(cycle, self.free), n_words)
        at, cycles = max(cycle + self.config.ddr_latency_cycles, self.free), []
        for word in range(n_words):
            if word and word % self.config.ddr_burst_words == 0:
                at += self.config.ddr_burst_gap_cycles
            cycles.append(at)
            at += 1
        self.free = at if n_words else self.free
        return cycles

    def from_part(self, begin, n_words):
        """M6: a word can be transferred when the burst with its last bit is there."""
        config, file = self.config, Path(f"accelsim/dram/parts/{self.config.dram}.toml")
        part = SimpleNamespace(**tomllib.loads(file.read_text("utf-8")))
        size = part.bus_bits * part.burst_length * config.dram_channels
        ends = commands(part, range(-(-n_words * config.ddr_word_bits // size)))[0]
        cycles = []
        for word in range(n_words):
            clocks = Fraction(ends[((word + 1) * config.ddr_word_bits - 1) // size])
            time = clocks * Fraction(config.clock_mhz) / Fraction(part.clock_mhz)
            cycles.append(max([begin + math.ceil(time), *(at + 1 for at in cycles[-1:])]))
        self.free = cycles[-1] + 1 if n_words else self.free
        return cycles
