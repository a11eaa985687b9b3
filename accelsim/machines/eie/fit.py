"""EIE's memories and widths, sized to what is to run on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from accelsim.compression.binary_points import ById
from accelsim.energy.sram import table_step
from accelsim.formats.interleaved_csc import image_columns
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.decoder import tables_a_pe
from accelsim.machines.eie.job import image_for
from accelsim.machines.eie.plan import tile_rows
from accelsim.machines.eie.sizes import map_rows, spilled_rows
from accelsim.machines.eie.spread import matrix_of
from accelsim.records import CompressedConv, CompressedLayer
from accelsim.records.fit import FIT_ALL

Work = CompressedLayer | CompressedConv

_ROOMY: Mapping[str, float] = {"spmat_kb": 1.0, "pointer_kb": 1.0, "pointer_bits": 32,
                               "act_sram_kb": 1.0, "regfile_depth": 65_536,
                               "decoder_tables": 65_536}
"""Stand for what is not known yet; none of them but the depth is looked at."""

_counted: dict[tuple[Any, ...], int] = {}
_MOST_COUNTED = 64


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

    def need(key: str, of: Callable[[EieConfig, Work], int]) -> int:
        every = [of(known, work) for work in works]
        return sum(every) if words.get(key) == FIT_ALL else max(every)

    bits = known.pointer_bits
    if "pointer_bits" in words:
        bits = max(need("pointer_bits", _fullest).bit_length(), 4)
    # Only what is asked for is worked out: entries are known when an image has been counted.
    makers: dict[str, Callable[[], Any]] = {
        "regfile_depth": lambda: depth,
        "pointer_bits": lambda: bits,
        "spmat_kb": lambda: table_step(
            need("spmat_kb", _lines) * config.spmat_width_bits / 8192),
        "pointer_kb": lambda: 2 * table_step(need("pointer_kb", _pointers) * bits / 8192 / 2),
        "act_sram_kb": lambda: table_step(
            max(*(_spilled(known, work) for work in works), *_maps(config, works, sizes), 0)
            * config.register_bits / 8192),
        "decoder_tables": lambda: (sum if words.get("decoder_tables") == FIT_ALL else max)(
            _tables(config, work) for work in works),
    }
    return {key: makers[key]() for key in words}


def _maps(
    config: EieConfig, works: Sequence[Work], sizes: Sequence[tuple[int, int] | None]
) -> Iterator[int]:
    for work, size in zip(works, sizes, strict=False):
        if size is not None and isinstance(work, CompressedConv):
            yield map_rows(work.geometry, config.n_pe, size)


def _fullest(config: EieConfig, work: Work) -> int:
    """Words of the fullest PE; those counted last are kept."""
    layer = _layer(work)
    key = (ById(layer), work.geometry if isinstance(work, CompressedConv) else None, config.n_pe,
           config.index, config.index_bits, config.rows, tile_rows(config, layer.n_outputs))
    if key not in _counted:
        while len(_counted) >= _MOST_COUNTED:
            _counted.pop(next(iter(_counted)), None)
        _counted[key] = image_for(config, _matrix(config, work)).max_words
    return _counted[key]


def _lines(config: EieConfig, work: Work) -> int:
    return -(-_fullest(config, work) // config.entries_per_line)


def _pointers(config: EieConfig, work: Work) -> int:
    """Pointers of a PE, all tiles together."""
    matrix, n_pe = _matrix(config, work), config.n_pe
    out_rows = -(-matrix.n_outputs // n_pe)
    tiles = -(-out_rows // tile_rows(config, matrix.n_outputs))
    return tiles * (image_columns(matrix.n_inputs, n_pe, matrix.has_bias) + 1)


def _spilled(config: EieConfig, work: Work) -> int:
    layer = _layer(work)
    rows = -(-layer.n_inputs // config.n_pe), -(-layer.n_outputs // config.n_pe)
    return spilled_rows(config, rows, isinstance(work, CompressedConv), layer.bias is not None)


def _layer(work: Work) -> CompressedLayer:
    return work.layer if isinstance(work, CompressedConv) else work


def _matrix(config: EieConfig, work: Work) -> CompressedLayer:
    if isinstance(work, CompressedConv):
        return matrix_of(ById(work.layer), work.geometry, config.n_pe)
    return work


def _sides(work: Work) -> tuple[int, int]:
    return _layer(work).n_inputs, _layer(work).n_outputs


def _tables(config: EieConfig, work: Work) -> int:
    layer = _layer(work)
    return tables_a_pe(layer.name, config.n_pe, layer.n_outputs, layer.rows_per_table)
