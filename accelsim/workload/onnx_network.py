"""An ONNX model as a graph of layers and host operations: every operator taken, or the model
refused with what stays undone and its share of the work.

What an operator does to a layer's outputs that nothing else reads becomes part of the layer: a
batch normalisation, a bias, a ReLU. Shapes follow from the input's, for one image at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from accelsim.errors import InputError, UnsupportedError, printable
from accelsim.records import Layer
from accelsim.records.host import Shape
from accelsim.records.host_elementwise import Concat
from accelsim.records.network import INPUT, Network
from accelsim.workload import (
    onnx_elementwise,
    onnx_parts,
    onnx_passing,
    onnx_transposed,
    onnx_windows,
)
from accelsim.workload.entries import fault, reading
from accelsim.workload.onnx_folding import STANDARD, Folder
from accelsim.workload.onnx_graphs import NotTaken, Scope, Site, inner_graphs
from accelsim.workload.onnx_products import gemm, matmul
from accelsim.workload.onnx_tensors import load_model
from accelsim.workload.onnx_undone import Undone, refusal, result_shapes, undone_macs
from accelsim.workload.onnx_walk import Value, Walk


def _product(walk: Walk, site: Site) -> Value:
    """Gemm or MatMul of a vector with a constant matrix; a bias behind it is added by the Add."""
    value, is_gemm = walk.operand(site), site.node.op_type == "Gemm"
    weights = site.constant(1)
    found = (gemm if is_gemm else matmul)(site)
    if not found or weights is None:
        raise NotTaken("of values that are both computed")
    (layer,) = found
    n_outputs, n_inputs = layer.shape
    if prod(value.shape) != n_inputs or value.shape[-1] != n_inputs:
        raise NotTaken(f"an image gives it {value.shape}, not one vector of {n_inputs}")
    bias = layer.bias() if is_gemm and site.given(2) and layer.bias is not None else None
    work = Layer(layer.weights(), None, bias, False, site.name, walk.provenance(site, weights))
    return walk.put(site, work, [walk.shaped(site, value, (n_inputs,))],
                    (*value.shape[:-1], n_outputs))


_OPERATORS: dict[str, Callable[[Walk, Site], Value]] = {
    "Conv": onnx_windows.conv, "ConvTranspose": onnx_transposed.conv_transposed,
    "DepthToSpace": onnx_transposed.depth_to_space, "Gemm": _product, "MatMul": _product,
    **dict.fromkeys(("MaxPool", "AveragePool"), onnx_windows.pool),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool"), onnx_windows.global_pool),
    **dict.fromkeys(("ReduceMean", "ReduceMax"), onnx_windows.reduced),
    **dict.fromkeys(("Resize", "Upsample"), onnx_windows.upsampled),
    **dict.fromkeys(("Sigmoid", "Tanh", "HardSwish"), onnx_elementwise.function),
    **dict.fromkeys(("LeakyRelu", "PRelu"), onnx_elementwise.leaky_relu),
    **dict.fromkeys(("Add", "Mul", "Sub", "Div", "Sum"), onnx_elementwise.arithmetic),
    "BatchNormalization": onnx_elementwise.batch_norm, "Clip": onnx_elementwise.clip,
    "Concat": onnx_elementwise.concat, "HardSigmoid": onnx_elementwise.hard_sigmoid,
    "Relu": onnx_elementwise.relu, "Softmax": onnx_elementwise.softmax,
    **dict.fromkeys(("Identity", "Dropout", "Cast"), onnx_passing.handed_on),
    **dict.fromkeys(("Flatten", "Reshape", "Squeeze", "Unsqueeze"), onnx_passing.reshaped),
    "Slice": onnx_parts.sliced, "Split": onnx_parts.split,
    "Transpose": onnx_passing.transposed, "QuantizeLinear": onnx_passing.quantised,
    "DequantizeLinear": onnx_passing.dequantised,
}


def onnx_network(path: Path, input_shape: Shape | None = None) -> Network:
    """The model as a graph.

    Parameters
    ----------
    input_shape : of one image, without the images' axis; needed where the model leaves it open

    Raises
    ------
    InputError
        If the input's shape is open or does not fit, or the extra `onnx` is not installed.
    FormatError
        If the file is damaged or not an ONNX model.
    UnsupportedError
        If an operator between input and output is not read; names them all.
    """
    model = load_model(path)
    with reading(path, RecursionError, ArithmeticError):
        scope = Scope(model.graph, Folder(path, model.opset_import))
    name, outputs = _ends(path, scope)
    shape = _input_shape(path, scope, name, input_shape)
    with reading(path, RecursionError, ArithmeticError):
        return _walked(path, scope, name, shape, outputs)


def holds_branch(path: Path) -> bool:
    """Whether something that is computed is read twice: no chain of matrices."""
    model = load_model(path)
    with reading(path, RecursionError, ArithmeticError):
        scope = Scope(model.graph, Folder(path, model.opset_import))
        outputs = [value.name for value in model.graph.output]
        read = _on_the_way(scope, outputs)[1] - Counter(outputs)
        return any(count > 1 and not scope.constant(name) for name, count in read.items())


def holds_convolution(path: Path) -> bool:
    """Whether a convolution stands in the model's main graph."""
    return any(node.op_type in ("Conv", "ConvTranspose") and node.domain in STANDARD
               for node in load_model(path).graph.node)


