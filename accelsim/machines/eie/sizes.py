"""What a layer needs of EIE's memories, and what would do where they are too small."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from accelsim.formats.interleaved_csc import LayerImage, decode_image
from accelsim.machines.eie.config import EieConfig
from accelsim.records import Geometry


@dataclass(frozen=True)
class Need:
    """A memory or a width that is too small for a layer.

    Attributes
    ----------
    value, limit : what is needed and what there is, in ``unit``
    told : the same in words
    settings : values of the configuration that would do
    """

    what: str
    value: int
    limit: int
    unit: str
    told: str
    settings: Mapping[str, float]

    @property
    def would_do(self) -> str:
        """The settings as one types them."""
        return ", ".join(f"{key}={value:.10g}" for key, value in self.settings.items())


@dataclass(frozen=True)
class Stored:
    """What a layer keeps in the fullest PE: entries (with a bitmap words) and SpMat lines,
    pointers, and rows that wait in the activation SRAM."""

    entries: int
    lines: int
    pointers: int
    spilled: int

    @classmethod
    def of(
        cls, config: EieConfig, image: LayerImage, gathered: bool, exact_bias: bool
    ) -> Stored:
        """Of a layer; that of a gathered map stands in the map's own memory."""
        spilled = spilled_rows(config, rows_of(config, image), gathered, exact_bias)
        entries = image.max_words
        return cls(entries, -(-entries // config.entries_per_line),
                   image.n_tiles * (image.n_columns + 1), spilled)


def spilled_rows(
    config: EieConfig, rows: tuple[int, int], gathered: bool, exact_bias: bool
) -> int:
    """Rows of a PE that wait in the activation SRAM: of so many ``rows`` of activations and of
    outputs those that the register files do not hold, and biases (``exact_bias``)."""
    in_rows, out_rows = rows
    depth = config.regfile_depth
    if gathered:
        return 0
    tiled = out_rows > depth and config.capacity != "ignore"
    return ((in_rows if in_rows > depth else 0) + (out_rows if tiled else 0)
            + out_rows * exact_bias)


def weight_needs(config: EieConfig, image: LayerImage) -> list[Need]:
    """SpMat, pointer widths and pointers that do not hold the whole layer; sizes are such that
    all of them together do."""
    stored, found = Stored.of(config, image, True, False), []
    entries, pointers = stored.entries, stored.pointers
    word = "entries" if config.index == "zero_runs" else "words"
    if entries > config.spmat_entries:
        kb = _kb(stored.lines * config.spmat_width_bits)
        found.append(Need(
            "SpMat SRAM", entries, config.spmat_entries, f"{word} a PE",
            f"{entries} {word} in one PE, {entries - config.spmat_entries} more than the "
            f"{config.spmat_kb:g} KB SpMat SRAM holds", {"spmat_kb": kb}))
    reach = (1 << config.pointer_bits) - 1
    pointer_bits = max(config.pointer_bits, int(entries).bit_length())
    if entries > reach:
        found.append(Need(
            "pointer width", entries, reach, f"{word} a PE",
            f"{entries} {word} in one PE, {entries - reach} more than pointer_bits="
            f"{config.pointer_bits} address", {"pointer_bits": pointer_bits}))
    words = int(config.pointer_kb * 8192) // pointer_bits
    if pointers > words:
        wider = f" of {pointer_bits} bits" if pointer_bits > config.pointer_bits else ""
        found.append(Need(
            "pointer SRAM", pointers, words, "pointers a PE",
            f"{pointers} pointers{wider} a PE, {pointers - words} more than the "
            f"{config.pointer_kb:g} KB pointer SRAM holds",
            {"pointer_kb": _kb(pointers * pointer_bits)}))
    return found


def activation_needs(config: EieConfig, image: LayerImage, exact_bias: bool) -> list[Need]:
    """The activation SRAM, where vectors that the register files do not hold are too long for it,
    with the biases that wait there (``exact_bias``)."""
    spilled = Stored.of(config, image, False, exact_bias).spilled
    if spilled <= config.act_sram_words:
        return []
    return [Need(
        "activation SRAM", spilled, config.act_sram_words, "activations a PE",
        f"{spilled} activations {'and biases ' if exact_bias else ''}a PE do not fit the "
        f"activation SRAM ({config.act_sram_words} in {config.act_sram_kb:g} KB)",
        {"act_sram_kb": _kb(spilled * config.register_bits)})]


def register_needs(config: EieConfig, image: LayerImage) -> list[Need]:
    """Register files that do not hold the vectors at once: more than one pass is needed."""
    rows = max(rows_of(config, image))
    if rows <= config.regfile_depth:
        return []
    return [Need("register files", rows, config.regfile_depth, "activations a PE",
                 f"{rows} activations a PE, a register file holds {config.regfile_depth}",
                 {"regfile_depth": rows})]


def map_rows(geometry: Geometry, n_pe: int, size: tuple[int, int]) -> int:
    """Register rows of one image's maps, that it reads (with the pixel of zeros) and that it writes
    (contract V2, V4).

    Parameters
    ----------
    size : (rows, columns) of the image
    """
    height, width = size
    out_height, out_width = geometry.output_size(height, width)
    return ((height * width + 1) * -(-geometry.in_channels // n_pe)
            + out_height * out_width * -(-geometry.out_channels // n_pe))


def rows_of(config: EieConfig, image: LayerImage) -> tuple[int, int]:
    """Activations and outputs of one PE."""
    return -(-image.n_inputs // config.n_pe), -(-image.n_outputs // config.n_pe)


def n_pe_that_fits(image: LayerImage, limit: int) -> int:
    """Fewest PEs (within an eighth) whose fullest holds at most ``limit`` entries.

    Padding is taken at its present share, which more PEs only lower.
    """
    rows = decode_image(image).rows
    padding = image.codes.size / max(len(rows), 1)
    n_pe = max(image.n_pe + 1, math.ceil(image.codes.size / limit))
    while np.bincount(rows % n_pe).max(initial=0) * padding > limit and n_pe < image.n_outputs:
        n_pe += max(1, n_pe // 8)
    return n_pe


def _kb(bits: int) -> float:
    """Kilobytes that hold ``bits``, rounded up to 16 bytes."""
    return math.ceil(bits / 128) / 64


