"""Constant tensors of an ONNX model: sizes checked first, external data only beside the model."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.workload.entries import check_size, fault, one_line, reading

_MAX_FILE_BYTES = 2 << 30  # protobuf's own limit


def load_model(path: Path) -> Any:
    """Parse a model; data outside of the file is not touched.

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
    return model


def graphs(graph: Any) -> Iterator[Any]:
    """A graph and the graphs inside its nodes (If, Loop, Scan)."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if inner.node:
                    yield from graphs(inner)


class Constants:
    """The constant tensors of one graph, by the name of the value that they give."""

    def __init__(self, path: Path, graph: Any, outer: Constants | None = None) -> None:
        self.path = path
        self._tensors: ChainMap[str, Any] = outer._tensors.new_child() if outer else ChainMap()
        for tensor in graph.initializer:
            self._tensors[tensor.name] = tensor
        for node in graph.node:
            if node.op_type == "Constant" and len(node.output) == 1:
                for attribute in node.attribute:
                    if attribute.name == "value":
                        self._tensors[node.output[0]] = attribute.t
            elif node.op_type == "Identity" and node.input and node.input[0] in self._tensors:
                self._tensors[node.output[0]] = self._tensors[node.input[0]]

    def shape(self, name: str) -> tuple[int, ...] | None:
        """Shape of a constant float tensor; None for anything else."""
        import onnx

        kinds = onnx.TensorProto
        tensor = self._tensors.get(name)
        if tensor is None or tensor.data_type not in (
            kinds.FLOAT, kinds.FLOAT16, kinds.DOUBLE, kinds.BFLOAT16
        ):
            return None
        return tuple(tensor.dims)

    def read(self, name: str) -> npt.NDArray[np.floating[Any]]:
        """The tensor as float32 (float64 stays).

        Raises
        ------
        FormatError
            If its data do not fit its shape, or lie outside of the model's folder.
        """
        import onnx

        tensor = self._tensors[name]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
        size = check_size(self.path, name, tensor.dims, dtype)
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            data = self._external(tensor, name, size)
            array = data.view(dtype.newbyteorder("<")).reshape(tuple(tensor.dims))
        else:
            if tensor.HasField("raw_data"):
                check_size(self.path, name, tensor.dims, dtype, len(tensor.raw_data))
            with reading(self.path, ValueError, TypeError):
                array = onnx.numpy_helper.to_array(tensor)
        return np.asarray(array, dtype=np.float64 if dtype == np.float64 else np.float32)

    def _external(self, tensor: Any, name: str, size: int) -> npt.NDArray[np.uint8]:
        # protobuf gives bytes, not str, for text that is not UTF-8: a TypeError below.
        where = {item.key: item.value for item in tensor.external_data}
        folder = self.path.resolve().parent
        try:
            file = (folder / where["location"]).resolve()
            offset = int(where.get("offset", "0"))
            length = int(where.get("length", str(size)))
        except (KeyError, TypeError, ValueError, OSError, RuntimeError) as problem:
            raise fault(f"{self.path}: {name}: external data are not described: "
                              f"{one_line(problem)}; export the model again") from None
        if not file.is_relative_to(folder):
            raise fault(f"{self.path}: {name}: its data lie outside of the model's folder; "
                              f"put the data file beside the model")
        with reading(self.path):
            stored = file.stat().st_size if file.is_file() else 0
            if offset < 0 or length != size or offset + size > stored:
                raise fault(f"{self.path}: {name}: needs {size} bytes at {offset} of "
                                  f"{file.name}, which holds {stored}; copy the whole data file")
            return np.fromfile(file, dtype=np.uint8, count=size, offset=offset)
