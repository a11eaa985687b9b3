"""ESE's buffers and widths, sized to what is to run on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accelsim.compression.recurrent import linear_weights
from accelsim.energy.sram import table_step
from accelsim.errors import ConfigError
from accelsim.formats.weight_stream import build_stream
from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.sizes import stored
from accelsim.records.fit import FIT_ALL
from accelsim.records.recurrent import RecurrentLayer


def fit(
    config: EseConfig, words: Mapping[str, str], works: Sequence[RecurrentLayer]
) -> dict[str, Any]:
    """Values for the parameters that are "fit": the largest matrix in half of each buffer.

    Raises
    ------
    ConfigError
        For "fit_all": a matrix streams in while another one is worked on, none stays.
    """
    for key, word in words.items():
        if word == FIT_ALL:
            raise ConfigError(f"{key} is '{word}': weights stream from DRAM and none stays; "
                              f"use 'fit'")
    needs = [stored(build_stream(weights, config.n_pe, config.index_bits)) for work in works
             for weights in linear_weights(work, config.weight_bits).values()]
    entries, pointers = (max(column) for column in zip(*needs, strict=True))
    bits = max(entries.bit_length(), 4) if "pointer_bits" in words else config.pointer_bits
    sizes = {
        "pointer_bits": bits,
        "weight_buffer_kb": table_step(entries * config.entry_bits / 8192),
        "pointer_buffer_kb": table_step(pointers * bits / 8192),
    }
    return {key: sizes[key] for key in words}
