"""One file for a compressed network: safetensors, with a JSON header in its metadata.

The metadata hold one key, ``accelsim``, with the header `FileHeader` below as canonical JSON
(sorted keys, no spaces). Layer i has three tensors:

* ``i.codebook``: (2**weight_bits,) float32, of each table after the other where the header has
  ``rows_per_table``;
* ``i.codes``: uint8, codes of ``weight_bits`` bits, column by column, rows ascending, the bias
  as last column, packed as in `bitpack`;
* ``i.gaps``: uint8, the entries' places in the matrix flattened column by column, as gap symbols
  of ``gap_bits`` bits;
* ``i.row_order``, only of a ``permuted`` layer: (n_outputs,) int32;
* ``i.bias``, only of a layer with a bias in the accumulators (``exact_bias``): (n_outputs,)
  float32, in the order of the matrix's rows.

A layer with a ``convolution`` is the matrix of one (`accelsim.records.CompressedConv`); with
``winograd`` its transformed weights are there too, ``i.winograd.codes`` and so on. A file with a
``network`` has the graph whose layers these are (`accelsim.compression.graph_header`).

The same layers give the same bytes. Files from strangers are safe to load: nothing is executed,
every size is checked before memory is taken for it, and a file that is damaged, inconsistent or
newer than this version is a `FormatError` of one line.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from accelsim.compression.bitpack import (
    best_gap_bits,
    gap_symbols,
    pack,
    packed_size,
    places_of,
    unpack,
)
from accelsim.compression.graph_header import network_header
from accelsim.compression.header import (
    FileHeader,
    GeometryHeader,
    LayerHeader,
    LossHeader,
    PointsHeader,
    one_line,
    parse_header,
    version_of,
)
from accelsim.errors import FormatError, InputError
from accelsim.files import write_atomically
from accelsim.formats.column_table import BITMAP, ZERO_RUNS
from accelsim.records import CompressedConv, CompressedLayer, CscMatrix, Loss
from accelsim.records.network import Network

METADATA_KEY = "accelsim"
DTYPES = {"codebook": ("F32", np.float32), "codes": ("U8", np.uint8), "gaps": ("U8", np.uint8),
          "row_order": ("I32", np.int32), "bias": ("F32", np.float32)}

_WINOGRAD = "winograd."

Tensors = dict[str, npt.NDArray[Any]]


def save_compressed(
    path: str | Path, layers: Sequence[CompressedLayer | CompressedConv] | Network
) -> None:
    """Write layers and convolutions, or a network of them, to one file; one of that name is
    replaced at once or not at all.

    Raises
    ------
    InputError
        If there is no layer, a layer is not compressed, the provenance is not JSON, the file has
        no place for a host operation, or it cannot be written.
    """
    network = None
    if isinstance(layers, Network):
        network, layers = network_header(layers), layers.layers
    if not layers:
        raise InputError(f"{path}: no layer to write; give at least one")
    tensors: Tensors = {}
    headers = []
    try:
        for index, layer in enumerate(layers):
            own_header, own = _to_tensors(layer)
            headers.append(own_header)
            tensors.update({f"{index}.{what}": array for what, array in own.items()})
        header = FileHeader(
            format_version=version_of(headers, network), layers=tuple(headers), content_sha256="",
            network=network)
        header = header.model_copy(update={"content_sha256": _content_digest(header, tensors)})
        text = header.to_json()
        parse_header(text)  # what is written can be read
    except ValidationError as problem:
        raise InputError(f"{path}: {one_line(problem)}") from None
    except (TypeError, ValueError, RecursionError, FormatError) as problem:
        raise InputError(f"{path}: the provenance is not plain JSON: {problem}") from None
    write_atomically(path, save(tensors, {METADATA_KEY: text}))


def load_compressed(path: str | Path) -> list[Any]:
    """Read `CompressedLayer` and `CompressedConv` records from one file; of a network its layers.

    Raises
    ------
    FormatError
        If it is damaged, inconsistent, of another format, or of a newer version.
    InputError
        If it cannot be read.
    """
    found = _load(path)
    return list(found.layers) if isinstance(found, Network) else found


def load_compressed_network(path: str | Path) -> Network | None:
    """The network of a file; None where it holds layers alone. Errors as of `load_compressed`."""
    found = _load(path)
    return found if isinstance(found, Network) else None


def holds_network(path: Path) -> bool:
    """Whether a file's header says that it holds a network; the rest of it is not looked at."""
    try:
        with safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get(METADATA_KEY)
        said = None if text is None else json.loads(text)
    except (SafetensorError, OSError, ValueError, RecursionError):
        return False
    return isinstance(said, dict) and said.get("network") is not None


