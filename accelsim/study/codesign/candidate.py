"""A design compressed, run whole on the exact machine, and judged."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression import Recipe, compress, compression_table
from accelsim.compression.network import calibrate_network
from accelsim.errors import ConfigError, InputError, LossWarning
from accelsim.lowering.network_floats import (
    conv_weights,
    matrix_weights,
    network_outputs_float,
)
from accelsim.machines import load_machine
from accelsim.machines.network_run import run_network
from accelsim.records import CompressedConv
from accelsim.records.limits import Limit
from accelsim.records.network import Network
from accelsim.records.network_result import NetworkResult
from accelsim.study.codesign.design import Design, LayerChoice
from accelsim.study.codesign.setting import Known, Weights, parted
from accelsim.training import Labelled
from accelsim.training.network import cross_entropy, with_matrix


@dataclass(frozen=True, eq=False)
class Measured:
    """What a design costs an image: `budget.METRICS`, ``weights`` kept and ``macs``, and by layer
    its energy in uJ."""

    values: Mapping[str, float]
    layer_uj: Mapping[str, float]
    limits: tuple[Limit, ...] | None
    packed: Network


class Bench:
    """Designs of given weights; a layer is compressed once for each choice."""

    def __init__(self, known: Known, weights: Weights) -> None:
        self.known = known
        self._network = parted(known.network, weights).as_network()
        self._made: dict[tuple[Any, ...], Any] = {}

    def with_weights(self, changed: Mapping[str, npt.NDArray[np.float32]]) -> Bench:
        """The same with other matrices of some layers; what is made of the others stays."""
        other = object.__new__(Bench)
        other.known = self.known
        other._made = {key: made for key, made in self._made.items() if key[0] not in changed}
        other._network = self._network.with_layers(
            lambda layer: with_matrix(layer, changed[layer.name]) if layer.name in changed
            else layer)
        return other

    def packed(self, design: Design) -> Network:
        """The network with its layers compressed as the design says."""
        n_pe = self.config(design).n_pe
        return self._network.with_layers(
            lambda layer: self._packed(layer, design.layers[layer.name], n_pe))

    def config(self, design: Design, name: str | None = None) -> Any:
        """The machine of a design, set to one layer's widths, or to the widest of all."""
        values = dict(self.known.setting.machine) | dict(design.machine)
        machine = str(values.pop("machine"))
        choices = list(design.layers.values()) if name is None else [design.layers[name]]
        widths = {"weight_bits": max(c.weight_bits for c in choices),
                  "index_bits": max(c.index_bits for c in choices)}
        try:
            return load_machine(machine, **(values | widths))
        except ConfigError as problem:
            raise InputError(f"{name or self._network.name}: {problem}") from None

    def measure(self, design: Design) -> Measured:
        """Run the timed images through all layers."""
        packed = calibrate_network(self.packed(design), self.known.timed)
        result = run_network(
            self.known.machine, self.config(design), packed, self.known.timed, "fast",
            layer_configs={name: self.config(design, name) for name in design.layers})
        return self._measured(design, packed, result)

    def _measured(self, design: Design, packed: Network, result: NetworkResult) -> Measured:
        n = result.n_images
        size = compression_table([matrix_layer(work) for work in packed.layers]).total
        reports = {name: own.energy for name, own in result.layers.items()}
        vectors = {name: own.n_vectors / n for name, own in result.layers.items()}
        kept = {work.name: _kept(work) for work in packed.layers}
        values = {
            "energy_uj": sum(report.total_uj for report in reports.values()) / n,
            "time_us": result.time_us / n,
            "cycles": result.cycles / n,
            "size_kb": size.huffman_bits / 8192,
            "bits": float(size.huffman_bits),
            "area_mm2": max(report.total_mm2 for report in reports.values()),
            "weights": float(sum(kept.values())),
            "macs": float(sum(kept[name] * vectors[name] for name in kept)),
        }
        return Measured(values, {name: report.total_uj / n for name, report in reports.items()},
                        result.limits, packed)

    def _packed(self, layer: Any, choice: LayerChoice, n_pe: int) -> Any:
        order = n_pe if choice.balanced else None
        key = (layer.name, choice.table, choice.weight_bits, choice.index_bits, order)
        if key not in self._made:
            recipe = Recipe(table=choice.table, weight_bits=choice.weight_bits,
                            index_bits=choice.index_bits, permute_rows=order)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", LossWarning)  # the judgement tells what is lost
                self._made[key] = compress(layer, recipe)
        return self._made[key]


def matrix_layer(work: Any) -> Any:
    """The compressed matrix of a layer or convolution."""
    return work.layer if isinstance(work, CompressedConv) else work


def _kept(work: Any) -> int:
    layer = matrix_layer(work)
    return int(layer.matrix.column_starts[layer.n_inputs])


@dataclass(frozen=True)
class Judged:
    """Share of images decided wrongly, mean cross-entropy, share decided as uncompressed, and the
    RMS difference of the results over the RMS of the uncompressed ones."""

    wrong: float
    loss: float
    kept: float
    error: float


def judge(known: Known, packed: Network, data: Labelled | None = None) -> Judged:
    """What a compressed network decides, in floating point with its shared weights."""
    images = known.judged if data is None else data
    outputs = decoded_outputs(known, packed, images.images)
    wrong = float(np.mean(outputs.argmax(axis=1) != images.labels))
    loss = cross_entropy(outputs.astype(np.float32), images.labels)[0]
    if data is not None:
        return Judged(wrong, loss, 1 - wrong, 0.0)
    reference = known.reference
    kept = float(np.mean(outputs.argmax(axis=1) == reference.argmax(axis=1)))
    size = float(np.sqrt(np.mean(np.square(reference)))) or 1.0
    return Judged(wrong, loss, kept,
                  float(np.sqrt(np.mean(np.square(outputs - reference)))) / size)


def decoded_outputs(known: Known, packed: Network, images: npt.NDArray[Any]
                    ) -> npt.NDArray[Any]:
    """(n, n_classes) results of a compressed network in floating point."""
    if known.model is None:
        return network_outputs_float(packed, images).reshape(len(images), -1)
    model = known.model.copy()
    for work in packed.layers:
        if isinstance(work, CompressedConv):
            weights, bias = conv_weights(work)
            matrix = weights.transpose(0, 2, 3, 1).reshape(len(weights), -1)
        else:
            matrix, bias = matrix_weights(work)
        model.weights[work.name] = np.ascontiguousarray(matrix, dtype=np.float32)
        model.biases[work.name] = np.zeros(len(matrix), np.float32) + np.float32(bias)
    return model.outputs(images)
