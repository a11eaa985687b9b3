"""The timing contract as recurrences over times: no cycle is stepped, no unit exists.

Written from accelsim/machines/eie/README.md alone; shares no code with any engine. Everything is
the time at which something happens: a broadcast, a pop, an entry's slot, its leaving of stage 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.plan import Pass


@dataclass
class PassTimes:
    """When things happen in one pass, in compute cycles; per PE where two-dimensional."""

    issue: list[int] = field(default_factory=list)
    pop: list[list[int]] = field(default_factory=list)          # [k][pe]
    row_changes: int = 0
    slots: list[list[int]] = field(default_factory=list)        # [pe]: entries advance
    leaves: list[list[int]] = field(default_factory=list)       # [pe]: entries leave stage 1
    empty: list[list[int]] = field(default_factory=list)        # [pe]: slots of empty columns
    selected: list[dict[int, int]] = field(default_factory=list)  # [pe]: row to its last leaving
    compute: int = 0


def columns_of(job: LayerJob, step: Pass) -> list[int]:
    """Image columns broadcast in a pass, ascending."""
    n_pe = job.image.n_pe
    first, end = step.first_row * n_pe, (step.first_row + step.n_rows) * n_pe
    active = [j for j, a in enumerate(job.activations.tolist()) if a and first <= j < end]
    return [*active, end] if step.bias else active


def entries_of(job: LayerJob, step: Pass, pe: int, column: int) -> list[tuple[int, int, int]]:
    """(address, code, local row) of one PE's entries of a column."""
    image, memory = job.image, job.image.pe(pe)
    first, end = (int(p) for p in memory.pointers[step.tile, column : column + 2])
    origin = 0
    if step.refill_bits:
        origin = int(memory.pointers[step.tile, step.first_row * image.n_pe])
    row, entries = -1, []
    for at in range(first, end):
        row += int(memory.runs[at]) + 1
        entries.append((at - origin, int(memory.codes[at]), row))
    return entries


