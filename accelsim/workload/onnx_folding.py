"""Constants of an ONNX model that are computed from others: shapes first, values when asked for.

Exporters put weights behind Transpose, Cast, Slice, Concat, DequantizeLinear and the like. The
shape of what such a node gives is found by onnx's own shape inference, its value by onnx's own
reference evaluator, when a layer is read.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import FormatError
from accelsim.workload.entries import MAX_ARRAY_BYTES, fault, one_line
from accelsim.workload.onnx_tensors import header, numpy_type, read_tensor

STANDARD = ("", "ai.onnx")
"""Names of the domain of ONNX's own operators."""

# Deterministic, and work in proportion to the sizes of inputs and output (MatMul: see below).
FOLDED = frozenset((
    "Abs", "Add", "And", "BitShift", "Cast", "CastLike", "Ceil", "Clip", "Concat",
    "ConstantOfShape", "Cos", "CumSum", "DequantizeLinear", "Div", "Equal", "Erf", "Exp", "Expand",
    "EyeLike", "Flatten", "Floor", "Gather", "GatherElements", "GatherND", "Greater",
    "GreaterOrEqual", "Identity", "Less", "LessOrEqual", "Log", "MatMul", "Max", "Min", "Mod",
    "Mul", "Neg", "Not", "Or", "Pad", "Pow", "QuantizeLinear", "Range", "Reciprocal", "ReduceL2",
    "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare", "Relu",
    "Reshape", "Round", "ScatterElements", "ScatterND", "Shape", "Sigmoid", "Sign", "Sin", "Size",
    "Slice", "Softplus", "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tanh", "Tile", "Transpose",
    "Trilu", "Unsqueeze", "Where", "Xor",
))
_EVALUATED = 19  # the first operator set whose DequantizeLinear onnx's evaluator has
_SMALL = 1024  # elements of a constant whose value may decide a shape
_MAX_MULTIPLICATIONS = 1 << 36  # of a MatMul of two constants
# What is computed must not be far larger than what the file stores for it.
_MAX_RATIO = 100
_FREE_BYTES = 64 << 20


@dataclass(frozen=True, eq=False)
class Constant:
    """A tensor that is stored with the model, or computed from such tensors.

    Attributes
    ----------
    kind : its ONNX type
    number : constants are made of those with smaller numbers
    tensor : as stored; or else ``node`` whose output ``output`` it is, of ``inputs``; or else
        ``make``, which makes it of the values of those
    small : so small, with all that it is made of, that its value may be asked for at any time
    """

    name: str
    kind: int
    shape: tuple[int, ...]
    number: int
    small: bool
    tensor: Any = None
    node: Any = None
    inputs: tuple[Constant | None, ...] = ()
    output: int = 0
    make: Callable[[list[npt.NDArray[Any]]], npt.NDArray[Any]] | None = None
    known: list[npt.NDArray[Any]] = field(default_factory=list)  # a small one's value, once asked

    @property
    def n_bytes(self) -> int:
        """Of the value in memory."""
        dtype = numpy_type(self.kind)
        return math.prod(self.shape) * (dtype.itemsize if dtype is not None else 1)

    @property
    def matrix_like(self) -> bool:
        """Whether at least two axes are longer than 1."""
        return sum(n > 1 for n in self.shape) > 1

    def made_of(self) -> list[Constant]:
        """All that it is computed from and itself, in an order in which that can be done."""
        found, left = {self.number: self}, [self]
        while left:
            for part in left.pop().inputs:
                if part is not None and part.number not in found:
                    found[part.number] = part
                    left.append(part)
        return [found[number] for number in sorted(found)]


