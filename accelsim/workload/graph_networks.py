"""Networks by name: their graphs are data of the package, their numbers come from elsewhere.

====================  =============================================================================
`named_network`       synthetic weights and activations at the published densities
`stored_network`      the authors' ``.net`` file, already compressed
`network_of_arrays`   an npz or safetensors file of arrays called after the graph's layers
====================  =============================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import FormatError, InputError, nearest
from accelsim.lowering.im2col import block_diagonal
from accelsim.records import CompressedConv, CompressedLayer, Conv2d, CscMatrix, Layer
from accelsim.records.host import Shape
from accelsim.records.network import Network
from accelsim.workload.array_files import open_arrays
from accelsim.workload.arrays import ArrayFile
from accelsim.workload.entries import fault, file_sha256, reading
from accelsim.workload.graph_file import LayerShape, read_graph
from accelsim.workload.net_file import read_net
from accelsim.workload.synthetic import random_layer

_INDEX_BITS = 4


def network_names() -> list[str]:
    """Networks whose graphs the package has."""
    folder = files("accelsim.workload") / "graphs"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir()
                  if entry.name.endswith(".toml"))


def is_graph(name: str | Path) -> bool:
    """Whether it is one of `network_names` or a graph in a TOML file."""
    return str(name) in network_names() or Path(name).suffix.lower() == ".toml"


def graph(name: str | Path, make_layer: Callable[[LayerShape], Any],
          input_shape: Shape | None = None) -> Network:
    """A graph of the package by its name, or one of a TOML file, with layers made by a function.

    Raises
    ------
    InputError
        If there is no such name, or shapes do not fit.
    FormatError
        If the file cannot be read.
    """
    if str(name) in network_names():
        text = (files("accelsim.workload") / "graphs" / f"{name}.toml").read_text("utf-8")
        return read_graph(text, str(name), make_layer, input_shape)
    path = Path(name)
    if path.suffix != ".toml":
        raise InputError(f"no network '{name}'{nearest(str(name), network_names())}; a graph of "
                         f"one's own is a file that ends in .toml")
    with reading(path, UnicodeDecodeError):
        return read_graph(path.read_text("utf-8"), str(path), make_layer, input_shape)


def named_network(name: str | Path, seed: int = 1, input_shape: Shape | None = None) -> Network:
    """A network with synthetic numbers: a normal distribution of which pruning kept the published
    share, as `accelsim.workload.random_layer` draws it; dense where none is published.

    Each layer brings synthetic ``activations`` of the published density of the layer before it.

    Raises
    ------
    InputError, FormatError
        As `graph`.
    """
    return graph(name, lambda shape: drawn_layer(shape, str(name), seed), input_shape)


def drawn_layer(shape: LayerShape, network: str, seed: int = 1) -> Layer | Conv2d:
    """One layer of a network as `named_network` draws it."""
    n_outputs, n_inputs = shape.shape[0], prod(shape.shape[1:])
    density = 1.0 if shape.weight_density is None else shape.weight_density
    layer = random_layer(
        (n_outputs, n_inputs), density, 0.0, seed, bias=shape.bias, name=f"{network}/{shape.name}")
    seen = 1.0 if shape.input_density is None else shape.input_density
    inputs = random_layer((1, prod(shape.input_shape)), 1.0, seen, seed,
                          name=f"{network}/{shape.name}/inputs").activations
    assert isinstance(layer.weights, CscMatrix)
    assert inputs is not None
    notes = {**layer.provenance, "activation_density": seen}
    if shape.geometry is None:
        return Layer(layer.weights, inputs, layer.bias, shape.relu, shape.name, notes)
    return _conv(shape, layer.weights.to_dense().reshape(shape.shape), layer.bias, notes,
                 inputs.reshape(shape.input_shape))


def _conv(shape: LayerShape, weights: npt.NDArray[Any], bias: npt.NDArray[Any] | None,
          provenance: dict[str, Any], activations: npt.NDArray[Any] | None = None) -> Conv2d:
    geometry = shape.geometry
    assert geometry is not None
    return Conv2d(weights, bias, geometry.stride, geometry.padding, geometry.dilation,
                  geometry.groups, activations, shape.relu, shape.name, provenance)


def stored_network(path: Path, network: str | Path | None = None,
                   input_shape: Shape | None = None) -> Network:
    """A ``.net`` file as compressed layers with its own codes, and biases in the accumulators.

    Parameters
    ----------
    network : whose weights they are; None takes the network that its length fits

    Raises
    ------
    InputError, FormatError
        If there is no such network, or the file does not fit it.
    """
    for name in [network] if network is not None else network_names():
        shapes = layer_shapes(name, input_shape)
        try:
            stored = read_net(path, [shape.shape for shape in shapes])
            break
        except FormatError:
            if network is not None:
                raise
    else:
        raise fault(f"{path}: fits none of the networks {', '.join(network_names())}; name the "
                    f"graph that it is of (network=, or --network FILE.toml)")
    notes = {"source": path.name, "sha256": file_sha256(path), "network": str(name)}
    by_name = {shape.name: compressed(shape, layer.codes, layer.codebook, layer.bias, notes)
               for shape, layer in zip(shapes, stored, strict=True)}
    return graph(name, lambda shape: by_name[shape.name], input_shape)


def layer_shapes(name: str | Path, input_shape: Shape | None = None) -> list[LayerShape]:
    """What a graph says of its layers, in order; errors as in `graph`."""
    return outline(name, input_shape)[1]


def outline(name: str | Path, input_shape: Shape | None = None
            ) -> tuple[Network, list[LayerShape]]:
    """A graph whose layers hold zeros and take no memory, and what it says of them, in order;
    errors as in `graph`."""
    shapes: list[LayerShape] = []

    def note(shape: LayerShape) -> Layer | Conv2d:
        shapes.append(shape)
        if shape.geometry is not None:
            return _conv(shape, np.broadcast_to(np.float32(0), shape.shape), None, {})
        n_outputs, n_inputs = shape.shape
        nothing = CscMatrix((n_outputs, n_inputs), np.zeros(n_inputs + 1, np.int64),
                            np.zeros(0, np.int32), np.zeros(0, np.float32))
        return Layer(nothing, name=shape.name)

    return graph(name, note, input_shape), shapes


def compressed(shape: LayerShape, codes: npt.NDArray[np.uint8],
               codebook: npt.NDArray[np.float32], bias: npt.NDArray[np.float32] | None,
               notes: dict[str, Any]) -> CompressedLayer | CompressedConv:
    """A layer from (out, in / groups, rows, columns) or (outputs, inputs) codes, as they are."""
    bits = max(2, (len(codebook) - 1).bit_length())
    table = np.zeros(1 << bits, np.float32)
    table[:len(codebook)] = codebook
    flat = codes if codes.ndim == 2 else codes.transpose(0, 2, 3, 1).reshape(len(codes), -1)
    layer = CompressedLayer(
        CscMatrix.from_dense(flat), table, bits, _INDEX_BITS, relu=shape.relu, name=shape.name,
        provenance=notes, bias=None if bias is None else np.asarray(bias, np.float32))
    if shape.geometry is None:
        return layer
    spread = replace(layer, matrix=block_diagonal(layer, shape.geometry))
    return CompressedConv(spread, shape.geometry)


def network_of_arrays(path: Path, network: str | Path, input_shape: Shape | None = None
                      ) -> Network:
    """A graph with the arrays of an npz or safetensors file that are called after its layers:
    ``X.weight``, or ``X.codes`` (uint8) with ``X.codebook``; and ``X.bias``.

    Raises
    ------
    FormatError
        If an array is missing or of another shape.
    """
    file = open_arrays(path)
    notes = {"source": path.name, "sha256": file_sha256(path), "network": str(network)}
    return graph(network, lambda shape: _named(file, shape, notes), input_shape)


def _named(file: ArrayFile, shape: LayerShape, notes: dict[str, Any]) -> Any:
    bias = None
    if f"{shape.name}.bias" in file.arrays:
        bias = _array(file, f"{shape.name}.bias", shape.shape[:1])
    with reading(file.path):
        if f"{shape.name}.codes" in file.arrays:
            codes = _array(file, f"{shape.name}.codes", shape.shape)
            codebook = file.read(f"{shape.name}.codebook")
            if codes.dtype != np.uint8 or codebook.ndim != 1 or int(codes.max()) >= len(codebook):
                raise fault(f"{file.path}: {shape.name}: codes are {codes.dtype} up to "
                            f"{int(codes.max())} for a codebook of shape {codebook.shape}")
            return compressed(shape, codes, codebook.astype(np.float32), bias, notes)
        weights = _array(file, f"{shape.name}.weight", shape.shape)
        if shape.geometry is None:
            return Layer(weights, None, bias, shape.relu, shape.name, notes)
        return _conv(shape, weights, bias, notes)


def _array(file: ArrayFile, name: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    if name not in file.arrays:
        raise fault(f"{file.path}: no array '{name}' of shape {shape}; the graph needs it")
    if file.arrays[name].shape != shape:
        raise fault(f"{file.path}: {name} has shape {file.arrays[name].shape}; the graph needs "
                    f"{shape}")
    return file.read(name)
