"""When a DDR module transfers its words, as data: for the fast telling."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accelsim.dram import DramPart
from accelsim.machines.ese.config import EseConfig

IntArray = npt.NDArray[np.int64]


class Ddr:
    """One DDR module: when the words of each request are transferred (contract M1, M2, M6)."""

    def __init__(self, config: EseConfig) -> None:
        self._config = config
        self._last = -1

    def request(self, cycle: int, n_words: int) -> IntArray:
        """Transfer cycles of ``n_words`` requested in ``cycle``."""
        config, word = self._config, np.arange(n_words)
        if config.dram_part is not None:
            waits = self._waits(config.dram_part, n_words)
            # M6: a word a cycle, each once its burst is there.
            cycles = max(cycle, self._last + 1) + np.maximum.accumulate(waits - word) + word
        else:
            first = max(cycle + config.ddr_latency_cycles, self._last + 1)
            cycles = first + word + word // config.ddr_burst_words * config.ddr_burst_gap_cycles
        if n_words:
            self._last = int(cycles[-1])
        return np.asarray(cycles, dtype=np.int64)


    def _waits(self, part: DramPart, n_words: int) -> IntArray:
        """Cycles from a request until each of its words could be transferred."""
        from accelsim.dram.rows import burst_ends

        ends = np.arange(1, n_words + 1) * self._config.ddr_word_bits
        bursts = -(-ends // part.burst_bits) - 1
        clocks = burst_ends(part, int(bursts.max(initial=-1)) + 1)
        cycles = [part.cycles(int(clock), self._config.clock_mhz) for clock in clocks]
        return np.array(cycles, np.int64)[bursts]