def _ends(path: Path, scope: Scope) -> tuple[str, list[str]]:
    """The model's one input, and its outputs."""
    stored = {tensor.name for tensor in scope.graph.initializer}
    # protobuf gives bytes for text that is not UTF-8.
    inputs = [str(value.name) for value in scope.graph.input if value.name not in stored]
    outputs = list(dict.fromkeys(str(value.name) for value in scope.graph.output))
    if len(inputs) != 1 or not outputs:
        what, names = ("inputs", inputs) if len(inputs) != 1 else ("outputs", outputs)
        told = printable(", ".join(names[:6]))
        raise UnsupportedError(
            f"{path}: has {len(names)} {what} ({told}); a network has one: cut the model, or "
            f"run single layers (-l, names=)")
    return inputs[0], outputs


def _walked(path: Path, scope: Scope, name: str, shape: Shape, outputs: list[str]) -> Network:
    live, readers = _on_the_way(scope, outputs)
    walk = Walk(path, scope, readers)
    walk.bind(name, Value(INPUT, shape, shape))
    undone = list(_undone(walk, live))
    if undone:
        raise UnsupportedError(refusal(path, undone, _macs(walk), len(live), walk.n_behind))
    results = []
    for output in outputs:
        result = walk.values.get(output)
        if result is None or not walk.nodes:
            raise fault(f"{path}: its output '{printable(output)}' does not depend on its input "
                        f"'{printable(name)}'; export the model again")
        if result.codes is not None:
            raise UnsupportedError(f"{path}: its output is of integer codes; end it with "
                                   f"DequantizeLinear")
        results.append(result)
    note = "; ".join(f"{told} ({count} times)" for told, count in walk.notes.items())
    if len(results) > 1:
        told = ", ".join(f"{printable(output)} {'x'.join(map(str, result.shape))}"
                         for output, result in zip(outputs, results, strict=True))
        note = "; ".join(part for part in (
            note, f"{len(outputs)} outputs, one behind the other in its result: {told}") if part)
    result = _joined(walk, Site(live[-1], scope), results)
    return Network(nodes=tuple(walk.nodes.values()), input_shape=shape, name=path.stem, note=note,
                   output=result.node)


def _joined(walk: Walk, last: Site, results: list[Value]) -> Value:
    """The one result of a network; of several outputs a vector, one behind the other."""
    if len(results) == 1:
        return walk.shaped(last, results[0])
    flat = [walk.shaped(last, result, (prod(result.shape),)) for result in results]
    return walk.put(last, Concat(), flat, called="outputs")


