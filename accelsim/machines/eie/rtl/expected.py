"""What the Verilog array must do in every cycle, told by the reference engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.datapath import decoder_words
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.plan import Pass
from accelsim.machines.eie.reference.array import Eie, run
from accelsim.machines.eie.reference.ccu import Ccu
from accelsim.machines.eie.reference.pe import Pe
from accelsim.machines.eie.rtl import images
from accelsim.machines.eie.rtl.params import RtlParameters, refuse
from accelsim.machines.eie.rtl.walks import run_index, scanned
from accelsim.records.result import JobResult
from accelsim.records.signals import NOTHING, Signals

Fields = Mapping[str, IntArray]
"""Of a trace: name to (n_cycles,) of the control unit, (n_cycles, n_pe) of the PEs."""

_OF_THE_ARRAY = {
    "running": "running", "start": "pass_start", "load": "load", "bias_load": "bias_load",
    "compute": "compute", "drain": "drain", "store": "store", "blocked": "blocked",
    "row_change": "row_change",
    "broadcast": "broadcast", "broadcast_column": "column", "broadcast_activation": "activation",
}
"""Field of ``trace_o`` to the array's signal of the same meaning."""

_UNITS = {
    "act_queue": ("count",),
    "ptr_read": ("pop", "even_word", "odd_word"),
    "spmat_read": ("issue", "empty", "line_read", "line"),
    "arith_unit": ("wait", "padding", "mac", "read_row", "adder_bypass", "write_bypass",
                   "saturation", "write", "write_row", "write_value"),
}
"""Unit to its fields that are signals of its own: field ``pop`` is output ``pop_o``."""


class TraceObserver:
    """Collects the fields of `RtlParameters`; an observer of the reference.

    It sees registers before the edge and decisions: what ``trace_o`` shows in the same cycle. What
    units say themselves is read from their signals; the rest of ``trace_o``, data on their way
    between units, from registers and the layer's image.
    """

    def __init__(
        self, config: EieConfig, job: LayerJob, place: images.Placement | None = None
    ) -> None:
        place = place or images.Placement()
        self._config = config
        self._pointer_base = place.pointer_base
        self._entry_base = place.line_base * config.entries_per_line
        self._pointers_of_a_tile = job.image.n_columns + 1
        self._bias_column = job.image.bias_column
        self._words = decoder_words(
            config.multiplier, job.codebook, config.weight_value_bits).tolist()
        self._entries = [job.image.pe(index) for index in range(config.n_pe)]
        self._activation_mask = (1 << config.activation_bits) - 1
        self._numbers: list[int] = []
        self._array: Signals | None = None
        self._units: list[list[_UnitFields]] = []
        self._ccu: list[dict[str, int]] = []
        self._events: list[tuple[int, int, dict[str, int]]] = []
        # Of each PE: whether nothing of the column held has advanced; entry address and activation
        # in stage 1.
        self._fresh = [False] * config.n_pe
        self._stage1: list[tuple[int, int] | None] = [None] * config.n_pe

    def cycle(self, t: int, machine: Eie) -> None:
        """Record cycle ``t``."""
        if self._array is None:
            self._array = machine.signals()
            self._units = [
                [_UnitFields(name, signals, getattr(pe, name).signals())
                 for name, signals in _UNITS.items()] for pe in machine.pes
            ]
        ccu = machine.ccu
        self._numbers.append(ccu.number)
        tile = machine.plan[ccu.number].tile
        base = self._pointer_base + tile * self._pointers_of_a_tile
        told = self._array.values()
        seen = {name: (told[signal] or 0) for name, signal in _OF_THE_ARRAY.items()}
        seen["broadcast_activation"] &= self._activation_mask
        if ccu.phase == "compute" and not ccu.scan.finished and ccu.scan.found is not None:
            self._scan(ccu, seen)
        self._ccu.append(seen)
        for index, pe in enumerate(machine.pes):
            arrives, works = pe.act_rw.arrives, not pe.arith_unit.empty
            if arrives or pe.act_queue.items or pe.spmat_read.holds or works:
                self._events.append((t, index, self._pe(index, pe, base, ccu.phase)))

    def fields(self, parameters: RtlParameters) -> dict[str, IntArray]:
        """Every field of the trace; see `accelsim.rtl_bridge.trace.Fields`."""
        cycles = len(self._ccu)
        result: dict[str, IntArray] = {
            name: np.array([seen.get(name, 0) for seen in self._ccu], dtype=np.int64)
            for name, _ in parameters.ccu_trace_fields()
        }
        for name, _ in parameters.pe_trace_fields():
            result[name] = np.zeros((cycles, parameters.n_pe), dtype=np.int64)
        for t, index, seen in self._events:
            for name, value in seen.items():
                if value:
                    result[name][t, index] = value
        return result

    @property
    def numbers(self) -> IntArray:
        """(cycles,) of the pass that each belongs to."""
        return np.array(self._numbers, dtype=np.int64)

    def _scan(self, ccu: Ccu, seen: dict[str, int]) -> None:
        column, activation = ccu.scan.item
        if column != self._bias_column:
            assert ccu.scan.found is not None
            seen["lnzd_tree.found"] = 1
            seen["lnzd_tree.index"] = ccu.scan.found
            seen["lnzd_tree.value"] = activation & self._activation_mask

    def _pe(self, index: int, pe: Pe, base: int, phase: str) -> dict[str, int]:
        queue, spmat, arith = pe.act_queue, pe.spmat_read, pe.arith_unit
        written = f"act_rw.{'bias' if phase == 'bias' else 'load'}_write"
        seen = {written: int(pe.act_rw.arrives)}
        for unit in self._units[index]:
            unit.add(seen)
        if queue.head is not None:
            seen["act_queue.column"] = base + queue.head[0]
            seen["act_queue.activation"] = queue.head[1] & self._activation_mask
        if spmat.holds and self._fresh[index]:
            seen["ptr_read.begin"] = self._entry_base + spmat.address
            seen["ptr_read.end"] = self._entry_base + spmat.end
        seen["spmat_read.frees"] = int(spmat.holds and spmat.free)
        self._weight(index, seen)
        if arith.row2 >= 0:
            mask = (1 << self._config.accumulator_bits) - 1
            seen["act_rw.read_value"] = pe.act_rw.destination[arith.row2] & mask
        advances = spmat.holds and spmat.advances
        self._fresh[index] = pe.ptr_read.pops > 0 or (self._fresh[index] and not advances)
        if not arith.waits:
            self._stage1[index] = (spmat.address, spmat.activation) if advances else None
        return seen

    def _weight(self, index: int, seen: dict[str, int]) -> None:
        """Activation, code, run and weight of the entry in stage 1: the image's."""
        stage1 = self._stage1[index]
        if stage1 is None:
            return
        address, activation = stage1
        seen["arith_unit.activation"] = activation & self._activation_mask
        code = int(self._entries[index].codes[address])
        seen["spmat_read.code"] = code
        seen["spmat_read.run"] = int(self._entries[index].runs[address])
        if code:
            seen["weight_decoder.weight"] = self._words[code]


