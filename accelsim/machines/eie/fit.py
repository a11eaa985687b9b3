"""EIE's memories and widths, sized to what is to run on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accelsim.compression.binary_points import ById
from accelsim.energy.sram import table_step
from accelsim.formats.interleaved_csc import LayerImage
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.decoder import tables_a_pe
from accelsim.machines.eie.job import image_for
from accelsim.machines.eie.sizes import Stored, map_rows
from accelsim.machines.eie.spread import matrix_of
from accelsim.records import CompressedConv, CompressedLayer
from accelsim.records.fit import FIT_ALL

Work = CompressedLayer | CompressedConv

_ROOMY: Mapping[str, float] = {"spmat_kb": 1.0, "pointer_kb": 1.0, "pointer_bits": 32,
                               "act_sram_kb": 1.0, "regfile_depth": 65_536,
                               "decoder_tables": 65_536}
"""Stand for what is not known yet; none of them but the depth is looked at."""


def fit(
    config: EieConfig, words: Mapping[str, str], works: Sequence[Work],
    sizes: Sequence[tuple[int, int] | None] = (),
) -> dict[str, Any]:
    """Values for the parameters that are "fit" or "fit_all".

    Register files hold the longest vectors, so that a layer takes one pass; pointers address the
    entries; memories take a size of the SRAM table, each bank of the pointers one.

    Parameters
    ----------
    words : parameter to its word
    works : what is to run: "fit" takes the largest need, "fit_all" the sum of what stays resident
        (entries, pointers and tables; vectors and maps never do)
    sizes : (rows, columns) of a convolution's images, whose maps the activation SRAM is to hold
        (contract V5); those of an image without a size are not counted
    """
    known = config.model_copy(update={key: _ROOMY[key] for key in words})
    depth = known.regfile_depth
    if "regfile_depth" in words:
        depth = max(max(-(-n // config.n_pe) for n in _sides(work)) for work in works)
    known = known.model_copy(update={"regfile_depth": depth})
    needs = [Stored.of(known, _image(known, work), isinstance(work, CompressedConv),
                       _biases(work)) for work in works]

    def need(key: str, name: str) -> int:
        every = [int(getattr(own, name)) for own in needs]
        return sum(every) if words.get(key) == FIT_ALL else max(every)

    bits = known.pointer_bits
    if "pointer_bits" in words:
        bits = max(need("pointer_bits", "entries").bit_length(), 4)
    maps = [map_rows(work.geometry, config.n_pe, size)
            for work, size in zip(works, sizes, strict=False)
            if size is not None and isinstance(work, CompressedConv)]
    waiting = max(*(own.spilled for own in needs), *maps, 0)
    found = {
        "regfile_depth": depth,
        "pointer_bits": bits,
        "spmat_kb": table_step(need("spmat_kb", "lines") * config.spmat_width_bits / 8192),
        "pointer_kb": 2 * table_step(need("pointer_kb", "pointers") * bits / 8192 / 2),
        "act_sram_kb": table_step(waiting * config.register_bits / 8192),
        "decoder_tables": (sum if words.get("decoder_tables") == FIT_ALL else max)(
            _tables(config, work) for work in works),
    }
    return {key: found[key] for key in words}


def _sides(work: Work) -> tuple[int, int]:
    layer = work.layer if isinstance(work, CompressedConv) else work
    return layer.n_inputs, layer.n_outputs


def _tables(config: EieConfig, work: Work) -> int:
    layer = work.layer if isinstance(work, CompressedConv) else work
    return tables_a_pe(layer.name, config.n_pe, layer.n_outputs, layer.rows_per_table)


def _biases(work: Work) -> bool:
    layer = work.layer if isinstance(work, CompressedConv) else work
    return layer.bias is not None


def _image(config: EieConfig, work: Work) -> LayerImage:
    if isinstance(work, CompressedConv):
        return image_for(config, matrix_of(ById(work.layer), work.geometry, config.n_pe))
    return image_for(config, work)
