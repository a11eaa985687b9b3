"""More of an utterance on ESE: DRAM bandwidth reached, what more channels give, tables' error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accelsim.inside.explain import Table
from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.counters import EseCounters
from accelsim.machines.ese.fast import slot_ends
from accelsim.machines.ese.job import RecurrentJob
from accelsim.machines.ese.table_error import table_errors
from accelsim.records.result import RunResult

_MOST_CHANNELS = 1024


def more_tables(config: EseConfig, job: RecurrentJob, result: RunResult) -> Iterator[Table]:
    """Those that have something to tell."""
    yield _memory(config, result)
    yield _channels(config, job)
    if any(equation.function is not None for equation in job.program.equations):
        yield _tables(config, job)


def _channels(config: EseConfig, job: RecurrentJob) -> Table:
    """All channels share one stream of weights: cycles a sequence fall until vectors bound."""
    rows = []
    for n_channels in (config.n_channels // 4, config.n_channels // 2, config.n_channels,
                       2 * config.n_channels, 4 * config.n_channels):
        if not max(job.n_channels, 1) <= n_channels <= _MOST_CHANNELS:
            continue
        other = config.model_copy(update={"n_channels": n_channels})
        cycles = sum(max(1, *ends.values()) for ends in slot_ends(other, job))
        rows.append({"n_channels": n_channels, "cycles": cycles,
                     "cycles_a_channel": round(cycles / n_channels, 1),
                     "sequences_a_s": round(n_channels * config.clock_mhz * 1e6 / cycles)})
    return Table(
        "channels", "Channels: the same utterance on more of them, one sequence in each",
        {"n_channels": "n_channels", "cycles": "cycles", "cycles_a_channel": "cycles a channel",
         "sequences_a_s": "sequences a second"}, rows,
    )


def _memory(config: EseConfig, result: RunResult) -> Table:
    """What each DDR module transferred, and how much of what it could (contract M1, M5)."""
    counters: EseCounters = result.timed
    parts = {"weights": (1, counters.weight_words), "results": (1, counters.result_words),
             "pointers": (2, counters.pointer_words), "vectors, x": (2, counters.vector_words),
             "tables": (2, counters.table_words)}
    gigabytes = config.ddr_word_bits / 8 * config.clock_mhz * 1e6 / counters.cycles * 1e-9
    rows: list[dict[str, Any]] = [
        {"module": f"DDR_{module}", "what": what, "words": words,
         "percent": round(100 * words / counters.cycles, 2),
         "gbyte_a_s": round(words * gigabytes, 3)}
        for what, (module, words) in parts.items() if words]
    for module in (1, 2):
        words = sum(own for place, own in parts.values() if place == module)
        rows.append({"module": f"DDR_{module}", "what": "all", "words": words,
                     "percent": round(100 * words / counters.cycles, 2),
                     "gbyte_a_s": round(words * gigabytes, 3)})
    peak = config.ddr_word_bits / 8 * config.clock_mhz * 1e-3
    return Table(
        "memory", f"DRAM: bandwidth reached, of {peak:.4g} GB/s a module",
        {"module": "module", "what": "what", "words": "words",
         "percent": "% of cycles", "gbyte_a_s": "GB/s"},
        sorted(rows, key=lambda row: row["module"]),
    )


def _tables(config: EseConfig, job: RecurrentJob) -> Table:
    rows = [{"function": e.function, "signal": e.signal, "frac_bits": e.frac_bits,
             "reaches": float(f"{e.reaches:.4g}"), "spacing": e.spacing,
             "largest": float(f"{e.largest:.3g}"), "rms": float(f"{e.rms:.3g}"),
             "steps": round(e.steps, 2)} for e in table_errors(config, job)]
    return Table(
        "tables_error", "Look-up tables: error over every value that the signal can have",
        {"function": "function", "signal": "signal", "frac_bits": "fraction bits",
         "reaches": "reaches", "spacing": "sample spacing", "largest": "largest error",
         "rms": "RMS error", "steps": "in steps of the values"}, rows,
    )