class _UnitFields:
    """Fields of one unit, read from its signals."""

    def __init__(self, unit: str, fields: Sequence[str], signals: Signals) -> None:
        order = list(signals.bits)
        self._read = signals.read  # by place: a name for each of a million values costs seconds
        self._fields = [
            (f"{unit}.{field}", order.index(f"{field}_o"), (1 << signals.bits[f"{field}_o"]) - 1)
            for field in fields
        ]

    def add(self, seen: dict[str, int]) -> None:
        """This cycle's; a signal that means nothing leaves its field at zero."""
        told = self._read()
        for field, place, mask in self._fields:
            value = told[place]
            if value != NOTHING:
                seen[field] = value & mask


def expected_run(
    config: EieConfig, job: LayerJob, parameters: RtlParameters,
    place: images.Placement | None = None, loaded: IntArray | None = None,
    followed: bool = False,
) -> tuple[JobResult, dict[str, IntArray]]:
    """The reference's result of one layer, and its trace, causes before effects.

    Parameters
    ----------
    place : where vectors lie; None: where a host puts them
    loaded : (rows of the inputs,) addresses of what is loaded; None: from ``place.load_base`` on
    followed : passes of a layer begin behind it
    """
    place = place or images.place(config, job.image, job.plan)
    if loaded is None:
        loaded = place.load_base + np.arange(-(-job.image.n_inputs // config.n_pe))
    observer = TraceObserver(config, job, place)
    result = run(config, job, observer=observer)
    fields = observer.fields(parameters)
    number = observer.numbers
    _add_begins(job.plan, fields, number, followed)
    _add_plan(config, job, fields, number, place, loaded)
    assert result.outputs is not None
    _add_writes(config, job, fields, number, result.outputs)
    for name, event, base in (
        ("broadcast_column", "broadcast", place.pointer_base),
        ("ptr_read.even_word", "ptr_read.pop", place.pointer_base),
        ("ptr_read.odd_word", "ptr_read.pop", place.pointer_base),
        ("spmat_read.line", "spmat_read.line_read", place.line_base),
    ):
        fields[name] += base * fields[event]
    return result, {name: fields[name] for name in _causes_first(list(fields))}


def _causes_first(names: list[str]) -> list[str]:
    """In one cycle the register files feed the LNZD tree, which feeds the control unit; the weight
    decoder feeds the arithmetic unit, which feeds the register files."""
    for name, before in (("act_rw.scan_value", "lnzd_tree.found"),
                         ("arith_unit.activation", "weight_decoder.weight")):
        names.remove(name)
        names.insert(names.index(before), name)
    late = ["act_rw.dst_row", "act_rw.dst_value", "act_rw.sram_value"]
    return [*(name for name in names if name not in late), *late]


def _add_begins(
    plan: Sequence[Pass], fields: dict[str, IntArray], number: IntArray, followed: bool
) -> None:
    """What happens in the cycles behind which passes begin (C1). A start phase comes before that;
    where it has no cycle, the first pass begins behind the cycle of ``start_i``."""
    begun = number - fields["start"]
    after = np.append(begun[1:], len(plan) if followed and not fields["start"].any() else begun[-1])
    begins = (after > begun).astype(np.int64)
    which = after % len(plan)
    fields["pass_start"] = begins
    fields["swap"] = begins * (which == 0)
    fields["clear"] = begins * np.array([step.clear for step in plan])[which]


def _add_plan(
    config: EieConfig, job: LayerJob, fields: dict[str, IntArray], number: IntArray,
    place: images.Placement, loaded: IntArray,
) -> None:
    """What follows from the plan of passes: batch addresses, scanned rows."""
    image, plan = job.image, job.plan
    refuse(config, image, plan)
    row = run_index(fields["load"] + fields["bias_load"] + fields["store"], number)
    store = np.array([place.store_base + step.tile * config.regfile_depth for step in plan])[number]
    fields["batch_row"] = row
    first_row = np.array([step.first_row for step in plan])[number]
    load = loaded[np.where(fields["load"] == 1, first_row + row, 0)]
    bias = np.array([place.bias_base + step.tile * config.regfile_depth for step in plan])[number]
    fields["batch_addr"] = (
        load * fields["load"] + (bias + row) * fields["bias_load"]
        + (store + row) * fields["store"]
    )
    looks, scan_row, position, reads = scanned(config, job, plan, fields, number)
    fields |= {
        "looks": looks, "scan_read": reads, "scan_row": scan_row * looks, "position": position,
    }
    vector = np.zeros(-(-image.n_inputs // config.n_pe) * config.n_pe, dtype=np.int64)
    vector[: image.n_inputs] = job.activations & ((1 << config.activation_bits) - 1)
    values = vector.reshape(-1, config.n_pe)[scan_row + first_row]
    fields["act_rw.scan_value"] = values * reads[:, None]


def _add_writes(
    config: EieConfig, job: LayerJob, fields: dict[str, IntArray], number: IntArray,
    outputs: IntArray,
) -> None:
    """What the destination files and the activation SRAMs are written with (M3, M6, A1)."""
    mask = (1 << config.register_bits) - 1
    depth = config.regfile_depth
    first = np.array([step.tile * depth for step in job.plan])[number]
    row = fields["batch_row"]
    sums = fields["arith_unit.write_value"]
    sign = 1 << (config.accumulator_bits - 1)
    wide = ((sums ^ sign) - sign) & mask
    # A word of a bias is written in the cycle after its address.
    asked = np.roll(fields["bias_load"], 1) == 1
    bias_row = np.where(asked, np.roll(row, 1), 0)
    bias = (job.starts().T & mask)[np.where(asked, first + bias_row, 0)]
    written, loaded = fields["arith_unit.write"] == 1, fields["act_rw.bias_write"] == 1
    fields["act_rw.dst_row"] = np.where(
        loaded, bias_row[:, None], fields["arith_unit.write_row"] * written
    )
    fields["act_rw.dst_value"] = np.where(loaded, bias, wide * written)
    stores = fields["store"] == 1
    kept = (images.by_pe(config, outputs).T & mask)[np.where(stores, first + row, 0)]
    fields["act_rw.sram_value"] = kept * stores[:, None]
