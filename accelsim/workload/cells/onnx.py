"""LSTM and GRU nodes of an ONNX model as whole cells.

Gates of W, R and B stand in ONNX's own order (i, o, f, c and z, r, h), peepholes in i, o, f.
Constants are folded (`accelsim.workload.onnx_folding`). What a node says of its cell is taken
over, or the node is refused by name: other activations, ``clip``, ``input_forget``, a first state
that is not zero.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from accelsim.records.recurrent import RecurrentLayer
from accelsim.workload.cells.contents import (
    Floats,
    RecurrentContents,
    RecurrentEntry,
    by_gate,
    facts,
    joined_biases,
)
from accelsim.workload.cells.onnx_chain import read_before
from accelsim.workload.entries import Skipped, file_sha256, reading
from accelsim.workload.onnx_folding import STANDARD, Constant, Folder
from accelsim.workload.onnx_found import check_floats
from accelsim.workload.onnx_graphs import NotTaken, Scope, Site, sites
from accelsim.workload.onnx_quantised import MICROSOFT, plain
from accelsim.workload.onnx_skipped import IN_A_LOOP
from accelsim.workload.onnx_tensors import load_model

_GATES = {"LSTM": "iofc", "GRU": "zrn"}
_DIRECTIONS = {b"forward": 1, b"reverse": 1, b"bidirectional": 2}
_OF_CODES = (MICROSOFT, "DynamicQuantizeLSTM")
_PEEPHOLES = ("Wic", "Woc", "Wfc")
_USUAL = {"LSTM": (b"sigmoid", b"tanh", b"tanh"), "GRU": (b"sigmoid", b"tanh")}
_SQUASHED = (b"sigmoid", b"sigmoid", b"tanh")  # ESE's own candidate


@dataclass(frozen=True)
class _Node:
    """A node whose cell is read: its constants, and what it says of its cell."""

    site: Site
    name: str
    inputs: Constant
    hidden: Constant
    biases: Constant | None
    peepholes: Constant | None
    directions: int
    backward: bool
    cell_activation: str
    reset_after: bool
    notes: tuple[str, ...]


def onnx_cells(path: Path) -> RecurrentContents:
    """The LSTMs and GRUs of a model in the order of its nodes, and those that are refused.

    Raises
    ------
    InputError
        If the extra `onnx` is not installed.
    FormatError
        If the file is damaged or not an ONNX model.
    """
    model = load_model(path)
    nodes: list[_Node] = []
    refused: list[Skipped] = []
    with reading(path, RecursionError):
        scope = Scope(model.graph, Folder(path, model.opset_import))
        found = [site for site in sites(scope) if _is_cell(site)]
        names = Counter(site.name for site in found)
        for number, site in enumerate(found):
            name = site.name if names[site.name] == 1 else f"{site.name}#{number}"
            try:
                node = _read(site, name)
                nodes += [node] if node is not None else []
            except NotTaken as problem:
                refused.append(Skipped(site.name, site.kind, (), str(problem)))
        modules = _modules(nodes)
        sha256 = file_sha256(path) if nodes else ""
        entries = [entry for node in nodes
                   for entry in _entries(path, sha256, node, *modules[node.name])]
    return RecurrentContents(
        tuple(entries), tuple(refused),
        "holds recurrent layers between which its graph computes something else")


def _is_cell(site: Site) -> bool:
    node = site.node
    return (node.domain in STANDARD and node.op_type in _GATES) or (
        (node.domain, node.op_type) == _OF_CODES)


def _read(site: Site, name: str) -> _Node | None:
    if (site.node.domain, site.node.op_type) == _OF_CODES:
        stands_for = plain(site)
        node = None if stands_for is None else _read(stands_for.site, name)
        return None if node is None else replace(node, notes=(*node.notes, (
            f"{site.name}: its weights are codes and read as the numbers that they stand for; that "
            f"its own operator rounds each step's activations to 8 bits is left out")))
    kind = site.node.op_type
    inputs, hidden = site.constant(1), site.constant(2)
    if inputs is None and hidden is None:
        return None
    if inputs is None or hidden is None:
        raise NotTaken(f"its matrix {site.given(2 if hidden is None else 1)} is computed, "
                       f"not constant")
    if site.scope.in_loop:
        raise NotTaken(IN_A_LOOP)
    direction = site.attribute("direction", b"forward")
    if direction not in _DIRECTIONS:
        raise NotTaken(f"direction {direction.decode(errors='replace')!r}")
    directions, n_gates = _DIRECTIONS[direction], len(_GATES[kind])
    n_cells = hidden.shape[-1] if hidden.shape else 0
    rows = n_gates * n_cells
    if (len(inputs.shape) != 3 or inputs.shape[:2] != (directions, rows) or 0 in inputs.shape
            or hidden.shape != (directions, rows, n_cells)
            or site.attribute("hidden_size", n_cells) != n_cells):
        raise NotTaken(f"W of shape {inputs.shape} and R of shape {hidden.shape} do not fit "
                       f"{directions} x {n_gates} gates of {n_cells} cells")
    peepholes = _constant(site, 7, (directions, 3 * n_cells)) if kind == "LSTM" else None
    return _Node(
        site, name, inputs, hidden, _constant(site, 3, (directions, 2 * rows)), peepholes,
        directions, direction == b"reverse", _activation(site, directions),
        kind == "GRU" and site.attribute("linear_before_reset", 0) != 0, tuple(_notes(site)))


def _constant(site: Site, index: int, shape: tuple[int, ...]) -> Constant | None:
    """An input that is left out, or is a constant of floats of this shape."""
    if not site.given(index):
        return None
    constant = site.constant(index)
    what = {3: "biases", 7: "peepholes"}[index]
    if constant is None or constant.shape != shape:
        shown = "computed" if constant is None else f"of shape {constant.shape}"
        raise NotTaken(f"its {what} {site.given(index)} are {shown}; need a constant of shape "
                       f"{shape}")
    check_floats(site, constant, what)
    return constant


def _activation(site: Site, directions: int) -> str:
    """The LSTM's candidate; `NotTaken` for what changes the equations otherwise."""
    kind = site.node.op_type
    usual = list(_USUAL[kind]) * directions
    given = [a.lower() for a in site.attribute("activations", usual)]
    squashed = kind == "LSTM" and given == list(_SQUASHED) * directions
    if given != usual and not squashed:
        shown = ", ".join(a.decode(errors="replace") for a in site.attribute("activations", usual))
        raise NotTaken(f"activations {shown} in place of Sigmoid and Tanh")
    for name, usually in (("clip", 0.0), ("input_forget", 0)):
        if site.attribute(name, usually) != usually:
            raise NotTaken(f"{name}: the cell is not the usual {kind}")
    return "sigmoid" if squashed else "tanh"