def _load(path: str | Path) -> list[Any] | Network:
    where = Path(path)
    if not where.is_file():
        raise InputError(f"{path}: no such file")
    try:
        with safe_open(where, framework="numpy") as file:
            header = parse_header((file.metadata() or {}).get(METADATA_KEY))
            tensors = _checked_tensors(file, header)
        if _content_digest(header, tensors) != header.content_sha256:
            raise FormatError("the content does not match its digest; the file is damaged")
        layers = [
            _from_tensors(own, {what: tensors[f"{index}.{what}"] for what in _sizes(own)})
            for index, own in enumerate(header.layers)
        ]
        return layers if header.network is None else header.network.network(layers)
    except (SafetensorError, InputError) as problem:
        raise FormatError(f"{path}: {' '.join(str(problem).split())}") from None
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror or problem}") from None


def _to_tensors(work: CompressedLayer | CompressedConv) -> tuple[LayerHeader, Tensors]:
    if not isinstance(work, CompressedLayer | CompressedConv):
        raise InputError(f"{getattr(work, 'name', 'layer')}: is not compressed; compress it first")
    layer = work.layer if isinstance(work, CompressedConv) else work
    transformed, more = None, {}
    if isinstance(work, CompressedConv) and work.winograd is not None:
        transformed, own = _to_tensors(work.winograd)
        more = {f"{_WINOGRAD}{what}": array for what, array in own.items()}
    matrix = layer.matrix
    columns = np.repeat(np.arange(matrix.shape[1]), np.diff(matrix.column_starts))
    places = columns * matrix.shape[0] + matrix.rows
    gap_bits = best_gap_bits(places)
    symbols = gap_symbols(places, gap_bits)
    points = layer.binary_points
    header = LayerHeader(
        name=layer.name, n_outputs=layer.n_outputs, n_inputs=layer.n_inputs,
        n_entries=matrix.nnz, n_gap_symbols=len(symbols), gap_bits=gap_bits,
        weight_bits=layer.weight_bits, index_bits=layer.index_bits, has_bias=layer.has_bias,
        relu=layer.relu, input_max_abs=_plain(layer.input_max_abs),
        output_max_abs=_plain(layer.output_max_abs),
        binary_points=None if points is None else PointsHeader(**vars(points)),
        provenance=_plain(layer.provenance), permuted=layer.row_order is not None,
        exact_bias=layer.bias is not None,
        losses=tuple(LossHeader(**loss.as_dict()) for loss in layer.losses),
        convolution=_geometry(work) if isinstance(work, CompressedConv) else None,
        rows_per_table=layer.rows_per_table, winograd=transformed,
        bitmap=layer.index == BITMAP,
    )
    tensors: Tensors = {
        **more,
        "codebook": layer.codebook.ravel().astype("<f4"),
        "codes": pack(matrix.values, layer.weight_bits),
        "gaps": pack(symbols, gap_bits),
    }
    if layer.row_order is not None:
        tensors["row_order"] = layer.row_order.astype("<i4")
    if layer.bias is not None:
        tensors["bias"] = layer.bias.astype("<f4")
    return header, tensors


def _geometry(conv: CompressedConv) -> GeometryHeader:
    known = vars(conv.geometry)
    return GeometryHeader(**{name: known[name] for name in GeometryHeader.model_fields})


