"""Every number system on one network and one machine: error, size, cycles, energy, gates.

Post-training: weights are read as they are, put into each code table, calibrated on the images and
run in fixed point; nothing is trained again. A table that a datapath without a multiplier holds is
run on that datapath; timing is the same, energy and area are not.
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

from accelsim.compression import Recipe, compress, compression_table
from accelsim.compression.network import calibrate_network
from accelsim.errors import InputError, LossWarning
from accelsim.machines import load_machine, machine_of
from accelsim.machines.network_run import run_network
from accelsim.network import network_outputs
from accelsim.records import CompressedConv, CompressedLayer
from accelsim.records.network import Network

__all__ = ["SYSTEMS", "System", "SystemRow", "number_systems"]

_SIGNS = MappingProxyType({"multiplier": "sign", "weight_value_bits": 2})
_SHIFTS = MappingProxyType({"multiplier": "shift"})


@dataclass(frozen=True)
class System:
    """A table, the bits of its codes, and what the machine has for it."""

    table: str
    bits: int
    machine: Mapping[str, Any] = field(default_factory=dict, hash=False)


SYSTEMS = (
    System("kmeans", 4), System("kmeans", 5),
    System("linear", 4), System("linear", 8), System("linear:symmetric=false", 4),
    System("dynamic_fixed_point", 4), System("dynamic_fixed_point", 8),
    System("power_of_two", 3, _SHIFTS), System("power_of_two", 4, _SHIFTS),
    System("power_of_two", 5, _SHIFTS), System("log", 4, _SHIFTS), System("log:base=sqrt2", 4),
    System("ternary", 2), System("ternary:scale=power_of_two", 2, _SIGNS),
    System("ternary:scales=2", 2), System("binary", 2),
    System("binary:scale=power_of_two", 2, _SIGNS),
)
"""The field's list; `accelsim.compression.tables` says whose they are."""


@dataclass(frozen=True)
class SystemRow:
    """One system on one network.

    Attributes
    ----------
    error : share of the labelled images that are classified wrongly, in fixed point
    kept : share of the weights that are not zero in the table
    plain_bits, huffman_bits : of the network, pruned and shared, and Huffman-coded
        (`accelsim.compression.table`)
    cycles, energy_nj : of an image, the mean of the images that were timed
    decoder_nand2, arith_nand2 : gates of a PE's weight decoder, and of its ArithmUnit as it was
        synthesised
    arith_mm2 : area of all PEs' arithmetic at 45 nm
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

    def as_dict(self) -> dict[str, Any]:
        """The row by names."""
        return asdict(self)


def number_systems(
    config: Any, network: Network, images: npt.NDArray[Any], labels: npt.NDArray[Any],
    systems: Sequence[System] = SYSTEMS, timed: int = 10,
    on_row: Callable[[], object] = lambda: None, calibration: str = "max",
) -> list[SystemRow]:
    """A row a system.

    Parameters
    ----------
    config : the machine; each system sets its width of codes and its multiplier
    network : uncompressed layers
    images, labels : (n, ...) images that calibrate and are classified, and (n,) classes
    timed : so many of the images, the first ones, are run cycle by cycle
    on_row : called after each row
    calibration : how the images settle the activations' range (`accelsim.compression.thresholds`)

    Raises
    ------
    InputError
        If the machine has no choice of multipliers, a layer is compressed already, or images and
        labels do not fit.
    """
    if "multiplier" not in type(config).model_fields:
        raise InputError(f"the machine '{config.machine}' has no choice of multipliers; take one "
                         f"with the parameter multiplier")
    if any(isinstance(layer, CompressedLayer | CompressedConv) for layer in network.layers):
        raise InputError(f"{network.name}: holds codes already; give the layers before compression")
    shape = network.shapes()["input"]
    if images[0].size != prod(shape) or len(images) != len(labels) or timed < 1:
        raise InputError(f"{network.name}: {len(images)} images of {images[0].size} numbers, "
                         f"{len(labels)} labels, {timed} timed; need images of {shape}, a label "
                         f"each, and one timed")
    shaped = images.reshape(len(images), *shape)
    rows = []
    for system in systems:
        rows.append(_row(config, network, shaped, labels, system, timed, calibration))
        on_row()
    return rows


def _row(
    config: Any, network: Network, images: npt.NDArray[Any], labels: npt.NDArray[Any],
    system: System, timed: int, calibration: str,
) -> SystemRow:
    own = {**config.model_dump(exclude={"machine"}), "weight_bits": system.bits, **system.machine}
    variant = load_machine(config.machine, **own)
    machine = machine_of(variant)
    recipe = Recipe(table=system.table, weight_bits=system.bits, index_bits=variant.index_bits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LossWarning)  # the row tells error and kept weights
        packed = calibrate_network(compress(network, recipe), images, calibration,
                                   bits=variant.activation_bits)
    matrices = [work.layer if isinstance(work, CompressedConv) else work for work in packed.layers]
    size = compression_table(matrices).total
    # Matrices in sequence take all images at once.
    results = (network_outputs(variant, packed.layers, images.reshape(len(images), -1))
               if packed.is_chain
               else run_network(machine, variant, packed, images, "functional").values)
    run = run_network(machine, variant, packed, images[:timed], "fast")
    return SystemRow(
        system.table, system.bits, variant.multiplier,
        float(np.mean(results.reshape(len(images), -1).argmax(axis=1) != labels)),
        size.kept / size.weights, size.plain_bits, size.huffman_bits,
        run.cycles / timed, run.energy.total_nj / timed,
        variant.decoder_nand2,
        variant.arith_nand2,
        run.energy.area_mm2["arith_unit"],
    )
