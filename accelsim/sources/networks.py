"""Whole networks for the command line: which names are graphs, and what they are run on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression.store import holds_network, load_compressed, load_compressed_network
from accelsim.errors import FormatError, InputError, UnsupportedError, printable
from accelsim.machines import machine_of
from accelsim.machines.registry import takers
from accelsim.numeric import real_values
from accelsim.records import CompressedConv, CompressedLayer, Conv2d
from accelsim.records.network import Network
from accelsim.shipped import located
from accelsim.sources.inputs import read_npy
from accelsim.sources.works import is_store
from accelsim.workload import list_layers, networks
from accelsim.workload.graph_networks import is_graph
from accelsim.workload.networks import load_digits
from accelsim.workload.onnx_network import holds_convolution
from accelsim.workload.photos import load_photo


def names_network(
    source: str, network: str | None = None, layers: Sequence[str] | None = None
) -> bool:
    """Whether a name stands for a graph, not for layers in sequence: of ONNX a model with
    convolutions, of which none of its matrices is named alone; of what `accelsim compress` wrote
    a file with a graph.

    Raises
    ------
    FormatError
        If that cannot be read.
    """
    if network is not None or is_graph(source) or Path(source).suffix.lower() == ".net":
        return True
    path = Path(source)
    if not path.is_file():
        return False
    if path.suffix.lower() == ".onnx":
        return holds_convolution(path) and not any(
            entry.name in (layers or ()) and entry.kind != "Conv" for entry in list_layers(path))
    return path.suffix.lower() == ".safetensors" and holds_network(path)


def network_place(source: str, layer: str | None = None) -> tuple[str, str | None]:
    """A network and one of its layers from ``NETWORK:LAYER``; what is none stays as it is.

    Raises
    ------
    InputError
        If the layer is named twice.
    """
    place, colon, behind = source.rpartition(":")
    if not colon or Path(source).exists() or not behind or not names_network(place):
        return source, layer
    if layer is not None:
        raise InputError(f"{source}: names a layer, and so does '{layer}'; leave one out")
    return place, behind


def load_network(
    path: str | Path, names: Sequence[str] | None = None, *, network: str | Path | None = None,
    input_shape: tuple[int, ...] | None = None, seed: int = 1,
) -> Network:
    """As `accelsim.workload.load_network`; a file that `accelsim compress` or `save_compressed`
    wrote gives its graph, or its matrices in sequence, compressed as they are.

    Raises
    ------
    InputError, FormatError, UnsupportedError
        As there; InputError if a graph, a shape or layers are named of a compressed file, which
        says its own.
    """
    file = located(path)
    if not is_store(file):
        return networks.load_network(path, names, network=network, input_shape=input_shape,
                                     seed=seed)
    for what, given in (("network", network), ("input_shape", input_shape), ("names", names)):
        if given is not None:
            raise InputError(f"{path}: a compressed file says its own layers and graph; leave "
                             f"{what} out")
    found = load_compressed_network(file)
    return found or Network(tuple(load_compressed(file)), file.stem)


def open_network(source: str, network: str | None = None, seed: int = 1,
                 inputs: Path | None = None) -> Network:
    """A graph by its name, a ``.net`` file, an ONNX model, a file of the arrays of a graph, or of
    `accelsim compress`.

    Parameters
    ----------
    inputs : npy file, one image or (n, ...); its shape is taken where an ONNX model leaves it open

    Raises
    ------
    InputError, FormatError
    """
    path = Path(source)
    if not (is_graph(source) or path.exists()):
        raise InputError(f"{source}: no such file; need a network, a .net file, or a file of "
                         f"the network's arrays")
    if network is None and path.suffix.lower() == ".onnx" and inputs is not None:
        return _as_wide_as(path, read_npy(inputs).shape)
    return load_network(source if is_graph(source) else path, network=network, seed=seed)


def _as_wide_as(path: Path, shape: tuple[int, ...]) -> Network:
    """An ONNX model whose open axes are those of one image, or of several of that shape."""
    try:
        return load_network(path)
    except FormatError:
        raise
    except InputError:
        try:
            return load_network(path, input_shape=shape[1:])
        except InputError:
            return load_network(path, input_shape=shape)


def check_takes(config: Any, network: Network) -> None:
    """Raise `UnsupportedError` where the machine does not take a layer of a network, compressed or
    not."""
    machine = machine_of(config)
    for layer in network.layers:
        convolution = isinstance(layer, Conv2d | CompressedConv)
        kind = CompressedConv if convolution else CompressedLayer
        if kind not in machine.takes:
            what = "convolution" if convolution else "compressed matrix"
            raise UnsupportedError(
                f"{network.name}: {printable(layer.name)} is a {what} of a network, which the "
                f"machine '{machine.name}' does not take; take -m {' or '.join(takers(kind))}")


def network_inputs(
    network: Network, photos: Sequence[Path], inputs: Path | None, count: int, fit: bool
) -> npt.NDArray[np.float64]:
    """(n, ...) inputs: photos, or the first ``count`` of an npy file or of a file of MNIST digits.

    Raises
    ------
    InputError
        If neither or both are given, or shapes do not fit.
    FormatError
        If a photo cannot be read.
    """
    shape: tuple[int, ...] = network.shapes()["input"]
    if bool(photos) == (inputs is not None):
        both = "one of them, " if photos else ""
        raise InputError(f"{network.name}: runs on images of shape {shape}; give {both}"
                         f"--image PHOTO or --inputs FILE.npy")
    if photos:
        return np.array([load_photo(path, shape, network.image, fit) for path in photos])
    assert inputs is not None
    return images_of(inputs, shape, network.name)[:count]


def with_count(network: Network, inputs: Path | None, count: int) -> Network:
    """The network with a note where ``count`` leaves out inputs of a file."""
    if inputs is None:
        return network
    there = len(images_of(inputs, network.shapes()["input"], network.name))
    if there <= count:
        return network
    told = f"the first {count} of {there:,} inputs of {inputs}; --count takes more"
    return replace(network, note="; ".join(note for note in (network.note, told) if note))


def images_of(path: Path, shape: tuple[int, ...], name: str) -> npt.NDArray[np.float64]:
    """(n, ...) inputs of a file, npy or MNIST digits; errors as of `network_inputs`."""
    if path.suffix.lower() in (".safetensors", ".npz"):
        digits = load_digits(path)[0]
        array: npt.NDArray[Any] = digits.reshape(-1, *shape) if prod(shape) == 784 else digits
    else:
        array = real_values(f"{path}: inputs", read_npy(path))
    several = array[None] if array.shape == shape else array
    if several.shape[1:] != shape or not len(several):
        raise InputError(f"{path}: inputs have shape {array.shape}; {name} takes {shape}; give "
                         f"a file of such inputs")
    return several.astype(np.float64)