def _from_tensors(header: LayerHeader, tensors: Tensors) -> CompressedLayer | CompressedConv:
    codes = unpack(tensors["codes"], header.n_entries, header.weight_bits)
    symbols = unpack(tensors["gaps"], header.n_gap_symbols, header.gap_bits)
    places = places_of(symbols, header.gap_bits)
    n_columns = header.n_inputs + header.has_bias
    if len(places) != header.n_entries:
        raise FormatError(f"{len(places)} gaps for {header.n_entries} codes")
    if len(places) and int(places[-1]) >= header.n_outputs * n_columns:
        raise FormatError("an entry lies outside the matrix")
    columns, rows = np.divmod(places, header.n_outputs)
    starts = np.searchsorted(columns, np.arange(n_columns + 1)).astype(np.int64)
    codebook = tensors["codebook"]
    if header.rows_per_table is not None:
        codebook = codebook.reshape(header.n_tables, -1)
    layer = CompressedLayer(
        CscMatrix((header.n_outputs, n_columns), starts, rows.astype(np.int32), codes),
        codebook, header.weight_bits, header.index_bits, header.has_bias, header.relu,
        header.name, header.input_max_abs, header.output_max_abs, header.points,
        header.provenance,
        tensors["row_order"].astype(np.int64) if header.permuted else None,
        tensors.get("bias"), tuple(Loss(**dict(loss)) for loss in header.losses),
        header.rows_per_table, BITMAP if header.bitmap else ZERO_RUNS,
    )
    if header.convolution is None:
        return layer
    geometry = header.convolution.geometry(layer.n_outputs, header.name)
    if header.winograd is None:
        return CompressedConv(layer, geometry)
    own = {what.removeprefix(_WINOGRAD): array for what, array in tensors.items()
           if what.startswith(_WINOGRAD)}
    transformed = _from_tensors(header.winograd, own)
    assert isinstance(transformed, CompressedLayer)
    return CompressedConv(layer, geometry, transformed)


def _sizes(header: LayerHeader) -> dict[str, int]:
    """A layer's tensors and their lengths."""
    sizes = {
        "codebook": header.n_tables << header.weight_bits,
        "codes": packed_size(header.n_entries, header.weight_bits),
        "gaps": packed_size(header.n_gap_symbols, header.gap_bits),
    }
    sizes |= {"row_order": header.n_outputs} if header.permuted else {}
    sizes |= {"bias": header.n_outputs} if header.exact_bias else {}
    if header.winograd is not None:
        sizes |= {f"{_WINOGRAD}{what}": size for what, size in _sizes(header.winograd).items()}
    return sizes


def _checked_tensors(file: Any, header: FileHeader) -> Tensors:
    """The tensors, each after its type and size; exactly those that the header asks for."""
    wanted = {
        f"{index}.{what}": size
        for index, layer in enumerate(header.layers) for what, size in _sizes(layer).items()
    }
    if set(file.keys()) != set(wanted):
        raise FormatError("the tensors are not those of the header")
    tensors: Tensors = {}
    for name, size in wanted.items():
        dtype, kind = DTYPES[name.rpartition(".")[2]]
        view = file.get_slice(name)
        if view.get_dtype() != dtype or view.get_shape() != [size]:
            raise FormatError(
                f"tensor {name} is {view.get_dtype()} {view.get_shape()}; need {dtype} [{size}]"
            )
        tensors[name] = np.asarray(file.get_tensor(name), dtype=kind)
    return tensors


def _content_digest(header: FileHeader, tensors: Tensors) -> str:
    """SHA-256 of the header without its digest, and of the tensors."""
    h = hashlib.sha256(header.model_copy(update={"content_sha256": ""}).to_json().encode())
    for name in sorted(tensors):
        h.update(f"{name} {len(tensors[name])}\n".encode())
        h.update(tensors[name].tobytes())
    return h.hexdigest()


def _plain(value: Any) -> Any:
    """Mappings and tuples as the JSON types that they come back as."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