def _notes(site: Site) -> list[str]:
    """What a run assumes of the node's other inputs."""
    notes, outside = [], []
    for index in (5, 6) if site.node.op_type == "LSTM" else (5,):
        constant = site.constant(index)
        if constant is not None:
            if site.scope.folder.value(constant).any():
                raise NotTaken(f"its first state {site.given(index)} is not zero; a run starts "
                               f"from zero")
        elif site.given(index):
            outside.append(f"'{site.given(index)}'")
    if outside:
        names = ", ".join(dict.fromkeys(outside))
        notes.append(f"{site.name}: its first state ({names}) comes from outside the cell; the run "
                     f"starts from zero")
    if site.given(4):
        notes.append(f"{site.name}: reads sequence_lens; give 'lengths' beside the inputs where "
                     f"sequences differ in length")
    return notes


def _modules(nodes: list[_Node]) -> dict[str, tuple[str, str, str]]:
    """Of each node by name: the first of the chain that it stands in, what it reads and gives.

    A node that reads exactly what another gives, and nothing else that is listed, follows it.
    """
    gives = {node.site.node.output[0]: node for node in nodes if node.site.node.output
             and node.site.node.output[0]}
    found: dict[str, tuple[str, str, str]] = {}
    taken: set[str] = set()
    for node in nodes:
        before = read_before(node.site, {
            value: (other.site, other.directions, other.hidden.shape[-1])
            for value, other in gives.items()})
        source = gives.get(before) if before else None
        own = f"{node.name} gives"
        if source is not None and source.name in found and source.name not in taken:
            taken.add(source.name)
            found[node.name] = found[source.name][0], f"{source.name} gives", own
        else:
            found[node.name] = node.name, node.site.scope.origin(node.site.given(0)), own
    return found


def _entries(
    path: Path, sha256: str, node: _Node, module: str, reads: str, writes: str
) -> list[RecurrentEntry]:
    """A direction each."""
    kind = node.site.node.op_type
    _, _, n_inputs = node.inputs.shape
    n_cells = node.hidden.shape[-1]
    parts = [*(["peepholes"] if node.peepholes else [])]
    parts += [f"reset {'after' if node.reset_after else 'before'}"] if kind == "GRU" else []
    entries = []
    for direction in range(node.directions):
        two = node.directions == 2
        name = f"{node.name}.{'reverse' if direction else 'forward'}" if two else node.name
        loader = _Loader(path, node, direction, name, MappingProxyType(facts(
            path, sha256, node=node.name, operator=kind, reads=reads, writes=writes)))
        entries.append(RecurrentEntry(
            name, kind.lower(), n_inputs, n_cells, n_cells, node.biases is not None, module,
            loader, tuple(parts), loader.reverse, direction == 1, node.notes))
    return entries


@dataclass(frozen=True)
class _Loader:
    """Reads one direction of a node when it is called."""

    path: Path
    node: _Node
    direction: int
    name: str
    provenance: MappingProxyType[str, Any]

    @property
    def reverse(self) -> bool:
        """Whether it runs from the last step to the first."""
        return self.node.backward or self.direction == 1

    def __call__(self) -> RecurrentLayer:
        node, kind = self.node, self.node.site.node.op_type
        with reading(self.path):
            gates = _GATES[kind]
            matrices = by_gate(self._part(node.inputs), gates, "x")
            matrices |= by_gate(self._part(node.hidden), gates, "r")
            biases, peepholes = {}, {}
            if node.biases is not None:
                own, inner = np.split(self._part(node.biases), 2)
                biases = joined_biases(kind.lower(), gates, own, inner, node.reset_after)
            if node.peepholes is not None:
                parts = np.split(self._part(node.peepholes), len(_PEEPHOLES))
                peepholes = dict(zip(_PEEPHOLES, parts, strict=True))
            layer = RecurrentLayer(
                kind.lower(), matrices, biases, peepholes, name=self.name,
                reset_after=node.reset_after or kind != "GRU", provenance=self.provenance,
                reverse=self.reverse, beside=self.direction == 1)
            return layer if node.cell_activation == "tanh" else replace(
                layer, cell_activation="sigmoid")

    def _part(self, constant: Constant) -> Floats:
        part: Floats = self.node.site.scope.folder.floats(constant)[self.direction]
        return part
