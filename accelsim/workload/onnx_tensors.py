"""Tensors stored with an ONNX model: sizes checked first, external data only beside the model."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.workload.entries import check_size, fault, one_line, reading

_MAX_FILE_BYTES = 2 << 30  # protobuf's own limit
_MAX_INLINED_BYTES = 256 << 20  # what calls of the model's own functions may add to it


def load_model(path: Path) -> Any:
    """Parse a model, its own functions put in place of their calls; data outside are not touched.

    Raises
    ------
    InputError
        If the extra `onnx` is not installed.
    FormatError
        If the file is unreadable or not an ONNX model.
    """
    try:
        import onnx

        decode_error = import_module("google.protobuf.message").DecodeError
    except ImportError:
        raise InputError(f"{path}: reading ONNX needs the extra 'onnx'; "
                         f"pip install 'accelsim[onnx]'") from None
    with reading(path, decode_error, ValueError, RecursionError):
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise fault(f"{path}: larger than 2 GiB; save the weights as external data")
        model = onnx.load_model_from_string(path.read_bytes(), format="protobuf")
    if not model.graph.node:
        raise fault(f"{path}: no ONNX graph in it; export the model again")
    return _inlined(model) if model.functions else model


def header(tensor: Any) -> tuple[int, tuple[int, ...]] | None:
    """Type and shape of a stored tensor, dense or sparse; None where it holds no numbers."""
    kind = (tensor.values if hasattr(tensor, "values") else tensor).data_type
    shape = tuple(int(n) for n in tensor.dims)
    if numpy_type(kind) is None or any(n < 0 for n in shape):
        return None
    return int(kind), shape


def numpy_type(kind: int) -> np.dtype[Any] | None:
    """The NumPy type of an ONNX type, those of the package ml_dtypes included; None for text."""
    import onnx

    try:
        dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind))
    except (KeyError, TypeError, ValueError):
        return None
    return None if dtype.hasobject or dtype.kind in "SU" else dtype


def read_tensor(path: Path, name: str, tensor: Any) -> npt.NDArray[Any]:
    """A stored tensor in its own type.

    Raises
    ------
    FormatError
        If its data do not fit its shape, or lie outside of the model's folder.
    """
    if hasattr(tensor, "values"):
        return _dense(path, name, tensor)
    import onnx

    dtype = numpy_type(tensor.data_type)
    if dtype is None:
        raise fault(f"{path}: {name} holds no numbers; export the model again")
    check_size(path, name, tensor.dims, dtype)
    size = _stored_bytes(tensor, dtype)
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        data = _external(path, name, tensor, size)
        if size == dtype.itemsize * int(np.prod(tensor.dims, dtype=np.int64)):
            return data.view(dtype.newbyteorder("<")).reshape(tuple(tensor.dims))
        tensor = onnx.TensorProto(
            data_type=tensor.data_type, dims=tensor.dims, raw_data=data.tobytes())
    elif tensor.HasField("raw_data") and len(tensor.raw_data) != size:
        check_size(path, name, tensor.dims, dtype, len(tensor.raw_data))
        raise fault(f"{path}: {name}: needs {size} bytes, the file stores {len(tensor.raw_data)}; "
                    f"export the model again")
    with reading(path, ValueError, TypeError):
        array: npt.NDArray[Any] = onnx.numpy_helper.to_array(tensor)
    return array


def _stored_bytes(tensor: Any, dtype: np.dtype[Any]) -> int:
    """Bytes of the raw data: types below 8 bits are packed."""
    import onnx

    count = int(np.prod([int(n) for n in tensor.dims], dtype=object))
    name = onnx.TensorProto.DataType.Name(tensor.data_type)
    bits = next((b for ending, b in (("INT4", 4), ("FLOAT4E2M1", 4), ("INT2", 2))
                 if name.endswith(ending)), 8 * dtype.itemsize)
    return -(-count * bits // 8)


def _dense(path: Path, name: str, tensor: Any) -> npt.NDArray[Any]:
    """A sparse tensor with its zeros: coordinates or places in the flattened tensor, ascending."""
    values = read_tensor(path, name, tensor.values)
    places = read_tensor(path, f"{name} (places)", tensor.indices)
    shape = tuple(int(n) for n in tensor.dims)
    check_size(path, name, shape, values.dtype)
    count = int(np.prod(shape, dtype=np.int64))
    if places.ndim == 2 and places.shape[1] == len(shape) and places.dtype.kind == "i":
        if (places < 0).any() or (places >= np.array(shape)).any():
            raise fault(f"{path}: {name}: a place lies outside of shape {shape}; "
                        f"export the model again")
        places = places @ np.array([int(np.prod(shape[i + 1:])) for i in range(len(shape))])
    if (values.ndim != 1 or places.shape != values.shape or places.dtype.kind != "i"
            or (np.diff(places) <= 0).any() or (places < 0).any() or (places >= count).any()):
        raise fault(f"{path}: {name}: {values.shape} values at {places.shape} places do not make "
                    f"a sparse tensor of shape {shape}; export the model again")
    array = np.zeros(count, values.dtype)
    array[places] = values
    return array.reshape(shape)


def _external(path: Path, name: str, tensor: Any, size: int) -> npt.NDArray[np.uint8]:
    # protobuf gives bytes, not str, for text that is not UTF-8: a TypeError below.
    where = {item.key: item.value for item in tensor.external_data}
    try:
        file = _beside(path, where["location"])
        offset = int(where.get("offset", "0"))
        length = int(where.get("length", str(size)))
    except (KeyError, TypeError, ValueError, OSError, RuntimeError) as problem:
        raise fault(f"{path}: {name}: external data are not described: "
                    f"{one_line(problem)}; export the model again") from None
    if file is None:
        raise fault(f"{path}: {name}: its data lie outside of the model's folder; "
                    f"put the data file beside the model")
    with reading(path):
        stored = file.stat().st_size if file.is_file() else 0
        if offset < 0 or length != size or offset + size > stored:
            raise fault(f"{path}: {name}: needs {size} bytes at {offset} of "
                        f"{file.name}, which holds {stored}; copy the whole data file")
        return np.fromfile(file, dtype=np.uint8, count=size, offset=offset)


def _beside(path: Path, location: str) -> Path | None:
    """The data file beside the model as it is named, or beside what a link to the model points at.

    Caches keep files under the hash of their content and link to them: there model and data are
    links from one folder into another. A link that leads elsewhere is not followed (None).
    """
    if os.path.isabs(location) or os.path.normpath(location).split(os.sep)[0] == os.pardir:
        return None
    folders = [path.absolute().parent, path.resolve().parent]
    homes = [folder.resolve() for folder in folders]
    found = [(folder / location).resolve() for folder in folders]
    chosen = next((file for file in found if file.exists()), found[0])
    return chosen if any(chosen.is_relative_to(home) for home in homes) else None


def _inlined(model: Any) -> Any:
    """The model with its own functions in place of their calls; as it is where that is refused."""
    from onnx.inliner import inline_local_functions

    try:
        return inline_local_functions(model) if _can_be_inlined(model) else model
    except Exception:  # of C++, several kinds; the calls are then listed as not read
        return model


def _can_be_inlined(model: Any) -> bool:
    """Whether no function calls itself and the calls add no more than a sound model does."""
    bodies = {(f.domain, f.name): f for f in model.functions}
    sizes: dict[tuple[str, str], int] = {}

    def calls(nodes: Any) -> list[tuple[str, str]]:
        found = []
        for node in nodes:
            found.append((node.domain, node.op_type))
            for attribute in node.attribute:
                for inner in (attribute.g, *attribute.graphs):
                    found += calls(inner.node)
        return [key for key in found if key in bodies]

    def size(key: tuple[str, str], above: tuple[tuple[str, str], ...]) -> int:
        if key in above:
            return _MAX_INLINED_BYTES + 1
        if key not in sizes:
            body = bodies[key]
            sizes[key] = body.ByteSize() + sum(size(c, (*above, key)) for c in calls(body.node))
        return sizes[key]

    return sum(size(key, ()) for key in calls(model.graph.node)) <= _MAX_INLINED_BYTES
