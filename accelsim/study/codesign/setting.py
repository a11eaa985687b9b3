"""All that determines a search, as plain values that travel; and what a process keeps of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim import __version__
from accelsim.compression.decoded import decoded_network
from accelsim.errors import UnsupportedError
from accelsim.lowering.network_floats import network_outputs_float
from accelsim.machines import load_machine
from accelsim.machines.registry import machine_of
from accelsim.records import CompressedLayer
from accelsim.records.network import Network
from accelsim.sources import open_network
from accelsim.sources.networks import images_of
from accelsim.study.axes import Scalar
from accelsim.study.codesign.design import Design, LayerChoice
from accelsim.training import Labelled, Trainable, held_out, load_labelled
from accelsim.training.network import matrix_of
from accelsim.workload.entries import file_sha256

Weights = dict[str, npt.NDArray[np.float32]]
PARTS = ("codes", "index", "rows")
"""What a search may choose of a layer beside its density."""


@dataclass(frozen=True)
class Setting:
    """A search without its budget and its rounds.

    Attributes
    ----------
    network, graph : where the layers come from, as `accelsim.sources.open_network` takes them;
        of one that holds codes the weights that they stand for
    machine : every value of the machine
    tables : code tables that a layer may have, each with its bits; the first is where it starts
    index_bits : where every layer starts
    axes : settings of the machine that may be chosen, by name
    choose : of `PARTS`, what may be chosen of a layer
    data : labelled images to train with and to judge by; None judges by decisions kept on
        ``images``, and trains nothing
    images : inputs that are run, where there is no ``data``: npy, or digits
    timed : images run cycle by cycle
    judged : images that a candidate is judged by
    seed : of batches and of NSGA-II
    """

    network: str
    graph: str | None = None
    machine: tuple[tuple[str, Scalar], ...] = ()
    tables: tuple[tuple[str, int], ...] = (("kmeans", 4),)
    index_bits: int = 4
    axes: tuple[tuple[str, tuple[Scalar, ...]], ...] = ()
    choose: tuple[str, ...] = PARTS
    data: str | None = None
    images: str | None = None
    timed: int = 10
    judged: int = 2000
    seed: int = 0

    def identity(self) -> str:
        """JSON of all that determines results: files by what they hold."""
        told = asdict(self)
        for what in ("network", "data", "images"):
            path = told[what]
            told[what] = None if path is None else _digest(str(path))
        return json.dumps({"accelsim": __version__, **told}, sort_keys=True)


def _digest(path: str) -> str:
    """Of a file; of a published network its name."""
    return file_sha256(Path(path)) if Path(path).is_file() else path


@dataclass(eq=False)
class Known:
    """What a process keeps of a setting.

    Attributes
    ----------
    model : the network's weights
    timed : (n, ...) images that are run cycle by cycle, and calibrate
    train : to train with, or None
    judged : images and labels that candidates are judged by; without labels those that the
        uncompressed network gives
    reference : the uncompressed network's results on them
    """

    setting: Setting
    network: Network
    machine: Any
    model: Trainable | None
    timed: npt.NDArray[Any]
    train: Labelled | None
    judged: Labelled
    held: Labelled
    reference: npt.NDArray[Any]

    @property
    def start(self) -> Design:
        """The design that searches begin with: nothing is pruned."""
        table, bits = self.setting.tables[0]
        choice = LayerChoice(1.0, table, bits, self.setting.index_bits)
        return Design({node.name: choice for node in self.network.nodes if not node.on_host})

    @property
    def weights(self) -> Weights:
        """The uncompressed layers' matrices, and their biases by name with ``.bias`` behind."""
        if self.model is not None:
            return joined(self.model)
        found: Weights = {}
        for layer in self.network.layers:
            found[layer.name] = matrix_of(layer)
            found[f"{layer.name}.bias"] = np.zeros(len(found[layer.name]), np.float32) if (
                layer.bias is None) else np.array(layer.bias, np.float32)
        return found


def joined(model: Trainable) -> Weights:
    """Weights and biases of a model under one roof."""
    return model.weights | {f"{name}.bias": bias for name, bias in model.biases.items()}


def parted(network: Network, weights: Weights) -> Trainable:
    """A model of `joined`."""
    names = [node.name for node in network.nodes if not node.on_host]
    return Trainable(network, {n: weights[n].copy() for n in names},
                     {n: weights[f"{n}.bias"].copy() for n in names})


@lru_cache(maxsize=2)
def known(setting: Setting) -> Known:
    """What a process keeps of a setting; read once.

    Raises
    ------
    InputError, UnsupportedError, FormatError
        If files do not fit each other, or a layer does not run on the machine.
    """
    network = decoded_network(open_network(setting.network, setting.graph))
    values = dict(setting.machine)
    name = str(values.pop("machine"))
    machine = machine_of(load_machine(name, **values))
    if CompressedLayer not in machine.takes or machine.price is None or (
            not {"weight_bits", "index_bits"} <= set(values)):
        raise UnsupportedError(f"{name}: stores no codes of weights and zero runs, or has no "
                               f"prices; take a machine with weight_bits, index_bits and energy")
    shape = network.shapes()["input"]
    if setting.data is None:
        images = images_of(Path(str(setting.images)), shape, network.name)
        given = images[:max(setting.judged, setting.timed)].astype(np.float32)
        reference = network_outputs_float(network, given).reshape(len(given), -1)
        judged = Labelled(given, reference.argmax(axis=1))
        return Known(setting, network, machine, None, given[:setting.timed], None, judged, judged,
                     reference)
    model = Trainable.of(network)
    train, held = held_out(load_labelled(setting.data, shape))
    judged = held.first(setting.judged)
    return Known(setting, network, machine, model, train.one_of_each(setting.timed), train,
                 judged, held, model.outputs(judged.images))


def digest(*parts: Any) -> bytes:
    """16 bytes of SHA-256 over plain values."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()[:16]
