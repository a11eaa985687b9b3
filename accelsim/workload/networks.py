"""Whole networks from one file, and the digits to run through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from accelsim.errors import FormatError, InputError
from accelsim.records import Layer
from accelsim.shipped import located
from accelsim.workload.arrays import open_arrays
from accelsim.workload.entries import pick, printable
from accelsim.workload.files import list_layers


@dataclass(frozen=True)
class Network:
    """Layers in sequence: the outputs of one, after its ReLU, are the inputs of the next."""

    layers: tuple[Layer, ...]
    name: str = "network"

    def __post_init__(self) -> None:
        if not self.layers:
            raise InputError(f"{self.name}: a network needs at least one layer")
        for first, second in zip(self.layers, self.layers[1:], strict=False):
            if first.shape[0] != second.shape[1]:
                raise InputError(
                    f"{self.name}: {printable(first.name)} has {first.shape[0]} outputs but "
                    f"{printable(second.name)} {second.shape[1]} inputs; give names= in the order "
                    f"of the network"
                )

    @property
    def n_inputs(self) -> int:
        """Inputs of the first layer."""
        return self.layers[0].shape[1]

    @property
    def n_outputs(self) -> int:
        """Outputs of the last layer."""
        return self.layers[-1].shape[0]


def load_network(path: str | Path, names: Sequence[str] | None = None) -> Network:
    """All layers of a file, or the named ones, as one network.

    Without ``names`` an ONNX file's layers come in the order of its graph, others in the natural
    order of their names (fc1, fc2, ... fc10). npz and safetensors do not say where a ReLU stands:
    there every layer but the last has one. ONNX does, and is followed.

    Raises
    ------
    InputError
        If a name is unknown, or one layer's outputs are not the next one's inputs.
    FormatError
        If the file is damaged.
    """
    file = located(path)
    entries = list_layers(file)
    wanted = [pick(file, entries, name) for name in names] if names is not None else entries
    if not wanted:
        pick(file, entries, None)
    layers = [entry.load() for entry in wanted]
    if file.suffix.lower() != ".onnx":
        last = len(layers) - 1
        layers = [replace(layer, relu=i < last) for i, layer in enumerate(layers)]
    return Network(tuple(layers), file.stem)


def load_digits(path: str | Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """MNIST digits: ``images`` (n, 784) or (n, 28, 28) uint8 and ``labels`` (n,) uint8.

    Returns
    -------
    inputs : (n, 784) float32, pixel / 256 (exact), as the network was trained
    labels : (n,) int64, 0 to 9

    Raises
    ------
    FormatError
        If the file is damaged or holds something else.
    """
    file = open_arrays(Path(path))
    for what in ("images", "labels"):
        if what not in file.arrays:
            raise FormatError(f"{path}: no array '{what}'; digits are stored as images and labels")
        if file.arrays[what].dtype != np.uint8:
            raise FormatError(f"{path}: {what} are {file.arrays[what].stored}; need uint8")
    shape, labelled = file.arrays["images"].shape, file.arrays["labels"].shape
    if 0 in shape or shape[1:] not in ((784,), (28, 28)) or labelled != shape[:1]:
        raise FormatError(
            f"{path}: images have shape {shape} and labels {labelled}; "
            f"need (n, 784) and (n,)"
        )
    images, labels = file.read("images"), file.read("labels")
    if int(labels.max(initial=0)) > 9:
        raise FormatError(f"{path}: a label is {int(labels.max())}; need 0 to 9")
    inputs = images.reshape(len(images), 784).astype(np.float32) / np.float32(256)
    return inputs, labels.astype(np.int64)
