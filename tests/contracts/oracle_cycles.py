"""The timing contract as one loop over cycles: plain Python, no closed form, no shared kernel.

A third witness beside the engines. Every step quotes the rule of machines/eie/README.md that it
carries out; all units decide from the state at the start of the cycle, then all of it changes.
"""

from dataclasses import fields

import numpy as np

from accelsim.machines.eie.counters import Counters
from tests.contracts.oracle_refill import Refills, refill
from tests.contracts.oracle_words import Pe, Slot, add, load_biases, word_addresses

DRAIN = 4


class Machine:
    """Runs one job, ``behind`` another or not; ``counters()`` and ``outputs()`` afterwards."""

    def __init__(self, config, job, behind=False):
        self.config, self.job, self.behind = config, job, behind
        self.pes = [Pe() for _ in range(config.n_pe)]
        self.histogram = np.zeros((config.n_pe, config.act_queue_depth + 1), np.int64)
        self.images = [job.image.pe(p) for p in range(config.n_pe)]
        self.bitmaps = config.index == "bitmap"
        self.words = [word_addresses(config, job.image, own) for own in self.images]
        self.total = {f.name: 0 for f in fields(Counters) if f.metadata["per"] == "layer"}
        self.sums = {}
        self.refills = Refills(config, job)
        self.asked = 0   # cycle in which the refill of the pass began
        for step in job.plan:
            self.one_pass(step)

    # Phases

    def idle(self, phase, cycles):
        """Cycles of a phase in which no queue holds anything."""
        self.total[phase] += cycles
        self.total["cycles"] += cycles
        self.histogram[:, 0] += cycles

    def one_pass(self, step):
        self.step = step
        self.total["passes"] += 1
        self.idle("start_cycles", self.config.start_cycles)
        for pe in self.pes:
            pe.line = None
            if step.clear or step.restores:
                pe.file = {}
        refill(self, step)
        if step.load_rows:
            # O1: not the first pass's, whose load has no drain before it.
            hidden = DRAIN * (self.config.overlap and (self.behind or self.total["passes"] > 1))
            self.idle("load_cycles", max(0, step.load_rows + 1 - hidden))
        if step.bias_rows:
            load_biases(self, step)
        self.compute()
        for _ in range(DRAIN):
            self.idle("drain_cycles", 1)
            for pe in self.pes:
                self.arithmetic(pe, [], False)
        assert all(pe.stages == [[]] * 4 for pe in self.pes)
        self.idle("store_cycles", step.store_rows)
        for p, pe in enumerate(self.pes):
            pe.tally("act_sram_reads", step.load_rows)
            pe.tally("src_reg_writes", step.load_rows)
            pe.tally("act_sram_writes", step.store_rows)
            pe.tally("dst_reg_reads", step.store_rows)
            pe.tally("src_reg_reads", step.n_rows)
            for row, value in pe.file.items():
                output = (row + step.tile * self.job.image.tile_rows) * len(self.pes) + p
                self.sums[step.vector, output] = value

    # Scan (S1 to S7)

    def rows_of(self, step):
        """Each register row of the pass as [(column, activation)], the bias as a row of one."""
        n_pe, image = self.config.n_pe, self.job.image
        values = [int(v) for v in self.job.inputs[step.vector]]
        rows = []
        for row in range(step.first_row, step.first_row + step.n_rows):
            at = range(row * n_pe, (row + 1) * n_pe)
            rows.append([(j, values[j] if j < len(values) else 0) for j in at])
        if step.bias:
            rows.append([(image.n_columns - 1, self.job.bias_activation)])
        return rows

    def settle(self):
        """Rows are left without a cycle at their end (S4), and everywhere at no cost (S3)."""
        while self.at < len(self.rows):
            rest = self.rows[self.at][self.position:]
            bias = self.step.bias and self.at == len(self.rows) - 1
            found = [i for i, (_, a) in enumerate(rest) if a != 0 or bias]
            if rest and (found or self.config.row_change_cycles):
                self.first_found = self.position + found[0] if found else None
                return
            self.at, self.position = self.at + 1, 0

    def compute(self):
        self.rows, self.at, self.position = self.rows_of(self.step), 0, 0
        self.settle()
        while (
            self.at < len(self.rows)
            or any(pe.queue or pe.held or self.waits(pe) for pe in self.pes)
        ):
            self.total["cycles"] += 1
            full = [len(pe.queue) == self.config.act_queue_depth for pe in self.pes]
            for p, pe in enumerate(self.pes):
                self.histogram[p, len(pe.queue)] += 1
            pushed = self.scan(full)
            free = [self.ends(p, pe) for p, pe in enumerate(self.pes)]
            for p, pe in enumerate(self.pes):
                self.step_pe(p, pe, all(free[q] for q in self.sharing(p)))
            if pushed is not None:
                for pe in self.pes:
                    pe.queue.append(pushed)
                    pe.tally("queue_pushes")

    def scan(self, full):
        """S2 to S7; the (column, activation) that is broadcast in this cycle, or None."""
        if self.at == len(self.rows):
            self.total["scan_idle_cycles"] += 1
            return None
        if self.first_found is None:
            self.total["row_change_cycles"] += 1
            self.at, self.position = self.at + 1, 0
            self.settle()
            return None
        if any(full):
            self.total["blocked_cycles"] += 1
            for pe, is_full in zip(self.pes, full, strict=True):
                pe.tally("blocking_cycles", int(is_full))
            return None
        self.total["broadcasts"] += 1
        item = self.rows[self.at][self.first_found]
        self.position = self.first_found + 1
        self.settle()
        return item

    # One PE

    def waits(self, pe):
        """A4: whether the entry in stage 1 waits."""
        first = {slot.acc for slot in pe.stages[0]} - {None}
        return not self.config.bypass and any(
            slot.acc in first for stage in pe.stages[1:3] for slot in stage)

    def sharing(self, p):
        """Q3: the PEs of its queue, PE 2i and 2i + 1."""
        n = self.config.queue_pes
        return range(p // n * n, min(p // n * n + n, len(self.pes)))

    def ends(self, p, pe):
        """P1: whether spmat_read will be free in the next cycle."""
        if pe.held is None or pe.held[0] == pe.held[1]:
            return True
        return not (self.waits(pe) or pe.bits) and self.at_once(p, pe.held)[-1] + 1 == pe.held[1]

    def step_pe(self, p, pe, pops):
        waits, free = self.waits(pe), self.ends(p, pe)
        entries = []
        if pe.held is None:
            state = "hazard_stall_cycles" if waits else "starved_cycles"
        elif pe.held[0] == pe.held[1]:
            state = "empty_column_cycles"
        elif waits:
            state = "hazard_stall_cycles"
        elif pe.bits:
            state = "index_cycles"
            self.read_line(pe, pe.bits.pop(0))
        else:
            entries, state = self.at_once(p, pe.held), "issued_entries"
        pe.tally(state, len(entries) or 1)
        popped = self.pop(p, pe) if pops else None
        slots = [self.read(p, pe, (entry, *pe.held[1:])) for entry in entries]
        real = sum(slot.acc is not None for slot in slots)
        pe.tally("macs_beside", max(real - 1, 0))
        pe.tally("padding_beside", max(len(slots) - max(real, 1), 0))
        self.arithmetic(pe, slots, waits)
        if popped:
            pe.held, pe.row = popped, -1
            if self.bitmaps and popped[0] < popped[1]:
                begin, codes = self.words[p][self.step.tile, popped[3]]
                per_line = self.config.entries_per_line
                pe.bits = list(range(begin // per_line, codes // per_line))
        elif free:
            pe.held = None
        elif entries:
            pe.held = (entries[-1] + 1, *pe.held[1:])

    def at_once(self, p, held):
        """I1: the entries of the column that lie in one line, as many as issue in a cycle."""
        first, end, _, column = held
        begin = self.words[p][self.step.tile, column][1] - int(
            self.images[p].pointers[self.step.tile][column])
        per_line = self.config.entries_per_line
        return [entry for entry in range(first, min(first + self.config.issue_width, end))
                if (begin + entry) // per_line == (begin + first) // per_line]

    def pop(self, p, pe):
        """P1, P4: what spmat_read will hold; all pops of this cycle."""
        while pe.queue:
            column, activation = pe.queue.pop(0)
            pe.tally("queue_pops")
            for pointer in (column, column + 1):
                pe.tally("ptr_reads_odd" if pointer % 2 else "ptr_reads_even")
            spans = {q: self.images[q].pointers[self.step.tile][column : column + 2].tolist()
                     for q in self.sharing(p)}
            if self.config.empty_column_cycles or any(a < b for a, b in spans.values()):
                first, end = spans[p]
                taken = first < end or self.config.empty_column_cycles
                return (first, end, activation, column) if taken else None
        return None

    def read(self, p, pe, entry):
        """P3, P5, A1: the entry that advances to stage 1."""
        address, _, activation, column = entry
        base = 0
        if self.step.refill_bits:
            first = self.step.first_row * self.config.n_pe
            base = int(self.images[p].pointers[self.step.tile][first])
        first = int(self.images[p].pointers[self.step.tile][column])
        word = self.words[p][self.step.tile, column][1] + address - first
        self.read_line(pe, (word - base) // self.config.entries_per_line)
        code, run = int(self.images[p].codes[address]), int(self.images[p].runs[address])
        pe.row += run + 1
        if code == 0:
            pe.tally("padding_entries")
            return Slot(None, 0, 0)
        return Slot((self.step.tile, pe.row), self.weight(p, pe.row, code), activation)

    def weight(self, p, row, code):
        """D1: the weight of a code in PE p's accumulator; each row of the layer has its table."""
        if self.job.rows_per_table is None:
            return int(self.job.codebook[code])
        in_tile = self.config.regfile_depth if self.config.capacity != "ignore" else 0
        of_layer = (self.step.tile * in_tile + row) * self.config.n_pe + p
        return int(self.job.codebook[of_layer // self.job.rows_per_table][code])

    def read_line(self, pe, line):
        if line != pe.line:
            pe.line = line
            pe.tally("spmat_line_reads")

    def arithmetic(self, pe, entering, waits):
        """One cycle of the ArithmUnit, then its edge (A1 to A4)."""
        _, second, third, fourth = ([s for s in stage if s.acc] for stage in pe.stages)
        for slot in third:
            add(slot, self.job.shift, self.config.accumulator_bits)
            pe.tally("saturations", int(slot.saturated))
        for slot in second:
            pe.tally("macs")
            pe.tally("dst_reg_reads")
            slot.operand = pe.file.get(slot.acc[1], 0)
            near, far = ([s.total for s in stage if s.acc == slot.acc and self.config.bypass]
                         for stage in (third, fourth))
            if near or far:
                (slot.operand,) = near or far
                pe.tally("adder_bypasses" if near else "write_bypasses")
        for slot in fourth:
            pe.file[slot.acc[1]] = slot.total
            pe.tally("dst_reg_writes")
        if waits:
            pe.stages = [pe.stages[0], [], second, third]
        else:
            pe.stages = [entering, pe.stages[0], second, third]

    # Results

    def counters(self):
        depth = self.config.act_queue_depth
        values = dict(self.total)
        for f in fields(Counters):
            if f.metadata["per"] == "PE":
                values[f.name] = np.array([pe.count.get(f.name, 0) for pe in self.pes])
        values["queue_occupancy_histogram"] = self.histogram
        values["queue_occupancy_sum"] = self.histogram @ np.arange(depth + 1)
        values["queue_occupancy_max"] = np.array(
            [max(n for n in range(depth + 1) if row[n]) for row in self.histogram]
            if self.total["cycles"] else [0] * len(self.pes)
        )
        return Counters(**values)

    def outputs(self):
        shape = len(self.job.inputs), self.job.image.n_outputs
        found = np.array([self.sums.get(at, 0) for at in np.ndindex(shape)]).reshape(shape)
        return found[0] if self.job.others is None else found
