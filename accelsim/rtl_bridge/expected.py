"""What the Verilog array must do in every cycle, told by the reference engine."""

from __future__ import annotations

import numpy as np

from accelsim.arch.config import EieConfig
from accelsim.engines.job import IntArray, JobResult, LayerJob
from accelsim.engines.reference.eie import Eie, run
from accelsim.engines.reference.pe import Pe
from accelsim.rtl_bridge.params import RtlParameters

_PHASES = ("start", "load", "compute", "drain", "store")


class TraceObserver:
    """Collects the fields of `RtlParameters`; give it to `accelsim.engines.reference.eie.run`.

    It sees registers before the edge and decisions: what ``trace_o`` shows in the same cycle.
    """

    def __init__(self, config: EieConfig, job: LayerJob) -> None:
        self._bypass = config.bypass
        self._entries_per_line = config.entries_per_line
        self._pointers_of_a_tile = job.image.n_columns + 1
        self._value_mask = (1 << config.accumulator_bits) - 1
        self._activation_mask = (1 << config.activation_bits) - 1
        self._pass = -1
        self._ccu: list[dict[str, int]] = []
        self._events: list[tuple[int, int, dict[str, int]]] = []
        self._counted = [(0, 0, 0)] * config.n_pe

    def cycle(self, t: int, machine: Eie) -> None:
        """Record cycle ``t``."""
        ccu = machine.ccu
        self._pass += ccu.phase == "start"  # one cycle each
        base = machine.plan[self._pass].tile * self._pointers_of_a_tile
        seen = {"running": 1} | {phase: int(ccu.phase == phase) for phase in _PHASES}
        # The last load cycle gives no address.
        seen["load"] = int(ccu.load_row is not None)
        if ccu.broadcast is not None:
            column, activation = ccu.broadcast
            seen["broadcast"] = 1
            seen["broadcast_column"] = base + column
            seen["broadcast_activation"] = activation & self._activation_mask
        elif ccu.phase == "compute" and not ccu.scan.finished:
            seen["row_change" if ccu.scan.found is None else "blocked"] = 1
        self._ccu.append(seen)
        for index, pe in enumerate(machine.pes):
            self._late(t, index, pe)
            if pe.act_queue.items or pe.spmat_read.holds or not pe.arith_unit.empty:
                self._events.append((t, index, self._pe(pe, base)))

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
                result[name][t, index] = value
        return result

    def _late(self, t: int, index: int, pe: Pe) -> None:
        """Counts that tell of the cycle before: the edge has made them."""
        before = self._counted[index]
        now = pe.spmat_read.padding, pe.arith_unit.saturations, pe.act_rw.source_writes
        if now == before:
            return
        self._counted[index] = now
        if now[0] > before[0]:  # it left spmat_read one cycle ago and is in stage 1 now
            self._events.append((t, index, {"arith_unit.padding": 1}))
        if now[1] > before[1]:
            self._events.append((t - 1, index, {"arith_unit.saturation": 1}))
        if now[2] > before[2]:
            self._events.append((t - 1, index, {"act_rw.load_write": 1}))

    def _pe(self, pe: Pe, base: int) -> dict[str, int]:
        queue, spmat, arith = pe.act_queue, pe.spmat_read, pe.arith_unit
        seen = {"act_queue.count": len(queue.items), "arith_unit.wait": int(arith.waits)}
        if queue.head is not None and spmat.free:
            word = base + queue.head[0]
            seen["ptr_read.pop"] = 1
            seen["ptr_read.even_word"] = word + (word & 1)
            seen["ptr_read.odd_word"] = word + 1 - (word & 1)
        if spmat.holds and spmat.advances:
            line = spmat.address // self._entries_per_line
            seen["spmat_read.issue"] = 1
            if line != spmat.line:
                seen["spmat_read.line_read"] = 1
                seen["spmat_read.line"] = line
        elif spmat.holds and spmat.skips:
            seen["spmat_read.empty"] = 1
        if arith.row2 >= 0:
            seen["arith_unit.mac"] = 1
            seen["arith_unit.read_row"] = arith.row2
            seen["arith_unit.adder_bypass"] = int(self._bypass and arith.row2 == arith.row3)
            seen["arith_unit.write_bypass"] = int(
                self._bypass and arith.row2 == arith.row4 != arith.row3
            )
        if arith.row4 >= 0:
            seen["arith_unit.write"] = 1
            seen["arith_unit.write_row"] = arith.row4
            seen["arith_unit.write_value"] = arith.sum4 & self._value_mask
        return seen


def expected_run(
    config: EieConfig, job: LayerJob, parameters: RtlParameters
) -> tuple[JobResult, dict[str, IntArray]]:
    """The reference's result of one layer, and its trace."""
    observer = TraceObserver(config, job)
    result = run(config, job, observer=observer)
    return result, observer.fields(parameters)
