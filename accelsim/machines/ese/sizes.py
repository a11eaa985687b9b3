"""What a matrix needs of ESE's buffers, and what would do where they are too small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelsim.formats.weight_stream import WeightStream
from accelsim.machines.ese.config import EseConfig


@dataclass(frozen=True)
class Need:
    """A buffer or a width that is too small; fields as EIE's."""

    what: str
    value: int
    limit: int
    unit: str
    told: str
    would_do: str


def needs(config: EseConfig, stream: WeightStream) -> list[Need]:
    """Halves of buffers and pointer widths that do not hold a matrix; the sizes together do."""
    entries, pointers = stored(stream)
    found = []
    if entries > config.weight_buffer_entries:
        kb = entries * config.entry_bits / 8192
        found.append(Need(
            "weight buffer", entries, config.weight_buffer_entries, "entries a PE",
            f"{entries} entries in one PE, half a weight buffer holds "
            f"{config.weight_buffer_entries}", f"weight_buffer_kb={kb:.10g}"))
    reach = (1 << config.pointer_bits) - 1
    bits = max(config.pointer_bits, entries.bit_length())
    if entries > reach:
        found.append(Need(
            "pointer width", entries, reach, "entries a PE",
            f"{entries} entries in one PE, pointer_bits={config.pointer_bits} address {reach}",
            f"pointer_bits={bits}"))
    words = int(config.pointer_buffer_kb * 8192) // bits
    if pointers > words:
        found.append(Need(
            "pointer buffer", pointers, words, "pointers a PE",
            f"{pointers} pointers, half a pointer buffer holds {words}",
            f"pointer_buffer_kb={pointers * bits / 8192:.10g}"))
    return found


def stored(stream: WeightStream) -> tuple[int, int]:
    """Entries of the fullest PE, and pointers."""
    return int(np.diff(stream.pe_starts).max(initial=0)), stream.shape[1] + 1
