"""What a layer claims against what onnxruntime computes, whatever the model is.

A layer from an ONNX file says which values of the graph it reads and writes, or (LSTM, GRU) is a
matrix of a node. Those values are added to the model's outputs, in branches too, and the layer's
float arithmetic is done here on what onnxruntime gives. No code is shared with the reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from accelsim.records import Layer
from accelsim.workload import file_contents

onnxruntime.set_default_logger_severity(4)


def session(model: Any) -> Any:
    """Run as written: no node is fused away."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def inner_graphs(node: Any) -> Iterator[Any]:
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            yield attribute.g


def walk(graph: Any, mark: str = "") -> Iterator[tuple[str, Any]]:
    """Every node, with the branches that it stands in as ``place.branch/``."""
    for place, node in enumerate(graph.node):
        yield mark, node
        for k, inner in enumerate(inner_graphs(node)):
            yield from walk(inner, f"{mark}{place}.{k}/")


def expose(graph: Any, wanted: set[str], mark: str = "") -> dict[str, str]:
    """Make wanted values outputs of the graph; (mark/)value to the name under which it comes."""
    shown: dict[str, str] = {}
    for place, node in enumerate(graph.node):
        branches = list(inner_graphs(node))
        inner = [expose(g, wanted, f"{mark}{place}.{k}/") for k, g in enumerate(branches)]
        for k, found in enumerate(inner):
            for value, name in found.items():
                for other, branch in enumerate(branches):
                    out = name if other == k else f"{name}@{place}.{k}"
                    if other != k:  # the branch that is not run gives something, too
                        branch.node.append(helper.make_node(
                            "Constant", [], [out],
                            value=numpy_helper.from_array(np.zeros(0, np.float32))))
                    if out not in [o.name for o in branch.output]:
                        branch.output.append(
                            helper.make_tensor_value_info(out, TensorProto.FLOAT, None))
                node.output.append(f"{name}@{mark}{place}.{k}")
                shown[value] = node.output[-1]
    there = [o for node in graph.node for o in node.output]
    there += [value.name for value in graph.input]
    for name in dict.fromkeys(there):
        if mark + name in wanted:
            shown[mark + name] = name
            if mark:  # under a name of its own: it may be an output already
                shown[mark + name] = f"{name}@{mark}"
                graph.node.append(helper.make_node("Identity", [name], [f"{name}@{mark}"]))
    return shown


def taken(model: Any, wanted: set[str], inputs: dict[str, Any]) -> dict[str, Any]:
    """onnxruntime's values of the graph, of the branches that it runs."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    shown = expose(copy.graph, wanted)
    there = {value.name for value in (*copy.graph.output, *copy.graph.input)}
    names = [name for name in dict.fromkeys(shown.values()) if name not in inputs]
    copy.graph.output.extend(
        helper.make_empty_tensor_value_info(name) for name in names if name not in there)
    got = dict(zip(names, session(copy).run(names, inputs), strict=True)) if names else {}
    got |= inputs
    return {value: got[name] for value, name in shown.items() if got[name].size}


def deviation(path: Path, inputs: dict[str, Any]) -> dict[str, float]:
    """Layer to its largest deviation from onnxruntime, over the largest value there if above 1.

    Layers of a branch that these inputs do not run are left out.
    """
    model = onnx.load(path)
    layers = [entry.load() for entry in file_contents(path).layers]
    found = cells(model, layers, inputs)
    marks = {mark + out for mark, node in walk(model.graph) for out in node.output}
    nodes = {node.name or node.output[0]: (home(marks, mark, node.input[0]), node)
             for mark, node in walk(model.graph) if node.op_type == "Conv"}
    ends = {}
    for layer in layers:
        note = layer.provenance
        if "kernel" in note:  # its own input: channels and positions are axes there
            ends[layer.name] = nodes[note["node"]][0], str(note["writes"])
        elif "reads" in note:
            ends[layer.name] = str(note["reads"]), str(note["writes"])
    values = taken(model, {name for pair in ends.values() for name in pair}, inputs)
    for layer in layers:
        if set(ends.get(layer.name, {""})) <= set(values):
            x, y = (values[name] for name in ends[layer.name])
            got = (convolved(layer, x, nodes[layer.provenance["node"]][1])
                   if "kernel" in layer.provenance else product(layer, x, y))
            found[layer.name] = difference(got, y.reshape(got.shape))
    return found


def difference(got: Any, want: Any) -> float:
    return float(np.abs(got - want).max() / max(1.0, float(np.abs(want).max())))


def product(layer: Layer, x: Any, y: Any) -> Any:
    """``x W' + b``: inputs along the last axis of x, or the last but one where that fits."""
    n_outputs, n_inputs = layer.shape
    weights = np.asarray(layer.weights, np.float64)
    bias = 0 if layer.bias is None else np.asarray(layer.bias, np.float64)
    if x.shape[-1] != n_inputs and x.ndim > 1 and x.shape[-2] == n_inputs:
        x = np.swapaxes(x, -2, -1)
    elif x.shape[-1] != n_inputs:
        x = x.reshape(-1, n_inputs)
    sums = x @ weights.T + bias
    if y.ndim > 1 and y.shape[-1] != n_outputs and y.shape[-2] == n_outputs:
        sums = np.swapaxes(sums, -2, -1)
    return np.maximum(sums, 0) if layer.relu else sums