def pass_times(config: EieConfig, job: LayerJob, step: Pass) -> PassTimes:
    """Broadcast by broadcast, PE by PE, entry by entry."""
    n_pe = config.n_pe
    times = PassTimes(
        slots=[[] for _ in range(n_pe)], leaves=[[] for _ in range(n_pe)],
        empty=[[] for _ in range(n_pe)], selected=[{} for _ in range(n_pe)],
    )
    free = [0] * n_pe          # from this cycle on the next column may be popped
    last_row = step.first_row + step.n_rows    # the bias row
    row = step.first_row                       # of the scan, when it looks for the next broadcast
    for k, column in enumerate(columns_of(job, step)):
        changes = config.row_change_cycles * (column // n_pe - row)
        times.row_changes += changes
        issue = (times.issue[-1] if k else -1) + 1 + changes
        if k >= config.act_queue_depth:
            issue = max(issue, max(times.pop[k - config.act_queue_depth]) + 1)
        times.issue.append(issue)
        pops = []
        for pe in range(n_pe):
            pop = max(issue + 1, free[pe])
            pops.append(pop)
            free[pe] = pop + _work(config, job, step, pe, column, pop, times)
        times.pop.append(pops)
        row = column // n_pe + 1 if column // n_pe == last_row else (column + 1) // n_pe
    tail = config.row_change_cycles * (last_row + int(step.bias) - row)
    times.row_changes += tail
    last_scan = (times.issue[-1] if times.issue else -1) + tail
    busy = [last_scan]
    for pe in range(n_pe):
        busy += times.slots[pe][-1:] + times.empty[pe][-1:]
        busy += [pops[pe] for pops in times.pop[-1:]]
        busy += [leave - 1 for leave in times.leaves[pe][-1:]]
    times.compute = 1 + max(busy)
    return times


def _work(
    config: EieConfig, job: LayerJob, step: Pass, pe: int, column: int, pop: int, times: PassTimes
) -> int:
    """Cycles from a column's pop to the earliest pop of the next one."""
    entries = entries_of(job, step, pe, column)
    if not entries:
        times.empty[pe] += [pop + 1] * config.empty_column_cycles
        return config.empty_column_cycles
    slots, leaves, selected = times.slots[pe], times.leaves[pe], times.selected[pe]
    for index, (_, code, row) in enumerate(entries):
        slot = pop + 1 if index == 0 else slots[-1] + 1
        if leaves:
            slot = max(slot, leaves[-1])
        leave = slot + 1
        if code:
            if not config.bypass and row in selected:
                # Stages 2 and 3 in the two cycles after its leaving.
                leave = max(leave, selected[row] + 3)
            selected[row] = leave
        slots.append(slot)
        leaves.append(leave)
    return slots[-1] - pop


def bias_rows(config: EieConfig, job: LayerJob, step: Pass) -> int:
    """M6: rows of the tile in its first pass, by the layer's shape; 0 without biases."""
    rows = -(-job.image.n_outputs // config.n_pe)
    if job.bias is None or step.first_row:
        return 0
    if config.capacity == "ignore":
        return rows
    return min(config.regfile_depth, rows - step.tile * config.regfile_depth)


def recurrence_counters(config: EieConfig, job: LayerJob) -> Counters:
    """Every counter but the saturations, which have no time (they come out as 0)."""
    n_pe = config.n_pe
    plan = job.plan
    total: dict[str, int] = dict.fromkeys(
        ["cycles", "start_cycles", "refill_cycles", "load_cycles", "bias_cycles", "drain_cycles",
         "store_cycles", "broadcasts", "row_change_cycles", "blocked_cycles", "scan_idle_cycles",
         "refill_bits", "refill_bursts", "dma_cycles", "dram_rows", "dram_refreshes"], 0
    )
    per_pe = {
        name: np.zeros(n_pe, dtype=np.int64)
        for name in Counters.__dataclass_fields__
        if name not in total and name not in ("passes", "queue_occupancy_histogram")
    }
    histogram = np.zeros((n_pe, config.act_queue_depth + 1), dtype=np.int64)
    for step in plan:
        times = pass_times(config, job, step)
        phases = {
            "start_cycles": config.start_cycles,
            "refill_cycles": -(-step.refill_bits // config.dma_width_bits),
            "load_cycles": step.load_rows + 1 if step.load_rows else 0,
            "bias_cycles": bias_rows(config, job, step) + 1 if bias_rows(config, job, step) else 0,
            "drain_cycles": 4,
            "store_cycles": step.store_rows,
        }
        outside = sum(phases.values())
        broadcasts = len(times.issue)
        scanning = max(times.issue[-1:] + [-1]) + 1
        tail = _tail(config, job, step)
        blocked = scanning - broadcasts - (times.row_changes - tail)
        for name, value in (
            *phases.items(), ("cycles", outside + times.compute), ("broadcasts", broadcasts),
            ("row_change_cycles", times.row_changes), ("blocked_cycles", blocked),
            ("scan_idle_cycles", times.compute - scanning - tail),
            ("refill_bits", step.refill_bits),
            # Without M7 to M9: a word of the port a cycle, and nothing beside it.
            *((name, phases["refill_cycles"]) for name in ("refill_bursts", "dma_cycles")),
        ):
            total[name] += value
        histogram[:, 0] += outside
        for pe in range(n_pe):
            _count_pe(config, job, step, times, pe, per_pe, histogram)
    per_pe["queue_occupancy_sum"] = histogram @ np.arange(histogram.shape[1])
    per_pe["queue_occupancy_max"] = np.array([int(np.flatnonzero(h)[-1]) for h in histogram])
    return Counters(
        passes=len(plan), queue_occupancy_histogram=histogram, **total, **per_pe
    )


def _tail(config: EieConfig, job: LayerJob, step: Pass) -> int:
    """Row changes behind the last broadcast."""
    columns = columns_of(job, step)
    if step.bias or not config.row_change_cycles:
        return 0
    behind = (columns[-1] + 1) // config.n_pe if columns else step.first_row
    return step.first_row + step.n_rows - behind


def _count_pe(
    config: EieConfig, job: LayerJob, step: Pass, times: PassTimes, pe: int,
    per_pe: dict[str, np.ndarray], histogram: np.ndarray,
) -> None:
    entries = [e for j in columns_of(job, step) for e in entries_of(job, step, pe, j)]
    real = [
        (leave, row)
        for (_, code, row), leave in zip(entries, times.leaves[pe], strict=True)
        if code
    ]
    lines = [at // config.entries_per_line for at, _, _ in entries]
    near = {row: [leave for leave, r in real if r == row] for _, row in real}
    gaps = [
        [leave - other for other in near[row] if 0 < leave - other < 3] for leave, row in real
    ]
    empty = set(times.empty[pe])
    waits = {
        cycle
        for slot, leave in zip(times.slots[pe], times.leaves[pe], strict=True)
        for cycle in range(slot + 1, leave)
    } - empty
    pops = [p[pe] for p in times.pop]
    held = [
        sum(t < cycle for t in times.issue) - sum(t < cycle for t in pops)
        for cycle in range(times.compute)
    ]
    scan_end = max(times.issue[-1:] + [-1])
    sent, moves = set(times.issue), _moves(config, job, step, times)
    counts = {
        "issued_entries": len(entries),
        "padding_entries": len(entries) - len(real),
        "empty_column_cycles": len(empty),
        "hazard_stall_cycles": len(waits),
        "starved_cycles": times.compute - len(entries) - len(empty) - len(waits),
        "blocking_cycles": sum(
            held[t] == config.act_queue_depth
            for t in range(scan_end) if t not in sent and t not in moves
        ),
        "queue_pushes": len(times.issue),
        "queue_pops": len(pops),
        "ptr_reads_even": len(pops),
        "ptr_reads_odd": len(pops),
        "spmat_line_reads": sum(a != b for a, b in zip([None, *lines], lines, strict=False)),
        "macs": len(real),
        "adder_bypasses": sum(1 in gap for gap in gaps),
        "write_bypasses": sum(gap == [2] for gap in gaps),
        "src_reg_reads": step.n_rows,
        "src_reg_writes": step.load_rows,
        "dst_reg_reads": len(real) + step.store_rows,
        "dst_reg_writes": len(real) + bias_rows(config, job, step),
        "act_sram_reads": step.load_rows + bias_rows(config, job, step),
        "act_sram_writes": step.store_rows,
    }
    for name, value in counts.items():
        per_pe[name][pe] += value
    for value in held:
        histogram[pe, value] += 1


def _moves(config: EieConfig, job: LayerJob, step: Pass, times: PassTimes) -> set[int]:
    """Cycles of the row changes before a broadcast: right behind the broadcast before it."""
    n_pe, moves, row, at = config.n_pe, set(), step.first_row, 0
    for column, issue in zip(columns_of(job, step), times.issue, strict=True):
        changes = config.row_change_cycles * (column // n_pe - row)
        moves |= set(range(at, at + changes))
        row, at = (column + 1) // n_pe, issue + 1
    return moves
