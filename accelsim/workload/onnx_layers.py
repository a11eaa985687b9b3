"""Layers of an ONNX model: Gemm, MatMul, Conv, LSTM and GRU nodes with constant weights.

Weights come out as (outputs, inputs). They may be stored with the model or computed there from
what is stored (`onnx_folding`). A convolution's kernel is reshaped to (out_channels, in_channels *
kernel height * kernel width); what a machine may not run as one product says so itself
(`accelsim.records.lineage`). An LSTM or GRU gives its input matrix W and its recurrent matrix R as
a layer each, ``NODE.W`` and ``NODE.R`` (``NODE.W.0`` and ``NODE.W.1`` where there are two
directions), gates stacked in ONNX's own order. A layer is found by its node's name or by its weight
tensor's. Every other node that holds a matrix is listed with the reason why it is no layer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from accelsim.records import Layer
from accelsim.workload.entries import Contents, LayerEntry, Skipped, file_sha256, reading
from accelsim.workload.onnx_folding import STANDARD, Folder
from accelsim.workload.onnx_found import Found
from accelsim.workload.onnx_graphs import NotTaken, Scope, Site, sites
from accelsim.workload.onnx_products import conv, gemm, matmul
from accelsim.workload.onnx_quantised import plain
from accelsim.workload.onnx_recurrent import recurrent
from accelsim.workload.onnx_skipped import IN_A_LOOP, skipped
from accelsim.workload.onnx_tensors import load_model

_READERS: dict[str, Callable[[Site], list[Found]]] = {
    "Gemm": gemm, "MatMul": matmul, "Conv": conv, "LSTM": recurrent, "GRU": recurrent,
}


def onnx_contents(path: Path) -> Contents:
    """The layers of an ONNX model in the order of its nodes, and what is skipped.

    Raises
    ------
    InputError
        If the extra `onnx` is not installed.
    FormatError
        If the file is damaged or not an ONNX model.
    """
    model = load_model(path)
    functions = {(f.domain, f.name) for f in model.functions}
    found: list[tuple[Site, Found]] = []
    left_out: list[Skipped] = []
    with reading(path, RecursionError):
        for site in sites(Scope(model.graph, Folder(path, model.opset_import))):
            if (site.node.domain, site.node.op_type) in functions:
                left_out.append(Skipped(site.name, site.kind, (), "a function of the model that "
                                        "cannot be put in place of its call"))
                continue
            layers, no_layer = _read(site)
            found += [(site, layer) for layer in layers]
            left_out += [no_layer] if no_layer else []
    entries = [
        LayerEntry(
            name=layer.name, n_outputs=layer.shape[0], n_inputs=layer.shape[1], kind=layer.kind,
            has_bias=layer.bias is not None, aliases=layer.tensors, load=_Loader(path, layer),
        )
        for layer in _named([layer for _, layer in found])
    ]
    return Contents(tuple(entries), tuple(left_out), _in_order([site for site, _ in found]))


def _read(site: Site) -> tuple[list[Found], Skipped | None]:
    """A node's layers, or why it has none where it holds weights."""
    if site.is_constant:
        return [], None
    try:
        layers = _found(site)
    except NotTaken as problem:
        no_layer = skipped(site, str(problem))
        return [], no_layer or Skipped(site.name, site.kind, (), str(problem))
    if layers and site.scope.in_loop:
        return [], Skipped(site.name, site.kind, layers[0].shape, IN_A_LOOP)
    return layers, None if layers else skipped(site)


def _found(site: Site) -> list[Found]:
    """What a node offers, of codes or fused as the plain operator that it stands for."""
    node = site.node
    if not node.output:
        return []
    if node.domain in STANDARD and node.op_type in _READERS:
        return _READERS[node.op_type](site)
    stands_for = plain(site)
    if stands_for is None:
        return []
    found = []
    for layer in _READERS[stands_for.site.node.op_type](stands_for.site):
        facts = dict(layer.facts)
        if stands_for.writes is not None:
            facts["writes"] = site.scope.origin(stands_for.writes)
        found.append(replace(layer, kind=site.kind, facts=facts,
                             relu=layer.relu or stands_for.relu))
    return found


def _named(layers: list[Found]) -> list[Found]:
    """The layers under names of their own: the place is added where nodes share one."""
    names = Counter(layer.name for layer in layers)
    named = []
    for number, layer in enumerate(layers):
        name = layer.name
        if names[name] > 1:
            name = f"{layer.name}#{number}"
            while name in names:
                name += "#"
        named.append(replace(layer, name=name))
    return named


def _in_order(found: list[Site]) -> bool:
    """Whether no two layers stand in branches of one If, of which only one is run."""
    taken: dict[tuple[tuple[int, int], ...], set[int]] = {}
    for site in found:
        for depth, (number, branch) in enumerate(site.scope.branches):
            where = (*site.scope.branches[:depth], (number, -1))
            taken.setdefault(where, set()).add(branch)
    return all(len(branches) == 1 for branches in taken.values())


class _Loader:
    """Reads one layer when it is called."""

    def __init__(self, path: Path, found: Found) -> None:
        self.path, self.found = path, found

    def __call__(self) -> Layer:
        found = self.found
        provenance: dict[str, Any] = {
            "source": self.path.name, "sha256": file_sha256(self.path), "node": found.name,
            "operator": found.kind, "tensor": found.tensors[0], **found.facts,
        }
        # Scaling by alpha or beta may overflow; `Layer` then refuses the infinity.
        with reading(self.path), np.errstate(over="ignore", invalid="ignore"):
            return Layer(
                weights=found.weights(),
                bias=found.bias() if found.bias else None,
                relu=found.relu,
                name=found.name,
                provenance=provenance,
            )