def convolved(layer: Layer, x: Any, node: Any) -> Any:
    """The layer's matrix as a kernel again, by onnxruntime's own convolution."""
    kernel = np.asarray(layer.weights, np.float32).reshape(layer.provenance["kernel"])
    bias = np.zeros(len(kernel)) if layer.bias is None else layer.bias
    got = one_node(node, [x, kernel, np.asarray(bias, np.float32)], 1)[0]
    return np.maximum(got, 0) if layer.relu else got


def cells(model: Any, layers: list[Layer], inputs: dict[str, Any]) -> dict[str, float]:
    """LSTM and GRU nodes again with W, R and B of the layers, against the file's own."""
    found = {}
    marks = {mark + out for mark, node in walk(model.graph) for out in node.output}
    left = [layer for layer in layers if layer.provenance["operator"] in ("LSTM", "GRU")]
    for mark, node in walk(model.graph):
        if node.op_type not in ("LSTM", "GRU"):
            continue
        mine = [layer for layer in left if re.match(
            rf"{re.escape(node.name or node.output[0])}\.[WR](\.[01])?(#\d+)?$", layer.name)]
        n = 2 * (2 if layer_directions(node) else 1)
        mine = mine[:n]
        left = [layer for layer in left if all(layer is not one for one in mine)]
        out = next(k for k, name in enumerate(node.output) if name)
        others = [home(marks, mark, node.input[k]) if k < len(node.input) else ""
                  for k in (0, 4, 5, 6)]
        values = taken(model, {*filter(None, others), mark + node.output[out]}, inputs)
        if not mine or mark + node.output[out] not in values:
            continue
        w, r = ([np.asarray(layer.weights) for layer in part]
                for part in (mine[: n // 2], mine[n // 2:]))
        halves = [np.zeros(len(x.weights)) if x.bias is None else x.bias for x in mine]
        b = [np.concatenate([halves[k], halves[k + n // 2]]) for k in range(n // 2)]
        given = [values.get(name) for name in others]
        got = one_node(node, [given[0], np.stack(w), np.stack(r), np.stack(b), *given[1:]],
                       out + 1)[out]
        worst = difference(got, values[mark + node.output[out]])
        found.update(dict.fromkeys([layer.name for layer in mine], worst))
    return found


def layer_directions(node: Any) -> bool:
    return any(a.name == "direction" and a.s == b"bidirectional" for a in node.attribute)


def home(marks: set[str], mark: str, name: str) -> str:
    """A value's name with the branch that it comes from: this one, or one around it."""
    while name and mark and mark + name not in marks:
        mark = re.sub(r"[^/]*/$", "", mark)
    return mark + name if name else ""


def one_node(node: Any, arrays: list[Any], n_outputs: int) -> list[Any]:
    """A copy of the node on its own, on the given inputs; None leaves one out."""
    again = onnx.NodeProto()
    again.CopyFrom(node)
    while arrays[-1] is None:
        arrays = arrays[:-1]
    names = [f"i{k}" if array is not None else "" for k, array in enumerate(arrays)]
    given = {name: np.asarray(a, a.dtype if a.dtype.kind == "i" else np.float32)
             for name, a in zip(names, arrays, strict=True) if name}
    del again.input[:], again.output[:]
    again.input.extend(names)
    again.output.extend(f"o{k}" for k in range(n_outputs))
    graph = helper.make_graph(
        [again], "one",
        [helper.make_tensor_value_info(k, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
         for k, v in given.items()],
        [helper.make_empty_tensor_value_info(name) for name in again.output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    return list(session(model).run(None, given))
