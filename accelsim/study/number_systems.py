"""Every number system on one network and one machine: error, size, cycles, energy, gates.

Post-training: weights are read as they are, put into each code table, calibrated on the images and
run in fixed point; nothing is trained again. Of a network that holds codes the weights are those
that they stand for. A table that a datapath without a multiplier holds is run on that datapath;
timing is the same, energy and area are not. A scale a row takes a decoder of several tables.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from accelsim.compression import Recipe, compress, compression_table
from accelsim.compression.decoded import decoded_network
from accelsim.compression.network import calibrate_network
from accelsim.errors import InputError, LossWarning
from accelsim.lowering.network_floats import network_outputs_float
from accelsim.machines import load_machine, machine_of
from accelsim.machines.network_run import fitted_to, run_network
from accelsim.network import network_outputs
from accelsim.records import CompressedConv
from accelsim.records.fit import FIT
from accelsim.records.network import Network
from accelsim.report.paper import PAGE
from accelsim.report.plots_pareto import pareto_scatter
from accelsim.study.pareto import pareto_mask

__all__ = ["SYSTEMS", "System", "SystemRow", "draw_front", "front", "number_systems"]

AT_ONCE = 20
"""Images of a network with convolutions."""

_SIGNS = MappingProxyType({"multiplier": "sign", "weight_value_bits": 2})
_SHIFTS = MappingProxyType({"multiplier": "shift"})


@dataclass(frozen=True)
class System:
    """A table, the bits of its codes, what the machine has for it, and the rows that share a table:
    None, all of a layer."""

    table: str
    bits: int
    machine: Mapping[str, Any] = field(default_factory=dict, hash=False)
    rows: int | None = None


SYSTEMS = (
    System("kmeans", 4), System("kmeans", 5), System("kmeans", 6), System("kmeans", 8),
    System("linear", 4), System("linear", 8), System("linear:symmetric=false", 4),
    System("dynamic_fixed_point", 4), System("dynamic_fixed_point", 8),
    System("power_of_two", 3, _SHIFTS), System("power_of_two", 4, _SHIFTS),
    System("power_of_two", 5, _SHIFTS), System("log", 4, _SHIFTS), System("log:base=sqrt2", 4),
    System("ternary", 2), System("ternary:scale=power_of_two", 2, _SIGNS),
    System("ternary:scales=2", 2), System("binary", 2),
    System("binary:scale=power_of_two", 2, _SIGNS),
    System("linear", 4, rows=1), System("ternary", 2, rows=1), System("binary", 2, rows=1),
    System("ternary:scale=power_of_two", 2, _SHIFTS, rows=1),
)
"""The field's list; `accelsim.compression.tables` says whose they are."""


@dataclass(frozen=True)
class SystemRow:
    """One system on one network.

    Attributes
    ----------
    error : share of the labelled images that are classified wrongly, in fixed point; without
        labels of those that are not classified as by the network in floating point
    kept : share of the weights that are not zero in the table
    plain_bits, huffman_bits : of the network, pruned and shared, and Huffman-coded
        (`accelsim.compression.table`)
    cycles, energy_nj : of an image, the mean of the images that were timed
    decoder_nand2, arith_nand2 : gates of a PE's weight decoder, and of its ArithmUnit as it was
        synthesised
    arith_mm2 : area of all PEs' arithmetic at 45 nm
    rows : that share a table; None: all of a layer
    """

    table: str
    bits: int
    multiplier: str
    error: float
    kept: float
    plain_bits: int
    huffman_bits: int
    cycles: float
    energy_nj: float
    decoder_nand2: float
    arith_nand2: float
    arith_mm2: float
    rows: int | None = None

    @property
    def label(self) -> str:
        """Table, bits, and the rows that share a table."""
        rows = "" if self.rows is None else f", {self.rows} row" + "s" * (self.rows > 1)
        return f"{self.table} {self.bits}{rows}"

    def as_dict(self) -> dict[str, Any]:
        """The row by names."""
        return asdict(self)


