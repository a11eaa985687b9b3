"""Whole networks from one file, and the digits to run through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from accelsim.errors import FormatError, InputError, UnsupportedError
from accelsim.records import Layer
from accelsim.records.host import Shape
from accelsim.records.network import Network
from accelsim.shipped import located
from accelsim.workload.array_files import open_arrays
from accelsim.workload.entries import pick
from accelsim.workload.files import file_contents
from accelsim.workload.graph_networks import (
    is_graph,
    named_network,
    network_of_arrays,
    stored_network,
)
from accelsim.workload.onnx_network import holds_branch, holds_convolution, onnx_network
from accelsim.workload.onnx_quantised import rounds_activations
from accelsim.workload.order import in_order


def load_network(
    path: str | Path, names: Sequence[str] | None = None, *, network: str | Path | None = None,
    input_shape: Shape | None = None, seed: int = 1,
) -> Network:
    """A network by its name or from a file: a graph, or all layers of a file in sequence.

    ``squeezenet`` and the other names of `network_names`, or a graph of one's own in a TOML file,
    have synthetic numbers (`accelsim.workload.graph_networks`); a ``.net`` file has those of the
    network that it fits. An ONNX model of convolutions or branches is the graph that it says
    (`accelsim.workload.onnx_network`), unless ``names`` are given. Of any other file all layers,
    or those of ``names``, stand in sequence, unless ``network`` says the graph whose layers its
    arrays are called after.

    Without ``names`` the layers come in the order of the file. safetensors has none: there the
    natural order of the names (fc1, fc2, ... fc10) is taken where no other order of the layers
    fits together, which the network's ``note`` says. npz and safetensors do not say where a ReLU
    stands: there every layer but the last has one. ONNX does, and is followed.

    Parameters
    ----------
    network : the graph: one of `network_names`, or a TOML file
    input_shape : of a graph, instead of its own; of an ONNX model, what that leaves open
    seed : of synthetic numbers

    Raises
    ------
    InputError
        If a name is unknown, one layer's outputs are not the next one's inputs, or the order of
        the layers is open.
    FormatError
        If the file is damaged, or without ``names`` holds weights that are not read, such as a
        batch normalisation, which the network would lack.
    UnsupportedError
        If an operator of an ONNX model of convolutions is not read; names them all.
    """
    file = located(path)
    if file.suffix.lower() == ".net":
        return stored_network(file, network, input_shape)
    if network is not None:
        return network_of_arrays(file, network, input_shape)
    if is_graph(path):
        return named_network(path, seed, input_shape)
    graph = _onnx_graph(file, input_shape) if names is None else None
    return load_sequence(file, names) if graph is None else graph


def _onnx_graph(file: Path, input_shape: Shape | None) -> Network | None:
    """What an ONNX model says where that is more than a chain of matrices.

    One without convolutions that cannot be read as a graph stays the list of its matrices, which
    no machine runs in sequence where something else stands between them.
    """
    if file.suffix.lower() != ".onnx" or not file.is_file():
        return None
    if input_shape is not None or holds_convolution(file):
        return onnx_network(file, input_shape)
    if not holds_branch(file):
        return None
    try:
        return onnx_network(file)
    except (InputError, UnsupportedError):
        return None


def load_sequence(path: str | Path, names: Sequence[str] | None = None) -> Network:
    """All matrices of a file in sequence, or those of ``names``; errors as in `load_network`."""
    file = located(path)
    contents = file_contents(file)
    note = ""
    if names is not None:
        wanted = [pick(file, contents.layers, name, contents.skipped) for name in names]
    else:
        wanted, note = in_order(file, contents)
    if not wanted:
        pick(file, contents.layers, None, contents.skipped)
    layers = [entry.load() for entry in wanted]
    coded = sum(rounds_activations(entry.kind) for entry in wanted)
    if coded and len(wanted) > 1:
        note = (f"the file rounds and saturates the activations of {coded} of {len(wanted)} layers "
                f"to integer codes; that is passed, layers run on numbers")
    if file.suffix.lower() != ".onnx":
        last = len(layers) - 1
        layers = [replace(layer, relu=i < last) for i, layer in enumerate(layers)]
    return Network(tuple(layers), file.stem, note)


def load_layers(path: str | Path, names: Sequence[str] | None = None) -> list[Layer]:
    """All layers of a file, or the named ones, as they come; they need not follow each other.

    Where they do, each but the last has a ReLU; where not, all have one, unless the file (ONNX)
    says where it stands.

    Raises
    ------
    InputError
        If a name is unknown, or there is no layer.
    FormatError
        If the file is damaged.
    """
    file = Path(path)
    contents = file_contents(file)
    wanted = list(contents.layers) if names is None else [
        pick(file, contents.layers, name, contents.skipped) for name in names]
    if not wanted:
        pick(file, contents.layers, None, contents.skipped)
    layers = [entry.load() for entry in wanted]
    if file.suffix.lower() != ".onnx" and is_chain([layer.shape for layer in layers]):
        last = len(layers) - 1
        layers = [replace(layer, relu=i < last) for i, layer in enumerate(layers)]
    return layers


def is_chain(shapes: Sequence[tuple[int, int]]) -> bool:
    """Whether the outputs of each layer are as many as the inputs of the next.

    Parameters
    ----------
    shapes : (n_outputs, n_inputs) of each
    """
    return all(a[0] == b[1] for a, b in pairwise(shapes))


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