class Folder:
    """Makes the constants of one model and reads their values."""

    def __init__(self, path: Path, opsets: Sequence[Any]) -> None:
        self.path, self._opsets, self._count = path, list(opsets), 0
        self.version = max((o.version for o in opsets if o.domain in STANDARD), default=1)

    def stored(self, name: str, tensor: Any) -> Constant | None:
        """A constant as the file holds it; None if it is not of numbers."""
        found = header(tensor)
        return None if found is None else self._new(name, *found, tensor=tensor)

    def constant_node(self, node: Any) -> Constant | None:
        """What a Constant node holds, in any of its attributes."""
        import onnx

        if len(node.output) != 1 or len(node.attribute) != 1:
            return None
        attribute, name = node.attribute[0], node.output[0]
        if attribute.name in ("value", "sparse_value"):
            field_name = "t" if attribute.name == "value" else "sparse_tensor"
            return self.stored(name, getattr(attribute, field_name))
        plain = {"value_float": (attribute.f, np.float32), "value_int": (attribute.i, np.int64),
                 "value_floats": (attribute.floats, np.float32),
                 "value_ints": (attribute.ints, np.int64)}
        if attribute.name not in plain:
            return None
        value, dtype = plain[attribute.name]
        array = np.array(value if np.isscalar(value) else list(value), dtype)
        return self.stored(name, onnx.numpy_helper.from_array(array))

    def fold(self, node: Any, inputs: Sequence[Constant | None]) -> list[Constant]:
        """The outputs of a node of constants; none where it is not folded or its shape not sure.

        Parameters
        ----------
        inputs : of the node; None where it leaves one out
        """
        import onnx

        if node.op_type == "DequantizeLinear" and (node.domain == "com.microsoft" or (
                node.domain in STANDARD and self.version < _EVALUATED)):
            return self._dequantised(node, inputs)
        if not self._foldable(node, inputs):
            return []
        given = {name: c for name, c in zip(node.input, inputs, strict=True) if c is not None}
        types = {name: onnx.helper.make_tensor_type_proto(c.kind, c.shape)
                 for name, c in given.items()}
        try:
            data = {name: onnx.numpy_helper.from_array(self.value(c))
                    for name, c in given.items() if c.small}
            schema = onnx.defs.get_schema(node.op_type, self.version, "")
            inferred = onnx.shape_inference.infer_node_outputs(
                schema, node, types, data, opset_imports=self._opsets)
        except Exception:  # of onnx, several kinds: the node is then not one of constants
            return []
        small = all(c.small for c in given.values())
        made = []
        for index, name in enumerate(node.output):
            kind, shape = _static(inferred.get(name))
            if name and (shape is None or numpy_type(kind) is None):
                return []
            made.append(self._new(name, kind, shape or (), small=small, node=node,
                                  inputs=tuple(inputs), output=index))
        return made

    def derived(
        self, name: str, shape: tuple[int, ...], inputs: Sequence[Constant],
        make: Callable[[list[npt.NDArray[Any]]], npt.NDArray[Any]],
    ) -> Constant:
        """A constant of float32 that ``make`` gives, of the values of others."""
        import onnx

        return self._new(name, int(onnx.TensorProto.FLOAT), shape, small=False,
                         inputs=tuple(inputs), make=make)

    def value(self, constant: Constant) -> npt.NDArray[Any]:
        """A constant's value.

        Raises
        ------
        FormatError
            If stored data do not fit, or it cannot be computed, or is far larger than they are.
        """
        if constant.known:
            return constant.known[0]
        parts = constant.made_of()
        stored = sum(part.n_bytes for part in parts if part.tensor is not None)
        made = sum(part.n_bytes for part in parts if part.tensor is None)
        if made > min(max(_FREE_BYTES, _MAX_RATIO * stored), 2 * MAX_ARRAY_BYTES):
            raise fault(f"{self.path}: {constant.name}: {stored} stored bytes would become "
                        f"{made}; fold the model's constants and save it again")
        values: dict[int, npt.NDArray[Any]] = {}
        for part in parts:
            if part.known:
                values[part.number] = part.known[0]
            elif part.tensor is not None:
                values[part.number] = read_tensor(self.path, part.name, part.tensor)
            else:
                values[part.number] = self._computed(part, values)
        if constant.small:
            constant.known.append(values[constant.number])
        return values[constant.number]

    def floats(self, constant: Constant) -> npt.NDArray[np.floating[Any]]:
        """A constant's value as float32; float64 stays."""
        value = self.value(constant)
        return np.asarray(value, np.float64 if value.dtype == np.float64 else np.float32)

    def _new(self, name: str, kind: int, shape: tuple[int, ...], small: bool = True, **made: Any
             ) -> Constant:
        self._count += 1
        small = small and math.prod(shape) <= _SMALL
        return Constant(name, kind, shape, self._count, small, **made)

    def _dequantised(self, node: Any, inputs: Sequence[Constant | None]) -> list[Constant]:
        """A DequantizeLinear without blocks, which onnx's evaluator lacks: that of old operator
        sets, and ONNX Runtime's own, which takes 16 bits."""
        codes, scale, zero = (*inputs, None, None, None)[:3]
        axes = [a.i for a in node.attribute if a.name == "axis"]
        if codes is None or scale is None or len(axes) != len(node.attribute) or (
                any(node.input[2:]) and zero is None) or len(node.output) != 1:
            return []
        if not axes and node.domain in STANDARD:
            axes = [1]
        rank, count = len(codes.shape), math.prod(scale.shape)
        axis = axes[0] % rank if axes and -rank <= axes[0] < rank else None
        if count != 1 and (axis is None or scale.shape != (codes.shape[axis],)):
            return []
        beside = [1 if count == 1 or a != axis else count for a in range(rank)]

        def make(values: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
            numbers, factor, *point = (np.asarray(value, np.float32) for value in values)
            if point:
                numbers = numbers - point[0].reshape(beside)
            return numbers * factor.reshape(beside)

        parts = [part for part in (codes, scale, zero) if part is not None]
        if zero is not None and math.prod(zero.shape) != count:
            return []
        return [self.derived(str(node.output[0]), codes.shape, parts, make)]

    def _foldable(self, node: Any, inputs: Sequence[Constant | None]) -> bool:
        import onnx

        if node.domain not in STANDARD or node.op_type not in FOLDED:
            return False
        if any(name and c is None for name, c in zip(node.input, inputs, strict=True)):
            return False
        for attribute in node.attribute:
            kind = attribute.type
            if attribute.ref_attr_name or attribute.g.node or attribute.graphs or (
                kind == onnx.AttributeProto.TENSOR and attribute.t.data_location
            ):
                return False
        if node.op_type != "MatMul":
            return True
        first, second = (c.shape if c else () for c in (*inputs, None, None)[:2])
        return (math.prod(first) * math.prod(second[-1:]) * math.prod(second[:-2])
                <= _MAX_MULTIPLICATIONS)

    def _computed(self, part: Constant, values: dict[int, npt.NDArray[Any]]) -> npt.NDArray[Any]:
        if part.make is not None:
            with np.errstate(all="ignore"):
                return part.make([values[c.number] for c in part.inputs if c is not None])
        import onnx
        from onnx.reference import ReferenceEvaluator

        given = {name: values[c.number]
                 for name, c in zip(part.node.input, part.inputs, strict=True) if c is not None}
        try:
            function = onnx.helper.make_function(
                "folded", "node", list(given), [part.name], [part.node], self._opsets)
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                (value,) = ReferenceEvaluator(function).run(None, given, attributes={})
            found = np.asarray(value)
        except Exception as problem:
            raise fault(f"{self.path}: {part.name}: {part.node.op_type} of constants cannot be "
                        f"computed: {one_line(problem)}; fold the model's constants and save it "
                        f"again") from None
        if found.shape != part.shape or found.dtype != numpy_type(part.kind):
            raise FormatError(f"{self.path}: {part.name}: {part.node.op_type} of constants gives "
                              f"{found.dtype} {found.shape}, not {part.shape}; fold the model's "
                              f"constants and save it again")
        return found


def _static(inferred: Any) -> tuple[int, tuple[int, ...] | None]:
    """Type and shape, None where an axis is open."""
    if inferred is None or not inferred.HasField("tensor_type"):
        return 0, None
    tensor = inferred.tensor_type
    if not tensor.HasField("shape") or any(not d.HasField("dim_value") or d.dim_value < 0
                                           for d in tensor.shape.dim):
        return int(tensor.elem_type), None
    return int(tensor.elem_type), tuple(int(d.dim_value) for d in tensor.shape.dim)
