"""Whole networks for the command line: which names are graphs, and what they are run on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import FormatError, InputError
from accelsim.numeric import real_values
from accelsim.records.network import Network
from accelsim.sources.inputs import read_npy
from accelsim.workload.graph_networks import is_graph
from accelsim.workload.networks import load_network
from accelsim.workload.onnx_network import holds_convolution
from accelsim.workload.photos import load_photo


def names_network(
    source: str, network: str | None = None, layers: Sequence[str] | None = None
) -> bool:
    """Whether a name stands for a graph, not for layers in sequence: of ONNX a model with
    convolutions, of which no ``layers`` are named.

    Raises
    ------
    FormatError
        If that cannot be read.
    """
    if network is not None or is_graph(source) or Path(source).suffix.lower() == ".net":
        return True
    path = Path(source)
    return (not layers and path.suffix.lower() == ".onnx" and path.is_file()
            and holds_convolution(path))


def open_network(source: str, network: str | None = None, seed: int = 1,
                 inputs: Path | None = None) -> Network:
    """A graph by its name, a ``.net`` file, an ONNX model, or a file of the arrays of a graph.

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


def network_inputs(
    network: Network, photos: list[Path], inputs: Path | None, count: int, fit: bool
) -> npt.NDArray[np.float64]:
    """(n, ...) inputs: photos, or the first ``count`` of an npy file.

    Raises
    ------
    InputError
        If neither or both are given, or shapes do not fit.
    FormatError
        If a photo cannot be read.
    """
    shape: tuple[int, ...] = network.shapes()["input"]
    if bool(photos) == (inputs is not None):
        raise InputError(f"{network.name}: runs on images of shape {shape}; give --image PHOTO or "
                         f"--inputs FILE.npy")
    if photos:
        return np.array([load_photo(path, shape, network.image, fit) for path in photos])
    assert inputs is not None
    array: npt.NDArray[Any] = real_values(f"{inputs}: inputs", read_npy(inputs))
    several = array[None] if array.shape == shape else array
    if several.shape[1:] != shape:
        raise InputError(f"{inputs}: inputs have shape {array.shape}; {network.name} takes {shape}")
    return several[:count].astype(np.float64)
