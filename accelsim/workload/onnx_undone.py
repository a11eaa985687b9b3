"""What of an ONNX graph is not read: its shapes, its work, and how that is told in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from accelsim.errors import printable
from accelsim.records.host import Shape
from accelsim.workload.onnx_folding import STANDARD
from accelsim.workload.onnx_graphs import Site
from accelsim.workload.onnx_walk import Walk

_MOST_KINDS = 8
_PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul", "MatMulInteger", "QLinearMatMul",
             "LSTM", "GRU", "RNN", "Einsum", "QLinearConv", "ConvInteger", "If", "Loop", "Scan")
"""Operators that multiply; other ones of ONNX itself do no multiply-accumulates."""


@dataclass(frozen=True)
class Undone:
    """A node that is not read.

    ``macs`` are its multiply-accumulates of an image, None where shapes do not say them.
    """

    kind: str
    name: str
    reason: str
    macs: int | None


def refusal(path: Path, undone: Sequence[Undone], done_macs: int, n_nodes: int, n_behind: int
            ) -> str:
    """One line that names the operators that stay undone and their share of the work."""
    total = done_macs + sum(node.macs or 0 for node in undone)
    open_kinds = {node.kind for node in undone if node.macs is None}
    told = []
    for kind, count in Counter(node.kind for node in undone).most_common(_MOST_KINDS):
        macs = sum(node.macs or 0 for node in undone if node.kind == kind)
        share = "an unknown share" if kind in open_kinds else (
            f"{100 * macs / total:.1f} %" if total else "0.0 %")
        told.append(f"{count} {kind} ({share})")
    kinds = len({node.kind for node in undone})
    more = f" and {kinds - _MOST_KINDS} more kinds" if kinds > _MOST_KINDS else ""
    behind = f"; {n_behind} behind them have shapes that are not known" if n_behind else ""
    first = undone[0]
    return (f"{path}: {len(undone)} of {n_nodes} operators stay undone; with their share of the "
            f"multiply-accumulates that shapes tell: {printable(', '.join(told))}{more}{behind}; "
            f"the first, {printable(first.name)}: {printable(first.reason)}; run single layers "
            f"(-l, names=)")


def undone_macs(walk: Walk, site: Site) -> int | None:
    """Multiply-accumulates of an image in a node that is not read."""
    kind = site.node.op_type
    if site.node.domain not in STANDARD:
        return None
    if kind not in _PRODUCTS:
        return 0
    results = list(result_shapes(walk, site).values())
    first, second = (_shape(walk, site, index) for index in (0, 1))
    if not results or not first or not second:
        return None
    out = prod(results[0])
    if kind in ("Conv", "ConvTranspose"):
        return (out if kind == "Conv" else prod(first)) * prod(second[1:])
    if kind in ("Gemm", "MatMul"):
        turned = kind == "Gemm" and any(a.name == "transA" and a.i for a in site.node.attribute)
        return out * first[0 if turned else -1]
    return None


def result_shapes(walk: Walk, site: Site) -> dict[str, Shape]:
    """Shapes of an image of a node's results that ONNX's own inference knows."""
    import onnx

    node, folder = site.node, walk.scope.folder
    types: dict[str, Any] = {}
    data: dict[str, Any] = {}
    for index, name in enumerate(node.input):
        constant, shape = site.constant(index), _shape(walk, site, index)
        if name and shape is None:
            return {}
        if not name:
            continue
        kind = constant.kind if constant is not None else onnx.TensorProto.FLOAT
        types[name] = onnx.helper.make_tensor_type_proto(kind, shape)
        if constant is not None and constant.small:
            data[name] = onnx.numpy_helper.from_array(folder.value(constant))
    try:
        schema = onnx.defs.get_schema(node.op_type, folder.version, "")
        inferred = onnx.shape_inference.infer_node_outputs(schema, node, types, data)
    except Exception:  # of onnx, several kinds: the shapes are then not known
        return {}
    found = {}
    for name, kind in inferred.items():
        dims = [d.dim_value if d.HasField("dim_value") else 0 for d in kind.tensor_type.shape.dim]
        if len(dims) > 1 and dims[0] == 1 and min(dims) > 0:
            found[str(name)] = tuple(dims[1:])
    return found


def _shape(walk: Walk, site: Site, index: int) -> tuple[int, ...] | None:
    """With the images' axis; of a constant its own."""
    constant, value = site.constant(index), walk.values.get(site.given(index))
    if constant is not None:
        return constant.shape
    return None if value is None else (1, *value.shape)