def number_systems(
    config: Any, network: Network, images: npt.NDArray[Any], labels: npt.NDArray[Any] | None,
    systems: Sequence[System] = SYSTEMS, timed: int = 10,
    on_row: Callable[[], object] = lambda: None, calibration: str = "max",
) -> list[SystemRow]:
    """A row a system.

    Parameters
    ----------
    config : the machine; each system sets its width of codes and its multiplier
    network : its layers; codes are decoded
    images, labels : (n, ...) images that calibrate and are classified, and (n,) classes; None are
        those that the network gives in floating point
    timed : so many of the images, the first ones, are run cycle by cycle
    on_row : called after each row
    calibration : how the images settle the activations' range (`accelsim.compression.thresholds`)

    Raises
    ------
    InputError
        If the machine has no choice of multipliers, or images and labels do not fit.
    """
    if "multiplier" not in type(config).model_fields:
        raise InputError(f"the machine '{config.machine}' has no choice of multipliers; take one "
                         f"with the parameter multiplier")
    network = decoded_network(network)
    shape = network.shapes()["input"]
    n_labels = len(images) if labels is None else len(labels)
    if images[0].size != prod(shape) or len(images) != n_labels or timed < 1:
        raise InputError(f"{network.name}: {len(images)} images of {images[0].size} numbers, "
                         f"{n_labels} labels, {timed} timed; need images of {shape}, a label "
                         f"each, and one timed")
    shaped = images.reshape(len(images), *shape)
    if labels is None:
        labels = np.concatenate([network_outputs_float(network, shaped[at:at + AT_ONCE]).reshape(
            -1, network.shapes()[network.output][0]).argmax(axis=1)
            for at in range(0, len(shaped), AT_ONCE)])
    rows = []
    for system in systems:
        rows.append(_row(config, network, shaped, labels, system, timed, calibration))
        on_row()
    return rows


def front(rows: Sequence[SystemRow]) -> npt.NDArray[np.bool_]:
    """(n,) rows that no other beats in error and energy."""
    return pareto_mask([(row.error, row.energy_nj) for row in rows])


def draw_front(rows: Sequence[SystemRow], what: str = "wrong (%)", width: float = PAGE) -> Figure:
    """Error over energy, the front joined and named.

    Parameters
    ----------
    what : the errors' axis
    width : inches
    """
    best = front(rows)
    return pareto_scatter(
        [row.energy_nj / 1000 for row in rows], [100 * row.error for row in rows], best,
        "energy of an image (\N{MICRO SIGN}J)", what,
        [row.label for row, on_front in zip(rows, best, strict=True) if on_front], width=width,
        colours=("datapath", [row.multiplier for row in rows]))


def _row(
    config: Any, network: Network, images: npt.NDArray[Any], labels: npt.NDArray[Any],
    system: System, timed: int, calibration: str,
) -> SystemRow:
    own = {**config.model_dump(exclude={"machine"}), "weight_bits": system.bits, **system.machine}
    if system.rows is not None:
        own["decoder_tables"] = FIT
    variant = load_machine(config.machine, **own)
    machine = machine_of(variant)
    recipe = Recipe(table=system.table, weight_bits=system.bits, index_bits=variant.index_bits,
                    table_rows=system.rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LossWarning)  # the row tells error and kept weights
        packed = calibrate_network(compress(network, recipe), images, calibration,
                                   bits=variant.activation_bits)
    variant = fitted_to(machine, variant, packed)
    matrices = [work.layer if isinstance(work, CompressedConv) else work for work in packed.layers]
    size = compression_table(matrices).total
    # Matrices in sequence take all images at once; maps of many images would fill the memory.
    results = (network_outputs(variant, packed.layers, images.reshape(len(images), -1))
               if packed.is_chain else np.concatenate([
                   run_network(machine, variant, packed, images[at:at + AT_ONCE], "fast").values
                   for at in range(0, len(images), AT_ONCE)]))
    run = run_network(machine, variant, packed, images[:timed], "fast")
    return SystemRow(
        system.table, system.bits, variant.multiplier,
        float(np.mean(results.reshape(len(images), -1).argmax(axis=1) != labels)),
        size.kept / size.weights, size.plain_bits, size.huffman_bits,
        run.cycles / timed, run.energy.total_nj / timed,
        variant.decoder_nand2,
        variant.arith_nand2,
        run.energy.area_mm2["arith_unit"], system.rows,
    )