def _on_the_way(scope: Scope, outputs: list[str]) -> tuple[list[Any], Counter[str]]:
    """The nodes on the way to the outputs, in order, and how often they read each value."""
    writers = scope.writers.maps[0]
    read: Counter[str] = Counter(outputs)
    left, live = list(outputs), set()
    while left:
        node = writers.get(left.pop())
        if node is None or id(node) in live:
            continue
        live.add(id(node))
        if node.op_type == "Shape" and node.domain in STANDARD:
            continue  # reads no number of its input
        names = [name for name in (*node.input, *_read_inside(node)) if name]
        read.update(names)
        left += names
    return [node for node in scope.graph.node if id(node) in live], read


def _read_inside(node: Any) -> Iterator[str]:
    for _, graph, _ in inner_graphs(node):
        yield from (value.name for value in graph.output)
        for inner in graph.node:
            yield from inner.input
            yield from _read_inside(inner)


def _input_shape(path: Path, scope: Scope, name: str, given: Shape | None) -> Shape:
    """Of one image, as the model says it, open axes as they are given."""
    said = scope.shape(name)
    own = None if said is None else said[1:]
    known = () if own is None else tuple(n for n in own if n is not None)
    if given is None and own and len(known) == len(own):
        return known
    told = "of any shape" if own is None else (
        " x ".join("?" if n is None else str(n) for n in own) or "without axes beside the images'")
    if given is None:
        raise InputError(f"{path}: its input '{printable(name)}' is {told}; say the shape of one "
                         f"image (input_shape=(3, 224, 224); on the command line --inputs)")
    whole = all(type(n) is int and n > 0 for n in given)
    fits = own is None or (len(own) == len(given) and all(
        n in (None, g) for n, g in zip(own, given, strict=True)))
    if not fits or not given or not whole:
        raise InputError(f"{path}: an image of shape {given}; its input '{printable(name)}' is "
                         f"{told}")
    return tuple(given)


def _undone(walk: Walk, live: list[Any]) -> Iterator[Undone]:
    """Walk the nodes in order; those that are not read, each with why."""
    for node in live:
        site = Site(node, walk.scope)
        if site.is_constant or _becomes_constant(walk, site):
            continue
        known = _OPERATORS.get(node.op_type) if node.domain in STANDARD else None
        if known is not None and walk.lost.intersection(node.input):
            walk.lost.update(node.output)
            walk.n_behind += 1
            continue
        try:
            if known is None:
                raise NotTaken(f"{site.kind} is not among the operators that are read")
            walk.bind(str(node.output[0]), known(walk, site))
        except (NotTaken, InputError) as problem:
            yield Undone(site.kind, site.name, str(problem), undone_macs(walk, site))
            shapes = result_shapes(walk, site)
            walk.lost.update(name for name in node.output if name not in shapes)
            for name, shape in shapes.items():
                walk.values[name] = Value(INPUT, shape, shape, sole=False)


def _becomes_constant(walk: Walk, site: Site) -> bool:
    """Shapes are known here that the file leaves open, and what is computed of them."""
    import onnx

    node, scope, folder = site.node, walk.scope, walk.scope.folder
    value = walk.values.get(site.given(0))
    if node.op_type == "Shape" and node.domain in STANDARD and value is not None:
        shape = (1, *value.shape)[site.attribute("start", 0):site.attribute("end", 1 << 30)]
        tensor = onnx.numpy_helper.from_array(np.array(shape, np.int64))
        made = [folder.stored(str(node.output[0]), tensor)]
    else:
        made = [*folder.fold(node, [scope.constant(name) for name in node.input])]
    for constant in made:
        if constant is not None and constant.name:
            scope.constants[constant.name] = constant
    return bool(made)


def _macs(walk: Walk) -> int:
    """Multiply-accumulates of an image in all layers that were read."""
    layers = ((node.name, node.work.weights.shape) for node in walk.nodes.values()
              if not node.on_host)
    return sum(prod(walk.results[name]) * prod(shape[1:]) for name, shape in layers)
